//! The job that scores a file of customers.

use serde::{Deserialize, Serialize};

use super::{JobKind, Source};
use crate::ScoreReport;
use crate::users::Scope;

/// Scores a file; what comes out lies in the blob store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreFile {
    /// The customers.
    pub input: Source,
    /// Alias, version or `latest`. Default `champion`.
    #[serde(default = "champion")]
    pub model: String,
    /// Reasons per customer, 0 to 20. Default 0.
    #[serde(default)]
    pub reasons: u8,
    /// Whether the interval of each probability is added. Default false.
    #[serde(default)]
    pub intervals: bool,
    /// Whether the best offer is added. Default false.
    #[serde(default)]
    pub offers: bool,
    /// `csv` or `parquet`. Default `csv`.
    #[serde(default)]
    pub format: FileFormat,
    /// Largest share of refused rows, 0..=1, that is put up with. Default: no limit.
    #[serde(default)]
    pub max_rejected: Option<f64>,
    /// Most rows, also after unpacking; a longer file fails. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rows: Option<u64>,
    /// What is written down about each customer. Default: the customer and the prediction.
    #[serde(default)]
    pub record: RecordRows,
}

/// How a scored file is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// Comma-separated.
    #[default]
    Csv,
    /// Apache Parquet.
    Parquet,
}

impl FileFormat {
    /// The ending of the file's name.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

/// Whether scored customers are written into the database: `true` or `false`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordRows(pub bool);

impl Default for RecordRows {
    fn default() -> Self {
        Self(true)
    }
}

fn champion() -> String {
    churn_registry::CHAMPION.to_owned()
}

impl JobKind for ScoreFile {
    const NAME: &'static str = "score_file";
    const PRIORITY: i32 = 10;
    const MAX_ATTEMPTS: i32 = 3;
    const SCOPE: Scope = Scope::Score;
}

/// What scoring a file came to.
#[derive(Debug, Clone, Serialize)]
pub struct ScoreFileResult {
    /// SHA-256 of the scored file in the blob store.
    pub output_blob: String,
    /// The name it should be offered under.
    pub output_name: String,
    /// SHA-256 of the refused rows with their reasons; none when none was refused.
    pub rejected_blob: Option<String>,
    /// Counts and figures.
    pub report: ScoreReport,
}
