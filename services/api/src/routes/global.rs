//! `GET /api/v1/explain/global`: what drives the scores of all customers, or of a segment.

use actix_web::web::{Data, Query};
use apistos::{ApiComponent, api_operation};
use churn_engine::{Effect, GlobalFeature, GlobalParams, GlobalReport, explain_base};
use churn_retention::Segment;
use churn_store::sha256_hex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::raw_json::RawJson;
use super::{bad_parameter, base};
use crate::error::{ApiError, Code};
use crate::extract::{Allowed, Read};
use crate::state::AppState;
use crate::upload::spool_folder;

/// Customers whose interactions are worked out.
const INTERACTION_ROWS: usize = 300;
/// Most dots of a column.
const DOTS: usize = 240;

/// Of whom, and how much.
#[derive(Debug, Deserialize, JsonSchema, ApiComponent)]
pub(crate) struct GlobalQuery {
    /// Only customers for whom this rule holds, as in `Contract == "Two year" && tenure > 24`.
    segment: Option<String>,
    /// Whether interactions are worked out.
    interactions: Option<bool>,
}

/// What drives the scores of some customers.
#[derive(Debug, Serialize, JsonSchema, ApiComponent)]
pub(crate) struct GlobalBody {
    /// The version.
    model_version: String,
    /// The rule; null for everybody.
    segment: Option<String>,
    /// Customers the means are over.
    n_rows: u64,
    /// Customers the rule leaves out.
    n_outside: u64,
    /// Customers in the sample that dots come from.
    n_sample: usize,
    /// Probability of the average customer of the training data.
    base_probability: f64,
    /// Mean probability of these customers.
    mean_probability: f64,
    /// One per column, strongest first.
    features: Vec<GlobalFeatureBody>,
    /// Mean absolute interactions; null unless asked for.
    interactions: Option<InteractionsBody>,
}

/// One column over all customers.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct GlobalFeatureBody {
    /// Original column, or derived feature.
    feature: String,
    /// Words for it.
    label: String,
    /// Whether it is a protected attribute.
    protected: bool,
    /// Its part of all contributions, 0 to 1.
    share: f64,
    /// Mean absolute probability points.
    mean_abs_points: f64,
    /// Mean probability points.
    mean_points: f64,
    /// The model's own importance, 0 to 1; null for models that have none.
    importance: Option<f64>,
    /// What each value adds on average.
    effects: Vec<EffectBody>,
    /// Single customers: points, and where the value lies from 0 lowest to 1 highest.
    dots: Vec<DotBody>,
}

/// What a value adds on average.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EffectBody {
    /// A level or a range; null for no value.
    value: Option<String>,
    /// Customers.
    n_rows: u64,
    /// Mean probability points.
    mean_points: f64,
}

/// One customer in a column's swarm.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DotBody {
    /// Probability points.
    points: f64,
    /// The value; null when missing.
    value: Option<String>,
    /// Where a number lies, 0 to 1; null for categories.
    place: Option<f64>,
}

/// Which columns act together.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct InteractionsBody {
    /// Names in the order of the rows.
    feature_names: Vec<String>,
    /// Customers of the sample it is the mean of.
    n_rows: usize,
    /// Mean absolute SHAP interaction values, symmetric, on the model's scale.
    mean_abs: Vec<Vec<f64>>,
}

impl From<GlobalReport> for GlobalBody {
    fn from(report: GlobalReport) -> Self {
        let interactions = report.interactions.map(|found| InteractionsBody {
            feature_names: found.feature_names,
            n_rows: found.n_rows,
            mean_abs: found.mean_abs,
        });
        Self {
            model_version: report.model_version,
            segment: report.segment,
            n_rows: report.n_rows,
            n_outside: report.n_outside,
            n_sample: report.n_sample,
            base_probability: report.base_probability,
            mean_probability: report.mean_probability,
            features: report.features.into_iter().map(Into::into).collect(),
            interactions,
        }
    }
}

impl From<GlobalFeature> for GlobalFeatureBody {
    fn from(found: GlobalFeature) -> Self {
        let effect = |effect: Effect| EffectBody {
            value: effect.value,
            n_rows: effect.n_rows,
            mean_points: effect.mean_points,
        };
        let dots = found.dots.into_iter().map(|dot| DotBody {
            points: dot.points,
            value: dot.value,
            place: dot.place,
        });
        Self {
            feature: found.feature,
            label: found.label,
            protected: found.protected,
            share: found.share,
            mean_abs_points: found.mean_abs_points,
            mean_points: found.mean_points,
            importance: found.importance,
            effects: found.effects.into_iter().map(effect).collect(),
            dots: dots.collect(),
        }
    }
}

/// Tell what drives the scores of all customers, or of a segment
///
/// Of customers the store knows, as they were scored last; of a very large base, of its first
/// 200,000 by key.
#[api_operation(tag = "scoring", operation_id = "explain_globally")]
pub(crate) async fn explain_globally(
    _may: Allowed<Read>,
    state: Data<AppState>,
    query: Query<GlobalQuery>,
) -> Result<RawJson<GlobalBody>, ApiError> {
    let served = state.served()?;
    let asked = query.into_inner();
    let rule = asked.segment.filter(|rule| !rule.trim().is_empty());
    let spec = &served.scorer().model().spec;
    let segment = rule.as_deref().map(|rule| Segment::parse(rule, spec));
    let segment = segment.transpose().map_err(|fault| bad_parameter(&fault))?;
    let interactions = asked.interactions == Some(true);
    let name = format!(
        "global:{}:{interactions}",
        sha256_hex(rule.as_deref().unwrap_or_default().as_bytes())
    );
    let params = GlobalParams {
        segment,
        n_dots: DOTS,
        n_interactions: if interactions { INTERACTION_ROWS } else { 0 },
        ..GlobalParams::default()
    };
    let own = served.clone();
    let make = move |state: &AppState| {
        let folder = spool_folder(state)?;
        let database = state.desk.registry().database();
        let found = explain_base(database, own.scorer(), &params, &folder)?;
        found.map(GlobalBody::from).ok_or_else(no_customers)
    };
    base::answer(&state, &served, &name, make).await
}

fn no_customers() -> ApiError {
    ApiError::new(
        Code::NotFound,
        "there are no customers yet",
        "score a file as a job: POST /api/v1/batch_predict?as_job=true",
    )
}
