//! `/healthz`, `/readyz` and `/metrics`: for orchestrators and collectors, not for clients.

use actix_web::web::Data;
use actix_web::{HttpResponse, http::header};
use apistos::api_operation;
use churn_engine::jobs::{JobView, KINDS};
use churn_store::tables::jobs::{JobFilter, JobStatus};

use super::block;
use crate::error::ApiError;
use crate::state::AppState;

/// Tell that the process lives
#[api_operation(
    tag = "service",
    operation_id = "healthz",
    produces = "text/plain",
    no_security = true
)]
pub(crate) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok\n")
}

/// Tell whether customers can be scored: 200 or 503
#[api_operation(
    tag = "service",
    operation_id = "readyz",
    produces = "text/plain",
    no_security = true
)]
pub(crate) async fn readyz(state: Data<AppState>) -> Result<HttpResponse, ApiError> {
    state.served()?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain")
        .body("ready\n"))
}

/// Give all metrics in the text form of Prometheus
#[api_operation(
    tag = "service",
    operation_id = "metrics",
    produces = "text/plain",
    no_security = true
)]
pub(crate) async fn metrics(state: Data<AppState>) -> Result<HttpResponse, ApiError> {
    let in_use = |pool: &str, n: usize| {
        let n = i64::try_from(n).unwrap_or(i64::MAX);
        state.metrics.pool_in_use.with_label_values(&[pool]).set(n);
    };
    in_use("online", state.online.in_use());
    in_use("batch", state.batch.in_use());
    if let Some(counts) = state.log_counts() {
        let n = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        state.metrics.log_pending.set(n(counts.n_waiting));
        state.metrics.log_stored.set(n(counts.n_written));
        state.metrics.log_refused.set(n(counts.n_refused));
        state.metrics.log_faults.set(n(counts.n_faults));
    }
    look_at_cache(&state).await;
    look_at_jobs(&state).await;
    let text = state
        .metrics
        .render()
        .map_err(|fault| ApiError::internal(&fault))?;
    let kind = (
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    );
    Ok(HttpResponse::Ok().insert_header(kind).body(text))
}

async fn look_at_cache(state: &AppState) {
    let health = state.cache.health().await;
    let n = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let lookups = &state.metrics.cache_lookups;
    lookups.with_label_values(&["hit"]).set(n(health.n_hits));
    lookups.with_label_values(&["miss"]).set(n(health.n_misses));
    state.metrics.cache_faults.set(n(health.n_faults));
}

/// A database that does not answer leaves the figures out; health says so.
async fn look_at_jobs(state: &Data<AppState>) {
    let jobs = state.jobs.clone();
    let looked = block(move || {
        let mut last = Vec::new();
        for kind in KINDS {
            let filter = JobFilter {
                status: Some(JobStatus::Succeeded),
                kind: Some(kind.name),
                ..JobFilter::default()
            };
            last.extend(jobs.list(&filter, 1)?);
        }
        Ok((jobs.count()?, last))
    });
    let metrics = &state.metrics;
    metrics.jobs.reset();
    let Ok((counts, last)) = looked.await else {
        return;
    };
    for (kind, status, n) in counts {
        let labels = [kind.as_str(), status.as_str()];
        metrics.jobs.with_label_values(&labels).set(n);
    }
    for job in last {
        if let Some(seconds) = seconds(&job) {
            let labels = [job.kind.as_str()];
            metrics.job_seconds.with_label_values(&labels).set(seconds);
        }
    }
}

fn seconds(job: &JobView) -> Option<f64> {
    let ran = job.finished_at?.to_utc() - job.started_at?.to_utc();
    Some(ran.as_seconds_f64())
}
