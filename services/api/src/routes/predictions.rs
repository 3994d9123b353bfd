//! `/api/v1/predictions`: every answer that was given.

use actix_web::web::{Data, Json, Query};
use apistos::{ApiComponent, api_operation};
use churn_engine::Error as EngineError;
use churn_store::Timestamp;
use churn_store::tables::predictions::{self, Prediction, PredictionFilter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::page::{self, Page};
use super::{bad_parameter, block};
use crate::cursor;
use crate::error::ApiError;
use crate::extract::{Allowed, Read};
use crate::state::AppState;

/// Which answers are listed.
#[derive(Debug, Deserialize, JsonSchema, ApiComponent)]
pub(crate) struct PredictionsQuery {
    /// Only of this customer.
    customer_id: Option<String>,
    /// Only of this model version.
    model_version: Option<String>,
    /// Only of this data set; for one customer that of the model that answers without it.
    dataset: Option<String>,
    /// Only from this moment on, ISO 8601 in UTC.
    since: Option<String>,
    /// `next` of the part before.
    cursor: Option<String>,
    /// How many, 1 to 1000; 100 without it.
    limit: Option<u32>,
}

/// An answer that was given.
#[derive(Debug, Serialize, JsonSchema, ApiComponent)]
pub(crate) struct GivenBody {
    /// Its id.
    id: String,
    /// When it was given, ISO 8601 in UTC.
    timestamp: String,
    /// The customer's key; null for a row of a file without one.
    customer_id: Option<String>,
    /// Name of the data set.
    dataset: String,
    /// Calibrated probability of leaving, 0 to 1.
    churn_probability: f64,
    /// LOW, MEDIUM or HIGH.
    risk_level: String,
    /// The version that scored.
    model_version: String,
    /// What was asked through: `api`, `batch`, `job`, `v2`.
    source: String,
    /// Who asked; null where anybody may.
    asked_by: Option<String>,
    /// The values asked about.
    values: Value,
    /// Reasons, offers and warnings that were given.
    answer: Value,
}

impl GivenBody {
    fn new(given: Prediction) -> Self {
        Self {
            id: given.id,
            timestamp: given.at.to_string(),
            customer_id: Some(given.customer_key).filter(|key| !key.is_empty()),
            dataset: given.dataset,
            churn_probability: given.probability,
            risk_level: given.risk_level,
            model_version: given.model_version,
            source: given.source,
            asked_by: given.asked_by,
            values: super::stored_json(given.record),
            answer: super::stored_json(given.answer),
        }
    }
}

/// List answers that were given, the newest first
///
/// An answer is listed at most 200 ms after it was given.
#[api_operation(tag = "customers", operation_id = "list_predictions")]
pub(crate) async fn list_predictions(
    _may: Allowed<Read>,
    state: Data<AppState>,
    query: Query<PredictionsQuery>,
) -> Result<Json<Page<GivenBody>>, ApiError> {
    let asked = query.into_inner();
    let since = asked.since.as_deref().map(|text| {
        let moment = parse_moment(text);
        moment.ok_or_else(|| bad_parameter(&"since is no moment such as 2026-01-31T08:00:00Z"))
    });
    let since = since.transpose()?;
    let place = asked.cursor.as_deref().map(read_moment).transpose()?;
    // A customer is one of a data set: that of the model that answers, when none is named.
    let dataset = match (asked.dataset, &asked.customer_id) {
        (None, Some(_)) => Some(state.served()?.dataset().to_owned()),
        (given, _) => given,
    };
    let limit = page::limit(asked.limit);
    let rows = block(move || {
        let filter = PredictionFilter {
            dataset: dataset.as_deref(),
            customer_key: asked.customer_id.as_deref(),
            model_version: asked.model_version.as_deref(),
            since,
            before: place.as_ref().map(|(at, id)| (*at, id.as_str())),
        };
        let database = state.desk.registry().database();
        let list = |connection: &mut _| predictions::list(connection, &filter, limit + 1);
        Ok(database.read(list).map_err(EngineError::from)?)
    });
    let place = |last: &Prediction| write_moment(last.at, &last.id);
    Ok(Json(Page::cut(rows.await?, limit, place, GivenBody::new)))
}

fn parse_moment(text: &str) -> Option<Timestamp> {
    let moment = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    Some(Timestamp::new(moment.to_utc()))
}

/// A place in a list that is ordered by time, the newest first.
pub(super) fn write_moment(at: Timestamp, id: &str) -> String {
    cursor::write(&[&at.to_string(), id])
}

/// The place that [`write_moment`] wrote.
pub(super) fn read_moment(word: &str) -> Result<(Timestamp, String), ApiError> {
    let [at, id] = cursor::read(word)?;
    let at = parse_moment(&at).ok_or_else(cursor::bad_cursor)?;
    Ok((at, id))
}
