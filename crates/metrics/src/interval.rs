//! A number with its confidence interval, and intervals for cross-validation scores.

use serde::{Deserialize, Serialize};

use crate::distribution::{student_t_quantile, student_t_two_sided};
use crate::error::{Error, check_finite};

/// An estimate and the ends of its confidence interval, `low <= high`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The estimate: the figure on the rows themselves, or the mean over folds.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The comparison of two recipes over the same folds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairedTest {
    /// Mean of `a - b` over the folds with its 95 % interval.
    pub difference: Interval,
    /// Corrected standard error of that mean.
    pub standard_error: f64,
    /// Two-sided p-value of "no difference"; 1 when all differences are 0.
    pub p_value: f64,
}

/// 95 % interval of a score over the folds of a (repeated) cross-validation.
///
/// Folds share training rows, so the plain standard error is too small: Nadeau and Bengio
/// (Machine Learning 2003) replace `1 / k` by `1 / k + n_test / n_train`, with `k` folds over
/// all repeats and `k - 1` degrees of freedom. `n_train` and `n_test` are rows per fold.
///
/// # Errors
/// Fewer than two folds, non-finite scores, `n_train` or `n_test` of 0.
pub fn mean_interval(
    fold_scores: &[f64],
    n_train: usize,
    n_test: usize,
) -> Result<Interval, Error> {
    let spread = corrected(fold_scores, n_train, n_test)?;
    Ok(spread.interval())
}

/// Corrected resampled t-test of two recipes scored on the same folds.
///
/// Same correction as [`mean_interval`], applied to the differences `a[i] - b[i]`.
///
/// # Errors
/// As [`mean_interval`], and unequal numbers of folds.
pub fn corrected_paired_test(
    fold_scores_a: &[f64],
    fold_scores_b: &[f64],
    n_train: usize,
    n_test: usize,
) -> Result<PairedTest, Error> {
    if fold_scores_a.len() != fold_scores_b.len() {
        return Err(Error::LengthMismatch {
            input: "fold_scores_b",
            found: fold_scores_b.len(),
            expected: fold_scores_a.len(),
        });
    }
    check_finite("fold_scores_a", fold_scores_a)?;
    check_finite("fold_scores_b", fold_scores_b)?;
    let differences: Vec<f64> = fold_scores_a
        .iter()
        .zip(fold_scores_b)
        .map(|(a, b)| a - b)
        .collect();
    let spread = corrected(&differences, n_train, n_test)?;
    let p_value = if spread.standard_error > 0.0 {
        student_t_two_sided(spread.mean / spread.standard_error, spread.degrees)
    } else if spread.mean.abs() > 0.0 {
        0.0
    } else {
        1.0
    };
    Ok(PairedTest {
        difference: spread.interval(),
        standard_error: spread.standard_error,
        p_value,
    })
}

struct Spread {
    mean: f64,
    standard_error: f64,
    degrees: f64,
}

impl Spread {
    fn interval(&self) -> Interval {
        let half_width = student_t_quantile(0.975, self.degrees) * self.standard_error;
        Interval {
            mean: self.mean,
            low: self.mean - half_width,
            high: self.mean + half_width,
        }
    }
}

fn corrected(fold_scores: &[f64], n_train: usize, n_test: usize) -> Result<Spread, Error> {
    let n_folds = fold_scores.len();
    if n_folds < 2 {
        return Err(Error::TooFew {
            input: "fold_scores",
            found: n_folds,
            required: 2,
        });
    }
    check_finite("fold_scores", fold_scores)?;
    for (parameter, value) in [("n_train", n_train), ("n_test", n_test)] {
        if value == 0 {
            return Err(Error::ParameterOutOfRange {
                parameter,
                value: 0.0,
                expected: "the number of rows in a fold, at least 1",
            });
        }
    }
    let mean = fold_scores.iter().sum::<f64>() / n_folds as f64;
    let squares: f64 = fold_scores
        .iter()
        .map(|score| (score - mean) * (score - mean))
        .sum();
    let degrees = (n_folds - 1) as f64;
    let correction = 1.0 / n_folds as f64 + n_test as f64 / n_train as f64;
    Ok(Spread {
        mean,
        standard_error: (correction * squares / degrees).sqrt(),
        degrees,
    })
}
