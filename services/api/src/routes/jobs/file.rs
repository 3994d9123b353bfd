//! The files a job made.

use std::fs::File;

use actix_web::web::{Data, Path};
use apistos::api_operation;
use churn_engine::jobs::JobView;
use churn_engine::users::Identity;
use serde_json::Value;

use super::body::{OUTPUT_BLOB, REJECTED_BLOB};
use super::{find, only_own};
use crate::error::{ApiError, Code};
use crate::extract::{Allowed, Follow};
use crate::routes::block;
use crate::routes::file_answer::FileAnswer;
use crate::state::AppState;
use crate::upload::spool_folder;

/// Download the file a job made
///
/// CSV or Parquet, as the job was asked for. It is checked against its hash before it is sent.
#[api_operation(tag = "jobs", operation_id = "download_job_result")]
pub(crate) async fn download_result(
    may: Allowed<Follow>,
    state: Data<AppState>,
    id: Path<String>,
) -> Result<FileAnswer, ApiError> {
    let name = |job: &JobView| {
        let name = job.result.as_ref()?.get("output_name")?.as_str()?;
        Some(name.to_owned())
    };
    download(
        state,
        id.into_inner(),
        may.identity()?.clone(),
        OUTPUT_BLOB,
        name,
    )
    .await
}

/// Download the rows a job refused, with their reasons
#[api_operation(tag = "jobs", operation_id = "download_job_rejected")]
pub(crate) async fn download_rejected(
    may: Allowed<Follow>,
    state: Data<AppState>,
    id: Path<String>,
) -> Result<FileAnswer, ApiError> {
    let name = |_: &JobView| Some("rejected.csv".to_owned());
    download(
        state,
        id.into_inner(),
        may.identity()?.clone(),
        REJECTED_BLOB,
        name,
    )
    .await
}

async fn download(
    state: Data<AppState>,
    id: String,
    identity: Identity,
    field: &'static str,
    name: impl FnOnce(&JobView) -> Option<String> + Send + 'static,
) -> Result<FileAnswer, ApiError> {
    let opened = block(move || {
        let job = find(&state, &id, only_own(&identity).as_deref())?;
        let blob = job.result.as_ref().and_then(|result| result.get(field));
        let blob = blob.and_then(Value::as_str).ok_or_else(|| no_file(&job))?;
        let folder = spool_folder(&state)?;
        let folder = tempfile::tempdir_in(folder).map_err(|fault| ApiError::internal(&fault))?;
        let path = folder.path().join("file");
        let blobs = state.desk.registry().blobs();
        blobs.get_file(blob, &path).map_err(gone)?;
        let file = File::open(&path).map_err(|fault| ApiError::internal(&fault))?;
        let length = file
            .metadata()
            .map_err(|fault| ApiError::internal(&fault))?;
        // The name goes now; the file itself goes when it is closed.
        drop(folder);
        let name = name(&job).unwrap_or_else(|| "result".to_owned());
        Ok((file, length.len(), name))
    });
    let (file, length, name) = opened.await?;
    Ok(FileAnswer::new(file, length, &name))
}

fn no_file(job: &JobView) -> ApiError {
    let is_done = job.status == "succeeded";
    let code = if is_done {
        Code::NotFound
    } else {
        Code::Conflict
    };
    ApiError::new(
        code,
        format!("job {} is {} and has no such file", job.id, job.status),
        "GET /api/v1/jobs/{id} shows how far it is, and its files under `links`",
    )
}

fn gone(fault: churn_store::Error) -> ApiError {
    match fault {
        churn_store::Error::Missing { .. } | churn_store::Error::Corrupt { .. } => {
            tracing::error!(target: "churn::jobs", error = %fault, "the file of a job is lost");
            ApiError::new(
                Code::NotFound,
                "the file is not kept any more",
                "ask for the job again",
            )
        }
        other => churn_engine::Error::from(other).into(),
    }
}
