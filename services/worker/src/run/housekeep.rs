//! Removing what nobody needs any more.

use chrono::TimeDelta;
use churn_engine::jobs::Housekeep;
use churn_store::Timestamp;
use churn_store::tables::{jobs, login_failures, refresh_tokens, sessions};

use crate::{Done, JobContext, JobFault};

pub(super) fn run<'c>(job: &Housekeep, context: &'c JobContext) -> Result<Done<'c>, JobFault> {
    let now = context.now();
    let before = |days: u16| Timestamp::new(now.to_utc() - TimeDelta::days(i64::from(days)));
    let old_jobs = before(job.keep_jobs_days.max(1));
    let database = context.home().registry().database();
    let (n_sessions, n_tokens, n_failures, n_jobs) = database.transaction(|connection| {
        Ok::<_, churn_store::Error>((
            sessions::delete_ended(connection, now)?,
            refresh_tokens::delete_expired(connection, now)?,
            login_failures::delete_before(connection, before(1))?,
            jobs::delete_finished_before(connection, old_jobs)?,
        ))
    })?;
    Ok(Done {
        result: serde_json::json!({
            "sessions": n_sessions,
            "refresh_tokens": n_tokens,
            "login_failures": n_failures,
            "jobs": n_jobs,
        }),
        effect: None,
    })
}
