//! Percentile intervals by the stratified bootstrap, the same at any thread count.
//!
//! Each replicate draws as many positives and as many negatives as there are, with
//! replacement, from a generator keyed by the seed with the replicate number as its stream;
//! results are collected in replicate order. The base rate is therefore held fixed, which is
//! what an interval "for a base like this one" asks for. Efron and Tibshirani, *An
//! Introduction to the Bootstrap* (1993), chapter 13.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use rayon::prelude::*;

use crate::error::{Error, check_classes, check_scores};
use crate::interval::Interval;
use crate::set::{MetricSet, Prepared};

/// Level of the intervals of [`bootstrap_all`].
const LEVEL: f64 = 0.95;

/// Every figure of [`MetricSet`] with its 95 % bootstrap interval.
///
/// The rows are sorted once; a replicate is a count per sorted row, so a thousand replicates
/// of a thousand rows take well under a second. `Interval::mean` is the figure on the rows
/// themselves, not the mean of the replicates.
///
/// The calibration error of a resample is larger than that of the rows, because rows drawn twice
/// add noise to its bins: the plain interval can lie wholly above the figure. Its replicates are
/// therefore moved so that their mean is the figure, and not below 0. This says how much the
/// figure would vary on other rows; that it lies above 0 even for a perfectly calibrated model is
/// what [`crate::calibration_summary`] shows.
///
/// # Errors
/// As [`MetricSet::compute`], and no replicates.
pub fn bootstrap_all(
    labels: &[bool],
    probabilities: &[f64],
    threshold: f64,
    seed: u64,
    n_replicates: usize,
) -> Result<MetricSet<Interval>, Error> {
    check_replicates(n_replicates)?;
    let prepared = Prepared::new(labels, probabilities, threshold)?;
    let strata = Strata::new(&prepared.ranked.labels);
    let replicates: Vec<MetricSet<f64>> = (0..n_replicates)
        .into_par_iter()
        .map_init(
            || vec![0u32; labels.len()],
            |counts, replicate| {
                counts.fill(0);
                strata.draw(seed, replicate, |row| counts[row] += 1);
                prepared.compute(counts)
            },
        )
        .collect();
    let mut columns = MetricSet::from_fn(|_| Vec::with_capacity(n_replicates));
    for replicate in replicates {
        columns = columns.zip(replicate).map(|(mut column, value)| {
            column.push(value);
            column
        });
    }
    let point = prepared.compute(&vec![1; labels.len()]);
    let excess = columns.ece.iter().sum::<f64>() / n_replicates as f64 - point.ece;
    for replicate in &mut columns.ece {
        *replicate = (*replicate - excess).max(0.0);
    }
    Ok(point
        .zip(columns)
        .map(|(mean, column)| percentile_interval(mean, column, LEVEL)))
}

/// Bootstrap interval of any figure `stat(labels, scores)`.
///
/// `level` is the coverage, between 0 and 1 (0.95 is usual). For the built-in figures
/// [`bootstrap_all`] is much faster.
///
/// # Errors
/// Empty input, unequal lengths, non-finite scores, a single class, no replicates, a level
/// outside (0, 1), and whatever `stat` refuses.
pub fn bootstrap<F>(
    labels: &[bool],
    scores: &[f64],
    seed: u64,
    n_replicates: usize,
    level: f64,
    stat: F,
) -> Result<Interval, Error>
where
    F: Fn(&[bool], &[f64]) -> Result<f64, Error> + Sync,
{
    check_scores(labels, "scores", scores)?;
    check_classes(labels)?;
    check_replicates(n_replicates)?;
    if !(level > 0.0 && level < 1.0) {
        return Err(Error::ParameterOutOfRange {
            parameter: "level",
            value: level,
            expected: "a coverage between 0 and 1, such as 0.95",
        });
    }
    let point = stat(labels, scores)?;
    let strata = Strata::new(labels);
    let replicates = (0..n_replicates)
        .into_par_iter()
        .map(|replicate| {
            let mut drawn_labels = Vec::with_capacity(labels.len());
            let mut drawn_scores = Vec::with_capacity(labels.len());
            strata.draw(seed, replicate, |row| {
                drawn_labels.push(labels[row]);
                drawn_scores.push(scores[row]);
            });
            stat(&drawn_labels, &drawn_scores)
        })
        .collect::<Result<Vec<f64>, Error>>()?;
    Ok(percentile_interval(point, replicates, level))
}

/// Positions of the rows of either class.
pub(crate) struct Strata {
    positives: Vec<usize>,
    negatives: Vec<usize>,
}

impl Strata {
    pub(crate) fn new(labels: &[bool]) -> Self {
        let of_class = |class: bool| {
            labels
                .iter()
                .enumerate()
                .filter(|&(_, &l)| l == class)
                .map(|(row, _)| row)
                .collect()
        };
        Self {
            positives: of_class(true),
            negatives: of_class(false),
        }
    }

    /// Hands each drawn row to `take`: as many of either class as there are.
    pub(crate) fn draw(&self, seed: u64, replicate: usize, mut take: impl FnMut(usize)) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(replicate as u64);
        for class in [&self.positives, &self.negatives] {
            for _ in 0..class.len() {
                take(class[rng.random_range(0..class.len())]);
            }
        }
    }
}

/// The middle `level` of the replicates; quantiles interpolate linearly between values.
pub(crate) fn percentile_interval(mean: f64, mut replicates: Vec<f64>, level: f64) -> Interval {
    replicates.sort_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    Interval {
        mean,
        low: quantile(&replicates, tail),
        high: quantile(&replicates, 1.0 - tail),
    }
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    let position = share * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (position - below as f64) * (sorted[above] - sorted[below])
}

pub(crate) fn check_replicates(n_replicates: usize) -> Result<(), Error> {
    if n_replicates == 0 {
        return Err(Error::ParameterOutOfRange {
            parameter: "n_replicates",
            value: 0.0,
            expected: "at least one replicate (1000 is usual)",
        });
    }
    Ok(())
}
