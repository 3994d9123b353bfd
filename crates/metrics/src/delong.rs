//! Standard errors of AUC and the test that two AUCs on the same rows differ.
//!
//! DeLong, DeLong and Clarke-Pearson (Biometrics 1988), with the placements computed from
//! midranks as in Sun and Xu (IEEE Signal Processing Letters 2014), so O(n log n).

use serde::{Deserialize, Serialize};

use crate::distribution::{normal_quantile, normal_two_sided};
use crate::error::{Error, check_classes, check_scores};
use crate::interval::Interval;
use crate::ranked::ascending_order;

/// AUCs of two score vectors on the same rows and their sampling covariance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DelongCovariance {
    /// AUC of the first and the second score vector.
    pub auc: [f64; 2],
    /// 2 × 2 covariance of the two AUCs, symmetric.
    pub covariance: [[f64; 2]; 2],
}

/// The comparison of two AUCs on the same rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DelongTest {
    /// AUC of the first score vector.
    pub auc_a: f64,
    /// AUC of the second.
    pub auc_b: f64,
    /// `auc_a - auc_b` with its 95 % normal interval.
    pub difference: Interval,
    /// Standard error of the difference.
    pub standard_error: f64,
    /// Two-sided p-value of "the AUCs are equal"; 1 when the difference and its error are 0.
    pub p_value: f64,
}

/// Covariance of the AUCs of two score vectors on the same rows.
///
/// Pass the same vector twice for the variance of one AUC (`covariance[0][0]`).
///
/// # Errors
/// Empty input, unequal lengths, non-finite scores, a single class, fewer than two rows of
/// either class.
pub fn delong_covariance(
    labels: &[bool],
    scores_a: &[f64],
    scores_b: &[f64],
) -> Result<DelongCovariance, Error> {
    check_scores(labels, "scores_a", scores_a)?;
    check_scores(labels, "scores_b", scores_b)?;
    let (n_positive, n_negative) = check_classes(labels)?;
    for (input, found) in [("positive rows", n_positive), ("negative rows", n_negative)] {
        if found < 2 {
            return Err(Error::TooFew {
                input,
                found,
                required: 2,
            });
        }
    }
    let placed = [placements(labels, scores_a), placements(labels, scores_b)];
    let mut covariance = [[0.0; 2]; 2];
    for (i, row) in covariance.iter_mut().enumerate() {
        for (j, cell) in row.iter_mut().enumerate() {
            *cell = sample_covariance(&placed[i].of_positives, &placed[j].of_positives)
                / n_positive as f64
                + sample_covariance(&placed[i].of_negatives, &placed[j].of_negatives)
                    / n_negative as f64;
        }
    }
    Ok(DelongCovariance {
        auc: [mean(&placed[0].of_positives), mean(&placed[1].of_positives)],
        covariance,
    })
}

/// Tests whether two score vectors rank the same rows equally well.
///
/// # Errors
/// As [`delong_covariance`].
pub fn delong_test(
    labels: &[bool],
    scores_a: &[f64],
    scores_b: &[f64],
) -> Result<DelongTest, Error> {
    let DelongCovariance {
        auc: [auc_a, auc_b],
        covariance,
    } = delong_covariance(labels, scores_a, scores_b)?;
    let variance = covariance[0][0] + covariance[1][1] - 2.0 * covariance[0][1];
    let standard_error = variance.max(0.0).sqrt();
    let difference = auc_a - auc_b;
    let p_value = if standard_error > 0.0 {
        normal_two_sided(difference / standard_error)
    } else if difference.abs() > 0.0 {
        0.0
    } else {
        1.0
    };
    let half_width = normal_quantile(0.975) * standard_error;
    Ok(DelongTest {
        auc_a,
        auc_b,
        difference: Interval {
            mean: difference,
            low: difference - half_width,
            high: difference + half_width,
        },
        standard_error,
        p_value,
    })
}

/// Per positive the share of negatives below it, per negative the share of positives above.
struct Placements {
    of_positives: Vec<f64>,
    of_negatives: Vec<f64>,
}

/// One pass over the tied groups; both vectors are in input order of their class.
fn placements(labels: &[bool], scores: &[f64]) -> Placements {
    let order = ascending_order(scores);
    let n_positive = labels.iter().filter(|&&label| label).count() as f64;
    let n_negative = labels.len() as f64 - n_positive;
    let mut placement = vec![0.0; labels.len()];
    let (mut positives_below, mut negatives_below) = (0.0, 0.0);
    let mut start = 0;
    while start < order.len() {
        let mut end = start;
        let mut positives = 0.0;
        while end < order.len() && scores[order[end]] <= scores[order[start]] {
            positives += if labels[order[end]] { 1.0 } else { 0.0 };
            end += 1;
        }
        let negatives = (end - start) as f64 - positives;
        for &row in &order[start..end] {
            placement[row] = if labels[row] {
                (negatives_below + 0.5 * negatives) / n_negative
            } else {
                1.0 - (positives_below + 0.5 * positives) / n_positive
            };
        }
        positives_below += positives;
        negatives_below += negatives;
        start = end;
    }
    let of_class = |class: bool| {
        labels
            .iter()
            .zip(&placement)
            .filter(|&(&label, _)| label == class)
            .map(|(_, &p)| p)
            .collect()
    };
    Placements {
        of_positives: of_class(true),
        of_negatives: of_class(false),
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn sample_covariance(a: &[f64], b: &[f64]) -> f64 {
    let (mean_a, mean_b) = (mean(a), mean(b));
    let sum: f64 = a
        .iter()
        .zip(b)
        .map(|(x, y)| (x - mean_a) * (y - mean_b))
        .sum();
    sum / (a.len() - 1) as f64
}
