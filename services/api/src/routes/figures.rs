//! `GET /api/v1/metrics`: how good the model that answers is.

use std::collections::BTreeMap;

use actix_web::web::{Data, Json};
use apistos::{ApiComponent, api_operation};
use churn_registry::Interval;
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::ApiError;
use crate::extract::{Allowed, Judge};
use crate::state::AppState;

/// Figures of the model that answers, each with its interval.
#[derive(Debug, Serialize, JsonSchema, ApiComponent)]
pub(crate) struct FiguresBody {
    /// The version.
    model_version: String,
    /// Which learner.
    algorithm: String,
    /// Probability from which a customer counts as leaving.
    threshold: f64,
    /// Training rows.
    n_training_rows: u64,
    /// Share of them that left.
    base_rate: f64,
    /// By cross-validation, by name.
    cross_validation: BTreeMap<String, Estimate>,
    /// On rows kept apart, by name; empty when none were kept.
    test: BTreeMap<String, Estimate>,
}

/// A figure with its 95 % interval.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Estimate {
    /// The figure.
    mean: f64,
    /// Lower end.
    low: f64,
    /// Upper end.
    high: f64,
}

fn estimates(figures: &BTreeMap<String, Interval>) -> BTreeMap<String, Estimate> {
    let named = figures.iter().map(|(name, interval)| {
        let estimate = Estimate {
            mean: interval.mean,
            low: interval.low,
            high: interval.high,
        };
        (name.clone(), estimate)
    });
    named.collect()
}

/// Tell how good the model that answers is
///
/// These are figures of the model; `/metrics` is for Prometheus.
#[api_operation(tag = "models", operation_id = "get_metrics")]
pub(crate) async fn get_metrics(
    _may: Allowed<Judge>,
    state: Data<AppState>,
) -> Result<Json<FiguresBody>, ApiError> {
    let served = state.served()?;
    let model = served.scorer().model();
    Ok(Json(FiguresBody {
        model_version: served.scorer().version().to_owned(),
        algorithm: model.card.algorithm.clone(),
        threshold: model.threshold,
        n_training_rows: model.card.trained_on.n_rows,
        base_rate: model.card.trained_on.base_rate,
        cross_validation: estimates(&model.card.cv_metrics),
        test: estimates(&model.card.test_metrics),
    }))
}
