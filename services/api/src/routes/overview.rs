//! `GET /api/v1/overview`: how many customers are at risk, where they are, and what that is worth.

use actix_web::web::Data;
use apistos::{ApiComponent, api_operation};
use churn_engine::{Overview, Served, overview};
use schemars::JsonSchema;
use serde::Serialize;

use super::base;
use super::raw_json::RawJson;
use crate::error::ApiError;
use crate::extract::{Allowed, Read};
use crate::state::AppState;

/// Money in major units, to be read with its inputs.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AmountBody {
    /// How much, major units.
    amount: f64,
    /// ISO 4217.
    currency: String,
}

/// All customers the store knows, in figures.
#[derive(Debug, Serialize, JsonSchema, ApiComponent)]
pub(crate) struct OverviewBody {
    /// Name of the data set.
    dataset: String,
    /// The version that answers now.
    model_version: String,
    /// Customers known; they come from files that were scored by a job.
    n_customers: u64,
    /// When the first of them was scored, ISO 8601 in UTC; null without customers.
    scored_from: Option<String>,
    /// When the last was.
    scored_to: Option<String>,
    /// Sum of the probabilities of leaving.
    expected_leavers: f64,
    /// Mean probability, 0 to 1.
    mean_probability: f64,
    /// Sum of probability × value of each customer; null when nobody has said what they are worth.
    value_at_risk: Option<AmountBody>,
    /// What a customer's value is made of.
    value_words: String,
    /// HIGH, MEDIUM and LOW.
    by_risk: Vec<RiskBody>,
    /// Customers by probability.
    histogram: Vec<BinBody>,
    /// By the levels of each category, the column that tells most at the front.
    segments: Vec<SegmentBody>,
    /// The most telling number in bands, crossed with the most telling category.
    cohorts: Option<CohortsBody>,
}

/// The customers of a risk level.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RiskBody {
    /// `HIGH`, `MEDIUM` or `LOW`.
    level: &'static str,
    /// How many.
    n: u64,
    /// Sum of their probabilities.
    expected_leavers: f64,
    /// Sum of probability × value.
    value_at_risk: Option<AmountBody>,
}

/// A range of probabilities.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct BinBody {
    /// From here on.
    low: f64,
    /// Up to here.
    high: f64,
    /// How many customers.
    n: u64,
}

/// The levels of a column.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SegmentBody {
    /// The column.
    column: String,
    /// Words for it.
    label: String,
    /// Highest less lowest mean probability.
    spread: f64,
    /// The riskiest at the front.
    levels: Vec<LevelBody>,
}

/// The customers of a level.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LevelBody {
    /// The level.
    level: String,
    /// How many customers.
    n: u64,
    /// Mean probability, 0 to 1.
    mean_probability: f64,
    /// Lower end of its 95 % interval.
    low: f64,
    /// Upper end.
    high: f64,
    /// How many are at high risk.
    n_high: u64,
    /// Sum of probability × value.
    value_at_risk: Option<AmountBody>,
}

/// Bands of a number crossed with a category.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CohortsBody {
    /// Words for the number.
    rows: String,
    /// Words for the category.
    columns: String,
    /// The bands.
    row_levels: Vec<String>,
    /// The levels.
    column_levels: Vec<String>,
    /// Cells that have customers.
    cells: Vec<CellBody>,
}

/// A cell.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CellBody {
    /// Index of the band.
    row: usize,
    /// Index of the level.
    column: usize,
    /// Customers.
    n: u64,
    /// Their mean probability.
    mean_probability: f64,
}

impl OverviewBody {
    fn new(found: Overview, served: &Served) -> Self {
        let inputs = served.scorer().playbook().value_inputs();
        let spec = &served.scorer().model().spec;
        let is_known = inputs.compute(None).is_some() || spec.revenue().is_some();
        let amount = |amount: f64| {
            is_known.then(|| AmountBody {
                amount,
                currency: inputs.currency.to_string(),
            })
        };
        let level = |level: churn_engine::Level| LevelBody {
            level: level.level,
            n: level.n,
            mean_probability: level.mean_probability,
            low: level.low,
            high: level.high,
            n_high: level.n_high,
            value_at_risk: amount(level.value_at_risk),
        };
        Self {
            dataset: found.dataset,
            model_version: served.scorer().version().to_owned(),
            n_customers: found.n_customers,
            scored_from: found.scored.map(|(first, _)| first.to_string()),
            scored_to: found.scored.map(|(_, last)| last.to_string()),
            expected_leavers: found.expected_leavers,
            mean_probability: found.mean_probability,
            value_at_risk: amount(found.value_at_risk),
            value_words: value_words(served),
            by_risk: found
                .by_risk
                .into_iter()
                .map(|risk| RiskBody {
                    level: risk.level,
                    n: risk.n,
                    expected_leavers: risk.expected_leavers,
                    value_at_risk: amount(risk.value_at_risk),
                })
                .collect(),
            histogram: found
                .histogram
                .into_iter()
                .map(|bin| BinBody {
                    low: bin.low,
                    high: bin.high,
                    n: bin.n,
                })
                .collect(),
            segments: found
                .segments
                .into_iter()
                .map(|it| SegmentBody {
                    column: it.column,
                    label: it.label,
                    spread: it.spread,
                    levels: it.levels.into_iter().map(level).collect(),
                })
                .collect(),
            cohorts: found.cohorts.map(CohortsBody::from),
        }
    }
}

impl From<churn_engine::Cohorts> for CohortsBody {
    fn from(found: churn_engine::Cohorts) -> Self {
        let cells = found.cells.into_iter().map(|cell| CellBody {
            row: cell.row,
            column: cell.column,
            n: cell.n,
            mean_probability: cell.mean_probability,
        });
        Self {
            rows: found.rows,
            columns: found.columns,
            row_levels: found.row_levels,
            column_levels: found.column_levels,
            cells: cells.collect(),
        }
    }
}

/// The inputs of a customer's value in words.
fn value_words(served: &Served) -> String {
    let (inputs, spec) = (
        served.scorer().playbook().value_inputs(),
        &served.scorer().model().spec,
    );
    match (spec.revenue(), inputs.margin_and_horizon) {
        (Some(column), Some(rule)) => format!(
            "value is {} x margin {} x {} months",
            column.label(),
            rule.margin,
            rule.horizon_months
        ),
        _ => format!("value is {}", inputs.words(None)),
    }
}

/// Tell how many customers are at risk, where they are, and what that is worth
///
/// All customers the store knows of the data set of the model that answers, as they were scored
/// last.
#[api_operation(tag = "customers", operation_id = "get_overview")]
pub(crate) async fn get_overview(
    _may: Allowed<Read>,
    state: Data<AppState>,
) -> Result<RawJson<OverviewBody>, ApiError> {
    let served = state.served()?;
    let own = served.clone();
    let make = move |state: &AppState| {
        let found = overview(state.desk.registry().database(), own.scorer())?;
        Ok(OverviewBody::new(found, &own))
    };
    base::answer(&state, &served, "overview", make).await
}
