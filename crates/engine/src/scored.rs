//! The outcome of scoring.

use churn_retention::{Recommendation, RiskLevel};
use serde::Serialize;

use crate::Reason;

/// One scored customer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoredRow {
    /// The key, when the specification has one.
    pub key: Option<String>,
    /// Data row in the source, from 1.
    pub row: u64,
    /// Calibrated probability of leaving within the horizon, 0..=1.
    pub churn_probability: f64,
    /// Lower end of the 95 % interval of that probability, which lies inside; `None` when the
    /// model stores no intervals.
    pub probability_low: Option<f64>,
    /// Upper end of it.
    pub probability_high: Option<f64>,
    /// LOW, MEDIUM or HIGH by the playbook's cut-offs.
    pub risk_level: RiskLevel,
    /// The strongest reasons, strongest first.
    pub reasons: Vec<Reason>,
    /// The offers that pay, best first; empty means do nothing.
    pub offers: Vec<Recommendation>,
}

/// A scored table, rows in the order of the input.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ScoredTable {
    /// The customers.
    pub rows: Vec<ScoredRow>,
    /// Rules of the playbook that could not be worked out, counted over all rows.
    pub playbook_faults: u64,
}
