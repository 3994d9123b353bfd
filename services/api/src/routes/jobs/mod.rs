//! `/api/v1/jobs`: what is queued, runs, was done or failed.

mod body;
mod file;

use actix_web::web::{Data, Json, Path, Query};
use apistos::{ApiComponent, api_operation};
use churn_engine::jobs::{JobView, KindInfo};
use churn_engine::users::{Identity, Scope};
use churn_store::tables::jobs::{JobFilter, JobStatus};
use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use self::body::{Asked, JobBody};
pub(crate) use self::file::{download_rejected, download_result};
use super::page::{self, Page};
use super::{bad_parameter, block};
use crate::error::ApiError;
use crate::extract::{Allowed, Follow, Steer};
use crate::state::AppState;

/// Which jobs are listed.
#[derive(Debug, Deserialize, JsonSchema, ApiComponent)]
pub(crate) struct JobsQuery {
    /// `queued`, `running`, `succeeded`, `failed` or `cancelled`.
    status: Option<String>,
    /// `score_file`, `train_model` or `housekeep`.
    kind: Option<String>,
    /// `next` of the part before.
    cursor: Option<String>,
    /// How many, 1 to 1000; 100 without it.
    limit: Option<u32>,
}

/// List jobs, the newest first
///
/// Who may score but not read sees only what they asked for.
#[api_operation(tag = "jobs", operation_id = "list_jobs")]
pub(crate) async fn list_jobs(
    may: Allowed<Follow>,
    state: Data<AppState>,
    query: Query<JobsQuery>,
) -> Result<Json<Page<JobBody>>, ApiError> {
    let asked = query.into_inner();
    let parse = |word: &str| {
        JobStatus::parse(word).ok_or_else(|| bad_parameter(&"there is no such status of a job"))
    };
    let status = asked.status.as_deref().map(parse).transpose()?;
    let only = only_own(may.identity()?);
    let limit = page::limit(asked.limit);
    let rows = block(move || {
        let filter = JobFilter {
            status,
            kind: asked.kind.as_deref(),
            enqueued_by: only.as_deref(),
            before: asked.cursor.as_deref(),
        };
        Ok(state.jobs.list(&filter, limit + 1)?)
    });
    let page = Page::cut(
        rows.await?,
        limit,
        |job| job.id.clone(),
        |job| JobBody::new(job, None),
    );
    Ok(Json(page))
}

/// Show a job: how far it is, what it said, what came of it
#[api_operation(tag = "jobs", operation_id = "get_job")]
pub(crate) async fn get_job(
    may: Allowed<Follow>,
    state: Data<AppState>,
    id: Path<String>,
) -> Result<Json<JobBody>, ApiError> {
    let only = only_own(may.identity()?);
    let body = block(move || {
        let job = find(&state, &id, only.as_deref())?;
        let log = state.jobs.log(&id)?;
        Ok(JobBody::new(job, Some(log)))
    });
    body.await.map(Json)
}

/// End a job
///
/// One that waits ends at once, one that runs at its next part; one that has ended stays as it is.
#[api_operation(tag = "jobs", operation_id = "cancel_job")]
pub(crate) async fn cancel_job(
    may: Allowed<Steer>,
    state: Data<AppState>,
    id: Path<String>,
) -> Result<Json<JobBody>, ApiError> {
    let identity = may.identity()?.clone();
    let body = block(move || {
        find_steered(&state, &id, &identity)?;
        let job = state.jobs.cancel(&id, &identity.name)?;
        Ok(JobBody::new(job, None))
    });
    body.await.map(Json)
}

/// Queue a job again that failed or was cancelled
#[api_operation(tag = "jobs", operation_id = "retry_job")]
pub(crate) async fn retry_job(
    may: Allowed<Steer>,
    state: Data<AppState>,
    id: Path<String>,
) -> Result<Json<JobBody>, ApiError> {
    let identity = may.identity()?.clone();
    let body = block(move || {
        find_steered(&state, &id, &identity)?;
        let job = state.jobs.retry(&id, &identity.name)?;
        Ok(JobBody::new(job, None))
    });
    body.await.map(Json)
}

/// Whose jobs somebody sees: none = everybody's.
fn only_own(identity: &Identity) -> Option<String> {
    let sees_all = identity.scopes.contains(&Scope::Read);
    (!sees_all).then(|| identity.name.clone())
}

/// A job, if it may be seen; one that may not is told no apart from one that is not there.
fn find(state: &AppState, id: &str, only: Option<&str>) -> Result<JobView, ApiError> {
    let job = state.jobs.show(id)?;
    if only.is_some_and(|name| name != job.enqueued_by) {
        return Err(churn_engine::Error::UnknownJob { id: id.to_owned() }.into());
    }
    Ok(job)
}

/// A job, if it may be ended and repeated.
fn find_steered(state: &AppState, id: &str, identity: &Identity) -> Result<(), ApiError> {
    let job = find(state, id, only_own(identity).as_deref())?;
    identity.require(KindInfo::find(&job.kind)?.scope)?;
    Ok(())
}
