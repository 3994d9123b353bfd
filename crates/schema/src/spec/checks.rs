//! Consistency checks between columns of one row.

use serde::{Deserialize, Serialize};

/// A check of every row. A failed check never changes a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum CheckSpec {
    /// `total` is about the product of `factors`: relative gap at most `tolerance`.
    ///
    /// Graded: reports also give the shares of rows within 5, 10 and 20 %.
    ApproximateProduct {
        /// Name of the check in reports.
        name: String,
        /// A numeric column.
        total: String,
        /// Numeric columns that are multiplied.
        factors: Vec<String>,
        /// Largest relative gap `|total - product| / |product|`, for example 0.2.
        tolerance: f64,
        /// What a row outside the tolerance is worth.
        #[serde(default)]
        severity: CheckSeverity,
    },
    /// Where `when` holds, `then` must hold.
    Implies {
        /// Name of the check in reports.
        name: String,
        /// The condition.
        when: Condition,
        /// The consequence.
        then: Consequence,
        /// What a row that breaks it is worth.
        #[serde(default)]
        severity: CheckSeverity,
    },
}

impl CheckSpec {
    /// Name of the check in reports.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::ApproximateProduct { name, .. } | Self::Implies { name, .. } => name,
        }
    }

    /// What a failing row is worth.
    #[must_use]
    pub fn severity(&self) -> CheckSeverity {
        match self {
            Self::ApproximateProduct { severity, .. } | Self::Implies { severity, .. } => *severity,
        }
    }
}

/// `column` holds exactly the level `equals`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// A category column.
    pub column: String,
    /// The level.
    #[serde(deserialize_with = "super::text::text")]
    pub equals: String,
}

/// `column` holds one of the levels `one_of`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consequence {
    /// A category column.
    pub column: String,
    /// The allowed levels.
    #[serde(deserialize_with = "super::text::texts")]
    pub one_of: Vec<String>,
}

/// Whether a row that fails a check is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckSeverity {
    /// The row is used and counted.
    #[default]
    Warning,
    /// The row is rejected.
    Error,
}
