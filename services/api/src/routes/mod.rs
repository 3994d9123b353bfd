//! Every route, and the document that describes them.

mod auth;
mod base;
mod batch;
mod customers;
mod docs;
mod explain;
mod figures;
mod file_answer;
mod global;
mod health;
mod jobs;
mod known;
mod models;
mod overview;
mod page;
mod predict;
mod predictions;
mod probes;
mod raw_json;
mod retrain;
mod users;
mod v2;

pub(crate) use explain::ANSWERS;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::{App, web as actix};
use apistos::app::OpenApiWrapper;
use apistos::info::{Info, License};
use apistos::spec::Spec;
use apistos::tag::Tag;
use apistos::web;

use crate::error::{ApiError, Code};
use crate::extract;
use crate::pages;
use crate::request::Around;
use crate::state::AppState;

/// Where the document is served.
const OPENAPI_PATH: &str = "/openapi.json";

/// Whether the route reads or writes a stream, so that no limit on the whole time applies.
pub(crate) fn is_streamed(path: &str) -> bool {
    const STREAMED: [&str; 3] = [
        "/api/v1/batch_predict",
        "/api/v1/retrain",
        "/api/v1/customers.csv",
    ];
    STREAMED.contains(&path)
        || (path.starts_with("/api/v1/jobs/")
            && (path.ends_with("/result") || path.ends_with("/rejected")))
}

/// The application over a state.
pub(crate) fn app(
    state: &actix::Data<AppState>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = actix_web::Error,
        InitError = (),
    > + use<>,
> {
    App::new()
        .document(spec())
        .wrap(Around::new(state.clone()))
        .app_data(state.clone())
        .app_data(
            actix::QueryConfig::default().error_handler(|fault, _| bad_parameter(&fault).into()),
        )
        .app_data(
            actix::PathConfig::default().error_handler(|fault, _| bad_parameter(&fault).into()),
        )
        .configure(described)
        .build(OPENAPI_PATH)
        .configure(docs::routes)
        .configure(pages::routes)
}

/// Signing in, accounts, keys, the audit trail.
fn people(scope: web::Scope) -> web::Scope {
    scope
        .service(web::resource("/auth/login").route(web::post().to(auth::login)))
        .service(web::resource("/auth/refresh").route(web::post().to(auth::refresh)))
        .service(web::resource("/auth/session").route(web::post().to(auth::start_session)))
        .service(web::resource("/auth/logout").route(web::post().to(auth::logout)))
        .service(web::resource("/auth/me").route(web::get().to(auth::get_me)))
        .service(web::resource("/auth/password").route(web::post().to(auth::change_password)))
        .service(
            web::resource("/users")
                .route(web::get().to(users::list_users))
                .route(web::post().to(users::add_user)),
        )
        .service(web::resource("/users/{name}").route(web::patch().to(users::change_user)))
        .service(
            web::resource("/keys")
                .route(web::get().to(users::list_keys))
                .route(web::post().to(users::add_key)),
        )
        .service(web::resource("/keys/{id}").route(web::delete().to(users::revoke_key)))
        .service(web::resource("/audit").route(web::get().to(users::list_audit)))
}

/// Work that takes longer than a request.
fn work(scope: web::Scope) -> web::Scope {
    scope
        .service(web::resource("/retrain").route(web::post().to(retrain::retrain)))
        .service(web::resource("/jobs").route(web::get().to(jobs::list_jobs)))
        .service(web::resource("/jobs/{id}").route(web::get().to(jobs::get_job)))
        .service(web::resource("/jobs/{id}/cancel").route(web::post().to(jobs::cancel_job)))
        .service(web::resource("/jobs/{id}/retry").route(web::post().to(jobs::retry_job)))
        .service(web::resource("/jobs/{id}/result").route(web::get().to(jobs::download_result)))
        .service(web::resource("/jobs/{id}/rejected").route(web::get().to(jobs::download_rejected)))
}

/// Every route of the document.
fn described(config: &mut web::ServiceConfig) {
    config
        .service(work(people(api())))
        .service(v2::routes())
        .service(web::resource("/healthz").route(web::get().to(probes::healthz)))
        .service(web::resource("/readyz").route(web::get().to(probes::readyz)))
        .service(web::resource("/metrics").route(web::get().to(probes::metrics)));
}

/// Scoring, explaining, models.
fn api() -> web::Scope {
    web::scope("/api/v1")
        .service(web::resource("/health").route(web::get().to(health::get_health)))
        .service(web::resource("/predict").route(web::post().to(predict::predict)))
        .service(web::resource("/batch_predict").route(web::post().to(batch::batch_predict)))
        .service(
            web::resource("/explain")
                .route(web::post().to(explain::explain))
                .route(web::get().to(explain::explain_known)),
        )
        .service(web::resource("/explain/global").route(web::get().to(global::explain_globally)))
        .service(web::resource("/overview").route(web::get().to(overview::get_overview)))
        .service(web::resource("/customers").route(web::get().to(customers::list_customers)))
        .service(web::resource("/customers.csv").route(web::get().to(customers::export_customers)))
        .service(web::resource("/customers/{id}").route(web::get().to(customers::get_customer)))
        .service(web::resource("/predictions").route(web::get().to(predictions::list_predictions)))
        .service(web::resource("/metrics").route(web::get().to(figures::get_metrics)))
        .service(web::resource("/models").route(web::get().to(models::list_models)))
        .service(web::resource("/aliases/{alias}").route(web::put().to(models::set_alias)))
        .service(web::resource("/models/{version}").route(web::get().to(models::get_model)))
        .service(
            web::resource("/models/{version}/card").route(web::get().to(models::get_model_card)),
        )
        .service(
            web::resource("/models/{version}/activate")
                .route(web::post().to(models::activate_model)),
        )
        .service(
            web::resource("/models/{version}/rollback")
                .route(web::post().to(models::rollback_model)),
        )
}

/// The document that describes every route, as `/openapi.json` gives it.
///
/// # Errors
/// Only on a fault of the program: the document can't be made.
pub async fn openapi() -> anyhow::Result<serde_json::Value> {
    let app = App::new().document(spec()).configure(described);
    let service = actix_web::test::init_service(app.build(OPENAPI_PATH)).await;
    let request = actix_web::test::TestRequest::get()
        .uri(OPENAPI_PATH)
        .to_request();
    let response = actix_web::test::try_call_service(&service, request).await;
    let response = response.map_err(|fault| anyhow::anyhow!("{fault}"))?;
    let bytes = actix_web::body::to_bytes(response.into_body()).await;
    let bytes = bytes.map_err(|fault| anyhow::anyhow!("{fault}"))?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// Runs a use case that talks to the store off the async threads.
pub(crate) async fn block<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let done = actix_web::web::block(work).await;
    done.map_err(|fault| ApiError::internal(&fault))?
}

/// JSON of the store. What can't be read, which never happens to what we wrote, is shown as text.
fn stored_json(text: String) -> serde_json::Value {
    serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text))
}

fn bad_parameter(fault: &dyn std::fmt::Display) -> ApiError {
    ApiError::new(
        Code::BadParameter,
        format!("the address or the query can't be read: {fault}"),
        "/docs shows the parameters of the route",
    )
}

fn spec() -> Spec {
    let tag = |name: &str, description: &str| Tag {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        ..Default::default()
    };
    Spec {
        info: Info {
            title: "Churn & retention engine".to_owned(),
            description: Some(
                "Who will leave, why, what to do about it, and what it is worth. \
                 Every fault is answered as `{code, message, hint, request_id}`."
                    .to_owned(),
            ),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            license: Some(License {
                name: "MIT".to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        },
        tags: vec![
            tag("scoring", "Score and explain customers"),
            tag(
                "customers",
                "Customers as scored, and every answer that was given",
            ),
            tag("jobs", "Work that takes longer than a request"),
            tag("models", "Model versions and how good they are"),
            tag(
                "inference protocol",
                "The Open Inference Protocol, version 2",
            ),
            tag("service", "Whether everything is there"),
        ],
        securities: extract::proofs(),
        ..Default::default()
    }
}
