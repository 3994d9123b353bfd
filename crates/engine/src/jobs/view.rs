//! Jobs as they are shown.

use churn_store::Timestamp;
use churn_store::tables::job_log::LogLine;
use churn_store::tables::jobs::Job;
use serde::Serialize;
use serde_json::Value;

/// A job as shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobView {
    /// UUID version 7.
    pub id: String,
    /// Name of the kind of work.
    pub kind: String,
    /// `queued`, `running`, `succeeded`, `failed` or `cancelled`.
    pub status: &'static str,
    /// Whether it runs and was asked to end.
    pub is_ending: bool,
    /// What was asked for.
    pub payload: Value,
    /// Higher goes first.
    pub priority: i32,
    /// Who asked for it.
    pub enqueued_by: String,
    /// When it was asked for.
    pub enqueued_at: Timestamp,
    /// When a worker first claimed it.
    pub started_at: Option<Timestamp>,
    /// When it reached its end.
    pub finished_at: Option<Timestamp>,
    /// How often it was claimed.
    pub attempt: i32,
    /// How often it is claimed at most.
    pub max_attempts: i32,
    /// Who runs it; only while it runs.
    pub worker: Option<String>,
    /// What is being done.
    pub step: String,
    /// Parts of the step that are done.
    pub n_done: i64,
    /// Parts of the step; 0 = not known.
    pub n_parts: i64,
    /// What came of it.
    pub result: Option<Value>,
    /// What went wrong last.
    pub error: Option<String>,
}

impl JobView {
    pub(super) fn of(job: &Job) -> Self {
        // What can't be read as JSON, which never happens to what we wrote, is shown as text.
        let json = |text: &String| {
            serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()))
        };
        Self {
            id: job.id.clone(),
            kind: job.kind.clone(),
            status: job.status.as_str(),
            is_ending: job.cancel_requested_at.is_some() && !job.status.is_final(),
            payload: json(&job.payload),
            priority: job.priority,
            enqueued_by: job.enqueued_by.clone(),
            enqueued_at: job.enqueued_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
            attempt: job.attempt,
            max_attempts: job.max_attempts,
            worker: job.worker.clone(),
            step: job.step.clone(),
            n_done: job.n_done,
            n_parts: job.n_parts,
            result: job.result.as_ref().map(json),
            error: job.error.clone(),
        }
    }
}

/// A line of a job's log as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogView {
    /// When.
    pub at: Timestamp,
    /// In which attempt, from 1.
    pub attempt: i32,
    /// What.
    pub line: String,
}

impl LogView {
    pub(super) fn of(line: &LogLine) -> Self {
        Self {
            at: line.at,
            attempt: line.attempt,
            line: line.line.clone(),
        }
    }
}
