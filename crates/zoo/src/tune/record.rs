//! What is kept of a trial.

use serde::{Deserialize, Serialize};

use super::Assignment;

/// How a trial ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Outcome {
    /// All folds were run.
    Complete {
        /// Mean loss over the folds.
        loss: f64,
    },
    /// Given up as hopeless.
    Pruned {
        /// Folds that had been run.
        after_folds: usize,
    },
    /// A fold could not be run.
    Failed {
        /// Why.
        fault: String,
    },
}

/// One trial, as stored: a line of JSON. A study is rebuilt from these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialRecord {
    /// Number of the trial in its study, from 0.
    pub number: usize,
    /// What was tried.
    pub params: Assignment,
    /// Loss of each fold run, in fold order; finite.
    pub fold_losses: Vec<f64>,
    /// How it ended.
    pub outcome: Outcome,
    /// Time it took, in seconds. Nothing is decided by it.
    pub seconds: f64,
}

impl TrialRecord {
    /// The mean loss over all folds, for a complete trial.
    #[must_use]
    pub fn loss(&self) -> Option<f64> {
        match self.outcome {
            Outcome::Complete { loss } => Some(loss),
            Outcome::Pruned { .. } | Outcome::Failed { .. } => None,
        }
    }

    /// Mean loss over the first `n_folds` folds, when that many were run.
    pub(super) fn mean_over(&self, n_folds: usize) -> Option<f64> {
        mean(self.fold_losses.get(..n_folds)?)
    }
}

/// The mean of `losses`; `None` when there are none.
pub(super) fn mean(losses: &[f64]) -> Option<f64> {
    (!losses.is_empty()).then(|| losses.iter().sum::<f64>() / losses.len() as f64)
}
