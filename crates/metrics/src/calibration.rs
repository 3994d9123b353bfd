//! Whether a probability of 30 % means 30 of 100.
//!
//! Bins hold equal numbers of rows: the rows are sorted by probability (ties keep their input
//! order) and cut into `n_bins` runs whose sizes differ by at most one, the longer ones first.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::distribution::normal_quantile;
use crate::error::{Error, check_probabilities};
use crate::interval::Interval;
use crate::ranked::Ranked;
use crate::resample::percentile_interval;
use crate::set::CALIBRATION_BINS;

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
    /// Rows that were positive.
    pub n_positive: usize,
    /// Share of rows that were positive.
    pub observed_rate: f64,
    /// Lower end of the 95 % score interval of that share (Wilson 1927).
    pub rate_low: f64,
    /// Upper end of it.
    pub rate_high: f64,
}

/// How well calibrated a set of probabilities is, with what chance alone would show.
///
/// The expected calibration error of even a perfectly calibrated model is above 0, because the
/// rates of bins are taken from finite numbers of rows. So the figure means something only beside
/// [`Self::if_calibrated`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CalibrationSummary {
    /// Expected calibration error over equal-mass bins, 0..=1.
    pub ece: f64,
    /// The same figure for labels drawn from the probabilities themselves: its mean, and the
    /// range that holds 95 of 100 draws.
    pub if_calibrated: Interval,
    /// Mean probability.
    pub mean_probability: f64,
    /// Share of rows that were positive.
    pub observed_rate: f64,
}

impl CalibrationSummary {
    /// Whether the error is one that a perfectly calibrated model would show, too.
    #[must_use]
    pub fn is_like_calibrated(&self) -> bool {
        self.ece <= self.if_calibrated.high
    }
}

/// What calibration did to a model's probabilities, on rows it did not learn from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationReport {
    /// The form chosen: `identity`, `platt`, `beta` or `isotonic`.
    pub kind: String,
    /// The model's own probabilities.
    pub before: CalibrationSummary,
    /// The calibrated ones.
    pub after: CalibrationSummary,
    /// Bins of equal mass of the calibrated probabilities: what was said against what happened.
    pub reliability: Vec<ReliabilityBin>,
}

/// Bins of the table of a [`CalibrationReport`], and draws behind its summaries.
const REPORT_BINS: usize = 10;
const REPORT_DRAWS: usize = 200;

impl CalibrationReport {
    /// Judges the probabilities of the same rows before and after calibration.
    ///
    /// # Errors
    /// As [`calibration_summary`].
    pub fn new(
        kind: &str,
        labels: &[bool],
        before: &[f64],
        after: &[f64],
        seed: u64,
    ) -> Result<Self, Error> {
        let summary = |probabilities: &[f64]| {
            calibration_summary(labels, probabilities, CALIBRATION_BINS, seed, REPORT_DRAWS)
        };
        Ok(Self {
            kind: kind.to_owned(),
            before: summary(before)?,
            after: summary(after)?,
            reliability: reliability_table(labels, after, REPORT_BINS)?,
        })
    }
}

/// Expected calibration error over `n_bins` equal-mass bins beside that of `n_draws` sets of
/// labels drawn from the probabilities (a parametric bootstrap under perfect calibration: Bröcker
/// and Smith 2007). The same at any thread count.
///
/// # Errors
/// As [`expected_calibration_error`], and no draws.
pub fn calibration_summary(
    labels: &[bool],
    probabilities: &[f64],
    n_bins: usize,
    seed: u64,
    n_draws: usize,
) -> Result<CalibrationSummary, Error> {
    check(labels, probabilities, n_bins)?;
    if n_draws == 0 {
        return Err(Error::ParameterOutOfRange {
            parameter: "n_draws",
            value: 0.0,
            expected: "at least one draw (200 is usual)",
        });
    }
    let ranked = Ranked::sort(labels, probabilities);
    let ones = vec![1; ranked.len()];
    let drawn = (0..n_draws as u64)
        .into_par_iter()
        .map(|draw| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(draw);
            let labels = ranked
                .scores
                .iter()
                .map(|&p| rng.random_range(0.0..1.0) < p)
                .collect();
            let drawn = Ranked {
                labels,
                ..ranked.clone()
            };
            ece_of(&drawn, &ones, n_bins)
        })
        .collect::<Vec<f64>>();
    let n = ranked.len() as f64;
    let mean = drawn.iter().sum::<f64>() / n_draws as f64;
    Ok(CalibrationSummary {
        ece: ece_of(&ranked, &ones, n_bins),
        if_calibrated: percentile_interval(mean, drawn, 0.95),
        mean_probability: ranked.scores.iter().sum::<f64>() / n,
        observed_rate: labels.iter().filter(|&&label| label).count() as f64 / n,
    })
}

/// Score interval of a share of `hits` in `n` rows at 95 % (Wilson 1927).
fn wilson(hits: usize, n: usize) -> (f64, f64) {
    let z = normal_quantile(0.975);
    let n = n as f64;
    let share = hits as f64 / n;
    let middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    // Rounding must not leave the share outside its own interval.
    (
        (middle - half).clamp(0.0, share),
        (middle + half).clamp(share, 1.0),
    )
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
        let (rate_low, rate_high) = wilson(hits, n_rows);
        table.push(ReliabilityBin {
            low: ranked.scores[start],
            high: ranked.scores[start + n_rows - 1],
            n_rows,
            mean_probability: ranked.scores[rows].iter().sum::<f64>() / n_rows as f64,
            n_positive: hits,
            observed_rate: hits as f64 / n_rows as f64,
            rate_low,
            rate_high,
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
