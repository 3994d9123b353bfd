//! `/api/v1/explain`: one customer's score in full.

use actix_web::web::{Data, Json};
use apistos::{ApiComponent, api_operation};
use churn_engine::ExplainedCustomer;
use schemars::JsonSchema;
use serde::Serialize;

use super::predict::OfferBody;
use crate::error::ApiError;
use crate::extract::{Allowed, Customer, JsonBody, Score};
use crate::state::AppState;

/// A score with every contribution, and what they sum to.
#[derive(Debug, Serialize, JsonSchema, ApiComponent)]
pub(crate) struct ExplanationBody {
    /// The customer's key.
    customer_id: String,
    /// The version that scored.
    model_version: String,
    /// Version of the features.
    feature_set_version: String,
    /// Calibrated probability of leaving, 0 to 1.
    churn_probability: f64,
    /// LOW, MEDIUM or HIGH.
    risk_level: &'static str,
    /// Names in the order of `shap_values`, strongest first.
    feature_names: Vec<String>,
    /// Contributions on the model's scale; with the base value they sum to the margin.
    shap_values: Vec<f64>,
    /// Expected margin: the average customer.
    base_value: f64,
    /// This customer's margin.
    margin: f64,
    /// Calibrated probability at the base value.
    base_probability: f64,
    /// The same contributions with values, probability points and sentences.
    contributions: Vec<ContributionBody>,
    /// Offers that pay, best first.
    offers: Vec<OfferBody>,
    /// Features without a value.
    imputed_fields: Vec<String>,
    /// When it was explained, ISO 8601 in UTC.
    timestamp: String,
}

/// What one column adds to the score.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ContributionBody {
    /// Original column, or derived feature.
    feature: String,
    /// The customer's value; null when missing.
    value: Option<String>,
    /// On the model's scale.
    shap_value: f64,
    /// Probability points; all of them sum to the probability less the base probability, times 100.
    impact: f64,
    /// The sentence.
    text: String,
}

impl ExplanationBody {
    fn new(explained: ExplainedCustomer, id: String, timestamp: String) -> Self {
        let contributions = &explained.contributions;
        Self {
            customer_id: id,
            model_version: explained.model_version,
            feature_set_version: explained.feature_set_version,
            churn_probability: explained.churn_probability,
            risk_level: explained.risk_level.name(),
            feature_names: contributions.iter().map(|it| it.feature.clone()).collect(),
            shap_values: contributions.iter().map(|it| it.shap_value).collect(),
            base_value: explained.base_value,
            margin: explained.margin,
            base_probability: explained.base_probability,
            contributions: explained
                .contributions
                .into_iter()
                .map(|it| ContributionBody {
                    feature: it.feature,
                    value: it.value,
                    shap_value: it.shap_value,
                    impact: it.impact,
                    text: it.text,
                })
                .collect(),
            offers: explained.offers.into_iter().map(OfferBody::from).collect(),
            imputed_fields: explained.missing,
            timestamp,
        }
    }
}

/// Explain one customer's score in full
#[api_operation(tag = "scoring", operation_id = "explain")]
pub(crate) async fn explain(
    _may: Allowed<Score>,
    state: Data<AppState>,
    body: JsonBody<Customer>,
) -> Result<Json<ExplanationBody>, ApiError> {
    let served = state.served()?;
    let permit = state.admit_online()?;
    let work = move || {
        let explained = served.explain(body.0.0, churn_store::new_id);
        drop(permit);
        explained
    };
    let (id, explained) = state.online.run(work).await??;
    let now = state.clock.now().to_string();
    Ok(Json(ExplanationBody::new(explained, id, now)))
}
