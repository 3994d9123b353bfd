//! Jobs: what was asked for, how far it is, what came of it. Claiming and finishing them is in
//! [`queue`](crate::queue).

use diesel::prelude::*;

use crate::any::AnyConnection;
use crate::connection::Connection;
use crate::error::Error;
use crate::schema::{datasets, job_log, jobs, model_versions};
use crate::time::Timestamp;

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum JobStatus {
    /// Waits for a worker, perhaps to be tried again.
    Queued,
    /// A worker has claimed it.
    Running,
    /// Done; its effect has landed.
    Succeeded,
    /// Given up with an error; it may be retried by hand.
    Failed,
    /// Ended because somebody asked for it.
    Cancelled,
}

impl JobStatus {
    /// Every status, in the order of a job's life.
    pub const ALL: [Self; 5] = [
        Self::Queued,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether nothing more will happen by itself.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// One job as stored. JSON is text, exactly as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// UUID version 7.
    pub id: String,
    /// Stable name of the kind of work.
    pub kind: String,
    /// What it needs, JSON.
    pub payload: String,
    /// How far it is.
    pub status: JobStatus,
    /// Higher goes first.
    pub priority: i32,
    /// One key, one job.
    pub dedup_key: Option<String>,
    /// Who asked for it.
    pub enqueued_by: String,
    /// When it was asked for.
    pub enqueued_at: Timestamp,
    /// It is not claimed before this.
    pub not_before: Timestamp,
    /// How often it was claimed; the number of the last claim is the fence.
    pub attempt: i32,
    /// How often it is claimed at most.
    pub max_attempts: i32,
    /// Who runs it; only while it runs.
    pub worker: Option<String>,
    /// Grows with every sign of life.
    pub beat: i64,
    /// When it was first claimed.
    pub started_at: Option<Timestamp>,
    /// When it reached its end.
    pub finished_at: Option<Timestamp>,
    /// When somebody asked to end it.
    pub cancel_requested_at: Option<Timestamp>,
    /// What is being done.
    pub step: String,
    /// Parts of the step that are done.
    pub n_done: i64,
    /// Parts of the step; 0 = not known.
    pub n_parts: i64,
    /// What came of it, JSON; only of a succeeded job.
    pub result: Option<String>,
    /// What went wrong last.
    pub error: Option<String>,
}

/// One job to enqueue; fields as in [`Job`].
#[derive(Debug, Clone, Copy)]
pub struct NewJob<'a> {
    /// UUID version 7.
    pub id: &'a str,
    /// Stable name of the kind of work.
    pub kind: &'a str,
    /// What it needs, JSON.
    pub payload: &'a str,
    /// Higher goes first.
    pub priority: i32,
    /// One key, one job; none = always a new one.
    pub dedup_key: Option<&'a str>,
    /// Who asks.
    pub enqueued_by: &'a str,
    /// The present.
    pub enqueued_at: Timestamp,
    /// How often it is claimed at most, 1 or more.
    pub max_attempts: i32,
}

#[derive(Queryable)]
pub(crate) struct Row {
    id: String,
    kind: String,
    payload: String,
    status: String,
    priority: i32,
    dedup_key: Option<String>,
    enqueued_by: String,
    enqueued_at: Timestamp,
    not_before: Timestamp,
    attempt: i32,
    max_attempts: i32,
    worker: Option<String>,
    beat: i64,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    cancel_requested_at: Option<Timestamp>,
    step: String,
    n_done: i64,
    n_parts: i64,
    result: Option<String>,
    error: Option<String>,
}

pub(crate) fn read_status(place: &str, word: String) -> Result<JobStatus, Error> {
    JobStatus::parse(&word).ok_or_else(|| Error::UnknownValue {
        place: place.to_owned(),
        field: "jobs.status",
        value: word,
        expected: "queued, running, succeeded, failed, cancelled",
    })
}

impl Row {
    pub(crate) fn read(self, place: &str) -> Result<Job, Error> {
        Ok(Job {
            status: read_status(place, self.status)?,
            id: self.id,
            kind: self.kind,
            payload: self.payload,
            priority: self.priority,
            dedup_key: self.dedup_key,
            enqueued_by: self.enqueued_by,
            enqueued_at: self.enqueued_at,
            not_before: self.not_before,
            attempt: self.attempt,
            max_attempts: self.max_attempts,
            worker: self.worker,
            beat: self.beat,
            started_at: self.started_at,
            finished_at: self.finished_at,
            cancel_requested_at: self.cancel_requested_at,
            step: self.step,
            n_done: self.n_done,
            n_parts: self.n_parts,
            result: self.result,
            error: self.error,
        })
    }
}

/// Adds a job.
///
/// # Errors
///
/// [`Error::AlreadyExists`] when its key is taken.
pub fn insert(connection: &mut Connection, new: &NewJob<'_>) -> Result<(), Error> {
    let answer = diesel::insert_into(jobs::table)
        .values((
            jobs::id.eq(new.id),
            jobs::kind.eq(new.kind),
            jobs::payload.eq(new.payload),
            jobs::status.eq(JobStatus::Queued.as_str()),
            jobs::priority.eq(new.priority),
            jobs::dedup_key.eq(new.dedup_key),
            jobs::enqueued_by.eq(new.enqueued_by),
            jobs::enqueued_at.eq(new.enqueued_at),
            jobs::not_before.eq(new.enqueued_at),
            jobs::attempt.eq(0),
            jobs::max_attempts.eq(new.max_attempts),
            jobs::beat.eq(0_i64),
            jobs::step.eq(""),
            jobs::n_done.eq(0_i64),
            jobs::n_parts.eq(0_i64),
        ))
        .execute(&mut connection.any);
    connection.name("enqueuing a job", answer).map(drop)
}

/// The job with this id.
///
/// # Errors
///
/// The database does not answer, or holds a status this program does not know.
pub fn find(connection: &mut Connection, id: &str) -> Result<Option<Job>, Error> {
    let answer = jobs::table
        .find(id)
        .first::<Row>(&mut connection.any)
        .optional();
    let row = connection.name("looking up a job", answer)?;
    row.map(|row| row.read(&connection.place)).transpose()
}

/// The job with this deduplication key.
///
/// # Errors
///
/// As [`find`].
pub fn find_by_key(connection: &mut Connection, dedup_key: &str) -> Result<Option<Job>, Error> {
    let answer = jobs::table
        .filter(jobs::dedup_key.eq(dedup_key))
        .first::<Row>(&mut connection.any)
        .optional();
    let row = connection.name("looking up a job by its key", answer)?;
    row.map(|row| row.read(&connection.place)).transpose()
}

/// A job that asks for exactly this: one that waits or runs, else the newest.
///
/// # Errors
///
/// As [`find`].
pub fn find_alike(
    connection: &mut Connection,
    kind: &str,
    payload: &str,
) -> Result<Option<Job>, Error> {
    let alike = || {
        jobs::table
            .filter(jobs::kind.eq(kind))
            .filter(jobs::payload.eq(payload))
            .order(jobs::id.desc())
    };
    let unfinished = [JobStatus::Queued.as_str(), JobStatus::Running.as_str()];
    let answer = alike()
        .filter(jobs::status.eq_any(unfinished))
        .first::<Row>(&mut connection.any)
        .optional();
    let mut row = connection.name("looking up a job by what it asks for", answer)?;
    if row.is_none() {
        let answer = alike().first::<Row>(&mut connection.any).optional();
        row = connection.name("looking up an ended job by what it asks for", answer)?;
    }
    row.map(|row| row.read(&connection.place)).transpose()
}

/// Which jobs to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct JobFilter<'a> {
    /// Only of this status.
    pub status: Option<JobStatus>,
    /// Only of this kind.
    pub kind: Option<&'a str>,
    /// Only what this one asked for.
    pub enqueued_by: Option<&'a str>,
    /// Only ids before this one, which is how the next page is asked for.
    pub before: Option<&'a str>,
}

/// At most `limit` jobs, the newest at the front.
///
/// # Errors
///
/// As [`find`].
pub fn list(
    connection: &mut Connection,
    filter: &JobFilter<'_>,
    limit: u32,
) -> Result<Vec<Job>, Error> {
    let mut query = jobs::table.into_boxed::<<AnyConnection as diesel::Connection>::Backend>();
    if let Some(status) = filter.status {
        query = query.filter(jobs::status.eq(status.as_str()));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(jobs::kind.eq(kind));
    }
    if let Some(who) = filter.enqueued_by {
        query = query.filter(jobs::enqueued_by.eq(who));
    }
    if let Some(before) = filter.before {
        query = query.filter(jobs::id.lt(before));
    }
    let answer = query
        .order(jobs::id.desc())
        .limit(i64::from(limit))
        .load::<Row>(&mut connection.any);
    connection
        .name("listing jobs", answer)?
        .into_iter()
        .map(|row| row.read(&connection.place))
        .collect()
}

/// How many jobs there are, by kind and status.
///
/// # Errors
///
/// As [`find`].
pub fn count(connection: &mut Connection) -> Result<Vec<(String, JobStatus, i64)>, Error> {
    let answer = jobs::table
        .group_by((jobs::kind, jobs::status))
        .select((jobs::kind, jobs::status, diesel::dsl::count_star()))
        .order((jobs::kind, jobs::status))
        .load::<(String, String, i64)>(&mut connection.any);
    connection
        .name("counting jobs", answer)?
        .into_iter()
        .map(|(kind, status, n)| Ok((kind, read_status(&connection.place, status)?, n)))
        .collect()
}

/// Jobs that ended before `at`.
///
/// # Errors
///
/// As [`find`].
pub fn list_finished_before(connection: &mut Connection, at: Timestamp) -> Result<Vec<Job>, Error> {
    let answer = jobs::table
        .filter(jobs::finished_at.lt(Some(at)))
        .load::<Row>(&mut connection.any);
    connection
        .name("listing ended jobs", answer)?
        .into_iter()
        .map(|row| row.read(&connection.place))
        .collect()
}

/// Whether a job, a model version or a data set that was trained on names the blob of this hash.
///
/// # Errors
///
/// The database does not answer.
pub fn is_blob_named(connection: &mut Connection, sha256: &str) -> Result<bool, Error> {
    let within = format!("%{sha256}%");
    let in_jobs = jobs::table
        .filter(jobs::payload.like(&within).or(jobs::result.like(&within)))
        .count()
        .get_result::<i64>(&mut connection.any);
    let in_models = model_versions::table
        .filter(model_versions::bundle_sha256.eq(sha256))
        .count()
        .get_result::<i64>(&mut connection.any);
    let in_datasets = datasets::table
        .find(sha256)
        .count()
        .get_result::<i64>(&mut connection.any);
    let n_jobs = connection.name("looking for a blob in jobs", in_jobs)?;
    let n_models = connection.name("looking for a blob in models", in_models)?;
    let n_datasets = connection.name("looking for a blob in data sets", in_datasets)?;
    Ok(n_jobs + n_models + n_datasets > 0)
}

/// Removes jobs that ended before `at`, with their logs. Returns how many.
///
/// # Errors
///
/// The database does not answer.
pub fn delete_finished_before(connection: &mut Connection, at: Timestamp) -> Result<usize, Error> {
    let old = jobs::table
        .filter(jobs::finished_at.lt(Some(at)))
        .select(jobs::id);
    let answer = old.load::<String>(&mut connection.any);
    let ids = connection.name("listing old jobs", answer)?;
    for id in &ids {
        let answer = diesel::delete(job_log::table.filter(job_log::job_id.eq(id)))
            .execute(&mut connection.any);
        connection.name("removing the log of an old job", answer)?;
        let answer = diesel::delete(jobs::table.find(id)).execute(&mut connection.any);
        connection.name("removing an old job", answer)?;
    }
    Ok(ids.len())
}
