//! The model card: what a person should know before trusting a model.

use std::collections::BTreeMap;

use churn_metrics::Interval;
use serde::{Deserialize, Serialize};

/// Facts about how a model was made and how good it is. Stored inside the bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Which learner, for example `xgboost`.
    pub algorithm: String,
    /// Hyper-parameters by name.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// The seed all randomness came from.
    pub seed: u64,
    /// The training data.
    pub trained_on: TrainedOn,
    /// Metrics by cross-validation, by name (`roc_auc`, `lift_at_20`), with their intervals.
    pub cv_metrics: BTreeMap<String, Interval>,
    /// Metrics on rows kept apart, by the same names; empty when none were kept.
    pub test_metrics: BTreeMap<String, Interval>,
    /// Why this model was chosen, in sentences.
    pub decision: String,
    /// What the model is for.
    pub intended_use: String,
    /// What it must not be used for, and where it is known to be weak.
    pub limits: Vec<String>,
}

/// The data a model was trained on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainedOn {
    /// Name of the dataset specification.
    pub dataset: String,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// Training rows, the rows kept apart not counted.
    pub n_rows: u64,
    /// Share of them that left, 0..=1.
    pub base_rate: f64,
}
