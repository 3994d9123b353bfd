//! Figures of a yes/no decision: confusion counts at a threshold, and the best threshold.
//!
//! A row is called positive when its score is at or above the threshold.

use serde::{Deserialize, Serialize};

use crate::error::{Error, check_finite, check_scores, check_unit};
use crate::ranked::{Group, Ranked, totals};

/// Counts of right and wrong decisions. A ratio with nothing below the line is 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Confusion {
    /// Positives called positive, in rows.
    pub true_positives: f64,
    /// Negatives called positive, in rows.
    pub false_positives: f64,
    /// Negatives called negative, in rows.
    pub true_negatives: f64,
    /// Positives called negative, in rows.
    pub false_negatives: f64,
}

impl Confusion {
    /// Counts the decisions `score >= threshold`.
    ///
    /// # Errors
    /// Empty input, unequal lengths, non-finite scores or threshold. One class is accepted.
    pub fn at(labels: &[bool], scores: &[f64], threshold: f64) -> Result<Self, Error> {
        check_scores(labels, "scores", scores)?;
        check_finite("threshold", &[threshold])?;
        Ok(Self::of(
            &Ranked::sort(labels, scores).groups_down(),
            threshold,
        ))
    }

    /// Counts over groups from the highest score down.
    pub(crate) fn of(groups: &[Group], threshold: f64) -> Self {
        let (n_positive, n_negative) = totals(groups);
        let n_called = groups.partition_point(|group| group.score >= threshold);
        let (true_positives, false_positives) = totals(&groups[..n_called]);
        Self {
            true_positives,
            false_positives,
            true_negatives: n_negative - false_positives,
            false_negatives: n_positive - true_positives,
        }
    }

    /// Share of rows decided rightly, 0..=1.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        let right = self.true_positives + self.true_negatives;
        ratio(right, right + self.false_positives + self.false_negatives)
    }

    /// Share of the rows called positive that are, 0..=1; 0 when none is called.
    #[must_use]
    pub fn precision(&self) -> f64 {
        ratio(
            self.true_positives,
            self.true_positives + self.false_positives,
        )
    }

    /// Share of the positives that are called, 0..=1; 0 when there are none.
    #[must_use]
    pub fn recall(&self) -> f64 {
        ratio(
            self.true_positives,
            self.true_positives + self.false_negatives,
        )
    }

    /// Harmonic mean of precision and recall, 0..=1.
    #[must_use]
    pub fn f1(&self) -> f64 {
        self.f_beta(1.0)
    }

    /// Weighted harmonic mean of precision and recall; recall counts `beta` times as much.
    #[must_use]
    pub fn f_beta(&self, beta: f64) -> f64 {
        let squared = beta * beta;
        let hits = (1.0 + squared) * self.true_positives;
        ratio(
            hits,
            hits + squared * self.false_negatives + self.false_positives,
        )
    }

    /// Matthews correlation of decision and outcome, -1..=1; 0 when one of them is constant.
    #[must_use]
    pub fn matthews(&self) -> f64 {
        let (tp, fp) = (self.true_positives, self.false_positives);
        let (tn, missed) = (self.true_negatives, self.false_negatives);
        // The roots are taken apart so that the product cannot overflow the exact integers.
        let norm = ((tp + fp) * (tp + missed)).sqrt() * ((tn + fp) * (tn + missed)).sqrt();
        ratio(tp * tn - fp * missed, norm)
    }
}

/// A threshold with the F1 it reaches on the rows it was chosen on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BestThreshold {
    /// Call positive at or above this score.
    pub threshold: f64,
    /// F1 there; optimistic, because chosen on the same rows.
    pub f1: f64,
}

/// The score that, used as a threshold, gives the largest F1; the lowest one on a tie.
///
/// Choose it on other rows than the ones F1 is reported on.
///
/// # Errors
/// Empty input, unequal lengths, non-finite scores, a single class.
pub fn best_f1_threshold(labels: &[bool], scores: &[f64]) -> Result<BestThreshold, Error> {
    Ok(best_f1_of(
        &Ranked::new(labels, "scores", scores)?.groups_down(),
    ))
}

/// Largest precision over the thresholds that reach at least `recall`.
///
/// `recall` is in 0..=1. Where scikit-learn adds an artificial point of precision 1 at recall
/// 0, this function counts real thresholds only.
///
/// # Errors
/// As [`best_f1_threshold`], and a recall outside 0..=1.
pub fn precision_at_recall(labels: &[bool], scores: &[f64], recall: f64) -> Result<f64, Error> {
    check_unit("recall", recall)?;
    Ok(precision_at_recall_of(
        &Ranked::new(labels, "scores", scores)?.groups_down(),
        recall,
    ))
}

/// Largest recall over the thresholds that reach at least `precision`; 0 when none does.
///
/// # Errors
/// As [`best_f1_threshold`], and a precision outside 0..=1.
pub fn recall_at_precision(labels: &[bool], scores: &[f64], precision: f64) -> Result<f64, Error> {
    check_unit("precision", precision)?;
    Ok(recall_at_precision_of(
        &Ranked::new(labels, "scores", scores)?.groups_down(),
        precision,
    ))
}

/// Precision and recall at every distinct score, from the highest down.
pub(crate) fn operating_points(groups: &[Group]) -> impl Iterator<Item = (f64, f64, f64)> + '_ {
    let (n_positive, _) = totals(groups);
    groups.iter().scan((0.0, 0.0), move |(hits, rows), group| {
        *hits += group.positives;
        *rows += group.positives + group.negatives;
        Some((group.score, *hits / *rows, *hits / n_positive))
    })
}

pub(crate) fn best_f1_of(groups: &[Group]) -> BestThreshold {
    let (n_positive, _) = totals(groups);
    let mut best = BestThreshold {
        threshold: f64::NAN,
        f1: -1.0,
    };
    let (mut hits, mut rows) = (0.0, 0.0);
    for group in groups {
        hits += group.positives;
        rows += group.positives + group.negatives;
        let f1 = 2.0 * hits / (rows + n_positive);
        if f1 >= best.f1 {
            best = BestThreshold {
                threshold: group.score,
                f1,
            };
        }
    }
    best
}

pub(crate) fn precision_at_recall_of(groups: &[Group], floor: f64) -> f64 {
    operating_points(groups)
        .filter(|&(_, _, recall)| recall >= floor)
        .fold(0.0, |best, (_, precision, _)| best.max(precision))
}

pub(crate) fn recall_at_precision_of(groups: &[Group], floor: f64) -> f64 {
    operating_points(groups)
        .filter(|&(_, precision, _)| precision >= floor)
        .fold(0.0, |best, (_, _, recall)| best.max(recall))
}

fn ratio(above: f64, below: f64) -> f64 {
    if below > 0.0 { above / below } else { 0.0 }
}
