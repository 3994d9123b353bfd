//! `POST /api/v1/predict`: one customer.

use actix_web::web::{Data, Json, Query};
use apistos::{ApiComponent, api_operation};
use churn_engine::{Explain, Prediction, Reason, Served};
use churn_retention::Recommendation;
use churn_schema::Money;
use churn_store::new_id;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::known::known_values;
use crate::error::{ApiError, Detail};
use crate::extract::{Allowed, Customer, JsonBody, Score};
use crate::state::AppState;

/// How an answer is wanted.
#[derive(Debug, Deserialize, JsonSchema, ApiComponent)]
pub(crate) struct PredictQuery {
    /// Whether reasons, and the offers that rest on them, are worked out; default true.
    #[serde(default = "yes")]
    pub(crate) explain: bool,
}

fn yes() -> bool {
    true
}

impl PredictQuery {
    pub(crate) fn explain(&self) -> Explain {
        if self.explain {
            Explain::Yes
        } else {
            Explain::No
        }
    }
}

/// A customer's score.
#[derive(Debug, Serialize, JsonSchema, ApiComponent)]
pub(crate) struct PredictionBody {
    /// The customer's key; a new one when none was sent.
    pub(crate) customer_id: String,
    /// Calibrated probability of leaving within the horizon, 0 to 1.
    pub(crate) churn_probability: f64,
    /// Lower end of its 95 % interval; null when the model stores no intervals.
    pub(crate) probability_low: Option<f64>,
    /// Upper end of it.
    pub(crate) probability_high: Option<f64>,
    /// LOW, MEDIUM or HIGH.
    pub(crate) risk_level: &'static str,
    /// The version that scored.
    pub(crate) model_version: String,
    /// Version of the features.
    pub(crate) feature_set_version: String,
    /// What to do, in plain words, best first; empty means: do nothing.
    pub(crate) recommendations: Vec<String>,
    /// The same as offers, with their arithmetic.
    pub(crate) offers: Vec<OfferBody>,
    /// What moved the score most, strongest first.
    pub(crate) top_risk_factors: Vec<RiskFactor>,
    /// Features without a value; the model's own rule stood in for them.
    pub(crate) imputed_fields: Vec<String>,
    /// Unknown categories, unusual numbers and fields nobody knows. The customer was scored
    /// nevertheless.
    pub(crate) warnings: Vec<Detail>,
    /// When it was scored, ISO 8601 in UTC.
    pub(crate) timestamp: String,
}

/// One thing that moved the score.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RiskFactor {
    /// Original column, or derived feature.
    pub(crate) feature: String,
    /// The customer's value as a person would read it; null when missing.
    pub(crate) value: Option<String>,
    /// Probability points (hundredths of probability); positive raises the risk.
    pub(crate) impact: f64,
    /// The sentence.
    pub(crate) text: String,
}

/// One offer that is worth more than it costs.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct OfferBody {
    /// The offer in the playbook.
    pub(crate) offer_id: String,
    /// Its plain words.
    pub(crate) title: String,
    /// Sort of action: `discount`, `email`, `call`, ...
    pub(crate) kind: String,
    /// What it costs for this customer.
    pub(crate) cost: MoneyBody,
    /// Share of would-be leavers it keeps, 0 to 1.
    pub(crate) save_rate: f64,
    /// What keeping the customer is worth.
    pub(crate) value: MoneyBody,
    /// `probability x save_rate x value - cost`; always above 0.
    pub(crate) expected_value: MoneyBody,
    /// The same as text that can be checked by hand.
    pub(crate) arithmetic: String,
}

/// An amount of money.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MoneyBody {
    /// In the currency's usual unit, as in 12.5 dollars.
    pub(crate) amount: f64,
    /// Three letters, as in USD.
    pub(crate) currency: String,
}

impl From<Money> for MoneyBody {
    fn from(money: Money) -> Self {
        Self {
            amount: money.to_major(),
            currency: money.currency.to_string(),
        }
    }
}

impl From<Reason> for RiskFactor {
    fn from(reason: Reason) -> Self {
        Self {
            feature: reason.feature,
            value: reason.value,
            impact: reason.impact,
            text: reason.text,
        }
    }
}

impl From<Recommendation> for OfferBody {
    fn from(offer: Recommendation) -> Self {
        Self {
            offer_id: offer.offer_id,
            title: offer.title,
            kind: offer.kind,
            cost: offer.cost.into(),
            save_rate: offer.save_rate,
            value: offer.value.into(),
            expected_value: offer.expected_value.into(),
            arithmetic: offer.arithmetic,
        }
    }
}

impl PredictionBody {
    pub(crate) fn new(prediction: Prediction, served: &Served, timestamp: String) -> Self {
        let scored = prediction.scored;
        Self {
            customer_id: prediction.customer_id,
            churn_probability: scored.churn_probability,
            probability_low: scored.probability_low,
            probability_high: scored.probability_high,
            risk_level: scored.risk_level.name(),
            model_version: served.scorer().version().to_owned(),
            feature_set_version: served.version().plan_fingerprint.clone(),
            recommendations: scored.offers.iter().map(|it| it.title.clone()).collect(),
            offers: scored.offers.into_iter().map(OfferBody::from).collect(),
            top_risk_factors: scored.reasons.into_iter().map(RiskFactor::from).collect(),
            imputed_fields: prediction.imputed,
            warnings: prediction.warnings.iter().map(Detail::new).collect(),
            timestamp,
        }
    }
}

/// Score one customer
///
/// Columns that are left out count as missing and are named in `imputed_fields`; unknown
/// categories and fields nobody knows are named in `warnings`. Of a customer of whom only the key
/// is sent, the values the store knows are scored.
#[api_operation(tag = "scoring", operation_id = "predict")]
pub(crate) async fn predict(
    may: Allowed<Score>,
    state: Data<AppState>,
    query: Query<PredictQuery>,
    body: JsonBody<Customer>,
) -> Result<Json<PredictionBody>, ApiError> {
    let served = state.served()?;
    let values = known_values(&state, &served, body.0.0).await?;
    let permit = state.admit_online()?;
    let explain = query.explain();
    let scoring = std::sync::Arc::clone(&served);
    let work = move || {
        let scored = scoring.predict(values, explain, new_id);
        drop(permit);
        scored
    };
    let answer = state.online.run(work).await?;
    let prediction = answer.inspect_err(|_| state.note_refused("api"))?;
    state.note_prediction("api", &served, &prediction);
    let now = state.clock.now();
    // Kept before it is given: an answer nobody can look back at is not given.
    if state.keeps_log() {
        state.keep(prediction.log_entry(&served, "api", may.name(), now))?;
    }
    Ok(Json(PredictionBody::new(
        prediction,
        &served,
        now.to_string(),
    )))
}
