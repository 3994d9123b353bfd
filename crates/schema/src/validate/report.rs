//! The result of validating a data set, as it is stored and shown.

use serde::{Deserialize, Serialize};

use crate::{Fault, FaultCode, Severity};

/// What a data set is like. Counts are exact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// Name of the specification.
    pub dataset: String,
    /// The input.
    pub file: String,
    /// SHA-256 of the bytes as stored; `None` if the input is no file or was not read to its end.
    pub content_sha256: Option<String>,
    /// Data rows of the input.
    pub n_rows: u64,
    /// Rows that can be used.
    pub n_good: u64,
    /// Rows that cannot.
    pub n_rejected: u64,
    /// Largest tolerated `n_rejected / n_rows`, from the specification.
    pub max_rejected_share: f64,
    /// Good rows per level of the target, levels of the specification first.
    pub target: Vec<LevelCount>,
    /// Faults by kind and column.
    pub fault_counts: Vec<FaultCount>,
    /// The first faults, at most 1000, of which at most 500 are no errors.
    pub faults: Vec<Fault>,
    /// Missing values per column among the good rows.
    pub missing: Vec<MissingReport>,
    /// Repeated keys and rows.
    pub duplicates: Duplicates,
    /// Values far from the middle half, per numeric column.
    pub outliers: Vec<OutlierReport>,
    /// Results of the checks of the specification.
    pub checks: Vec<CheckReport>,
}

impl Validation {
    /// Share of rejected rows, 0 to 1; 0 for no rows.
    #[must_use]
    pub fn rejected_share(&self) -> f64 {
        if self.n_rows == 0 {
            0.0
        } else {
            self.n_rejected as f64 / self.n_rows as f64
        }
    }

    /// Whether there are good rows and no more rejected ones than the specification tolerates.
    #[must_use]
    pub fn is_acceptable(&self) -> bool {
        self.n_good > 0 && self.rejected_share() <= self.max_rejected_share
    }

    /// Number of faults of a severity.
    #[must_use]
    pub fn n_faults(&self, severity: Severity) -> u64 {
        self.fault_counts
            .iter()
            .filter(|c| c.severity == severity)
            .map(|c| c.count)
            .sum()
    }
}

/// Rows that hold a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelCount {
    /// The level.
    pub level: String,
    /// How many rows.
    pub count: u64,
}

/// Faults of one kind in one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultCount {
    /// The kind.
    pub code: FaultCode,
    /// How bad.
    pub severity: Severity,
    /// The column; `None` for faults of whole rows.
    pub column: Option<String>,
    /// How many.
    pub count: u64,
}

/// Missing values of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MissingReport {
    /// The column.
    pub column: String,
    /// Good rows without a value.
    pub count: u64,
    /// Their share, 0 to 1.
    pub share: f64,
    /// What is put in their place, in words.
    pub strategy: String,
}

/// Repeated keys and rows.
///
/// Rows are compared in every column that is read, except key and target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Duplicates {
    /// Rows rejected because their key occurred before.
    pub key_rows: u64,
    /// Good rows that repeat an earlier row.
    pub repeated_rows: u64,
    /// Good rows that repeat an earlier row also in the target.
    pub repeated_rows_same_target: u64,
    /// Groups of equal rows in which the target differs.
    pub conflicting_groups: u64,
    /// Rows in those groups.
    pub conflicting_rows: u64,
}

/// Values outside Tukey's fences `q1 - 1.5 iqr` and `q3 + 1.5 iqr`.
///
/// Quartiles are linearly interpolated between order statistics (type 7 of Hyndman and Fan 1996, the default of
/// most packages).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutlierReport {
    /// The column.
    pub column: String,
    /// Values the quartiles come from.
    pub n_values: u64,
    /// Lower quartile.
    pub q1: f64,
    /// Upper quartile.
    pub q3: f64,
    /// Lower fence.
    pub lower: f64,
    /// Upper fence.
    pub upper: f64,
    /// Values below the lower fence.
    pub n_below: u64,
    /// Values above the upper fence.
    pub n_above: u64,
}

impl OutlierReport {
    /// Values outside the fences.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.n_below + self.n_above
    }
}

/// Result of one check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckReport {
    /// Name of the check.
    pub name: String,
    /// What it expects, in words.
    pub expected: String,
    /// Rows that have all values the check needs (and, for `implies`, meet its condition).
    pub n_evaluated: u64,
    /// Rows that fail it.
    pub n_failed: u64,
    /// Shares within fixed tolerances; products only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graded: Option<Graded>,
}

/// Share of all good rows whose relative gap is within a tolerance; rows that cannot be
/// evaluated count as not within.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Graded {
    /// Share within 5 %.
    pub within_5_percent: f64,
    /// Share within 10 %.
    pub within_10_percent: f64,
    /// Share within 20 %.
    pub within_20_percent: f64,
    /// Share within the tolerance of the specification.
    pub within_tolerance: f64,
    /// That tolerance.
    pub tolerance: f64,
}
