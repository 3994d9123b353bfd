//! What a symmetric ensemble is made of, in the form a trainer or a reader hands over.

use serde::{Deserialize, Serialize};

use crate::number;

/// A symmetric ensemble in parts; [`super::SymmetricEnsemble::new`] checks it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SymmetricParts {
    /// One entry per matrix column.
    pub columns: Vec<SymmetricColumn>,
    /// Counts of the target by category, which [`Self::statistics`] turn into numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<StatisticTable>,
    /// Numbers a split may ask for besides matrix columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statistics: Vec<Statistic>,
    /// The trees, summed in this order.
    pub trees: Vec<SymmetricTree>,
    /// Factor on the sum of leaf values; 1 unless the trainer says otherwise.
    pub scale: f64,
    /// Added after scaling, in log-odds.
    pub bias: f64,
}

/// What the values of a matrix column are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SymmetricColumn {
    /// A number; NaN is missing.
    Numeric {
        /// Whether a missing value counts as above every border (else above none).
        missing_passes: bool,
    },
    /// A category code: a whole number from 0, fractions cut off. NaN, negative codes and
    /// codes past the table are an unknown category: it is equal to none, and every statistic
    /// it takes part in is that of an empty bucket.
    Categorical {
        /// The identity of each code: CatBoost's hash of the category's text, or any numbers
        /// of the trainer's own, such as the codes themselves.
        hashes: Vec<u32>,
    },
}

/// Counts of the training target in buckets of rows that are alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatisticTable {
    /// What rows of a bucket have in common; at least one part. See [`KeyPart::mixed_into`].
    pub key: Vec<KeyPart>,
    /// The bucket's hash: the key's parts mixed from 0 in order. No hash twice.
    pub hashes: Vec<u64>,
    /// Numerator of each bucket: churned rows, all rows or a sum, by the kind of statistic.
    #[serde(with = "number::exact_list")]
    pub good: Vec<f32>,
    /// Denominator of each bucket: rows of the bucket, or of all buckets.
    #[serde(with = "number::exact_list")]
    pub total: Vec<f32>,
    /// Denominator of a row that is in no bucket, whose numerator is 0.
    #[serde(with = "number::exact")]
    pub empty_total: f32,
}

/// One part of what makes rows alike.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum KeyPart {
    /// The category of a categorical column.
    Category {
        /// Matrix column.
        column: u32,
    },
    /// Whether a numeric column is above a border.
    Above {
        /// Matrix column.
        column: u32,
        /// Finite.
        #[serde(with = "number::exact")]
        border: f32,
    },
    /// Whether a categorical column has one category.
    Is {
        /// Matrix column.
        column: u32,
        /// The category's identity.
        hash: u32,
    },
}

impl KeyPart {
    /// The matrix column it looks at.
    #[must_use]
    pub fn column(&self) -> u32 {
        match self {
            Self::Category { column } | Self::Above { column, .. } | Self::Is { column, .. } => {
                *column
            }
        }
    }

    /// Mixes one part's value into the hash of a bucket, as CatBoost does: the identity of a
    /// category, or 0 and 1 for a condition that fails and holds.
    ///
    /// ```
    /// use churn_ensemble::KeyPart;
    /// let one_category = KeyPart::mixed_into(0, 7);
    /// assert_ne!(one_category, KeyPart::mixed_into(one_category, 1));
    /// ```
    #[must_use]
    pub fn mixed_into(hash: u64, value: u32) -> u64 {
        const FACTOR: u64 = 0x4906_ba49_4954_cb65;
        // Identities are signed there: the upper half is filled with the sign.
        let value = i64::from(value.cast_signed()).cast_unsigned();
        FACTOR.wrapping_mul(hash.wrapping_add(FACTOR.wrapping_mul(value)))
    }
}

/// A number made of a row's bucket:
/// `((good + prior) / (total + prior_weight) + shift) × scale`, in f32.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statistic {
    /// Index into [`SymmetricParts::tables`].
    pub table: u32,
    /// Added to the numerator.
    #[serde(with = "number::exact")]
    pub prior: f32,
    /// Added to the denominator.
    #[serde(with = "number::exact")]
    pub prior_weight: f32,
    /// Added to the quotient.
    #[serde(with = "number::exact")]
    pub shift: f32,
    /// Factor on the whole.
    #[serde(with = "number::exact")]
    pub scale: f32,
}

impl Statistic {
    /// The number for a bucket of `good` out of `total`.
    #[must_use]
    pub fn value(&self, good: f32, total: f32) -> f32 {
        ((good + self.prior) / (total + self.prior_weight) + self.shift) * self.scale
    }
}

/// A tree whose nodes of one level all ask the same question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SymmetricTree {
    /// At most [`super::MAX_SYMMETRIC_DEPTH`]; none makes a tree of one leaf. The last one is
    /// the root's, as CatBoost has it; this matters to explanations only.
    pub splits: Vec<SymmetricSplit>,
    /// `2^splits` values, in log-odds; bit `i` of a leaf's index is set when split `i` holds.
    pub leaf_values: Vec<f64>,
    /// Training weight that reached each leaf: the cover of its SHAP values; at least 0.
    pub leaf_weights: Vec<f64>,
}

/// The question of one level of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SymmetricSplit {
    /// Whether a numeric column is above a border, in f32.
    Above {
        /// Matrix column.
        column: u32,
        /// Finite.
        #[serde(with = "number::exact")]
        border: f32,
    },
    /// Whether a categorical column has one category.
    Is {
        /// Matrix column.
        column: u32,
        /// The category's identity.
        hash: u32,
    },
    /// Whether a statistic is above a border, in f32.
    Statistic {
        /// Index into [`SymmetricParts::statistics`].
        statistic: u32,
        /// Finite.
        #[serde(with = "number::exact")]
        border: f32,
    },
}
