//! Numbers about ranked and calibrated predictions: slices in, numbers out.
//!
//! The main type is [`MetricSet`]: every figure the project reports about one model on one
//! set of labelled rows, computed by [`MetricSet::compute`] and, with a confidence interval
//! each, by [`bootstrap_all`]. Single figures are plain functions ([`roc_auc`], [`brier`],
//! [`lift_at`], ...). `labels[i]` is `true` when the event (leaving) happened to row `i`;
//! scores are any finite numbers where larger means more likely; probabilities lie in 0..=1.
//!
//! ```
//! use churn_metrics::{MetricSet, bootstrap_all, roc_auc};
//!
//! let labels = [true, false, true, false, false, true, false, false];
//! let probabilities = [0.9, 0.2, 0.6, 0.6, 0.1, 0.7, 0.3, 0.4];
//! assert!((roc_auc(&labels, &probabilities)? - 14.5 / 15.0).abs() < 1e-12);
//!
//! let set = MetricSet::compute(&labels, &probabilities, 0.5)?;
//! assert!((set.recall - 1.0).abs() < 1e-12);
//! let intervals = bootstrap_all(&labels, &probabilities, 0.5, 7, 200)?;
//! assert!(intervals.roc_auc.low <= set.roc_auc && set.roc_auc <= intervals.roc_auc.high);
//! # Ok::<(), churn_metrics::Error>(())
//! ```
//!
//! Ties are part of every definition: AUC counts them half, threshold curves take a group of
//! equal scores at once, and the top-k figures are expectations over a random order of the
//! tied rows. Everything is O(n log n) in the number of rows, sums in `f64`, and gives the
//! same bits at any thread count.
//!
//! What it deliberately does not do: it never fits, never reads files, knows no column names
//! and takes no row weights. It sits in layer 0 and imports no other crate of the workspace.

#![expect(
    clippy::cast_possible_truncation,
    reason = "row counts become f64 and rounded fractions become row counts; both are far below 2^52"
)]

mod calibration;
mod curves;
mod delong;
mod distribution;
mod error;
mod interval;
mod paired;
mod probability;
mod profit;
mod ranked;
mod ranking;
mod resample;
mod set;
mod threshold;
mod topk;

pub use calibration::{
    CalibrationReport, CalibrationSummary, ReliabilityBin, calibration_summary,
    expected_calibration_error, reliability_table,
};
pub use curves::{
    GainPoint, LiftBin, PrPoint, RocPoint, gain_curve, lift_curve, pr_curve, roc_curve,
};
pub use delong::{DelongCovariance, DelongTest, delong_covariance, delong_test};
pub use error::Error;
pub use interval::{Interval, PairedTest, corrected_paired_test, mean_interval};
pub use paired::{PairedBootstrap, paired_bootstrap};
pub use probability::{brier, log_loss};
pub use profit::{ProfitCurve, ProfitPoint, best_profit_threshold, profit_curve, thin_curve};
pub use ranking::{average_precision, ks_statistic, pr_auc, roc_auc};
pub use resample::{bootstrap, bootstrap_all};
pub use set::{CALIBRATION_BINS, MetricSet};
pub use threshold::{
    BestThreshold, Confusion, best_f1_threshold, precision_at_recall, recall_at_precision,
};
pub use topk::{capture_at, lift_at, precision_at};
