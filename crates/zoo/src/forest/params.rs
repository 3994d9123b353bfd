//! Parameters of the random forest.

use churn_ensemble::MAX_DEPTH;
use serde::{Deserialize, Serialize};

use super::Forest;
use crate::{ClassWeight, Error};

/// Most trees of a forest.
const MAX_TREES: usize = 20_000;

/// How many matrix columns a split chooses from.
///
/// Written as a word (`sqrt`, `log2`), a whole number (so many columns) or a number with a
/// point (that share of the columns), as in scikit-learn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MaxFeatures {
    /// So many columns, at least 1; more than there are means all.
    Count(usize),
    /// That share of the columns, in (0, 1].
    Share(f64),
    /// By a rule.
    Rule(FeatureRule),
}

/// A number of columns that follows from the width of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureRule {
    /// The square root of the number of columns.
    Sqrt,
    /// The binary logarithm of the number of columns.
    Log2,
}

impl MaxFeatures {
    /// The number of columns to draw out of `n_features`, rounded down, at least 1.
    #[must_use]
    pub fn count(self, n_features: usize) -> usize {
        #[expect(clippy::cast_sign_loss, reason = "all factors are positive")]
        let count = match self {
            Self::Count(count) => count,
            Self::Share(share) => (share * n_features as f64) as usize,
            Self::Rule(FeatureRule::Sqrt) => n_features.isqrt(),
            Self::Rule(FeatureRule::Log2) => n_features.max(1).ilog2() as usize,
        };
        count.clamp(1, n_features.max(1))
    }
}

/// Parameters as given; [`ForestParams::check`] makes them usable. Names are scikit-learn's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ForestParams {
    /// Trees, 1..=20,000, default 300.
    pub n_estimators: usize,
    /// Deepest tree in splits, 1..=512, default 8.
    pub max_depth: usize,
    /// A node of fewer rows is not split, at least 2, default 2. A row drawn twice counts once.
    pub min_samples_split: usize,
    /// Least rows of a leaf, at least 1, default 30. A row drawn twice counts once.
    pub min_samples_leaf: usize,
    /// Columns each split chooses from, drawn anew for each. Default a share of 0.5.
    pub max_features: MaxFeatures,
    /// Class weights. Default none.
    pub class_weight: ClassWeight,
    /// Categories up to this many levels are one-hot encoded, wider ones split by sets of
    /// levels. Default 16.
    pub max_one_hot_levels: usize,
}

impl Default for ForestParams {
    fn default() -> Self {
        Self {
            n_estimators: 300,
            max_depth: 8,
            min_samples_split: 2,
            min_samples_leaf: 30,
            max_features: MaxFeatures::Share(0.5),
            class_weight: ClassWeight::None,
            max_one_hot_levels: 16,
        }
    }
}

impl ForestParams {
    /// Checks ranges.
    ///
    /// # Errors
    /// [`Error::Parameter`] for the first parameter out of range.
    pub fn check(self) -> Result<Forest, Error> {
        let fault = |parameter, value: String, expected| {
            Err(Error::Parameter {
                algorithm: "forest",
                parameter,
                value,
                expected,
            })
        };
        if !(1..=MAX_TREES).contains(&self.n_estimators) {
            return fault("n_estimators", self.n_estimators.to_string(), "1 to 20000");
        }
        if !(1..=MAX_DEPTH).contains(&self.max_depth) {
            return fault("max_depth", self.max_depth.to_string(), "1 to 512");
        }
        if self.min_samples_split < 2 {
            let value = self.min_samples_split.to_string();
            return fault("min_samples_split", value, "at least 2");
        }
        if self.min_samples_leaf < 1 {
            let value = self.min_samples_leaf.to_string();
            return fault("min_samples_leaf", value, "at least 1");
        }
        match self.max_features {
            MaxFeatures::Count(0) => fault("max_features", "0".to_owned(), "at least 1 column"),
            MaxFeatures::Share(share) if !(share > 0.0 && share <= 1.0) => fault(
                "max_features",
                share.to_string(),
                "a share above 0 and at most 1, a number of columns, 'sqrt' or 'log2'",
            ),
            _ => Ok(Forest { params: self }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FeatureRule, ForestParams, MaxFeatures};

    #[test]
    fn max_features_reads_like_scikit_learns() {
        for (text, expected) in [
            ("\"sqrt\"", MaxFeatures::Rule(FeatureRule::Sqrt)),
            ("\"log2\"", MaxFeatures::Rule(FeatureRule::Log2)),
            ("7", MaxFeatures::Count(7)),
            ("1", MaxFeatures::Count(1)),
            ("1.0", MaxFeatures::Share(1.0)),
            ("0.55", MaxFeatures::Share(0.55)),
        ] {
            let read: MaxFeatures = serde_json::from_str(text).unwrap();
            assert_eq!(read, expected, "{text}");
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
        }
        assert!(serde_json::from_str::<MaxFeatures>("\"most\"").is_err());
    }

    #[test]
    fn max_features_is_rounded_down_and_at_least_one() {
        for (rule, n_features, expected) in [
            (MaxFeatures::Rule(FeatureRule::Sqrt), 46, 6),
            (MaxFeatures::Rule(FeatureRule::Log2), 46, 5),
            (MaxFeatures::Rule(FeatureRule::Log2), 1, 1),
            (MaxFeatures::Share(0.55), 46, 25),
            (MaxFeatures::Share(0.01), 46, 1),
            (MaxFeatures::Count(99), 46, 46),
        ] {
            assert_eq!(rule.count(n_features), expected, "{rule:?} of {n_features}");
        }
    }

    #[test]
    fn parameters_out_of_range_are_named() {
        let default = ForestParams::default;
        for (params, name) in [
            (
                ForestParams {
                    n_estimators: 0,
                    ..default()
                },
                "n_estimators",
            ),
            (
                ForestParams {
                    max_depth: 513,
                    ..default()
                },
                "max_depth",
            ),
            (
                ForestParams {
                    min_samples_split: 1,
                    ..default()
                },
                "min_samples_split",
            ),
            (
                ForestParams {
                    min_samples_leaf: 0,
                    ..default()
                },
                "min_samples_leaf",
            ),
            (
                ForestParams {
                    max_features: MaxFeatures::Share(1.5),
                    ..default()
                },
                "max_features",
            ),
            (
                ForestParams {
                    max_features: MaxFeatures::Count(0),
                    ..default()
                },
                "max_features",
            ),
        ] {
            let fault = params.check().unwrap_err().to_string();
            assert!(fault.contains(name), "{fault}");
        }
    }
}
