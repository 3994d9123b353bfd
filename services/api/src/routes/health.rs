//! `GET /api/v1/health`: what is there and what is not.

use actix_web::web::{Data, Json};
use apistos::{ApiComponent, api_operation};
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::ApiError;
use crate::state::AppState;

/// State of the service and of what it depends on.
#[derive(Debug, Serialize, JsonSchema, ApiComponent)]
pub(crate) struct Health {
    /// `ok`, `degraded` (it answers, but something is missing) or `unavailable` (it can't score).
    status: &'static str,
    /// Version of the program.
    version: &'static str,
    /// The model that answers.
    model: ModelHealth,
    /// Everything the service depends on.
    dependencies: Vec<Dependency>,
    /// When this was found, ISO 8601 in UTC.
    timestamp: String,
}

/// Whether there is a model to answer with.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ModelHealth {
    /// Whether customers can be scored.
    available: bool,
    /// What is asked for: an alias, a version or `latest`.
    reference: String,
    /// The version that answers.
    version: Option<String>,
}

/// One thing the service depends on.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Dependency {
    /// `database`, `objects` or `cache`.
    name: &'static str,
    /// Whether it answers.
    ok: bool,
    /// Which kind it is, or what is wrong.
    detail: String,
}

/// Tell the state of the service
///
/// Open to everyone. The status is 200 whenever this answers; `/readyz` is for load balancers.
#[api_operation(tag = "service", operation_id = "get_health", no_security = true)]
pub(crate) async fn get_health(state: Data<AppState>) -> Result<Json<Health>, ApiError> {
    let model = state.desk.current();
    let looking = state.clone();
    let mut dependencies = actix_web::web::block(move || look_at_dependencies(&looking))
        .await
        .map_err(|fault| ApiError::internal(&fault))?;
    dependencies.push(look_at_cache(&state).await);
    let status = match (&model, dependencies.iter().all(|it| it.ok)) {
        (Some(_), true) => "ok",
        (Some(_), false) => "degraded",
        (None, _) => "unavailable",
    };
    Ok(Json(Health {
        status,
        version: env!("CARGO_PKG_VERSION"),
        model: ModelHealth {
            available: model.is_some(),
            reference: state.desk.reference().to_owned(),
            version: model.map(|served| served.scorer().version().to_owned()),
        },
        dependencies,
        timestamp: state.clock.now().to_string(),
    }))
}

async fn look_at_cache(state: &AppState) -> Dependency {
    let health = state.cache.health().await;
    let detail = if health.is_up {
        health.backend
    } else {
        "redis does not answer; nothing is cached, and limits count in each process"
    };
    Dependency {
        name: "cache",
        ok: health.is_up,
        detail: detail.to_owned(),
    }
}

fn look_at_dependencies(state: &AppState) -> Vec<Dependency> {
    let registry = state.desk.registry();
    let told = |name, answer: Result<String, String>| Dependency {
        name,
        ok: answer.is_ok(),
        detail: answer.unwrap_or_else(|fault| fault),
    };
    let backend = match registry.database().backend() {
        churn_store::Backend::Sqlite => "sqlite",
        churn_store::Backend::Postgres => "postgres",
    };
    let database = registry.aliases().map(|_| backend.to_owned());
    // Any key that can exist: only whether the store answers counts.
    let objects = registry
        .blobs()
        .exists(&"0".repeat(64))
        .map(|_| "answers".to_owned());
    let unavailable = |fault: &dyn std::fmt::Display| {
        tracing::warn!(target: "churn::health", error = %fault, "a dependency does not answer");
        "does not answer".to_owned()
    };
    vec![
        told("database", database.map_err(|fault| unavailable(&fault))),
        told("objects", objects.map_err(|fault| unavailable(&fault))),
    ]
}
