//! What cross-validation says about a candidate: calibrated, thresholded, with intervals.

use churn_ensemble::Calibrator;
use churn_metrics::{Interval, MetricSet, mean_interval, profit_curve};
use serde::{Deserialize, Serialize};

use crate::{
    CalibrationChoice, Error, FoldResult, ThresholdPolicy,
    calibrate::{choose_calibrator, cross_fit},
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
    /// The calibrator, fitted on all out-of-fold margins.
    pub calibrator: Calibrator,
    /// The decision threshold, chosen on all out-of-fold probabilities.
    pub threshold: f64,
    /// Training and held-out rows of a fold, for the interval.
    pub fold_sizes: (usize, usize),
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
/// other folds' margins, so no label judges itself.
///
/// # Errors
/// A metric that can't be computed, e.g. a fold without leavers.
pub fn weigh(
    folds: &[FoldResult],
    rows: Rows<'_>,
    policy: ThresholdPolicy,
    economics: Economics,
) -> Result<Evidence, Error> {
    let repeats = Repeat::gather(folds, rows);
    let first = &repeats[0];
    let calibration = choose_calibrator(&first.margins, &first.labels, &first.part);
    let mut scores = Vec::with_capacity(folds.len());
    for repeat in &repeats {
        let probabilities = cross_fit(
            calibration.kind,
            &repeat.margins,
            &repeat.labels,
            &repeat.part,
        );
        for part in 0..repeat.n_parts() {
            scores.push(repeat.score(part, &probabilities, policy, economics)?);
        }
    }
    let all =
        |of: fn(&Repeat) -> &[f64]| -> Vec<f64> { repeats.iter().flat_map(of).copied().collect() };
    let margins = all(|repeat| &repeat.margins);
    let values = all(|repeat| &repeat.values);
    let labels: Vec<bool> = repeats
        .iter()
        .flat_map(|repeat| &repeat.labels)
        .copied()
        .collect();
    let calibrator = calibration.kind.fit(&margins, &labels);
    let probabilities: Vec<f64> = margins.iter().map(|&m| calibrator.apply(m)).collect();
    let threshold = choose_threshold(policy, &labels, &probabilities, &values, economics)?;
    let n_test = folds.iter().map(|fold| fold.held_out.len()).sum::<usize>() / folds.len().max(1);
    let fold_sizes = (first.labels.len() - n_test, n_test);
    let interval = |of: &dyn Fn(&FoldScore) -> f64| -> Result<Interval, Error> {
        let scores: Vec<f64> = scores.iter().map(of).collect();
        Ok(mean_interval(&scores, fold_sizes.0, fold_sizes.1)?)
    };
    let mut metrics = MetricSet::<Interval>::default();
    let mut fault = None;
    metrics = metrics
        .zip(MetricSet::from_fn(|name| name))
        .map(|(empty, name)| {
            interval(&|score: &FoldScore| score.metrics.get(name).copied().unwrap_or(f64::NAN))
                .unwrap_or_else(|error| {
                    fault.get_or_insert(error);
                    empty
                })
        });
    if let Some(fault) = fault {
        return Err(fault);
    }
    let profit_per_customer = interval(&|score| score.profit_per_customer)?;
    Ok(Evidence {
        folds: scores,
        metrics,
        profit_per_customer,
        calibration,
        calibrator,
        threshold,
        fold_sizes,
    })
}

/// The out-of-fold rows of one repeat, in row order.
struct Repeat {
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
    ) -> Result<FoldScore, Error> {
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
        Ok(FoldScore {
            metrics: MetricSet::compute(&labels, &probabilities, threshold)?,
            profit_per_customer: profit_at(&labels, &probabilities, &values, threshold, economics)?,
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
