//! Work that takes longer than a request.
//!
//! A kind of job is a small struct that says what is wanted ([`TrainModel`], [`ScoreFile`], ...);
//! [`KINDS`] lists all of them. [`Jobs`] enqueues them, shows how far they are, cancels and
//! retries them. Running them is the worker's.

mod housekeep;
mod kind;
mod score_file;
mod source;
mod train_model;
mod view;

use std::sync::Arc;

use churn_store::queue;
use churn_store::tables::audit::{self, AuditEntry};
use churn_store::tables::job_log;
use churn_store::tables::jobs::{self, JobFilter, JobStatus, NewJob};
use churn_store::{Clock, Connection, Database, new_id};
use serde_json::json;

pub use housekeep::Housekeep;
pub use kind::{JobKind, KINDS, KindInfo};
pub use score_file::{FileFormat, RecordRows, ScoreFile, ScoreFileResult};
pub use source::Source;
pub use train_model::{TrainModel, TrainModelResult};
pub use view::{JobView, LogView};

use crate::Error;

/// The jobs kept in one database. Cloning shares it. All calls block.
#[derive(Clone)]
pub struct Jobs {
    database: Database,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jobs")
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

/// What came of asking for a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Enqueued {
    /// The job.
    pub job: JobView,
    /// Whether it was made now; false when its key named one that was there already.
    pub is_new: bool,
}

impl Jobs {
    /// The jobs kept in `database`.
    #[must_use]
    pub fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock }
    }

    /// Asks for a job. With a `dedup_key` that was given before, also long ago, the job of that
    /// time is returned and no new one is made.
    ///
    /// # Errors
    /// [`Error::BadJob`] when the job can't be written as JSON.
    pub fn enqueue<J: JobKind>(
        &self,
        job: &J,
        who: &str,
        dedup_key: Option<&str>,
    ) -> Result<Enqueued, Error> {
        let payload = write_payload(job)?;
        self.enqueue_text(J::INFO, &payload, who, dedup_key)
    }

    /// Asks for a job by the name of its kind and its JSON, for example from a schedule.
    ///
    /// # Errors
    /// [`Error::BadJob`] when there is no such kind or the JSON is not what it needs.
    pub fn enqueue_named(
        &self,
        kind: &str,
        payload: &serde_json::Value,
        who: &str,
        dedup_key: Option<&str>,
    ) -> Result<Enqueued, Error> {
        let info = KindInfo::find(kind)?;
        (info.check)(payload).map_err(|reason| Error::BadJob {
            kind: kind.to_owned(),
            reason,
        })?;
        self.enqueue_text(info, &payload.to_string(), who, dedup_key)
    }

    /// Asks for a job unless one that asks for exactly the same is waiting or running: then that
    /// one is returned.
    ///
    /// # Errors
    /// As [`enqueue`](Self::enqueue).
    pub fn enqueue_once<J: JobKind>(&self, job: &J, who: &str) -> Result<Enqueued, Error> {
        let payload = write_payload(job)?;
        let alike = |connection: &mut Connection| {
            Ok::<_, Error>(jobs::find_alike(connection, J::NAME, &payload)?)
        };
        let before = self.database.read(alike)?;
        if let Some(job) = before.as_ref().filter(|job| !job.status.is_final()) {
            let job = JobView::of(job);
            return Ok(Enqueued { job, is_new: false });
        }
        // Two who ask at the same moment follow the same job, so they get the same key.
        let sha256 = churn_store::sha256_hex(payload.as_bytes());
        let after = before.map_or_else(|| "none".to_owned(), |job| job.id);
        let key = format!("once:{}:{sha256}:{after}", J::NAME);
        self.enqueue_text(J::INFO, &payload, who, Some(&key))
    }

    fn enqueue_text(
        &self,
        info: KindInfo,
        payload: &str,
        who: &str,
        dedup_key: Option<&str>,
    ) -> Result<Enqueued, Error> {
        let id = new_id();
        let new = NewJob {
            id: &id,
            kind: info.name,
            payload,
            priority: info.priority,
            dedup_key,
            enqueued_by: who,
            enqueued_at: self.clock.now(),
            max_attempts: info.max_attempts,
        };
        self.database.transaction_with_retry(|connection| {
            let known = dedup_key
                .map(|key| jobs::find_by_key(connection, key))
                .transpose()?
                .flatten();
            if let Some(job) = known {
                let job = JobView::of(&job);
                return Ok(Enqueued { job, is_new: false });
            }
            jobs::insert(connection, &new)?;
            self.audit(
                connection,
                who,
                "jobs.enqueue",
                &id,
                json!({ "kind": info.name }),
            )?;
            let job = find(connection, &id)?;
            Ok(Enqueued { job, is_new: true })
        })
    }

    /// One job.
    ///
    /// # Errors
    /// [`Error::UnknownJob`].
    pub fn show(&self, id: &str) -> Result<JobView, Error> {
        self.database.read(|connection| find(connection, id))
    }

    /// What a job said, in order.
    ///
    /// # Errors
    /// [`Error::UnknownJob`].
    pub fn log(&self, id: &str) -> Result<Vec<LogView>, Error> {
        self.database.read(|connection| {
            find(connection, id)?;
            let lines = job_log::of_job(connection, id)?;
            Ok(lines.iter().map(LogView::of).collect())
        })
    }

    /// At most `limit` jobs, the newest at the front.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn list(&self, filter: &JobFilter<'_>, limit: u32) -> Result<Vec<JobView>, Error> {
        let rows = self
            .database
            .read(|connection| jobs::list(connection, filter, limit))?;
        Ok(rows.iter().map(JobView::of).collect())
    }

    /// How many jobs there are, by kind and status.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn count(&self) -> Result<Vec<(String, JobStatus, i64)>, Error> {
        Ok(self.database.read(jobs::count)?)
    }

    /// Asks a job to end: one that waits ends at once, one that runs soon. Returns it as it is
    /// now; one that has ended stays as it ended.
    ///
    /// # Errors
    /// [`Error::UnknownJob`].
    pub fn cancel(&self, id: &str, who: &str) -> Result<JobView, Error> {
        let now = self.clock.now();
        self.database.transaction(|connection| {
            find(connection, id)?;
            if queue::request_cancel(connection, id, now)? {
                self.audit(connection, who, "jobs.cancel", id, json!({}))?;
            }
            find(connection, id)
        })
    }

    /// Queues a job again that failed or was cancelled, with all its attempts.
    ///
    /// # Errors
    /// [`Error::UnknownJob`], [`Error::NotRetryable`].
    pub fn retry(&self, id: &str, who: &str) -> Result<JobView, Error> {
        let now = self.clock.now();
        self.database.transaction(|connection| {
            let job = find(connection, id)?;
            let attempts = KindInfo::find(&job.kind)?.max_attempts;
            if !queue::retry(connection, id, attempts, now)? {
                return Err(Error::NotRetryable {
                    id: id.to_owned(),
                    status: job.status,
                });
            }
            self.audit(connection, who, "jobs.retry", id, json!({}))?;
            find(connection, id)
        })
    }

    fn audit(
        &self,
        connection: &mut Connection,
        who: &str,
        action: &str,
        id: &str,
        after: serde_json::Value,
    ) -> Result<(), Error> {
        let entry = AuditEntry {
            id: new_id(),
            at: self.clock.now(),
            who: who.to_owned(),
            action: action.to_owned(),
            subject: id.to_owned(),
            before: None,
            after: Some(after.to_string()),
        };
        Ok(audit::insert(connection, &entry)?)
    }
}

fn write_payload<J: JobKind>(job: &J) -> Result<String, Error> {
    serde_json::to_string(job).map_err(|fault| Error::BadJob {
        kind: J::NAME.to_owned(),
        reason: fault.to_string(),
    })
}

fn find(connection: &mut Connection, id: &str) -> Result<JobView, Error> {
    match jobs::find(connection, id)? {
        Some(job) => Ok(JobView::of(&job)),
        None => Err(Error::UnknownJob { id: id.to_owned() }),
    }
}
