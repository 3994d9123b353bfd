//! Fitting calibrators on out-of-fold margins, and choosing between them.

mod isotonic;
mod parametric;

use churn_ensemble::Calibrator;
use serde::{Deserialize, Serialize};

/// The forms on offer, simplest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalibratorKind {
    /// The model's own probability.
    Identity,
    /// A straight line in log-odds (Platt 1999).
    Platt,
    /// A curve in log-odds with a slope of its own at either end (Kull, Silva Filho and Flach
    /// 2017).
    Beta,
    /// Any rising curve (Zadrozny and Elkan 2002).
    Isotonic,
}

impl CalibratorKind {
    /// All forms, simplest first.
    pub const ALL: [Self; 4] = [Self::Identity, Self::Platt, Self::Beta, Self::Isotonic];

    /// Fits this form. `margins` must be out-of-fold: a model's margins on its own training rows
    /// are too sure.
    #[must_use]
    pub fn fit(self, margins: &[f64], labels: &[bool]) -> Calibrator {
        let points = margins.iter().zip(labels).map(|(&margin, &label)| Point {
            margin,
            left: f64::from(u8::from(label)),
            rows: 1.0,
        });
        self.fit_points(&points.collect::<Vec<_>>())
    }

    /// Fits this form to counted points.
    pub(crate) fn fit_points(self, points: &[Point]) -> Calibrator {
        match self {
            Self::Identity => Calibrator::Identity,
            Self::Platt => parametric::fit_platt(points),
            Self::Beta => parametric::fit_beta(points),
            Self::Isotonic => isotonic::fit(points),
        }
    }

    /// Name for readers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Platt => "platt",
            Self::Beta => "beta",
            Self::Isotonic => "isotonic",
        }
    }
}

/// Rows of one margin: how many there are and how many of them left; counts may be fractions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    /// Log-odds before calibration.
    pub(crate) margin: f64,
    /// Rows that left, at most `rows`.
    pub(crate) left: f64,
    /// Rows.
    pub(crate) rows: f64,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logistic::sigmoid;

    /// Margins on a grid and labels drawn so that the true log-odds are `slope × m + intercept`.
    fn sample(slope: f64, intercept: f64) -> (Vec<f64>, Vec<bool>) {
        sample_of(|margin| sigmoid(slope * margin + intercept))
    }

    /// Margins on a grid and labels of which the share `truth(margin)` left.
    fn sample_of(truth: impl Fn(f64) -> f64) -> (Vec<f64>, Vec<bool>) {
        let mut margins = Vec::new();
        let mut labels = Vec::new();
        for step in 0..200 {
            let margin = f64::from(step) / 25.0 - 4.0;
            for draw in 0..20 {
                margins.push(margin);
                labels.push((f64::from(draw) + 0.5) / 20.0 < truth(margin));
            }
        }
        (margins, labels)
    }

    fn parts(n: usize) -> Vec<usize> {
        (0..n).map(|row| row * 7 % 5).collect()
    }

    #[test]
    fn platt_recovers_the_line() {
        let (margins, labels) = sample(0.5, -0.3);
        let Calibrator::Platt { slope, intercept } = CalibratorKind::Platt.fit(&margins, &labels)
        else {
            panic!("platt gives a line")
        };
        assert!(
            (slope - 0.5).abs() < 0.01 && (intercept + 0.3).abs() < 0.01,
            "{slope} {intercept}"
        );
    }

    #[test]
    fn beta_recovers_the_curve() {
        let wanted = Calibrator::Beta {
            a: 0.6,
            b: 1.6,
            c: 0.4,
        };
        let (margins, labels) = sample_of(|margin| wanted.apply(margin));
        let found = CalibratorKind::Beta.fit(&margins, &labels);
        for margin in [-3.5, -1.0, 0.0, 1.0, 3.5] {
            let (found, wanted) = (found.apply(margin), wanted.apply(margin));
            assert!(
                (found - wanted).abs() < 0.02,
                "at {margin}: {found}, {wanted}"
            );
        }
    }

    #[test]
    fn a_calibrated_model_is_left_alone_and_a_distorted_one_is_mended_by_the_simplest_form() {
        let (margins, labels) = sample(1.0, 0.0);
        let part = parts(margins.len());
        let choice = choose_calibrator(&margins, &labels, &part);
        assert_eq!(choice.kind, CalibratorKind::Identity);
        assert_eq!(choice.log_losses.len(), CalibratorKind::ALL.len());
        let (margins, labels) = sample(0.3, 0.5);
        let choice = choose_calibrator(&margins, &labels, &part);
        assert_eq!(choice.kind, CalibratorKind::Platt, "{choice:?}");
        let bent = Calibrator::Beta {
            a: 0.2,
            b: 2.0,
            c: 0.0,
        };
        let (margins, labels) = sample_of(|margin| bent.apply(margin));
        let choice = choose_calibrator(&margins, &labels, &part);
        assert_eq!(choice.kind, CalibratorKind::Beta, "{choice:?}");
    }

    #[test]
    fn a_reversed_model_falls_back_to_the_base_rate() {
        let (margins, labels) = sample(-1.0, 0.0);
        for kind in [CalibratorKind::Platt, CalibratorKind::Beta] {
            let calibrator = kind.fit(&margins, &labels);
            calibrator.check().unwrap();
            assert!((calibrator.apply(3.0) - calibrator.apply(-3.0)).abs() < 1e-12);
        }
    }

    #[test]
    fn every_form_takes_few_rows_separated_rows_and_equal_margins() {
        let cases: [(&[f64], &[bool]); 4] = [
            (&[0.3], &[true]),
            (&[-1.0, -1.0, -1.0], &[true, false, false]),
            (&[-2.0, -1.0, 1.0, 2.0], &[false, false, true, true]),
            (&[-80.0, 700.0, 3.0], &[false, true, false]),
        ];
        for (margins, labels) in cases {
            for kind in CalibratorKind::ALL {
                let calibrator = kind.fit(margins, labels);
                calibrator.check().unwrap();
                let p = calibrator.apply(margins[0]);
                assert!((0.0..=1.0).contains(&p), "{kind:?} on {margins:?}: {p}");
            }
        }
    }
}
