//! Whether a probability of 30 % means 30 of 100.
//!
//! Bins hold equal numbers of rows: the rows are sorted by probability (ties keep their input
//! order) and cut into `n_bins` runs whose sizes differ by at most one, the longer ones first.

use serde::{Deserialize, Serialize};

use crate::error::{Error, check_probabilities};
use crate::ranked::Ranked;

/// One run of rows with similar probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Lowest probability in the bin.
    pub low: f64,
    /// Highest probability in the bin.
    pub high: f64,
    /// Rows in the bin.
    pub n_rows: usize,
    /// Mean predicted probability.
    pub mean_probability: f64,
    /// Share of rows that were positive.
    pub observed_rate: f64,
}

/// Expected calibration error over `n_bins` equal-mass bins, 0..=1, 0 is perfect.
///
/// The row-weighted mean distance between predicted and observed rate per bin.
///
/// # Errors
/// Empty input, unequal lengths, probabilities outside 0..=1, no bins.
pub fn expected_calibration_error(
    labels: &[bool],
    probabilities: &[f64],
    n_bins: usize,
) -> Result<f64, Error> {
    check(labels, probabilities, n_bins)?;
    let ranked = Ranked::sort(labels, probabilities);
    Ok(ece_of(&ranked, &vec![1; ranked.len()], n_bins))
}

/// Predicted against observed rate in `n_bins` equal-mass bins, from low to high probability.
///
/// Bins that would hold no row (more bins than rows) are left out.
///
/// # Errors
/// As [`expected_calibration_error`].
pub fn reliability_table(
    labels: &[bool],
    probabilities: &[f64],
    n_bins: usize,
) -> Result<Vec<ReliabilityBin>, Error> {
    check(labels, probabilities, n_bins)?;
    let ranked = Ranked::sort(labels, probabilities);
    let mut table = Vec::with_capacity(n_bins);
    let mut start = 0;
    for bin in 0..n_bins {
        let n_rows = bin_size(ranked.len(), n_bins, bin);
        if n_rows == 0 {
            break;
        }
        let rows = start..start + n_rows;
        let hits = ranked.labels[rows.clone()]
            .iter()
            .filter(|&&label| label)
            .count();
        table.push(ReliabilityBin {
            low: ranked.scores[start],
            high: ranked.scores[start + n_rows - 1],
            n_rows,
            mean_probability: ranked.scores[rows].iter().sum::<f64>() / n_rows as f64,
            observed_rate: hits as f64 / n_rows as f64,
        });
        start += n_rows;
    }
    Ok(table)
}

/// ECE of a resample: `counts[i]` copies of sorted row `i`; a row may lie across two bins.
pub(crate) fn ece_of(ranked: &Ranked, counts: &[u32], n_bins: usize) -> f64 {
    let n_rows: u64 = counts.iter().map(|&count| u64::from(count)).sum();
    let mut gap_sum = 0.0;
    let (mut bin, mut room) = (0, bin_size(n_rows as usize, n_bins, 0));
    let (mut probability_sum, mut hits) = (0.0, 0.0);
    for (position, &count) in counts.iter().enumerate() {
        let mut left = count as usize;
        while left > 0 {
            let taken = left.min(room);
            probability_sum += taken as f64 * ranked.scores[position];
            if ranked.labels[position] {
                hits += taken as f64;
            }
            left -= taken;
            room -= taken;
            if room == 0 {
                gap_sum += f64::abs(probability_sum - hits);
                (probability_sum, hits) = (0.0, 0.0);
                bin += 1;
                room = bin_size(n_rows as usize, n_bins, bin);
            }
        }
    }
    gap_sum / n_rows as f64
}

fn bin_size(n_rows: usize, n_bins: usize, bin: usize) -> usize {
    n_rows / n_bins + usize::from(bin < n_rows % n_bins)
}

fn check(labels: &[bool], probabilities: &[f64], n_bins: usize) -> Result<(), Error> {
    check_probabilities(labels, probabilities)?;
    if n_bins == 0 {
        return Err(Error::ParameterOutOfRange {
            parameter: "n_bins",
            value: 0.0,
            expected: "at least one bin",
        });
    }
    Ok(())
}
