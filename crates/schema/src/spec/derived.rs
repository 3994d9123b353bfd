//! Features computed from one row of other columns, declared in the specification.

use serde::{Deserialize, Serialize};

/// A declared feature over columns of the same row. Missing inputs give a missing result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum DerivedSpec {
    /// `numerator / denominator`; missing where the denominator is 0.
    Ratio {
        /// Name of the new feature.
        name: String,
        /// Words for sentences.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
        /// A numeric column.
        numerator: String,
        /// A numeric column.
        denominator: String,
    },
    /// `left - right`.
    Difference {
        /// Name of the new feature.
        name: String,
        /// Words for sentences.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
        /// A numeric column.
        left: String,
        /// A numeric column.
        right: String,
    },
    /// Which interval of `edges` a number falls into, 0 for below the first edge.
    Bucket {
        /// Name of the new feature.
        name: String,
        /// Words for sentences.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
        /// A numeric column.
        of: String,
        /// Strictly rising lower bounds (inclusive) of buckets 1, 2, ...
        edges: Vec<f64>,
    },
    /// The pair of two categories as one category.
    Cross {
        /// Name of the new feature.
        name: String,
        /// Words for sentences.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
        /// A category column.
        left: String,
        /// A category column.
        right: String,
    },
    /// `ln(1 + x)`; missing for `x <= -1`.
    Log {
        /// Name of the new feature.
        name: String,
        /// Words for sentences.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
        /// A numeric column.
        of: String,
    },
    /// How many of `columns` hold one of the levels `equals`.
    CountOf {
        /// Name of the new feature.
        name: String,
        /// Words for sentences.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
        /// Category columns.
        columns: Vec<String>,
        /// Levels that count.
        #[serde(deserialize_with = "super::text::texts")]
        equals: Vec<String>,
    },
}

impl DerivedSpec {
    /// Name of the new feature.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Ratio { name, .. }
            | Self::Difference { name, .. }
            | Self::Bucket { name, .. }
            | Self::Cross { name, .. }
            | Self::Log { name, .. }
            | Self::CountOf { name, .. } => name,
        }
    }

    /// Words for sentences: the label, or the name.
    #[must_use]
    pub fn label(&self) -> &str {
        match self {
            Self::Ratio { name, label, .. }
            | Self::Difference { name, label, .. }
            | Self::Bucket { name, label, .. }
            | Self::Cross { name, label, .. }
            | Self::Log { name, label, .. }
            | Self::CountOf { name, label, .. } => label.as_deref().unwrap_or(name),
        }
    }

    /// The columns it reads, in declared order.
    #[must_use]
    pub fn inputs(&self) -> Vec<&str> {
        match self {
            Self::Ratio {
                numerator,
                denominator,
                ..
            } => vec![numerator, denominator],
            Self::Difference { left, right, .. } | Self::Cross { left, right, .. } => {
                vec![left, right]
            }
            Self::Bucket { of, .. } | Self::Log { of, .. } => vec![of],
            Self::CountOf { columns, .. } => columns.iter().map(String::as_str).collect(),
        }
    }
}
