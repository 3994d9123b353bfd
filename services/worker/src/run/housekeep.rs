//! Removing what nobody needs any more.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use churn_engine::jobs::Housekeep;
use churn_store::Timestamp;
use churn_store::tables::jobs::Job;
use churn_store::tables::{jobs, login_failures, refresh_tokens, sessions};
use serde_json::Value;

use crate::{Done, JobContext, JobFault};

pub(super) fn run<'c>(job: &Housekeep, context: &'c JobContext) -> Result<Done<'c>, JobFault> {
    let now = context.now();
    let before = |days: u16| Timestamp::new(now.to_utc() - TimeDelta::days(i64::from(days)));
    let old_jobs = before(job.keep_jobs_days.max(1));
    let database = context.home().registry().database();
    let blobs =
        blobs_of(&database.read(|connection| jobs::list_finished_before(connection, old_jobs))?);
    let (n_sessions, n_tokens, n_failures, n_jobs) = database.transaction(|connection| {
        Ok::<_, churn_store::Error>((
            sessions::delete_ended(connection, now)?,
            refresh_tokens::delete_expired(connection, now)?,
            login_failures::delete_before(connection, before(1))?,
            jobs::delete_finished_before(connection, old_jobs)?,
        ))
    })?;
    let n_blobs = remove_unnamed(context, &blobs)?;
    Ok(Done {
        result: serde_json::json!({
            "sessions": n_sessions,
            "refresh_tokens": n_tokens,
            "login_failures": n_failures,
            "jobs": n_jobs,
            "blobs": n_blobs,
        }),
        effect: None,
    })
}

/// The files that jobs were given and made.
fn blobs_of(old: &[Job]) -> BTreeSet<String> {
    let texts = old
        .iter()
        .flat_map(|job| std::iter::once(&job.payload).chain(&job.result));
    let values = texts.filter_map(|text| serde_json::from_str::<Value>(text).ok());
    let mut blobs = BTreeSet::new();
    for value in values {
        let named = [
            value.pointer("/input/blob"),
            value.pointer("/data/blob"),
            value.get("output_blob"),
            value.get("rejected_blob"),
        ];
        let named = named.into_iter().flatten().filter_map(Value::as_str);
        blobs.extend(named.map(str::to_owned));
    }
    blobs
}

/// Removes those of `blobs` that nothing names any more: customers' data is not kept without need.
fn remove_unnamed(context: &JobContext, blobs: &BTreeSet<String>) -> Result<usize, JobFault> {
    let registry = context.home().registry();
    let mut n_removed = 0;
    for sha256 in blobs {
        let named = registry
            .database()
            .read(|connection| jobs::is_blob_named(connection, sha256))?;
        if !named {
            registry.blobs().delete(sha256)?;
            n_removed += 1;
        }
    }
    Ok(n_removed)
}
