//! The life of a job: claimed briefly, kept alive while it runs, finished once.
//!
//! A worker claims a job in a short transaction, runs it outside any, and says from time to time
//! that it lives ([`beat`]). Whatever it writes about the job names the attempt it holds; after
//! somebody else took the job over that number is old, and the write is refused. So a job runs at
//! least once, and what is written in one transaction with [`succeed`] lands exactly once.
//!
//! Nobody compares clocks of two machines: who wants to take over a job of a silent worker watches
//! its `beat` stand still for a whole lease ([`Watch`]), by a clock of its own.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use diesel::prelude::*;

use crate::any::AnyConnection;
use crate::connection::Connection;
use crate::error::Error;
use crate::schema::jobs;
use crate::tables::jobs::{Job, JobStatus, Row};
use crate::time::Timestamp;

const QUEUED: &str = "queued";
const RUNNING: &str = "running";

/// The right to write about a running job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The job.
    pub job_id: String,
    /// Number of the claim: the fence.
    pub attempt: i32,
}

/// How far a running job is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobProgress {
    /// What is being done.
    pub step: String,
    /// Parts of it that are done.
    pub n_done: i64,
    /// Parts of it; 0 = not known.
    pub n_parts: i64,
}

/// What a sign of life is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    GoOn,
    /// Somebody asked to end the job.
    Cancel,
    /// The job is somebody else's now; nothing that is written about it will be taken.
    Lost,
}

/// A running job as an onlooker sees it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Seen {
    /// The job.
    pub job_id: String,
    /// Number of its claim.
    pub attempt: i32,
    /// Its sign of life.
    pub beat: i64,
}

/// Claims the job that is next for somebody who can do `kinds`: the highest priority, then the
/// oldest. Two claimers never get the same one.
///
/// # Errors
///
/// The database does not answer.
pub fn claim(
    connection: &mut Connection,
    kinds: &[&str],
    worker: &str,
    now: Timestamp,
) -> Result<Option<Job>, Error> {
    let ready = jobs::table
        .filter(jobs::status.eq(QUEUED))
        .filter(jobs::not_before.le(now))
        .filter(jobs::kind.eq_any(kinds.iter().copied()))
        .order((jobs::priority.desc(), jobs::enqueued_at, jobs::id));
    let found = match &mut connection.any {
        // The transaction holds the only write lock.
        AnyConnection::Sqlite(c) => ready.first::<Row>(c).optional(),
        AnyConnection::Postgres(c) => ready.for_update().skip_locked().first::<Row>(c).optional(),
    };
    let Some(row) = connection.name("looking for the next job", found)? else {
        return Ok(None);
    };
    let mut job = row.read(&connection.place)?;
    job.status = JobStatus::Running;
    job.attempt += 1;
    job.beat += 1;
    job.worker = Some(worker.to_owned());
    job.started_at = job.started_at.or(Some(now));
    let progress = JobProgress::default();
    (job.step, job.n_done, job.n_parts) = (progress.step, progress.n_done, progress.n_parts);
    let answer = diesel::update(jobs::table.find(&job.id))
        .set((
            jobs::status.eq(RUNNING),
            jobs::attempt.eq(job.attempt),
            jobs::beat.eq(job.beat),
            jobs::worker.eq(Some(worker)),
            jobs::started_at.eq(job.started_at),
            jobs::step.eq(&job.step),
            jobs::n_done.eq(job.n_done),
            jobs::n_parts.eq(job.n_parts),
        ))
        .execute(&mut connection.any);
    connection.name("claiming a job", answer)?;
    Ok(Some(job))
}

/// The rows `claim` may write to.
macro_rules! held {
    ($claim:expr) => {
        jobs::table
            .find(&$claim.job_id)
            .filter(jobs::attempt.eq($claim.attempt))
            .filter(jobs::status.eq(RUNNING))
    };
}

/// Says that the job lives and how far it is.
///
/// # Errors
///
/// The database does not answer.
pub fn beat(
    connection: &mut Connection,
    claim: &Claim,
    progress: &JobProgress,
) -> Result<Answer, Error> {
    let answer = diesel::update(held!(claim))
        .set((
            jobs::beat.eq(jobs::beat + 1_i64),
            jobs::step.eq(&progress.step),
            jobs::n_done.eq(progress.n_done),
            jobs::n_parts.eq(progress.n_parts),
        ))
        .execute(&mut connection.any);
    if connection.name("saying that a job lives", answer)? == 0 {
        return Ok(Answer::Lost);
    }
    let answer = jobs::table
        .find(&claim.job_id)
        .select(jobs::cancel_requested_at)
        .first::<Option<Timestamp>>(&mut connection.any);
    let asked = connection.name("asking whether a job is to end", answer)?;
    Ok(asked.map_or(Answer::GoOn, |_| Answer::Cancel))
}

/// Ends a job well. Everything it did that must land exactly once belongs into the same
/// transaction, which must be undone when this returns false: the claim is no longer held.
///
/// # Errors
///
/// The database does not answer.
pub fn succeed(
    connection: &mut Connection,
    claim: &Claim,
    result: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let answer = diesel::update(held!(claim))
        .set((
            jobs::status.eq(JobStatus::Succeeded.as_str()),
            jobs::worker.eq(None::<&str>),
            jobs::finished_at.eq(Some(now)),
            jobs::result.eq(Some(result)),
            jobs::error.eq(None::<&str>),
        ))
        .execute(&mut connection.any);
    connection.name("finishing a job", answer).map(|n| n == 1)
}

/// Puts a job back to be tried again at `not_before`. Returns whether the claim is still held.
///
/// # Errors
///
/// The database does not answer.
pub fn put_back(
    connection: &mut Connection,
    claim: &Claim,
    error: &str,
    not_before: Timestamp,
) -> Result<bool, Error> {
    let answer = diesel::update(held!(claim))
        .set((
            jobs::status.eq(QUEUED),
            jobs::worker.eq(None::<&str>),
            jobs::not_before.eq(not_before),
            jobs::error.eq(Some(error)),
        ))
        .execute(&mut connection.any);
    connection
        .name("putting a job back", answer)
        .map(|n| n == 1)
}

/// Gives a job back untried, because its worker is told to stop: it is claimed again at once, and
/// the attempt does not count. Returns whether the claim is still held.
///
/// # Errors
///
/// The database does not answer.
pub fn hand_back(connection: &mut Connection, claim: &Claim) -> Result<bool, Error> {
    let answer = diesel::update(held!(claim))
        .set((
            jobs::status.eq(QUEUED),
            jobs::worker.eq(None::<&str>),
            jobs::max_attempts.eq(jobs::max_attempts + 1),
        ))
        .execute(&mut connection.any);
    connection.name("giving a job back", answer).map(|n| n == 1)
}

/// Gives a job up with its error. Returns whether the claim is still held.
///
/// # Errors
///
/// The database does not answer.
pub fn fail(
    connection: &mut Connection,
    claim: &Claim,
    error: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let answer = diesel::update(held!(claim))
        .set((
            jobs::status.eq(JobStatus::Failed.as_str()),
            jobs::worker.eq(None::<&str>),
            jobs::finished_at.eq(Some(now)),
            jobs::error.eq(Some(error)),
        ))
        .execute(&mut connection.any);
    connection.name("giving a job up", answer).map(|n| n == 1)
}

/// Ends a running job that was asked to end. Returns whether the claim is still held.
///
/// # Errors
///
/// The database does not answer.
pub fn confirm_cancel(
    connection: &mut Connection,
    claim: &Claim,
    now: Timestamp,
) -> Result<bool, Error> {
    let answer = diesel::update(held!(claim))
        .set((
            jobs::status.eq(JobStatus::Cancelled.as_str()),
            jobs::worker.eq(None::<&str>),
            jobs::finished_at.eq(Some(now)),
        ))
        .execute(&mut connection.any);
    connection.name("ending a job", answer).map(|n| n == 1)
}

/// Asks a job to end: one that waits ends at once, one that runs is told with its next sign of
/// life. Returns whether it had not ended already.
///
/// # Errors
///
/// The database does not answer.
pub fn request_cancel(
    connection: &mut Connection,
    id: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let waiting = jobs::table.find(id).filter(jobs::status.eq(QUEUED));
    let answer = diesel::update(waiting)
        .set((
            jobs::status.eq(JobStatus::Cancelled.as_str()),
            jobs::finished_at.eq(Some(now)),
            jobs::cancel_requested_at.eq(Some(now)),
        ))
        .execute(&mut connection.any);
    if connection.name("cancelling a waiting job", answer)? == 1 {
        return Ok(true);
    }
    let running = jobs::table.find(id).filter(jobs::status.eq(RUNNING));
    let answer = diesel::update(running)
        .set(jobs::cancel_requested_at.eq(Some(now)))
        .execute(&mut connection.any);
    connection
        .name("asking a running job to end", answer)
        .map(|n| n == 1)
}

/// Queues a job again that failed or was cancelled, for `more` attempts. Returns whether it was
/// one.
///
/// # Errors
///
/// The database does not answer.
pub fn retry(
    connection: &mut Connection,
    id: &str,
    more: i32,
    now: Timestamp,
) -> Result<bool, Error> {
    let ended = [JobStatus::Failed.as_str(), JobStatus::Cancelled.as_str()];
    let answer = diesel::update(jobs::table.find(id).filter(jobs::status.eq_any(ended)))
        .set((
            jobs::status.eq(QUEUED),
            jobs::not_before.eq(now),
            jobs::finished_at.eq(None::<Timestamp>),
            jobs::cancel_requested_at.eq(None::<Timestamp>),
            jobs::max_attempts.eq(jobs::attempt + more),
        ))
        .execute(&mut connection.any);
    connection.name("retrying a job", answer).map(|n| n == 1)
}

/// Every running job.
///
/// # Errors
///
/// The database does not answer.
pub fn running(connection: &mut Connection) -> Result<Vec<Seen>, Error> {
    let answer = jobs::table
        .filter(jobs::status.eq(RUNNING))
        .select((jobs::id, jobs::attempt, jobs::beat))
        .order(jobs::id)
        .load(&mut connection.any);
    connection.name("listing running jobs", answer)
}

/// Takes a job from a worker that stood still, if it still does: back into the queue, or to its
/// end when it was asked to end or has no attempts left. Returns what became of it; none when the
/// worker gave a sign of life after all.
///
/// # Errors
///
/// The database does not answer.
pub fn take_over(
    connection: &mut Connection,
    seen: &Seen,
    now: Timestamp,
) -> Result<Option<JobStatus>, Error> {
    let Some(job) = crate::tables::jobs::find(connection, &seen.job_id)? else {
        return Ok(None);
    };
    let error = format!(
        "attempt {}: worker {} gave no sign of life",
        seen.attempt,
        job.worker.as_deref().unwrap_or("unknown")
    );
    let status = if job.cancel_requested_at.is_some() {
        JobStatus::Cancelled
    } else if job.attempt >= job.max_attempts {
        JobStatus::Failed
    } else {
        JobStatus::Queued
    };
    let still = jobs::table
        .find(&seen.job_id)
        .filter(jobs::attempt.eq(seen.attempt))
        .filter(jobs::beat.eq(seen.beat))
        .filter(jobs::status.eq(RUNNING));
    let answer = diesel::update(still)
        .set((
            jobs::status.eq(status.as_str()),
            jobs::worker.eq(None::<&str>),
            jobs::not_before.eq(now),
            jobs::finished_at.eq(status.is_final().then_some(now)),
            jobs::error.eq(Some(error)),
        ))
        .execute(&mut connection.any);
    let taken = connection.name("taking over a job", answer)? == 1;
    Ok(taken.then_some(status))
}

/// Remembers since when each thing shows the same sign of life, by the onlooker's own clock.
#[derive(Debug, Default)]
pub struct Watch(BTreeMap<String, (i32, i64, Timestamp)>);

impl Watch {
    /// Looks at everything that runs now, and gives back what has stood still for `lease`.
    pub fn look(&mut self, running: &[Seen], now: Timestamp, lease: TimeDelta) -> Vec<Seen> {
        let mut next = BTreeMap::new();
        let mut still = Vec::new();
        for seen in running {
            let since = match self.0.get(&seen.job_id) {
                Some((attempt, beat, since)) if (*attempt, *beat) == (seen.attempt, seen.beat) => {
                    *since
                }
                _ => now,
            };
            if now.to_utc() - since.to_utc() >= lease {
                still.push(seen.clone());
            }
            next.insert(seen.job_id.clone(), (seen.attempt, seen.beat, since));
        }
        self.0 = next;
        still
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_still_for_a_whole_lease_by_the_onlookers_clock_is_given_back() {
        let at = |second: i64| {
            Timestamp::new(chrono::DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap())
        };
        let seen = |beat: i64| Seen {
            job_id: "a".to_owned(),
            attempt: 1,
            beat,
        };
        let lease = TimeDelta::seconds(30);
        let mut watch = Watch::default();
        assert_eq!(watch.look(&[seen(1)], at(0), lease), []);
        assert_eq!(watch.look(&[seen(1)], at(29), lease), []);
        assert_eq!(watch.look(&[seen(2)], at(30), lease), [], "it lives");
        assert_eq!(watch.look(&[seen(2)], at(59), lease), []);
        assert_eq!(watch.look(&[seen(2)], at(60), lease), [seen(2)]);
        let again = Seen {
            attempt: 2,
            ..seen(2)
        };
        assert_eq!(
            watch.look(&[again], at(61), lease),
            [],
            "somebody else has it now"
        );
        assert_eq!(watch.look(&[], at(99), lease), []);
        assert_eq!(watch.look(&[seen(2)], at(100), lease), [], "forgotten");
    }
}
