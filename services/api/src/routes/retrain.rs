//! `POST /api/v1/retrain`: training as a job, from a file of the data folder or an upload.

use std::collections::BTreeMap;
use std::path::PathBuf;

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Data, Query};
use apistos::paths::{MediaType, RequestBody};
use apistos::reference_or::ReferenceOr;
use apistos::{ApiComponent, api_operation};
use churn_engine::BatchInput;
use churn_engine::jobs::{Source, TrainModel};
use churn_schema::DatasetSpec;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::block;
use super::jobs::Asked;
use crate::error::{ApiError, Code};
use crate::extract::{Allowed, Train, read_json};
use crate::state::AppState;
use crate::upload::{self, Upload};

/// What to train on, and how.
#[derive(Debug, Deserialize, JsonSchema, ApiComponent)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetrainBody {
    /// A file of the data folder (setting `jobs.data_folder`), as in `2026/july.csv`.
    file: String,
    /// The specification as YAML; without it that of the model that answers.
    spec: Option<String>,
    /// Settings of the run, as in the file of `churn train --config`.
    config: Option<Value>,
    /// Selection policies as YAML, as in `config/selection.yaml`.
    selection: Option<String>,
    /// Which of the selection policies.
    preset: Option<String>,
    /// The seed all randomness comes from; 42 without it.
    seed: Option<u64>,
    /// Whether the chosen model goes into service; true without it.
    activate: Option<bool>,
}

/// How to train on an upload.
#[derive(Debug, Deserialize, JsonSchema, ApiComponent)]
pub(crate) struct RetrainOptions {
    /// Which of the selection policies.
    preset: Option<String>,
    /// The seed all randomness comes from; 42 without it.
    seed: Option<u64>,
    /// Whether the chosen model goes into service; true without it.
    activate: Option<bool>,
}

/// Train anew and choose a model
///
/// The body is JSON that names a file of the data folder, or the labelled customers themselves:
/// CSV (plain or gzip) or Parquet, raw or as a file of a multipart form; how to train is then said
/// in the query. The answer is the job. While a job that asks for exactly the same waits or runs,
/// that job is answered.
#[api_operation(tag = "jobs", operation_id = "retrain")]
pub(crate) async fn retrain(
    may: Allowed<Train>,
    state: Data<AppState>,
    request: HttpRequest,
    query: Query<RetrainOptions>,
    body: RetrainInput,
) -> Result<Asked, ApiError> {
    let who = may.who();
    let wanted = if is_json(&request) {
        Wanted::of_body(&state, read_json(&state, &request, body.0).await?)?
    } else {
        let upload = upload::receive(&state, &request, body.0).await?;
        Wanted::of_upload(upload, query.into_inner())?
    };
    let asked = block(move || {
        let job = wanted.into_job(&state)?;
        Ok(state.jobs.enqueue_once(&job, &who)?)
    });
    asked.await.map(Asked::new)
}

/// A training that was asked for, its data not yet kept.
struct Wanted {
    data: WantedData,
    spec: Option<String>,
    config: Option<Value>,
    selection: Option<String>,
    options: RetrainOptions,
}

enum WantedData {
    File(PathBuf),
    Upload(Upload),
}

impl Wanted {
    fn of_body(state: &AppState, body: RetrainBody) -> Result<Self, ApiError> {
        Ok(Self {
            data: WantedData::File(state.data_folder.find(&body.file)?),
            spec: body.spec,
            config: body.config,
            selection: body.selection,
            options: RetrainOptions {
                preset: body.preset,
                seed: body.seed,
                activate: body.activate,
            },
        })
    }

    fn of_upload(upload: Upload, options: RetrainOptions) -> Result<Self, ApiError> {
        if upload.kind() == BatchInput::JsonLines {
            return Err(ApiError::new(
                Code::UnsupportedMediaType,
                "training does not read NDJSON",
                "send CSV (plain or gzip) or Parquet",
            ));
        }
        if upload.n_bytes == 0 {
            return Err(ApiError::new(
                Code::BadBody,
                "there is nothing to train on",
                "send labelled customers, or JSON that names a file: {\"file\": \"july.csv\"}",
            ));
        }
        Ok(Self {
            data: WantedData::Upload(upload),
            spec: None,
            config: None,
            selection: None,
            options,
        })
    }

    /// Keeps the data, so that what is trained on can't change any more. Blocks.
    fn into_job(self, state: &AppState) -> Result<TrainModel, ApiError> {
        let spec = match self.spec {
            Some(text) => {
                DatasetSpec::from_yaml(&text, "spec").map_err(|fault| bad_spec(&fault))?;
                text
            }
            None => state.served()?.scorer().model().spec.to_yaml(),
        };
        let blobs = state.desk.registry().blobs();
        let data: Source = match self.data {
            WantedData::File(path) => upload::keep_file(&path, blobs)?,
            WantedData::Upload(upload) => upload.keep(blobs)?,
        };
        Ok(TrainModel {
            data,
            spec,
            config: self.config,
            selection: self.selection,
            preset: self.options.preset,
            seed: self.options.seed.unwrap_or(42),
            activate: self.options.activate.unwrap_or(true),
        })
    }
}

fn bad_spec(fault: &dyn std::fmt::Display) -> ApiError {
    ApiError::new(
        Code::BadBody,
        format!("the specification can't be used: {fault}"),
        "put `spec` right, or leave it out to train under that of the model that answers",
    )
}

fn is_json(request: &HttpRequest) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE);
    kind.and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.trim_start().starts_with("application/json"))
}

/// The body of the request, of either form.
pub(crate) struct RetrainInput(Payload);

impl actix_web::FromRequest for RetrainInput {
    type Error = actix_web::Error;
    type Future = std::future::Ready<Result<Self, actix_web::Error>>;

    fn from_request(_: &HttpRequest, payload: &mut Payload) -> Self::Future {
        std::future::ready(Ok(Self(payload.take())))
    }
}

impl ApiComponent for RetrainInput {
    fn child_schemas() -> Vec<(String, ReferenceOr<apistos::Schema>)> {
        let mut schemas = RetrainBody::child_schemas();
        schemas.extend(RetrainBody::schema());
        schemas
    }

    fn schema() -> Option<(String, ReferenceOr<apistos::Schema>)> {
        None
    }

    fn request_body() -> Option<RequestBody> {
        let json = MediaType {
            schema: Some(ReferenceOr::Reference {
                _ref: "#/components/schemas/RetrainBody".to_owned(),
            }),
            ..Default::default()
        };
        let kinds = [
            "text/csv",
            "application/gzip",
            "application/vnd.apache.parquet",
            "multipart/form-data",
        ];
        let files = kinds.map(|kind| (kind.to_owned(), MediaType::default()));
        let mut content = BTreeMap::from(files);
        content.insert("application/json".to_owned(), json);
        Some(RequestBody {
            description: Some("The name of a file, or labelled customers.".to_owned()),
            content,
            required: Some(true),
            ..Default::default()
        })
    }
}
