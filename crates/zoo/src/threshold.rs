//! The decision threshold: recall and precision mean nothing without it.

use churn_metrics::{best_f1_threshold, best_profit_threshold};
use serde::{Deserialize, Serialize};

use crate::Error;

/// How the threshold on the calibrated probability is chosen, always on out-of-fold rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdPolicy {
    /// Most money from contacting everyone at or above it.
    MaxProfit,
    /// Largest F1.
    BestF1,
    /// The highest threshold with at least this recall, in (0, 1].
    RecallAtLeast(f64),
    /// This probability.
    Fixed(f64),
}

impl std::fmt::Display for ThresholdPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::MaxProfit => f.write_str("the threshold of most profit"),
            Self::BestF1 => f.write_str("the threshold of best F1"),
            Self::RecallAtLeast(recall) => {
                write!(f, "the highest threshold with recall of at least {recall}")
            }
            Self::Fixed(threshold) => write!(f, "the fixed threshold {threshold}"),
        }
    }
}

/// Inputs of the profit figures used to compare models. Offers have their own costs; these stand
/// for a typical one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Economics {
    /// Cost of contacting one customer with an offer, in major units of money, at least 0.
    pub contact_cost: f64,
    /// Share of contacted leavers who stay because of it, 0..=1.
    pub save_rate: f64,
}

/// Chooses the threshold `policy` asks for on these rows.
///
/// `values` is what keeping each customer is worth, in major units. When no contact pays, the
/// threshold of most profit is 1: nobody is called at risk.
///
/// # Errors
/// What the metrics refuse: one class, probabilities that are not numbers.
pub fn choose_threshold(
    policy: ThresholdPolicy,
    labels: &[bool],
    probabilities: &[f64],
    values: &[f64],
    economics: Economics,
) -> Result<f64, Error> {
    match policy {
        ThresholdPolicy::MaxProfit => {
            let costs = vec![economics.contact_cost; labels.len()];
            let best =
                best_profit_threshold(labels, probabilities, values, &costs, economics.save_rate)?;
            Ok(best.threshold.unwrap_or(1.0))
        }
        ThresholdPolicy::BestF1 => Ok(best_f1_threshold(labels, probabilities)?.threshold),
        ThresholdPolicy::RecallAtLeast(recall) => {
            Ok(threshold_for_recall(labels, probabilities, recall))
        }
        ThresholdPolicy::Fixed(threshold) => Ok(threshold),
    }
}

/// The highest threshold at which at least `recall` of the leavers lie at or above it.
fn threshold_for_recall(labels: &[bool], probabilities: &[f64], recall: f64) -> f64 {
    let mut leavers: Vec<f64> = labels
        .iter()
        .zip(probabilities)
        .filter(|(label, _)| **label)
        .map(|(_, &p)| p)
        .collect();
    leavers.sort_by(|a, b| b.total_cmp(a));
    let needed = (recall * leavers.len() as f64).ceil() as usize;
    leavers
        .get(needed.max(1) - 1)
        .or(leavers.last())
        .copied()
        .unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ECONOMICS: Economics = Economics {
        contact_cost: 10.0,
        save_rate: 0.5,
    };

    #[track_caller]
    fn check(policy: ThresholdPolicy, expected: f64) {
        let labels = [true, true, false, true, false, false];
        let probabilities = [0.9, 0.8, 0.7, 0.6, 0.3, 0.1];
        let found =
            choose_threshold(policy, &labels, &probabilities, &[30.0; 6], ECONOMICS).unwrap();
        assert!(
            (found - expected).abs() < 1e-12,
            "{policy}: {found}, not {expected}"
        );
    }

    #[test]
    fn each_policy_names_its_point() {
        check(ThresholdPolicy::RecallAtLeast(0.6), 0.8);
        check(ThresholdPolicy::RecallAtLeast(1.0), 0.6);
        // Each saved leaver brings 15, each contact costs 10: two contacts earn 10, four earn 5.
        check(ThresholdPolicy::MaxProfit, 0.8);
        check(ThresholdPolicy::BestF1, 0.6);
        check(ThresholdPolicy::Fixed(0.5), 0.5);
    }
}
