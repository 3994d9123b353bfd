//! Curves to draw: ROC, precision-recall, cumulative gain, lift per slice of the list.

use serde::{Deserialize, Serialize};

use crate::error::{Error, check_classes};
use crate::ranked::Ranked;
use crate::threshold::operating_points;
use crate::topk::top;

/// One operating point of a ROC curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RocPoint {
    /// Call positive at or above this score; `None` at the start, where nothing is called.
    pub threshold: Option<f64>,
    /// Share of negatives called positive, 0..=1.
    pub false_positive_rate: f64,
    /// Share of positives called positive, 0..=1.
    pub true_positive_rate: f64,
}

/// One operating point of a precision-recall curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PrPoint {
    /// Call positive at or above this score.
    pub threshold: f64,
    /// Precision there, 0..=1.
    pub precision: f64,
    /// Recall there, 0..=1.
    pub recall: f64,
}

/// One point of the cumulative gain curve: the list down to here.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GainPoint {
    /// Share of rows asked for, above 0 and at most 1.
    pub fraction: f64,
    /// Rows in the list down to here.
    pub n_rows: usize,
    /// Score of the last row of the list.
    pub score: f64,
    /// Expected positives among them (ties in expectation).
    pub hits: f64,
    /// Hits over all positives, 0..=1.
    pub capture: f64,
    /// Hits per row, 0..=1.
    pub precision: f64,
    /// Precision over the base rate.
    pub lift: f64,
}

/// One slice of the list (a decile when there are ten).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LiftBin {
    /// 1 is the slice with the highest scores.
    pub bin: usize,
    /// Rows in the slice.
    pub n_rows: usize,
    /// Expected positives in the slice.
    pub hits: f64,
    /// Hits per row, 0..=1.
    pub rate: f64,
    /// Rate over the base rate.
    pub lift: f64,
}

/// Every distinct threshold of the ROC curve, from nothing called to everything called.
///
/// # Errors
/// Empty input, unequal lengths, non-finite scores, a single class.
pub fn roc_curve(labels: &[bool], scores: &[f64]) -> Result<Vec<RocPoint>, Error> {
    let groups = Ranked::new(labels, "scores", scores)?.groups_down();
    let (n_positive, n_negative) = check_classes(labels)?;
    let mut curve = Vec::with_capacity(groups.len() + 1);
    curve.push(RocPoint {
        threshold: None,
        false_positive_rate: 0.0,
        true_positive_rate: 0.0,
    });
    let (mut positives, mut negatives) = (0.0, 0.0);
    for group in &groups {
        positives += group.positives;
        negatives += group.negatives;
        curve.push(RocPoint {
            threshold: Some(group.score),
            false_positive_rate: negatives / n_negative as f64,
            true_positive_rate: positives / n_positive as f64,
        });
    }
    Ok(curve)
}

/// Precision and recall at every distinct score, from the highest score down.
///
/// # Errors
/// As [`roc_curve`].
pub fn pr_curve(labels: &[bool], scores: &[f64]) -> Result<Vec<PrPoint>, Error> {
    let groups = Ranked::new(labels, "scores", scores)?.groups_down();
    Ok(operating_points(&groups)
        .map(|(threshold, precision, recall)| PrPoint {
            threshold,
            precision,
            recall,
        })
        .collect())
}

/// Cumulative gain at `1/n_bins, 2/n_bins, ..., 1` of the rows (10 for deciles).
///
/// # Errors
/// As [`roc_curve`], and `n_bins` of 0 or above the number of rows.
pub fn gain_curve(labels: &[bool], scores: &[f64], n_bins: usize) -> Result<Vec<GainPoint>, Error> {
    let groups = Ranked::new(labels, "scores", scores)?.groups_down();
    if n_bins == 0 || n_bins > labels.len() {
        return Err(Error::ParameterOutOfRange {
            parameter: "n_bins",
            value: n_bins as f64,
            expected: "at least 1 and at most the number of rows",
        });
    }
    let point = |bin: usize| {
        let fraction = bin as f64 / n_bins as f64;
        let list = top(&groups, fraction);
        GainPoint {
            fraction,
            n_rows: list.n_rows as usize,
            score: list.score,
            hits: list.hits,
            capture: list.capture,
            precision: list.precision,
            lift: list.lift,
        }
    };
    Ok((1..=n_bins).map(point).collect())
}

/// Rate and lift per slice of the list, highest scores first (10 bins for deciles).
///
/// # Errors
/// As [`gain_curve`].
pub fn lift_curve(labels: &[bool], scores: &[f64], n_bins: usize) -> Result<Vec<LiftBin>, Error> {
    let gains = gain_curve(labels, scores, n_bins)?;
    let (n_positive, _) = check_classes(labels)?;
    let base_rate = n_positive as f64 / labels.len() as f64;
    let (mut rows_before, mut hits_before) = (0, 0.0);
    let mut bins = Vec::with_capacity(gains.len());
    for (bin_idx, point) in gains.iter().enumerate() {
        let n_rows = point.n_rows - rows_before;
        let hits = point.hits - hits_before;
        // With nearly as many bins as rows the rounded lists may not grow by a row.
        let rate = if n_rows > 0 {
            hits / n_rows as f64
        } else {
            0.0
        };
        bins.push(LiftBin {
            bin: bin_idx + 1,
            n_rows,
            hits,
            rate,
            lift: rate / base_rate,
        });
        (rows_before, hits_before) = (point.n_rows, point.hits);
    }
    Ok(bins)
}
