//! What a retention team gets by contacting the top of the list.
//!
//! The top holds `k = round(fraction * n)` rows (half to even, at least one). When the k-th
//! score is shared by several rows, which of them are contacted is a matter of luck, so the
//! positives among them are counted in expectation: figures do not depend on row order.

use crate::error::{Error, check_fraction};
use crate::ranked::{Group, Ranked, totals};

/// Share of leavers among the top `fraction` of rows, 0..=1.
///
/// # Errors
/// Empty input, unequal lengths, non-finite scores, a single class, a fraction outside (0, 1].
pub fn precision_at(labels: &[bool], scores: &[f64], fraction: f64) -> Result<f64, Error> {
    Ok(top_of(labels, scores, fraction)?.precision)
}

/// How many times the base rate the leavers among the top `fraction` of rows are.
///
/// Range 0 to 1 / base rate (and at most about 1 / fraction); 1 is chance.
///
/// # Errors
/// As [`precision_at`].
pub fn lift_at(labels: &[bool], scores: &[f64], fraction: f64) -> Result<f64, Error> {
    Ok(top_of(labels, scores, fraction)?.lift)
}

/// Share of all leavers that are among the top `fraction` of rows, 0..=1.
///
/// # Errors
/// As [`precision_at`].
pub fn capture_at(labels: &[bool], scores: &[f64], fraction: f64) -> Result<f64, Error> {
    Ok(top_of(labels, scores, fraction)?.capture)
}

/// The figures of one top list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Top {
    /// Rows in the list.
    pub(crate) n_rows: f64,
    /// Expected positives in the list.
    pub(crate) hits: f64,
    /// Score of the last row.
    pub(crate) score: f64,
    /// Hits per row.
    pub(crate) precision: f64,
    /// Precision over the base rate.
    pub(crate) lift: f64,
    /// Hits over all positives.
    pub(crate) capture: f64,
}

fn top_of(labels: &[bool], scores: &[f64], fraction: f64) -> Result<Top, Error> {
    check_fraction(fraction)?;
    let groups = Ranked::new(labels, "scores", scores)?.groups_down();
    Ok(top(&groups, fraction))
}

/// The top `fraction` of groups from the highest score down.
pub(crate) fn top(groups: &[Group], fraction: f64) -> Top {
    let (n_positive, n_negative) = totals(groups);
    let n_all = n_positive + n_negative;
    let n_rows = (fraction * n_all).round_ties_even().clamp(1.0, n_all);
    let (mut rows_above, mut hits, mut score) = (0.0, 0.0, f64::NAN);
    for group in groups {
        let size = group.positives + group.negatives;
        score = group.score;
        if rows_above + size >= n_rows {
            hits += (n_rows - rows_above) * (group.positives / size);
            break;
        }
        rows_above += size;
        hits += group.positives;
    }
    let precision = hits / n_rows;
    Top {
        n_rows,
        hits,
        score,
        precision,
        lift: precision / (n_positive / n_all),
        capture: hits / n_positive,
    }
}
