//! `/api/v1/models`: which versions there are, and which of them answers.

use actix_web::web::{Data, Json, Path};
use apistos::{ApiComponent, api_operation};
use churn_registry::{CHAMPION, ModelVersion};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::block;
use super::page::Page;
use crate::error::ApiError;
use crate::extract::{Allowed, JsonBody, Models, OptionalJson, Read};
use crate::state::AppState;

/// A model version.
#[derive(Debug, Serialize, JsonSchema, ApiComponent)]
pub(crate) struct ModelBody {
    /// Its number, as in `v1.2.3`.
    version: String,
    /// Whether it answers now.
    serving: bool,
    /// Names that point to it, as in `champion`.
    aliases: Vec<String>,
    /// Which learner.
    algorithm: String,
    /// Hyper-parameters by name.
    parameters: Value,
    /// `{"cv": {name: interval}, "test": {name: interval}}`.
    metrics: Value,
    /// The run that made it; null when it was imported.
    run_id: Option<String>,
    /// SHA-256 of the training file.
    dataset_sha256: String,
    /// Version of the features.
    feature_set_version: String,
    /// Length of the bundle, bytes.
    size_bytes: u64,
    /// When it was registered, ISO 8601 in UTC.
    created_at: String,
}

impl ModelBody {
    fn new(model: ModelVersion, state: &AppState, aliases: &[churn_registry::Alias]) -> Self {
        let version = model.version.to_string();
        let serving = state.desk.current();
        let named = aliases.iter().filter(|alias| alias.version == version);
        Self {
            serving: serving.is_some_and(|served| served.version().version == model.version),
            aliases: named.map(|alias| alias.name.clone()).collect(),
            version,
            algorithm: model.algorithm,
            parameters: model.parameters,
            metrics: model.metrics,
            run_id: model.run_id,
            dataset_sha256: model.dataset_sha256,
            feature_set_version: model.plan_fingerprint,
            size_bytes: model.size_bytes,
            created_at: model.created_at.to_string(),
        }
    }
}

/// List all model versions, the newest first
#[api_operation(tag = "models", operation_id = "list_models")]
pub(crate) async fn list_models(
    _may: Allowed<Read>,
    state: Data<AppState>,
) -> Result<Json<Page<ModelBody>>, ApiError> {
    let items = block(move || {
        let registry = state.desk.registry();
        let (models, aliases) = (registry.list()?, registry.aliases()?);
        let bodies = models.into_iter();
        Ok(bodies
            .map(|model| ModelBody::new(model, &state, &aliases))
            .collect())
    });
    let items = items.await?;
    Ok(Json(Page { items, next: None }))
}

/// Show one model version
///
/// `version` is a version, an alias or `latest`.
#[api_operation(tag = "models", operation_id = "get_model")]
pub(crate) async fn get_model(
    _may: Allowed<Read>,
    state: Data<AppState>,
    version: Path<String>,
) -> Result<Json<ModelBody>, ApiError> {
    let body = block(move || {
        let registry = state.desk.registry();
        let model = registry.resolve(&version)?;
        Ok(ModelBody::new(model, &state, &registry.aliases()?))
    });
    Ok(Json(body.await?))
}

/// Why a model is put into or out of service.
#[derive(Debug, Default, Deserialize, JsonSchema, ApiComponent)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhyBody {
    /// Kept with the move; `over HTTP` without it.
    why: Option<String>,
}

/// What an alias is to name.
#[derive(Debug, Deserialize, JsonSchema, ApiComponent)]
#[serde(deny_unknown_fields)]
pub(crate) struct AliasBody {
    /// A version, another alias or `latest`.
    version: String,
    /// Kept with the move.
    why: Option<String>,
}

/// What moving an alias did.
#[derive(Debug, Serialize, JsonSchema, ApiComponent)]
pub(crate) struct MovedBody {
    /// The alias.
    alias: String,
    /// The version before; null for the first move.
    from: Option<String>,
    /// The version now.
    to: String,
    /// The version that answers now. Another one than `to` when the settings ask for another
    /// model.
    serving: Option<String>,
}

fn why(given: Option<String>) -> String {
    let given = given.filter(|why| !why.trim().is_empty());
    given.map_or_else(
        || "over HTTP".to_owned(),
        |why| why.chars().take(500).collect(),
    )
}

/// Moves an alias, after the model has shown that it can answer, and lets it take over.
async fn move_alias(
    state: Data<AppState>,
    alias: String,
    reference: Option<String>,
    who: String,
    why: String,
) -> Result<Json<MovedBody>, ApiError> {
    let moved = block(move || {
        let registry = state.desk.registry();
        let (moved, prepared) = match reference {
            Some(reference) => {
                let prepared = state.desk.prepare(&reference)?;
                let moved = registry.set_alias(&alias, &reference, &who, &why)?;
                (moved, prepared)
            }
            None => {
                let target = registry.rollback_target(&alias)?;
                let prepared = state.desk.prepare(&target)?;
                (registry.rollback_alias(&alias, &who, &why)?, prepared)
            }
        };
        state.offer_model(prepared)?;
        let serving = state.desk.current();
        Ok(MovedBody {
            alias,
            from: moved.from,
            to: moved.to.version.to_string(),
            serving: serving.map(|served| served.scorer().version().to_owned()),
        })
    });
    moved.await.map(Json)
}

/// Put a version into service
///
/// It is loaded first and must score and explain a made-up customer; one that can't is answered
/// with 409 and the model before goes on. Requests under way finish on the old model.
#[api_operation(tag = "models", operation_id = "activate_model")]
pub(crate) async fn activate_model(
    may: Allowed<Models>,
    state: Data<AppState>,
    version: Path<String>,
    body: OptionalJson<WhyBody>,
) -> Result<Json<MovedBody>, ApiError> {
    let why = why(body.0.and_then(|body| body.why));
    move_alias(
        state,
        CHAMPION.to_owned(),
        Some(version.into_inner()),
        may.who(),
        why,
    )
    .await
}

/// Go back to the version an alias named before
///
/// `version` is the alias, usually `champion`.
#[api_operation(tag = "models", operation_id = "rollback_model")]
pub(crate) async fn rollback_model(
    may: Allowed<Models>,
    state: Data<AppState>,
    version: Path<String>,
    body: OptionalJson<WhyBody>,
) -> Result<Json<MovedBody>, ApiError> {
    let why = why(body.0.and_then(|body| body.why));
    move_alias(state, version.into_inner(), None, may.who(), why).await
}

/// Point an alias at a version
#[api_operation(tag = "models", operation_id = "set_alias")]
pub(crate) async fn set_alias(
    may: Allowed<Models>,
    state: Data<AppState>,
    alias: Path<String>,
    body: JsonBody<AliasBody>,
) -> Result<Json<MovedBody>, ApiError> {
    let reason = why(body.0.why);
    move_alias(
        state,
        alias.into_inner(),
        Some(body.0.version),
        may.who(),
        reason,
    )
    .await
}

/// What a person should know before trusting a model.
#[derive(Debug, Serialize, JsonSchema, ApiComponent)]
pub(crate) struct CardBody {
    /// The version.
    version: String,
    /// The card as it lies in the bundle.
    card: Value,
    /// Columns of the specification that the model reads.
    columns: Vec<ColumnBody>,
    /// Probability from which a customer counts as leaving.
    threshold: f64,
}

/// A column the model reads.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ColumnBody {
    /// Its name in a request.
    name: String,
    /// Words for it.
    label: String,
    /// `integer`, `number`, `category`, `date` or `text`.
    kind: &'static str,
    /// Levels of a category.
    levels: Vec<String>,
    /// Smallest allowed number.
    min: Option<f64>,
    /// Largest allowed number.
    max: Option<f64>,
    /// What happens when it is missing.
    missing: String,
}

/// Show the card of a version, and the columns it reads
#[api_operation(tag = "models", operation_id = "get_model_card")]
pub(crate) async fn get_model_card(
    _may: Allowed<Read>,
    state: Data<AppState>,
    version: Path<String>,
) -> Result<Json<CardBody>, ApiError> {
    let body = block(move || {
        let (version, model) = state.desk.registry().load(&version)?;
        let columns = model.spec.features().map(|column| ColumnBody {
            name: column.name.clone(),
            label: column.label().to_owned(),
            kind: column.kind.as_str(),
            levels: column.levels.clone(),
            min: column.min,
            max: column.max,
            missing: column.missing.words(),
        });
        Ok(CardBody {
            version: version.version.to_string(),
            columns: columns.collect(),
            card: serde_json::to_value(&model.card).map_err(|fault| ApiError::internal(&fault))?,
            threshold: model.threshold,
        })
    });
    body.await.map(Json)
}
