//! What cross-validation says about a candidate: calibrated, thresholded, with intervals.

use churn_ensemble::{Calibrator, IntervalTable};
use churn_metrics::{
    CalibrationReport, Interval, MetricSet, ProfitCurve, mean_interval, profit_curve, thin_curve,
};
use serde::{Deserialize, Serialize};

use crate::{
    CalibrationChoice, CalibratorKind, Error, FoldResult, ThresholdPolicy,
    calibrate::{choose_calibrator, cross_fit},
    intervals::{OutOfFold, fit_intervals},
    logistic::sigmoid,
    seed::derive_seed,
    threshold::{Economics, choose_threshold},
};

/// Metrics of one fold at a threshold chosen on the other folds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FoldScore {
    /// The standard metrics.
    pub metrics: MetricSet<f64>,
    /// Money earned per customer by contacting those at or above the threshold.
    pub profit_per_customer: f64,
}

impl FoldScore {
    /// A metric by name; `profit` is [`FoldScore::profit_per_customer`].
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        if name == "profit" {
            return Some(self.profit_per_customer);
        }
        self.metrics.get(name).copied()
    }
}

/// Everything learned from the folds about one candidate.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// One per fold, in fold order.
    pub folds: Vec<FoldScore>,
    /// Mean over folds with the interval of Nadeau and Bengio (2003), which allows for folds
    /// sharing training rows.
    pub metrics: MetricSet<Interval>,
    /// Likewise for money per customer.
    pub profit_per_customer: Interval,
    /// How probabilities are calibrated and what the other forms gave.
    pub calibration: CalibrationChoice,
    /// What calibration did, on the first repeat's rows.
    pub calibration_report: CalibrationReport,
    /// Profit by threshold, thinned for drawing, on the first repeat's rows.
    pub profit_curve: ProfitCurve,
    /// The first repeat's rows, for comparing candidates row by row.
    pub out_of_fold: OutOfFoldRows,
    /// The calibrator, fitted on all out-of-fold margins.
    pub calibrator: Calibrator,
    /// How far a probability may be off.
    pub intervals: IntervalTable,
    /// The decision threshold, chosen on all out-of-fold probabilities.
    pub threshold: f64,
    /// Training and held-out rows of a fold, for the interval.
    pub fold_sizes: (usize, usize),
}

impl Evidence {
    /// A metric of every fold, in fold order; NaN for an unknown name.
    #[must_use]
    pub fn scores(&self, metric: &str) -> Vec<f64> {
        let of = |fold: &FoldScore| fold.get(metric).unwrap_or(f64::NAN);
        self.folds.iter().map(of).collect()
    }
}

/// What is said of each row of the first repeat by a model, a calibrator and a threshold that
/// never saw it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OutOfFoldRows {
    /// The rows, ascending.
    pub rows: Vec<usize>,
    /// Calibrated probability of each.
    pub probabilities: Vec<f64>,
    /// Whether each would be contacted.
    pub contacted: Vec<bool>,
}

/// Rows as the economics see them.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// `true` = left.
    pub labels: &'a [bool],
    /// Value of keeping each customer, in major units of money.
    pub values: &'a [f64],
}

/// Turns fold results into evidence.
///
/// Within each repeat, the calibrator and the threshold a fold is judged with are fitted on the
/// other folds' margins, so no label judges itself. `seed` is behind the bootstrap of the
/// intervals.
///
/// # Errors
/// A metric that can't be computed, e.g. a fold without leavers.
pub fn weigh(
    folds: &[FoldResult],
    rows: Rows<'_>,
    policy: ThresholdPolicy,
    economics: Economics,
    seed: u64,
) -> Result<Evidence, Error> {
    let repeats = Repeat::gather(folds, rows);
    let first = &repeats[0];
    let calibration = choose_calibrator(&first.margins, &first.labels, &first.part);
    let kind = calibration.kind;
    let (scores, out_of_fold) = judge(&repeats, kind, policy, economics)?;
    let all =
        |of: fn(&Repeat) -> &[f64]| -> Vec<f64> { repeats.iter().flat_map(of).copied().collect() };
    let margins = all(|repeat| &repeat.margins);
    let values = all(|repeat| &repeat.values);
    let labels: Vec<bool> = repeats
        .iter()
        .flat_map(|repeat| &repeat.labels)
        .copied()
        .collect();
    let calibrator = kind.fit(&margins, &labels);
    let probabilities: Vec<f64> = margins.iter().map(|&m| calibrator.apply(m)).collect();
    let threshold = choose_threshold(policy, &labels, &probabilities, &values, economics)?;
    let n_test = folds.iter().map(|fold| fold.held_out.len()).sum::<usize>() / folds.len().max(1);
    let fold_sizes = (first.labels.len() - n_test, n_test);
    let out_of_fold_margins = OutOfFold {
        margins: same_rows(&repeats),
        labels: &first.labels,
        train_per_held_out: fold_sizes.0 as f64 / fold_sizes.1.max(1) as f64,
    };
    let intervals_seed = derive_seed(seed, "intervals", 0);
    let intervals = fit_intervals(kind, &calibrator, &out_of_fold_margins, intervals_seed);
    let profits: Vec<f64> = scores.iter().map(|s| s.profit_per_customer).collect();
    Ok(Evidence {
        metrics: mean_metrics(&scores, fold_sizes)?,
        profit_per_customer: mean_interval(&profits, fold_sizes.0, fold_sizes.1)?,
        folds: scores,
        calibration_report: first.report(kind, &out_of_fold.probabilities, seed)?,
        profit_curve: first.curve(&out_of_fold.probabilities, economics)?,
        calibration,
        out_of_fold,
        calibrator,
        intervals,
        threshold,
        fold_sizes,
    })
}

/// Scores of every fold, and what was said of the rows of the first repeat.
fn judge(
    repeats: &[Repeat],
    kind: CalibratorKind,
    policy: ThresholdPolicy,
    economics: Economics,
) -> Result<(Vec<FoldScore>, OutOfFoldRows), Error> {
    let mut scores = Vec::new();
    let mut out_of_fold = OutOfFoldRows::default();
    for (number, repeat) in repeats.iter().enumerate() {
        let probabilities = cross_fit(kind, &repeat.margins, &repeat.labels, &repeat.part);
        let mut thresholds = Vec::with_capacity(repeat.n_parts());
        for part in 0..repeat.n_parts() {
            let (score, threshold) = repeat.score(part, &probabilities, policy, economics)?;
            scores.push(score);
            thresholds.push(threshold);
        }
        if number == 0 {
            let rows = repeat.part.iter().zip(&probabilities);
            out_of_fold = OutOfFoldRows {
                rows: repeat.rows.clone(),
                contacted: rows.map(|(&part, &p)| p >= thresholds[part]).collect(),
                probabilities,
            };
        }
    }
    Ok((scores, out_of_fold))
}

/// Means over the folds with their intervals.
fn mean_metrics(
    scores: &[FoldScore],
    (n_train, n_test): (usize, usize),
) -> Result<MetricSet<Interval>, Error> {
    let mut fault = None;
    let metrics = MetricSet::from_fn(|name| {
        let of_fold = |score: &FoldScore| score.metrics.get(name).copied().unwrap_or(f64::NAN);
        let scores: Vec<f64> = scores.iter().map(of_fold).collect();
        let interval = mean_interval(&scores, n_train, n_test).unwrap_or_else(|error| {
            fault.get_or_insert(error);
            Interval::default()
        });
        let (least, most) = bounds(name);
        Interval {
            low: interval.low.max(least),
            high: interval.high.min(most),
            ..interval
        }
    });
    match fault {
        Some(fault) => Err(fault.into()),
        None => Ok(metrics),
    }
}

/// What a metric can be: Student's t knows no bounds, and on a few folds it says ROC-AUC 1.5.
fn bounds(metric: &str) -> (f64, f64) {
    match metric {
        "matthews" => (-1.0, 1.0),
        "log_loss" | "lift_at_10" | "lift_at_20" => (0.0, f64::INFINITY),
        _ => (0.0, 1.0),
    }
}

/// Margins of the repeats that hold the rows of the first one, which comes first.
fn same_rows(repeats: &[Repeat]) -> Vec<&[f64]> {
    let same = repeats
        .iter()
        .filter(|repeat| repeat.rows == repeats[0].rows);
    same.map(|repeat| repeat.margins.as_slice()).collect()
}

/// Points kept of a profit curve.
const CURVE_POINTS: usize = 60;

/// The out-of-fold rows of one repeat, in row order.
struct Repeat {
    rows: Vec<usize>,
    margins: Vec<f64>,
    labels: Vec<bool>,
    values: Vec<f64>,
    part: Vec<usize>,
}

impl Repeat {
    fn gather(folds: &[FoldResult], rows: Rows<'_>) -> Vec<Self> {
        let n_repeats = folds.iter().map(|fold| fold.repeat + 1).max().unwrap_or(0);
        (0..n_repeats)
            .map(|repeat| {
                let mut all: Vec<(usize, usize, f64)> = folds
                    .iter()
                    .filter(|fold| fold.repeat == repeat)
                    .flat_map(|fold| {
                        let rows = fold.held_out.iter().zip(&fold.margins);
                        rows.map(|(&row, &margin)| (row, fold.index, margin))
                    })
                    .collect();
                all.sort_unstable_by_key(|&(row, ..)| row);
                Self {
                    rows: all.iter().map(|&(row, ..)| row).collect(),
                    margins: all.iter().map(|&(_, _, margin)| margin).collect(),
                    labels: all.iter().map(|&(row, ..)| rows.labels[row]).collect(),
                    values: all.iter().map(|&(row, ..)| rows.values[row]).collect(),
                    part: all.iter().map(|&(_, part, _)| part).collect(),
                }
            })
            .collect()
    }

    fn n_parts(&self) -> usize {
        self.part.iter().max().map_or(0, |last| last + 1)
    }

    fn score(
        &self,
        part: usize,
        probabilities: &[f64],
        policy: ThresholdPolicy,
        economics: Economics,
    ) -> Result<(FoldScore, f64), Error> {
        let pick = |inside: bool| -> (Vec<bool>, Vec<f64>, Vec<f64>) {
            let rows = (0..self.part.len()).filter(|&row| (self.part[row] == part) == inside);
            let mut picked = (Vec::new(), Vec::new(), Vec::new());
            for row in rows {
                picked.0.push(self.labels[row]);
                picked.1.push(probabilities[row]);
                picked.2.push(self.values[row]);
            }
            picked
        };
        let (other_labels, other_probabilities, other_values) = pick(false);
        let threshold = choose_threshold(
            policy,
            &other_labels,
            &other_probabilities,
            &other_values,
            economics,
        )?;
        let (labels, probabilities, values) = pick(true);
        let score = FoldScore {
            metrics: MetricSet::compute(&labels, &probabilities, threshold)?,
            profit_per_customer: profit_at(&labels, &probabilities, &values, threshold, economics)?,
        };
        Ok((score, threshold))
    }

    /// What calibration did to the model's own probabilities.
    fn report(
        &self,
        kind: CalibratorKind,
        calibrated: &[f64],
        seed: u64,
    ) -> Result<CalibrationReport, Error> {
        let own: Vec<f64> = self.margins.iter().map(|&m| sigmoid(m)).collect();
        let seed = derive_seed(seed, "calibration report", 0);
        Ok(CalibrationReport::new(
            kind.name(),
            &self.labels,
            &own,
            calibrated,
            seed,
        )?)
    }

    fn curve(&self, calibrated: &[f64], economics: Economics) -> Result<ProfitCurve, Error> {
        let costs = vec![economics.contact_cost; self.labels.len()];
        let curve = profit_curve(
            &self.labels,
            calibrated,
            &self.values,
            &costs,
            economics.save_rate,
        )?;
        Ok(ProfitCurve {
            contact_cost: economics.contact_cost,
            save_rate: economics.save_rate,
            n_rows: self.labels.len(),
            points: thin_curve(&curve, CURVE_POINTS),
        })
    }
}

/// Money per customer when everyone at or above `threshold` is contacted.
///
/// # Errors
/// As [`churn_metrics::profit_curve`].
pub fn profit_at(
    labels: &[bool],
    probabilities: &[f64],
    values: &[f64],
    threshold: f64,
    economics: Economics,
) -> Result<f64, Error> {
    let costs = vec![economics.contact_cost; labels.len()];
    let curve = profit_curve(labels, probabilities, values, &costs, economics.save_rate)?;
    let reached = curve
        .iter()
        .take_while(|point| point.threshold.is_none_or(|at| at >= threshold))
        .last();
    Ok(reached.map_or(0.0, |point| point.profit) / labels.len() as f64)
}
