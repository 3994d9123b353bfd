//! The model card: what a person should know before trusting a model.

use std::collections::BTreeMap;

use churn_ensemble::ImportanceKind;
use churn_metrics::{CalibrationReport, Interval, ProfitCurve};
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
    /// The inside of the model in figures; empty on cards of earlier programs.
    #[serde(default, skip_serializing_if = "CardFigures::is_empty")]
    pub figures: CardFigures,
    /// Where a model trained elsewhere came from; none for one trained here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<Origin>,
}

/// What can be shown of the inside of a model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CardFigures {
    /// What calibration did, with the reliability table, on out-of-fold rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration: Option<CalibrationReport>,
    /// Profit by threshold on out-of-fold rows, for drawing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profit_curve: Option<ProfitCurve>,
    /// How much each feature matters, for models of trees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub importances: Option<Importances>,
    /// Coefficients of a linear model, strongest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub coefficients: Vec<Coefficient>,
    /// A forest's judgement of itself by the trees that did not see a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_of_bag: Option<OutOfBag>,
    /// Usual numbers by column; a customer with another is scored and flagged.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub usual: BTreeMap<String, UsualRange>,
}

/// Numbers that a model has seen in training and that do not lie far out there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsualRange {
    /// The lowest.
    pub low: f64,
    /// The highest.
    pub high: f64,
}

impl CardFigures {
    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Importances of original columns and derived features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Importances {
    /// How they were measured.
    pub kind: ImportanceKind,
    /// All features, largest share first.
    pub features: Vec<FeatureImportance>,
}

/// The importance of one feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureImportance {
    /// Original column or derived feature.
    pub feature: String,
    /// Words for it.
    pub label: String,
    /// Share of the whole, 0..=1.
    pub share: f64,
}

/// One coefficient of a linear model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coefficient {
    /// Original column or derived feature.
    pub feature: String,
    /// Words for it, with the level of a category.
    pub label: String,
    /// Change of the log-odds, before calibration.
    pub log_odds: f64,
    /// For a change of this much in the feature's own unit; 1 for the level of a category.
    pub per: f64,
}

/// A forest judged by those of its trees that did not see a row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutOfBag {
    /// Area under the ROC curve of the shares.
    pub roc_auc: f64,
    /// Log loss of the shares, before calibration.
    pub log_loss: f64,
    /// Rows that some tree did not see.
    pub n_rows: u64,
}

/// The file a model trained elsewhere was read from. Of its training data nothing is known, so
/// [`Card::trained_on`] has no rows and no hash then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The library that wrote it, for example `xgboost`.
    pub library: String,
    /// Name of the file, without its folder.
    pub file: String,
    /// SHA-256 of the file, hex; the file itself is kept in the bundle.
    pub sha256: String,
    /// How its columns were understood, where that was not plain, a sentence each.
    pub notes: Vec<String>,
    /// The labelled rows its calibrator, threshold and figures come from; none when there were
    /// none.
    pub judged_on: Option<JudgedOn>,
}

/// Labelled rows that an imported model was calibrated and judged on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgedOn {
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// Rows used.
    pub n_rows: u64,
    /// Share of them that left, 0..=1.
    pub base_rate: f64,
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
