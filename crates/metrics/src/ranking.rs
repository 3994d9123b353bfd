//! How well scores put leavers above stayers: area under the curves, KS distance.

use crate::error::Error;
use crate::ranked::{Group, Ranked, totals};

/// Area under the ROC curve: the chance that a random positive scores above a random
/// negative, ties counting one half (the Mann-Whitney statistic by midranks).
///
/// Range 0..=1, 0.5 is chance. Unchanged by any strictly increasing map of the scores.
///
/// # Errors
/// Empty input, unequal lengths, non-finite scores, a single class.
pub fn roc_auc(labels: &[bool], scores: &[f64]) -> Result<f64, Error> {
    Ok(auc_of(
        &Ranked::new(labels, "scores", scores)?.groups_down(),
    ))
}

/// Average precision: the sum over distinct thresholds of precision times the step in recall.
///
/// This is `average_precision_score` of scikit-learn (no interpolation); range from the base
/// rate (about chance) to 1.
///
/// # Errors
/// As [`roc_auc`].
pub fn average_precision(labels: &[bool], scores: &[f64]) -> Result<f64, Error> {
    Ok(average_precision_of(
        &Ranked::new(labels, "scores", scores)?.groups_down(),
    ))
}

/// Area under the precision-recall curve, another name of [`average_precision`].
///
/// # Errors
/// As [`roc_auc`].
pub fn pr_auc(labels: &[bool], scores: &[f64]) -> Result<f64, Error> {
    average_precision(labels, scores)
}

/// Kolmogorov-Smirnov distance between the scores of positives and of negatives.
///
/// The largest gap between the true and the false positive rate over all thresholds, 0..=1.
///
/// # Errors
/// As [`roc_auc`].
pub fn ks_statistic(labels: &[bool], scores: &[f64]) -> Result<f64, Error> {
    Ok(ks_of(&Ranked::new(labels, "scores", scores)?.groups_down()))
}

/// AUC of groups from the highest score down.
pub(crate) fn auc_of(groups: &[Group]) -> f64 {
    let (n_positive, n_negative) = totals(groups);
    let mut positives_above = 0.0;
    let mut wins = 0.0;
    for group in groups {
        wins += group.negatives * (positives_above + 0.5 * group.positives);
        positives_above += group.positives;
    }
    wins / (n_positive * n_negative)
}

/// Average precision of groups from the highest score down.
pub(crate) fn average_precision_of(groups: &[Group]) -> f64 {
    let (n_positive, _) = totals(groups);
    let (mut hits, mut rows, mut sum) = (0.0, 0.0, 0.0);
    for group in groups {
        hits += group.positives;
        rows += group.positives + group.negatives;
        sum += group.positives * (hits / rows);
    }
    sum / n_positive
}

/// KS distance of groups from the highest score down.
pub(crate) fn ks_of(groups: &[Group]) -> f64 {
    let (n_positive, n_negative) = totals(groups);
    let (mut positives, mut negatives, mut gap) = (0.0, 0.0, 0.0f64);
    for group in groups {
        positives += group.positives;
        negatives += group.negatives;
        gap = gap.max((positives / n_positive - negatives / n_negative).abs());
    }
    gap
}
