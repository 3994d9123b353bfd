//! The Open Inference Protocol, version 2: how standard clients ask any model server.
//!
//! A customer is one element of every input tensor, a tensor is a column of the specification.
//! `infer` answers `churn_probability`; `explain`, our extension in the same form, answers the
//! contributions as well.

mod tensor;

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::web::{Bytes, Data, Json, Path};
use apistos::{ApiComponent, api_operation, web};
use churn_engine::{Explain, Served};
use churn_schema::{ColumnKind, ColumnSpec};
use churn_store::new_id;
use churn_store::tables::predictions::Prediction as LogEntry;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use self::tensor::{InferRequest, OutputTensor};
use crate::error::{ApiError, Code};
use crate::extract::{Allowed, Score, collect};
use crate::state::AppState;

/// Most customers of one request; a larger number is a file.
const MOST_CUSTOMERS: usize = 1000;

pub(crate) fn routes() -> web::Scope {
    web::scope("/v2")
        .service(web::resource("").route(web::get().to(server)))
        .service(web::resource("/health/live").route(web::get().to(live)))
        .service(web::resource("/health/ready").route(web::get().to(ready)))
        .service(web::resource("/models/{name}").route(web::get().to(metadata)))
        .service(web::resource("/models/{name}/ready").route(web::get().to(model_ready)))
        .service(web::resource("/models/{name}/infer").route(web::post().to(infer)))
        .service(web::resource("/models/{name}/explain").route(web::post().to(explain)))
}

/// Whether something is there.
#[derive(Debug, Serialize, JsonSchema, ApiComponent)]
pub(crate) struct Flag {
    /// Whether the server lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<bool>,
    /// Whether it, or the model, can answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    ready: Option<bool>,
    /// The model.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// What the server is.
#[derive(Debug, Serialize, JsonSchema, ApiComponent)]
pub(crate) struct ServerBody {
    /// Its name.
    name: &'static str,
    /// Version of the program.
    version: &'static str,
    /// What it can beyond the protocol.
    extensions: Vec<&'static str>,
}

/// What a model takes and gives.
#[derive(Debug, Serialize, JsonSchema, ApiComponent)]
pub(crate) struct MetadataBody {
    /// Name of the data set.
    name: String,
    /// The version that answers.
    versions: Vec<String>,
    /// What runs it.
    platform: String,
    /// One tensor a column.
    inputs: Vec<TensorMetadata>,
    /// What `infer` gives.
    outputs: Vec<TensorMetadata>,
}

/// One tensor, without its values.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TensorMetadata {
    /// Column or output.
    name: String,
    /// `FP64`, `INT64` or `BYTES`.
    datatype: &'static str,
    /// One element a customer.
    shape: Vec<i64>,
}

/// Outputs, one element a customer.
#[derive(Debug, Serialize, JsonSchema, ApiComponent)]
pub(crate) struct InferBody {
    /// Name of the data set.
    model_name: String,
    /// The version that scored.
    model_version: String,
    /// The id of the request, as it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Names of the explained columns, in the order of `shap_values`; only of `explain`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    parameters: BTreeMap<String, Value>,
    /// The tensors.
    outputs: Vec<OutputTensor>,
}

/// The body of a request: JSON, or JSON followed by binary tensors.
pub(crate) struct InferPayload(Bytes);

impl actix_web::FromRequest for InferPayload {
    type Error = ApiError;
    type Future = futures_util::future::LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut actix_web::dev::Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let state = crate::extract::state_of(&request)?;
            let limit = state.settings.server.max_body_kib * 1024;
            collect(&request, payload, limit).await.map(Self)
        })
    }
}

impl ApiComponent for InferPayload {
    fn child_schemas() -> Vec<(String, apistos::reference_or::ReferenceOr<apistos::Schema>)> {
        InferRequest::child_schemas()
    }

    fn schema() -> Option<(String, apistos::reference_or::ReferenceOr<apistos::Schema>)> {
        InferRequest::schema()
    }
}

/// Tell what the server is
#[api_operation(
    tag = "inference protocol",
    operation_id = "v2_server",
    no_security = true
)]
pub(crate) async fn server() -> Json<ServerBody> {
    Json(ServerBody {
        name: "churn",
        version: env!("CARGO_PKG_VERSION"),
        extensions: vec!["binary_tensor_data", "explain"],
    })
}

/// Tell that the server lives
#[api_operation(
    tag = "inference protocol",
    operation_id = "v2_live",
    no_security = true
)]
pub(crate) async fn live() -> Json<Flag> {
    Json(Flag {
        live: Some(true),
        ready: None,
        name: None,
    })
}

/// Tell whether the server can answer: 200 or 503
#[api_operation(
    tag = "inference protocol",
    operation_id = "v2_ready",
    no_security = true
)]
pub(crate) async fn ready(state: Data<AppState>) -> Result<Json<Flag>, ApiError> {
    state.served()?;
    Ok(Json(Flag {
        live: None,
        ready: Some(true),
        name: None,
    }))
}

/// Tell whether a model can answer
#[api_operation(
    tag = "inference protocol",
    operation_id = "v2_model_ready",
    no_security = true
)]
pub(crate) async fn model_ready(
    state: Data<AppState>,
    name: Path<String>,
) -> Result<Json<Flag>, ApiError> {
    let served = named(&state, &name)?;
    Ok(Json(Flag {
        live: None,
        ready: Some(true),
        name: Some(served.scorer().model().spec.name.clone()),
    }))
}

/// Tell what a model takes and gives
#[api_operation(tag = "inference protocol", operation_id = "v2_metadata")]
pub(crate) async fn metadata(
    _may: Allowed<Score>,
    state: Data<AppState>,
    name: Path<String>,
) -> Result<Json<MetadataBody>, ApiError> {
    let served = named(&state, &name)?;
    let spec = &served.scorer().model().spec;
    let columns = spec.key().into_iter().chain(spec.features());
    Ok(Json(MetadataBody {
        name: spec.name.clone(),
        versions: vec![served.scorer().version().to_owned()],
        platform: "churn".to_owned(),
        inputs: columns.map(TensorMetadata::of_column).collect(),
        outputs: vec![TensorMetadata {
            name: "churn_probability".to_owned(),
            datatype: "FP64",
            shape: vec![-1],
        }],
    }))
}

impl TensorMetadata {
    fn of_column(column: &ColumnSpec) -> Self {
        Self {
            name: column.name.clone(),
            datatype: match column.kind {
                ColumnKind::Integer | ColumnKind::Number => "FP64",
                ColumnKind::Category | ColumnKind::Date | ColumnKind::Text => "BYTES",
            },
            shape: vec![-1],
        }
    }
}

/// Score customers given as tensors
#[api_operation(tag = "inference protocol", operation_id = "v2_infer")]
pub(crate) async fn infer(
    may: Allowed<Score>,
    state: Data<AppState>,
    request: HttpRequest,
    name: Path<String>,
    payload: InferPayload,
) -> Result<Json<InferBody>, ApiError> {
    answer(state, &request, &name, payload.0, Explain::No, may.name())
        .await
        .map(Json)
}

/// Score and explain customers given as tensors
///
/// An extension of the protocol: beside `churn_probability` the answer holds `shap_values` (one
/// row a customer), `base_value` and `margin`; `parameters.feature_names` names the columns of
/// `shap_values`.
#[api_operation(tag = "inference protocol", operation_id = "v2_explain")]
pub(crate) async fn explain(
    may: Allowed<Score>,
    state: Data<AppState>,
    request: HttpRequest,
    name: Path<String>,
    payload: InferPayload,
) -> Result<Json<InferBody>, ApiError> {
    answer(state, &request, &name, payload.0, Explain::Yes, may.name())
        .await
        .map(Json)
}

async fn answer(
    state: Data<AppState>,
    request: &HttpRequest,
    name: &str,
    body: Bytes,
    explain: Explain,
    asked_by: Option<&str>,
) -> Result<InferBody, ApiError> {
    let served = named(&state, name)?;
    let n_json = tensor::header_length(request.headers())?;
    let permit = state.admit_online()?;
    let (own, asked_by) = (state.clone(), asked_by.map(str::to_owned));
    let work = move || {
        let asked = InferRequest::parse(&body, n_json)?;
        let customers = asked.customers(MOST_CUSTOMERS)?;
        let done = score(
            &own,
            &served,
            asked.id,
            customers,
            explain,
            asked_by.as_deref(),
        );
        drop(permit);
        done
    };
    let (body, entries) = state.online.run(work).await??;
    for entry in entries {
        state.keep(entry)?;
    }
    Ok(body)
}

fn score(
    state: &AppState,
    served: &Arc<Served>,
    id: Option<String>,
    customers: Vec<BTreeMap<String, Value>>,
    explain: Explain,
    asked_by: Option<&str>,
) -> Result<(InferBody, Vec<LogEntry>), ApiError> {
    let (now, mut entries) = (state.clock.now(), Vec::new());
    let model = served.scorer().model();
    let n_rows = customers.len();
    let names: Vec<&str> = model
        .plan
        .groups
        .iter()
        .map(|group| group.name.as_str())
        .collect();
    let (mut probabilities, mut margins) = (Vec::with_capacity(n_rows), Vec::new());
    let (mut bases, mut values) = (Vec::new(), Vec::new());
    for customer in customers {
        if explain == Explain::Yes {
            let (_, full) = served.explain(customer, new_id)?;
            probabilities.push(full.churn_probability);
            margins.push(full.margin);
            bases.push(full.base_value);
            let of = |name: &str| {
                let found = full.contributions.iter().find(|it| it.feature == name);
                found.map_or(0.0, |it| it.shap_value)
            };
            values.extend(names.iter().map(|name| of(name)));
        } else {
            let done = served.predict(customer, explain, new_id);
            let done = done.inspect_err(|_| state.note_refused("v2"))?;
            state.note_prediction("v2", served, &done);
            if state.keeps_log() {
                entries.push(done.log_entry(served, "v2", asked_by, now));
            }
            probabilities.push(done.scored.churn_probability);
        }
    }
    let mut outputs = vec![OutputTensor::new(
        "churn_probability",
        vec![n_rows],
        probabilities,
    )];
    let mut parameters = BTreeMap::new();
    if explain == Explain::Yes {
        parameters.insert("feature_names".to_owned(), serde_json::json!(names));
        outputs.push(OutputTensor::new(
            "shap_values",
            vec![n_rows, names.len()],
            values,
        ));
        outputs.push(OutputTensor::new("base_value", vec![n_rows], bases));
        outputs.push(OutputTensor::new("margin", vec![n_rows], margins));
    }
    let body = InferBody {
        model_name: model.spec.name.clone(),
        model_version: served.scorer().version().to_owned(),
        id,
        parameters,
        outputs,
    };
    Ok((body, entries))
}

/// The model that answers, when it has this name.
fn named(state: &AppState, name: &str) -> Result<Arc<Served>, ApiError> {
    let served = state.served()?;
    let known = &served.scorer().model().spec.name;
    if known == name || name == state.desk.reference() {
        return Ok(served);
    }
    Err(ApiError::new(
        Code::NotFound,
        format!("there is no model {name:?}"),
        format!("the model that answers is {known:?}"),
    ))
}
