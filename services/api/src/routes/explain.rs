//! `/api/v1/explain`: one customer's score in full, and what would change it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Data, Query};
use apistos::{ApiComponent, api_operation};
use churn_engine::{CAUTION, CUSTOMER_ID, Counterfactual, FullExplanation, Served};
use churn_store::sha256_hex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::known::known_values;
use super::predict::OfferBody;
use super::raw_json::RawJson;
use crate::error::ApiError;
use crate::extract::{Allowed, Customer, JsonBody, Score};
use crate::state::AppState;

/// The part of the cache that holds explanations; it is cleared when a model takes over.
pub(crate) const ANSWERS: &str = "answers";

/// How long an explanation is kept.
const KEEP: Duration = Duration::from_secs(300);

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
    /// What would lower the risk, best first within one and within two changes.
    counterfactuals: Vec<CounterfactualBody>,
    /// How to read them.
    caution: &'static str,
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
    /// Whether it is a protected attribute: part of the sum, and no reason to make an offer.
    protected: bool,
}

/// The customer after one or two changes that offers bring.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CounterfactualBody {
    /// What is changed.
    changes: Vec<ChangeBody>,
    /// The offers that bring it, by id.
    offers: Vec<String>,
    /// The model's probability for the changed customer.
    churn_probability: f64,
    /// Its level.
    risk_level: &'static str,
    /// Probability points less than now; below 0.
    impact: f64,
    /// The sentence.
    text: String,
}

/// One column before and after.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ChangeBody {
    /// The column.
    feature: String,
    /// The customer's value.
    from: String,
    /// The value the offer brings.
    to: String,
}

impl From<Counterfactual> for CounterfactualBody {
    fn from(found: Counterfactual) -> Self {
        let changes = found.changes.into_iter().map(|change| ChangeBody {
            feature: change.feature,
            from: change.from,
            to: change.to,
        });
        Self {
            changes: changes.collect(),
            offers: found.offers,
            churn_probability: found.churn_probability,
            risk_level: found.risk_level.name(),
            impact: found.impact,
            text: found.text,
        }
    }
}

impl ExplanationBody {
    fn new(full: FullExplanation, timestamp: String) -> Self {
        let explained = full.explained;
        let contributions = &explained.contributions;
        Self {
            customer_id: full.customer_id,
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
                    protected: it.protected,
                })
                .collect(),
            offers: explained.offers.into_iter().map(OfferBody::from).collect(),
            counterfactuals: full.counterfactuals.into_iter().map(Into::into).collect(),
            caution: CAUTION,
            imputed_fields: explained.missing,
            timestamp,
        }
    }
}

/// Explain one customer's score in full
///
/// Of a customer of whom only the key is sent, the values the store knows are explained.
#[api_operation(tag = "scoring", operation_id = "explain")]
pub(crate) async fn explain(
    _may: Allowed<Score>,
    state: Data<AppState>,
    body: JsonBody<Customer>,
) -> Result<RawJson<ExplanationBody>, ApiError> {
    let served = state.served()?;
    let values = known_values(&state, &served, body.0.0).await?;
    answer(&state, served, values).await
}

/// Which customer is explained.
#[derive(Debug, Deserialize, JsonSchema, ApiComponent)]
pub(crate) struct ExplainQuery {
    /// The customer's key.
    customer_id: String,
}

/// Explain a customer the store knows
///
/// The values are those of the last scored file the customer was in, else of the last request that
/// named the customer.
#[api_operation(tag = "scoring", operation_id = "explain_known")]
pub(crate) async fn explain_known(
    _may: Allowed<Score>,
    state: Data<AppState>,
    query: Query<ExplainQuery>,
) -> Result<RawJson<ExplanationBody>, ApiError> {
    let served = state.served()?;
    let id = Value::from(query.into_inner().customer_id);
    let only_key = BTreeMap::from([(CUSTOMER_ID.to_owned(), id)]);
    let values = known_values(&state, &served, only_key).await?;
    answer(&state, served, values).await
}

/// The explanation, from the cache when the same customer was explained by this model a moment ago.
async fn answer(
    state: &AppState,
    served: Arc<Served>,
    values: BTreeMap<String, Value>,
) -> Result<RawJson<ExplanationBody>, ApiError> {
    let now = state.clock.now();
    let key = cache_key(&served, &values);
    if let Some(key) = &key
        && let Some(kept) = state.cache.get(ANSWERS, key, now).await
    {
        return Ok(RawJson::kept(kept));
    }
    let permit = state.admit_online()?;
    let work = move || {
        let explained = served.explain_fully(values, churn_store::new_id);
        drop(permit);
        let body = ExplanationBody::new(explained?, now.to_string());
        serde_json::to_vec(&body).map_err(|fault| ApiError::internal(&fault))
    };
    let bytes = state.online.run(work).await??;
    if let Some(key) = key {
        state.cache.put(ANSWERS, &key, &bytes, KEEP, now).await;
    }
    Ok(RawJson::fresh(bytes))
}

/// Names model and values; values hold personal data, so only their hash is a key. None for a
/// customer without a key: each such request gets a new one.
fn cache_key(served: &Served, values: &BTreeMap<String, Value>) -> Option<String> {
    let key = served.scorer().model().spec.key();
    let names = [key.map(|column| column.name.as_str()), Some(CUSTOMER_ID)];
    let mut given = names
        .into_iter()
        .flatten()
        .filter_map(|name| values.get(name));
    if given.all(Value::is_null) {
        return None;
    }
    let values = serde_json::to_vec(values).ok()?;
    let bundle = &served.version().bundle_sha256;
    Some(format!("{bundle}:{}", sha256_hex(&values)))
}
