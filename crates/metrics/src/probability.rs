//! Proper scoring rules: how good the probabilities are as probabilities.

use crate::error::{Error, check_probabilities};

/// Mean negative log-likelihood of the labels, in nats; 0 is perfect.
///
/// Probabilities are clipped to `[eps, 1 - eps]` with the machine epsilon of `f64`, as
/// `log_loss` of scikit-learn does, so that a certain and wrong row costs about 36 nats.
///
/// # Errors
/// Empty input, unequal lengths, probabilities that are not finite or outside 0..=1.
pub fn log_loss(labels: &[bool], probabilities: &[f64]) -> Result<f64, Error> {
    check_probabilities(labels, probabilities)?;
    Ok(mean(labels, probabilities, row_log_loss))
}

/// Brier score: mean squared distance between probability and outcome, 0..=1, 0 is perfect.
///
/// # Errors
/// As [`log_loss`].
pub fn brier(labels: &[bool], probabilities: &[f64]) -> Result<f64, Error> {
    check_probabilities(labels, probabilities)?;
    Ok(mean(labels, probabilities, row_brier))
}

fn mean(labels: &[bool], probabilities: &[f64], loss: fn(bool, f64) -> f64) -> f64 {
    let sum: f64 = labels
        .iter()
        .zip(probabilities)
        .map(|(&label, &p)| loss(label, p))
        .sum();
    sum / labels.len() as f64
}

/// Log loss of one row.
pub(crate) fn row_log_loss(label: bool, probability: f64) -> f64 {
    let of_label = if label {
        probability
    } else {
        1.0 - probability
    };
    -of_label.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()
}

/// Squared error of one row.
pub(crate) fn row_brier(label: bool, probability: f64) -> f64 {
    let outcome = if label { 1.0 } else { 0.0 };
    (probability - outcome) * (probability - outcome)
}
