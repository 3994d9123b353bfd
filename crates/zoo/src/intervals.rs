//! How far a customer's probability may be off, from the folds.
//!
//! Two sources of chance are added up, both in calibrated log-odds and as functions of the
//! margin:
//!
//! - *Calibration* was learned from a finite number of customers. Its standard error is that of
//!   the bootstrap (Efron and Tibshirani 1993): rows of one repeat are drawn with replacement and
//!   the curve is fitted again, in the form that was chosen; as a Platt calibration when none
//!   was needed.
//! - *The model* would have come out otherwise from another sample of customers. Repeats of the
//!   cross-validation give each customer margins of models that saw different parts of the
//!   training rows; their variance times training rows over held-out rows is the delete-d
//!   jackknife (Shao and Wu 1989) of the model's own variance.
//!
//! The half-width is the normal quantile times the root of the sum.

use churn_ensemble::{Calibrator, IntervalCovers, IntervalTable};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use rayon::prelude::*;

use crate::calibrate::{CalibratorKind, Point};

/// Coverage of the intervals, and the normal quantile behind it.
const LEVEL: f64 = 0.95;
const QUANTILE: f64 = 1.959_963_984_540_054;
/// Knots of the table: equal numbers of rows each.
const KNOTS: usize = 32;
/// Points a bootstrap replicate is fitted to: equal numbers of rows each.
const POINTS: usize = 64;
/// Bootstrap replicates.
const REPLICATES: usize = 200;
/// Log-odds beyond which a probability is 0 or 1 for all purposes.
const CERTAIN: f64 = 20.0;

/// What the folds gave: out-of-fold log-odds of the same rows in the same order, per repeat.
pub(crate) struct OutOfFold<'a> {
    /// One vector per repeat, at least one.
    pub(crate) margins: Vec<&'a [f64]>,
    /// `true` = left.
    pub(crate) labels: &'a [bool],
    /// Training rows of a fold per row held out.
    pub(crate) train_per_held_out: f64,
}

/// The table of half-widths. Depends on its arguments alone, at any number of threads.
pub(crate) fn fit_intervals(
    kind: CalibratorKind,
    calibrator: &Calibrator,
    rows: &OutOfFold<'_>,
    seed: u64,
) -> IntervalTable {
    let margins = rows.margins[0];
    let mut order: Vec<usize> = (0..margins.len()).collect();
    order.sort_by(|&a, &b| margins[a].total_cmp(&margins[b]));
    let bins = knot_bins(&order, margins);
    let knots: Vec<f64> = bins.iter().map(|bin| mean_of(bin, margins)).collect();
    let of_calibration = calibration_variances(kind, &order, rows, &knots, seed);
    let of_model = model_variances(calibrator, rows, &bins);
    let half_widths = of_calibration
        .iter()
        .zip(of_model.iter().flatten().chain(std::iter::repeat(&0.0)))
        .map(|(calibration, model)| QUANTILE * (calibration + model).sqrt())
        .collect();
    IntervalTable {
        level: LEVEL,
        covers: if of_model.is_some() {
            IntervalCovers::CalibrationAndSample
        } else {
            IntervalCovers::Calibration
        },
        margins: knots,
        half_widths,
    }
}

/// Runs of `order` with nearly equal numbers of rows; rows of equal margin share one.
fn knot_bins<'a>(order: &'a [usize], margins: &[f64]) -> Vec<&'a [usize]> {
    let mut bins: Vec<&[usize]> = Vec::with_capacity(KNOTS);
    let mut start = 0;
    for knot in 1..=KNOTS {
        let mut end = (knot * order.len() / KNOTS).max(start);
        while end > start && end < order.len() && margins[order[end]] <= margins[order[end - 1]] {
            end += 1;
        }
        if end > start {
            bins.push(&order[start..end]);
            start = end;
        }
    }
    bins
}

fn mean_of(bin: &[usize], values: &[f64]) -> f64 {
    bin.iter().map(|&row| values[row]).sum::<f64>() / bin.len() as f64
}

/// Bootstrap variance of the calibrated log-odds at each knot.
fn calibration_variances(
    kind: CalibratorKind,
    order: &[usize],
    rows: &OutOfFold<'_>,
    knots: &[f64],
    seed: u64,
) -> Vec<f64> {
    let margins = rows.margins[0];
    let kind = match kind {
        // Nothing was fitted because nothing better was shown, not because it is known to be right.
        CalibratorKind::Identity => CalibratorKind::Platt,
        other => other,
    };
    let n = order.len();
    let n_points = POINTS.min(n);
    // Which point each row of `order` belongs to, and the margin of the point.
    let point_of = |place: usize| place * n_points / n.max(1);
    let mut empty = vec![(0.0, 0.0); n_points];
    for (place, &row) in order.iter().enumerate() {
        let (sum, count) = &mut empty[point_of(place)];
        *sum += margins[row];
        *count += 1.0;
    }
    let empty: Vec<Point> = empty
        .into_iter()
        .map(|(sum, count)| Point {
            margin: sum / f64::max(count, 1.0),
            left: 0.0,
            rows: 0.0,
        })
        .collect();
    let replicates: Vec<Vec<f64>> = (0..REPLICATES as u64)
        .into_par_iter()
        .map(|replicate| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(replicate);
            let mut points = empty.clone();
            for _ in 0..n {
                let place = rng.random_range(0..n);
                let point = &mut points[point_of(place)];
                point.rows += 1.0;
                point.left += f64::from(u8::from(rows.labels[order[place]]));
            }
            points.retain(|point| point.rows > 0.0);
            let calibrator = kind.fit_points(&points);
            knots.iter().map(|&m| log_odds(&calibrator, m)).collect()
        })
        .collect();
    (0..knots.len())
        .map(|knot| variance(replicates.iter().map(|curve| curve[knot])))
        .collect()
}

/// Jackknife variance of the calibrated log-odds in each bin; `None` for a single repeat.
fn model_variances(
    calibrator: &Calibrator,
    rows: &OutOfFold<'_>,
    bins: &[&[usize]],
) -> Option<Vec<f64>> {
    if rows.margins.len() < 2 {
        return None;
    }
    let of_row = |row: usize| {
        variance(
            rows.margins
                .iter()
                .map(|margins| log_odds(calibrator, margins[row])),
        )
    };
    let of_bin = |bin: &&[usize]| {
        let sum: f64 = bin.iter().map(|&row| of_row(row)).sum();
        rows.train_per_held_out * sum / bin.len() as f64
    };
    Some(bins.iter().map(of_bin).collect())
}

fn log_odds(calibrator: &Calibrator, margin: f64) -> f64 {
    let probability = calibrator.apply(margin);
    (probability / (1.0 - probability))
        .ln()
        .clamp(-CERTAIN, CERTAIN)
}

/// Sample variance; 0 for fewer than two values.
fn variance(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let n = values.clone().count() as f64;
    if n < 2.0 {
        return 0.0;
    }
    let mean = values.clone().sum::<f64>() / n;
    values.map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logistic::sigmoid;

    fn normal(rng: &mut ChaCha8Rng) -> f64 {
        // Sum of twelve uniform numbers less six: normal enough, and exact in variance.
        (0..12).map(|_| rng.random_range(0.0..1.0)).sum::<f64>() - 6.0
    }

    /// Share of customers whose true probability lies in the interval, over several samples: the
    /// model is off the truth by `noise` in log-odds and `tilt` is what calibration has to mend.
    fn coverage(noise: f64, n_repeats: usize, tilt: f64) -> f64 {
        let (mut inside, mut all) = (0.0, 0.0);
        for sample in 0..60 {
            let mut rng = ChaCha8Rng::seed_from_u64(sample);
            let n = 500;
            let truth: Vec<f64> = (0..n).map(|_| 1.3 * normal(&mut rng) - 1.0).collect();
            let labels: Vec<bool> = truth
                .iter()
                .map(|&z| rng.random_range(0.0..1.0) < sigmoid(z))
                .collect();
            let model: Vec<f64> = truth.iter().map(|z| z + noise * normal(&mut rng)).collect();
            // Models of four fifths of the rows differ from each other by half of the noise.
            let repeats: Vec<Vec<f64>> = (0..n_repeats)
                .map(|_| {
                    let wobble = |z: &f64| (z + 0.5 * noise * normal(&mut rng)) / tilt;
                    model.iter().map(wobble).collect()
                })
                .collect();
            let rows = OutOfFold {
                margins: repeats.iter().map(Vec::as_slice).collect(),
                labels: &labels,
                train_per_held_out: 4.0,
            };
            let calibrator = CalibratorKind::Platt.fit(rows.margins[0], &labels);
            let table = fit_intervals(CalibratorKind::Platt, &calibrator, &rows, 7);
            table.check().unwrap();
            for (z, margin) in truth.iter().zip(&model) {
                let margin = margin / tilt;
                let (low, high) = table.around(margin, calibrator.apply(margin));
                inside += f64::from(u8::from(low <= sigmoid(*z) && sigmoid(*z) <= high));
                all += 1.0;
            }
        }
        inside / all
    }

    #[test]
    fn intervals_hold_the_truth_about_as_often_as_they_say() {
        for (noise, n_repeats, tilt) in [(0.0, 1, 0.6), (0.3, 2, 1.5)] {
            let share = coverage(noise, n_repeats, tilt);
            assert!(
                (0.9..=0.99).contains(&share),
                "{share} at noise {noise}, tilt {tilt}"
            );
        }
        // Without repeats nothing is known of the model's own chance, and the table says so.
        assert!(coverage(0.4, 1, 1.0) < 0.8);
    }

    #[test]
    fn tables_are_small_the_same_every_time_and_sound_on_hard_cases() {
        let margins: Vec<f64> = (0..300).map(|i| f64::from(i % 40) / 8.0 - 3.0).collect();
        let labels: Vec<bool> = margins.iter().map(|&m| m > 0.5).collect();
        let flat = vec![-1.2; 300];
        for kind in CalibratorKind::ALL {
            for margins in [&margins, &flat] {
                let rows = OutOfFold {
                    margins: vec![margins, margins],
                    labels: &labels,
                    train_per_held_out: 4.0,
                };
                let calibrator = kind.fit(margins, &labels);
                let table = fit_intervals(kind, &calibrator, &rows, 1);
                table.check().unwrap();
                assert!(table.margins.len() <= KNOTS);
                assert_eq!(table, fit_intervals(kind, &calibrator, &rows, 1));
            }
        }
    }
}
