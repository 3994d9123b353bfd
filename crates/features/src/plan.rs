//! What a plan is, before and after fitting. Everything here is data and is stored with a model.

use std::sync::Arc;

use churn_schema::{DatasetSpec, DerivedSpec};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How categories become numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CategoryEncoding {
    /// One 0/1 column per level. An unknown level is all zeros.
    OneHot,
    /// One column with the level's code 0, 1, ...; an unknown level is missing.
    Native,
    /// One-hot up to `max_one_hot_levels` levels, native codes above.
    Auto {
        /// Most levels that are still one-hot encoded.
        max_one_hot_levels: usize,
    },
}

/// How numbers are scaled, and so whether missing ones must be filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberScaling {
    /// As they are; missing stays `NaN` unless the specification names an imputation.
    Raw,
    /// Mean 0 and standard deviation 1 over the training rows; missing becomes the training mean,
    /// with a 0/1 column beside it that says so when the training rows had missing values.
    Standardized,
}

/// How a model family wants its features.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanParams {
    /// Categories.
    pub categories: CategoryEncoding,
    /// Numbers.
    pub numbers: NumberScaling,
    /// One-hot levels seen in fewer training rows than this share one "other" column. Default 1
    /// for trees (nothing pooled) and 20 for linear models.
    pub min_level_rows: usize,
}

impl PlanParams {
    /// For tree models: raw numbers, missing as `NaN`, one-hot up to 16 levels.
    #[must_use]
    pub fn trees() -> Self {
        Self {
            categories: CategoryEncoding::Auto {
                max_one_hot_levels: 16,
            },
            numbers: NumberScaling::Raw,
            min_level_rows: 1,
        }
    }

    /// For linear models: standardised numbers without gaps, everything one-hot.
    #[must_use]
    pub fn linear() -> Self {
        Self {
            categories: CategoryEncoding::OneHot,
            numbers: NumberScaling::Standardized,
            min_level_rows: 20,
        }
    }
}

/// Declared features over a specification; see [`FeaturePlan::fit`].
#[derive(Debug, Clone)]
pub struct FeaturePlan {
    pub(crate) spec: Arc<DatasetSpec>,
    pub(crate) params: PlanParams,
}

impl FeaturePlan {
    /// The features of `spec` (its feature columns in order, then its derived features) in the
    /// form `params` asks for.
    #[must_use]
    pub fn new(spec: Arc<DatasetSpec>, params: PlanParams) -> Self {
        Self { spec, params }
    }

    /// The same features in another form.
    #[must_use]
    pub fn with_params(&self, params: PlanParams) -> Self {
        Self {
            spec: Arc::clone(&self.spec),
            params,
        }
    }
}

/// Where a feature's raw values come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A column of the table.
    Column(String),
    /// Computed from columns of the same row.
    Derived(DerivedSpec),
}

/// How one feature is written into the matrix, with what fitting learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Encoding {
    /// One column `(x - shift) / scale`, and after it a 0/1 "is missing" column when `flag_missing`.
    Number {
        /// Value that replaces a missing one, in the unit of the source; `None` keeps `NaN`.
        fill: Option<f64>,
        /// Subtracted first; 0 when raw.
        shift: f64,
        /// Divided by; 1 when raw, never 0.
        scale: f64,
        /// Whether a missing-value column follows.
        flag_missing: bool,
    },
    /// One column per level, in order, then one for pooled levels when there are any.
    OneHot {
        /// Levels that have a column of their own.
        levels: Vec<String>,
        /// Rare levels that share one column; empty means there is no such column.
        pooled: Vec<String>,
        /// Index into `levels` a missing value counts as; `None` leaves all columns 0.
        missing: Option<usize>,
    },
    /// One column holding the level's index.
    Native {
        /// Levels in code order.
        levels: Vec<String>,
        /// Code a missing value counts as; `None` keeps `NaN`.
        missing: Option<usize>,
    },
    /// The same feature in several forms beside each other, for models with several readers; see
    /// [`FittedPlan::union`].
    Several {
        /// At least two, none of them of this kind.
        forms: Vec<Encoding>,
    },
    /// One column holding a number of its own for each level, as label encoders write it; only
    /// in plans of models trained elsewhere. An unknown level is missing.
    Numbered {
        /// Levels.
        levels: Vec<String>,
        /// The number of each level, finite.
        values: Vec<f64>,
        /// The number of a missing value; `None` keeps `NaN`.
        missing: Option<f64>,
    },
}

impl Encoding {
    /// Matrix columns this feature takes.
    #[must_use]
    pub fn n_columns(&self) -> usize {
        match self {
            Self::Number { flag_missing, .. } => 1 + usize::from(*flag_missing),
            Self::OneHot { levels, pooled, .. } => levels.len() + usize::from(!pooled.is_empty()),
            Self::Native { .. } | Self::Numbered { .. } => 1,
            Self::Several { forms } => forms.iter().map(Self::n_columns).sum(),
        }
    }

    /// Whether its lists agree with each other, and forms beside each other are at least two and
    /// not nested.
    fn is_consistent(&self) -> bool {
        match self {
            Self::Number { shift, scale, .. } => shift.is_finite() && scale.is_finite(),
            Self::OneHot {
                levels, missing, ..
            }
            | Self::Native { levels, missing } => missing.is_none_or(|place| place < levels.len()),
            Self::Numbered { levels, values, .. } => levels.len() == values.len(),
            Self::Several { forms } => {
                let is_plain =
                    |form: &Self| !matches!(form, Self::Several { .. }) && form.is_consistent();
                forms.len() > 1 && forms.iter().all(is_plain)
            }
        }
    }
}

/// One feature after fitting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedFeature {
    /// Where its values come from.
    pub source: Source,
    /// How they are written.
    pub encoding: Encoding,
}

/// What a reader knows a feature by: the original column, or a derived feature under its own name.
/// Contributions are summed per group, so no encoded column is ever shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Column or derived feature.
    pub name: String,
    /// Words for sentences.
    pub label: String,
    /// Original columns it is made of (itself, for a column).
    pub columns: Vec<String>,
}

/// One column of the matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MatrixColumn {
    /// Technical name, e.g. `Contract=Two year`; for developers, not for readers.
    pub name: String,
    /// Index into [`FittedPlan::groups`].
    pub group: u32,
    /// Whether values are category codes (for trainers that treat those natively).
    pub categorical: bool,
}

/// A plan after fitting: all that is needed to turn a table into a matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedPlan {
    /// Version of this form; now 1.
    pub format: u32,
    /// Fingerprint of the specification it was fitted under.
    pub spec_fingerprint: String,
    /// The form asked for; that of trees for a model trained elsewhere.
    pub params: PlanParams,
    /// Further forms asked for, of a plan made by [`FittedPlan::union`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further_params: Vec<PlanParams>,
    /// One entry per group, in order.
    pub features: Vec<FittedFeature>,
    /// One per feature.
    pub groups: Vec<Group>,
    /// One per matrix column, in order.
    pub columns: Vec<MatrixColumn>,
}

impl FittedPlan {
    /// Columns of the matrices this plan makes.
    #[must_use]
    pub fn n_columns(&self) -> usize {
        self.columns.len()
    }

    /// For each matrix column the index of its group.
    #[must_use]
    pub fn group_of_column(&self) -> Vec<u32> {
        self.columns.iter().map(|column| column.group).collect()
    }

    /// Identity of everything fitted: sha256 in hex over the canonical JSON form. Models and
    /// predictions carry it as their feature-set version.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        // Serialising plain data to memory has no failing case; an empty text would only change
        // the fingerprint.
        let json = serde_json::to_vec(self).unwrap_or_default();
        Sha256::digest(&json)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// Whether stored parts agree with each other, for plans that come from a file.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        let width: usize = self
            .features
            .iter()
            .map(|feature| feature.encoding.n_columns())
            .sum();
        self.format == 1
            && width == self.columns.len()
            && self.features.len() == self.groups.len()
            && (self.features.iter()).all(|feature| feature.encoding.is_consistent())
            && self.columns_are_of_their_features()
            && (self.features.iter().zip(&self.groups)).all(|(feature, group)| {
                match &feature.source {
                    Source::Column(name) => group.name == *name && group.columns.iter().eq([name]),
                    Source::Derived(derived) => {
                        group.name == derived.name() && group.columns == derived.inputs()
                    }
                }
            })
    }

    /// Whether every matrix column is said to belong to the feature that writes it.
    fn columns_are_of_their_features(&self) -> bool {
        let features = self.features.iter().enumerate();
        let expected = features
            .flat_map(|(index, feature)| std::iter::repeat_n(index, feature.encoding.n_columns()));
        let found = self.columns.iter().map(|column| column.group as usize);
        expected.eq(found)
    }
}
