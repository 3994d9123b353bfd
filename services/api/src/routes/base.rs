//! Answers about all customers at once: worked out on the threads for files, kept until another job
//! has scored customers or another model answers.

use std::time::Duration;

use actix_web::web::Data;
use churn_engine::Served;
use churn_engine::jobs::{JobKind, ScoreFile};
use churn_store::tables::jobs::{JobFilter, JobStatus};
use serde::Serialize;

use super::raw_json::RawJson;
use super::{ANSWERS, block};
use crate::error::ApiError;
use crate::state::AppState;

/// How long an answer is kept while nothing seems to change.
const KEEP: Duration = Duration::from_secs(300);

/// The answer under this name, kept or made.
pub(super) async fn answer<T: Serialize + 'static>(
    state: &Data<AppState>,
    served: &Served,
    name: &str,
    make: impl FnOnce(&AppState) -> Result<T, ApiError> + Send + 'static,
) -> Result<RawJson<T>, ApiError> {
    let now = state.clock.now();
    let revision = revision(state).await?;
    let key = format!("{name}:{}:{revision}", served.version().bundle_sha256);
    if let Some(kept) = state.cache.get(ANSWERS, &key, now).await {
        return Ok(RawJson::kept(kept));
    }
    let permit = state.admit_batch()?;
    let own = state.clone();
    let work = move || {
        let made = make(&own);
        drop(permit);
        serde_json::to_vec(&made?).map_err(|fault| ApiError::internal(&fault))
    };
    let bytes = state.batch.run(work).await??;
    state.cache.put(ANSWERS, &key, &bytes, KEEP, now).await;
    Ok(RawJson::fresh(bytes))
}

/// Changes whenever a job has scored customers.
async fn revision(state: &Data<AppState>) -> Result<String, ApiError> {
    let state = state.clone();
    block(move || {
        let done = |(kind, status, _): &&(String, JobStatus, i64)| {
            kind == ScoreFile::NAME && *status == JobStatus::Succeeded
        };
        let n_done = state.jobs.count()?.iter().find(done).map_or(0, |it| it.2);
        let filter = JobFilter {
            status: Some(JobStatus::Succeeded),
            kind: Some(ScoreFile::NAME),
            ..JobFilter::default()
        };
        let newest = state.jobs.list(&filter, 1)?.pop().map(|job| job.id);
        Ok(format!("{n_done}:{}", newest.unwrap_or_default()))
    })
    .await
}
