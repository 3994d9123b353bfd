//! Integration tests: the battery every trainer passes, golden numbers, what is special to one.

#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a failed unwrap in a helper is a failed test; counts are small"
)]

mod battery;
mod catboost;
mod conformance;
mod forest;
mod logistic_golden;
mod sample;
mod tune_telco;
