//! Fitting calibrators on out-of-fold margins, and choosing between them.

use churn_ensemble::Calibrator;
use serde::{Deserialize, Serialize};

use crate::logistic::{sigmoid, softplus};

/// The forms on offer, simplest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalibratorKind {
    /// The model's own probability.
    Identity,
    /// A straight line in log-odds (Platt 1999).
    Platt,
    /// Any rising curve (Zadrozny and Elkan 2002).
    Isotonic,
}

impl CalibratorKind {
    /// All forms, simplest first.
    pub const ALL: [Self; 3] = [Self::Identity, Self::Platt, Self::Isotonic];

    /// Fits this form. `margins` must be out-of-fold: a model's margins on its own training rows
    /// are too sure.
    #[must_use]
    pub fn fit(self, margins: &[f64], labels: &[bool]) -> Calibrator {
        match self {
            Self::Identity => Calibrator::Identity,
            Self::Platt => fit_platt(margins, labels),
            Self::Isotonic => fit_isotonic(margins, labels),
        }
    }
}

/// A chosen form and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationChoice {
    /// The form.
    pub kind: CalibratorKind,
    /// Cross-fitted mean log loss of each form tried, simplest first.
    pub log_losses: Vec<(CalibratorKind, f64)>,
}

/// Chooses a form by cross-fitting: fitted on all parts but one, judged on that one.
///
/// `part[i]` is the fold row `i` was held out in. A simpler form is kept unless the log loss of a
/// richer one is lower by more than one standard error of the row-wise difference.
#[must_use]
pub(crate) fn choose_calibrator(
    margins: &[f64],
    labels: &[bool],
    part: &[usize],
) -> CalibrationChoice {
    let losses: Vec<(CalibratorKind, Vec<f64>)> = CalibratorKind::ALL
        .into_iter()
        .map(|kind| {
            (
                kind,
                row_losses(&cross_fit(kind, margins, labels, part), labels),
            )
        })
        .collect();
    let mut best = 0;
    for challenger in 1..losses.len() {
        let (gain, error) = mean_difference(&losses[best].1, &losses[challenger].1);
        if gain > error {
            best = challenger;
        }
    }
    let mean = |rows: &[f64]| rows.iter().sum::<f64>() / rows.len().max(1) as f64;
    CalibrationChoice {
        kind: losses[best].0,
        log_losses: losses
            .iter()
            .map(|(kind, rows)| (*kind, mean(rows)))
            .collect(),
    }
}

/// Probabilities in which no row's own label took part: for each part the calibrator is fitted on
/// the other parts.
#[must_use]
pub(crate) fn cross_fit(
    kind: CalibratorKind,
    margins: &[f64],
    labels: &[bool],
    part: &[usize],
) -> Vec<f64> {
    let n_parts = part.iter().max().map_or(0, |last| last + 1);
    let mut probabilities = vec![0.0; margins.len()];
    for held_out in 0..n_parts {
        let others: Vec<usize> = (0..part.len())
            .filter(|&row| part[row] != held_out)
            .collect();
        let calibrator = kind.fit(
            &others.iter().map(|&row| margins[row]).collect::<Vec<_>>(),
            &others.iter().map(|&row| labels[row]).collect::<Vec<_>>(),
        );
        for row in (0..part.len()).filter(|&row| part[row] == held_out) {
            probabilities[row] = calibrator.apply(margins[row]);
        }
    }
    probabilities
}

fn row_losses(probabilities: &[f64], labels: &[bool]) -> Vec<f64> {
    probabilities
        .iter()
        .zip(labels)
        .map(|(&p, &label)| {
            let p = p.clamp(1e-15, 1.0 - 1e-15);
            -if label { p.ln() } else { (1.0 - p).ln() }
        })
        .collect()
}

/// Mean of `a - b` and its standard error.
fn mean_difference(a: &[f64], b: &[f64]) -> (f64, f64) {
    let n = a.len().max(2) as f64;
    let differences = a.iter().zip(b).map(|(x, y)| x - y);
    let mean = differences.clone().sum::<f64>() / n;
    let variance = differences.map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

/// Maximum likelihood for `sigmoid(slope × margin + intercept)` by Newton's method with step
/// halving. A falling line is no calibration: then the slope is 0 and the base rate remains.
fn fit_platt(margins: &[f64], labels: &[bool]) -> Calibrator {
    let n = margins.len().max(1) as f64;
    let loss = |slope: f64, intercept: f64| {
        margins
            .iter()
            .zip(labels)
            .map(|(&m, &label)| {
                let z = slope * m + intercept;
                softplus(if label { -z } else { z })
            })
            .sum::<f64>()
            / n
    };
    let (mut slope, mut intercept) = (1.0, 0.0);
    let mut current = loss(slope, intercept);
    for _ in 0..100 {
        let (mut gs, mut gi, mut hss, mut hsi, mut hii) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (&m, &label) in margins.iter().zip(labels) {
            let p = sigmoid(slope * m + intercept);
            let slope_of_loss = p - f64::from(u8::from(label));
            let curve = p * (1.0 - p);
            gs += slope_of_loss * m;
            gi += slope_of_loss;
            hss += curve * m * m;
            hsi += curve * m;
            hii += curve;
        }
        let determinant = hss * hii - hsi * hsi;
        if determinant <= 1e-12 * hss * hii {
            break;
        }
        let step_slope = (hii * gs - hsi * gi) / determinant;
        let step_intercept = (hss * gi - hsi * gs) / determinant;
        let mut length = 1.0;
        while length > 1e-6
            && loss(
                slope - length * step_slope,
                intercept - length * step_intercept,
            ) > current
        {
            length *= 0.5;
        }
        slope -= length * step_slope;
        intercept -= length * step_intercept;
        current = loss(slope, intercept);
        if (length * step_slope)
            .abs()
            .max((length * step_intercept).abs())
            < 1e-10
        {
            break;
        }
    }
    if slope > 0.0 && slope.is_finite() && intercept.is_finite() {
        return Calibrator::Platt { slope, intercept };
    }
    let left = labels.iter().filter(|&&label| label).count() as f64;
    let rate = (left + 0.5) / (n + 1.0);
    Calibrator::Platt {
        slope: 0.0,
        intercept: (rate / (1.0 - rate)).ln(),
    }
}

/// Pool-adjacent-violators over margins in ascending order. Probabilities are kept off 0 and 1 by
/// the rule of succession, so that one surprise costs a finite loss.
fn fit_isotonic(margins: &[f64], labels: &[bool]) -> Calibrator {
    struct Block {
        low: f64,
        high: f64,
        left: f64,
        rows: f64,
    }
    let mut order: Vec<usize> = (0..margins.len()).collect();
    order.sort_by(|&a, &b| margins[a].total_cmp(&margins[b]));
    let mut blocks: Vec<Block> = Vec::new();
    for row in order {
        let margin = margins[row];
        let left = f64::from(u8::from(labels[row]));
        match blocks.last_mut() {
            // Rows of equal margin can't be told apart and share a block.
            Some(last) if last.high.total_cmp(&margin).is_eq() => {
                last.left += left;
                last.rows += 1.0;
            }
            _ => blocks.push(Block {
                low: margin,
                high: margin,
                left,
                rows: 1.0,
            }),
        }
    }
    let mut pooled: Vec<Block> = Vec::new();
    for block in blocks {
        pooled.push(block);
        while let [.., a, b] = pooled.as_mut_slice()
            && a.left * b.rows >= b.left * a.rows
        {
            (a.high, a.left, a.rows) = (b.high, a.left + b.left, a.rows + b.rows);
            pooled.pop();
        }
    }
    let (mut knots, mut probabilities) = (Vec::new(), Vec::new());
    for block in pooled {
        let probability = (block.left + 0.5) / (block.rows + 1.0);
        // The small-sample shift may break the order between a tiny and a large block.
        let probability = probabilities
            .last()
            .map_or(probability, |&last: &f64| last.max(probability));
        knots.push(block.low);
        probabilities.push(probability);
        if block.high > block.low {
            knots.push(block.high);
            probabilities.push(probability);
        }
    }
    if knots.is_empty() {
        Calibrator::Identity
    } else {
        Calibrator::Isotonic {
            margins: knots,
            probabilities,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Margins on a grid and labels drawn so that the true log-odds are `slope × m + intercept`.
    fn sample(slope: f64, intercept: f64) -> (Vec<f64>, Vec<bool>) {
        let mut margins = Vec::new();
        let mut labels = Vec::new();
        for step in 0..200 {
            let margin = f64::from(step) / 25.0 - 4.0;
            let p = sigmoid(slope * margin + intercept);
            for draw in 0..20 {
                margins.push(margin);
                labels.push((f64::from(draw) + 0.5) / 20.0 < p);
            }
        }
        (margins, labels)
    }

    #[test]
    fn platt_recovers_the_line() {
        let (margins, labels) = sample(0.5, -0.3);
        let Calibrator::Platt { slope, intercept } = fit_platt(&margins, &labels) else {
            panic!("platt gives a line")
        };
        assert!(
            (slope - 0.5).abs() < 0.01 && (intercept + 0.3).abs() < 0.01,
            "{slope} {intercept}"
        );
    }

    #[test]
    fn a_calibrated_model_is_left_alone_and_an_overconfident_one_is_mended() {
        let (margins, labels) = sample(1.0, 0.0);
        let part: Vec<usize> = (0..margins.len()).map(|row| row % 5).collect();
        assert_eq!(
            choose_calibrator(&margins, &labels, &part).kind,
            CalibratorKind::Identity
        );
        let (margins, labels) = sample(0.3, 0.5);
        let choice = choose_calibrator(&margins, &labels, &part);
        assert_ne!(choice.kind, CalibratorKind::Identity, "{choice:?}");
    }

    #[test]
    fn isotonic_pools_violators() {
        let calibrator = fit_isotonic(&[1.0, 2.0, 3.0, 4.0], &[false, true, false, true]);
        calibrator.check().unwrap();
        assert!((calibrator.apply(2.0) - 0.5).abs() < 1e-12);
        assert!((calibrator.apply(3.0) - 0.5).abs() < 1e-12);
        assert!(calibrator.apply(1.0) < 0.5 && calibrator.apply(9.0) > 0.5);
    }

    #[test]
    fn a_reversed_model_falls_back_to_the_base_rate() {
        let (margins, labels) = sample(-1.0, 0.0);
        let calibrator = fit_platt(&margins, &labels);
        calibrator.check().unwrap();
        assert!((calibrator.apply(3.0) - calibrator.apply(-3.0)).abs() < 1e-12);
    }
}
