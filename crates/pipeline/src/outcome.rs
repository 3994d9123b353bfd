//! What a training run gives back: the object `churn train --json` ends with.

use std::collections::BTreeMap;

use churn_metrics::{CalibrationReport, Interval, ProfitCurve};
use churn_schema::Validation;
use churn_zoo::{CalibrationChoice, Comparison, Decision, GateResult};
use serde::Serialize;

use crate::{StudySummary, candidate::Latency};

/// Everything a training run found out.
#[derive(Debug, Clone, Serialize)]
pub struct TrainOutcome {
    /// The run, as recorded in the store.
    pub run_id: String,
    /// Version of the chosen model, or of the model in service when that was kept; `None` when
    /// every candidate failed.
    pub champion: Option<String>,
    /// The policy applied.
    pub policy: String,
    /// The seed all randomness comes from.
    pub seed: u64,
    /// The data.
    pub data: DataSummary,
    /// The models, in the order trained.
    pub candidates: Vec<CandidateOutcome>,
    /// Families that could not be trained on these data, with the reason.
    pub failed: Vec<FailedCandidate>,
    /// Every pair of candidates, told apart or not.
    pub comparisons: Vec<Comparison>,
    /// What the money figures take for granted and should not be overlooked; a sentence each.
    pub assumptions: Vec<String>,
    /// What a model must beat.
    pub baselines: Vec<Baseline>,
    /// Which one was chosen and why.
    pub decision: Decision,
    /// What validation found in the file.
    pub validation: Validation,
}

/// The rows of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DataSummary {
    /// Name of the specification.
    pub dataset: String,
    /// sha256 of the file, in hex.
    pub sha256: String,
    /// Rows trained and cross-validated on.
    pub n_development: usize,
    /// Rows kept for the test; 0 when the user's folds cover every row.
    pub n_test: usize,
    /// Share of customers who left, over both.
    pub base_rate: f64,
    /// Folds × repeats.
    pub n_folds: usize,
}

/// A family that could not be trained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedCandidate {
    /// Family.
    pub algorithm: String,
    /// What went wrong and how to mend it.
    pub fault: String,
}

/// One trained model.
#[derive(Debug, Clone, Serialize)]
pub struct CandidateOutcome {
    /// Family.
    pub algorithm: String,
    /// Version it was registered under.
    pub version: String,
    /// sha256 of its bundle, in hex.
    pub bundle_sha256: String,
    /// Parameters.
    pub params: serde_json::Value,
    /// The searches behind the parameters; empty when they were given.
    pub tuning: Vec<StudySummary>,
    /// Boosting rounds kept, for families with rounds.
    pub n_rounds: Option<usize>,
    /// Means over the folds with corrected intervals; `profit` is per customer.
    pub cv: BTreeMap<String, Interval>,
    /// Figures on the test part with bootstrap intervals; `None` without a test part.
    pub test: Option<BTreeMap<String, Interval>>,
    /// Calibration tried and chosen.
    pub calibration: CalibrationChoice,
    /// What calibration did, on the out-of-fold rows of the first repeat.
    pub calibration_report: CalibrationReport,
    /// Profit by threshold on the same rows, thinned for drawing.
    pub profit_curve: ProfitCurve,
    /// Decision threshold on the probability.
    pub threshold: f64,
    /// Time to score and explain one customer.
    pub latency_us: Latency,
    /// Size of the bundle.
    pub size_bytes: u64,
    /// How it stands to each gate and limit.
    pub gates: Vec<GateResult>,
}

/// A yardstick, judged on the test part (on the folds' rows when there is none).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Baseline {
    /// `random`, or the rule in words.
    pub name: String,
    /// Figures with bootstrap intervals.
    pub test: BTreeMap<String, Interval>,
}
