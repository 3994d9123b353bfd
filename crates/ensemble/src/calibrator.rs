//! From a margin to a probability that can be believed.

use serde::{Deserialize, Serialize};

use crate::Error;

/// Maps a margin (log-odds) to a probability; monotone non-decreasing in every form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Calibrator {
    /// The sigmoid of the margin: the model's own probability.
    Identity,
    /// `sigmoid(slope × margin + intercept)` (Platt 1999); `slope` at least 0.
    Platt {
        /// Factor on the margin.
        slope: f64,
        /// Log-odds added.
        intercept: f64,
    },
    /// `sigmoid(a × ln p − b × ln(1 − p) + c)` with `p` the sigmoid of the margin
    /// (Kull, Silva Filho and Flach 2017); `a` and `b` at least 0.
    Beta {
        /// Factor on `ln p`.
        a: f64,
        /// Factor on `−ln(1 − p)`.
        b: f64,
        /// Log-odds added.
        c: f64,
    },
    /// Straight lines between knots, flat outside them (isotonic regression; Zadrozny and
    /// Elkan 2002).
    Isotonic {
        /// Margins of the knots, strictly increasing, at least one.
        margins: Vec<f64>,
        /// Probabilities at the knots, non-decreasing, within 0..=1.
        probabilities: Vec<f64>,
    },
}

impl Calibrator {
    /// The calibrated probability, 0..=1, of a margin; NaN gives NaN. Expects a calibrator
    /// that passes [`Self::check`].
    #[must_use]
    pub fn apply(&self, margin: f64) -> f64 {
        match self {
            Self::Identity => sigmoid(margin),
            Self::Platt { slope, intercept } => sigmoid(slope * margin + intercept),
            Self::Beta { a, b, c } => sigmoid(b * softplus(margin) - a * softplus(-margin) + c),
            Self::Isotonic {
                margins,
                probabilities,
            } => interpolate(margins, probabilities, margin),
        }
    }

    /// Checks that the parameters make a monotone map to probabilities.
    ///
    /// # Errors
    /// [`Error::Unsound`] with the first fault.
    pub fn check(&self) -> Result<(), Error> {
        let fault = match self {
            Self::Identity => None,
            Self::Platt { slope, intercept } => parameter_fault(&[*slope], *intercept),
            Self::Beta { a, b, c } => parameter_fault(&[*a, *b], *c),
            Self::Isotonic {
                margins,
                probabilities,
            } => knot_fault(margins, probabilities),
        };
        match fault {
            Some(fault) => Err(Error::Unsound {
                part: "the calibrator",
                fault,
            }),
            None => Ok(()),
        }
    }
}

fn parameter_fault(factors: &[f64], offset: f64) -> Option<&'static str> {
    if !offset.is_finite() || factors.iter().any(|factor| !factor.is_finite()) {
        return Some("a parameter is not finite");
    }
    factors
        .iter()
        .any(|&factor| factor < 0.0)
        .then_some("a factor is negative: not monotone")
}

fn knot_fault(margins: &[f64], probabilities: &[f64]) -> Option<&'static str> {
    if margins.is_empty() || margins.len() != probabilities.len() {
        return Some("it needs as many probabilities as margins, at least one");
    }
    if margins.iter().any(|margin| !margin.is_finite()) {
        return Some("a margin is not finite");
    }
    if !margins.is_sorted_by(|left, right| left < right) {
        return Some("margins do not increase strictly");
    }
    if probabilities
        .iter()
        .any(|probability| !(0.0..=1.0).contains(probability))
    {
        return Some("a probability lies outside 0..=1");
    }
    (!probabilities.is_sorted()).then_some("probabilities decrease")
}

/// `1 / (1 + exp(-x))` without overflow on either side.
fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let odds = x.exp();
        odds / (1.0 + odds)
    }
}

/// `ln(1 + exp(x))` without overflow: `-ln p` of the probability at margin `-x`.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn interpolate(margins: &[f64], probabilities: &[f64], margin: f64) -> f64 {
    if margin.is_nan() {
        return f64::NAN;
    }
    let right = margins.partition_point(|&knot| knot <= margin);
    let (Some(&first), Some(&last)) = (probabilities.first(), probabilities.last()) else {
        return f64::NAN;
    };
    if right == 0 {
        return first;
    }
    if right >= margins.len() {
        return last;
    }
    let (m0, m1) = (margins[right - 1], margins[right]);
    let (p0, p1) = (probabilities[right - 1], probabilities[right]);
    // The clamp keeps rounding from stepping past a knot, which would break monotony.
    (p0 + (p1 - p0) * ((margin - m0) / (m1 - m0))).clamp(p0, p1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Calibrator;

    fn isotonic(margins: &[f64], probabilities: &[f64]) -> Calibrator {
        Calibrator::Isotonic {
            margins: margins.to_vec(),
            probabilities: probabilities.to_vec(),
        }
    }

    #[test]
    fn identity_and_neutral_parameters_are_the_sigmoid() {
        for margin in [-800.0, -3.0, -0.1, 0.0, 2.0, 40.0, 800.0] {
            let plain = Calibrator::Identity.apply(margin);
            let platt = Calibrator::Platt {
                slope: 1.0,
                intercept: 0.0,
            }
            .apply(margin);
            let beta = Calibrator::Beta {
                a: 1.0,
                b: 1.0,
                c: 0.0,
            }
            .apply(margin);
            assert!((plain - platt).abs() < 1e-15 && (plain - beta).abs() < 1e-12);
            assert!((plain + Calibrator::Identity.apply(-margin) - 1.0).abs() < 1e-15);
        }
    }

    #[test]
    fn isotonic_is_linear_between_knots_and_flat_outside() {
        let steps = isotonic(&[-1.0, 0.0, 2.0], &[0.1, 0.1, 0.5]);
        for (margin, expected) in [(-9.0, 0.1), (-0.5, 0.1), (1.0, 0.3), (2.0, 0.5), (9.0, 0.5)] {
            assert!(
                (steps.apply(margin) - expected).abs() < 1e-12,
                "at {margin}"
            );
        }
        assert!(steps.apply(f64::NAN).is_nan());
        assert!((isotonic(&[0.0], &[0.4]).apply(7.0) - 0.4).abs() < 1e-15);
    }

    #[test]
    fn unsound_parameters_are_refused() {
        for (calibrator, reason) in [
            (
                Calibrator::Platt {
                    slope: -1.0,
                    intercept: 0.0,
                },
                "falling line",
            ),
            (
                Calibrator::Beta {
                    a: 1.0,
                    b: f64::NAN,
                    c: 0.0,
                },
                "not a number",
            ),
            (isotonic(&[], &[]), "no knots"),
            (isotonic(&[0.0, 0.0], &[0.1, 0.2]), "equal margins"),
            (isotonic(&[0.0, 1.0], &[0.2, 0.1]), "falling probabilities"),
            (isotonic(&[0.0, 1.0], &[0.2, 1.1]), "above one"),
            (isotonic(&[0.0, 1.0], &[0.2]), "lengths differ"),
        ] {
            assert!(calibrator.check().is_err(), "{reason}");
        }
    }

    #[test]
    fn every_form_survives_json() {
        for calibrator in [
            Calibrator::Identity,
            Calibrator::Platt {
                slope: 0.3,
                intercept: -0.1,
            },
            Calibrator::Beta {
                a: 1.1,
                b: 0.7,
                c: 0.2,
            },
            isotonic(&[0.1, 0.3], &[0.2, 1.0 / 3.0]),
        ] {
            let text = serde_json::to_string(&calibrator).unwrap();
            assert_eq!(
                serde_json::from_str::<Calibrator>(&text).unwrap(),
                calibrator
            );
        }
    }

    proptest! {
        #[test]
        fn every_form_is_monotone(
            low in -50.0..50.0_f64,
            step in 0.0..10.0_f64,
            (a, b, c) in (0.0..5.0_f64, 0.0..5.0_f64, -3.0..3.0_f64),
            gaps in prop::collection::vec((0.001..20.0_f64, 0.0..1.0_f64), 1..9),
        ) {
            let (mut margins, mut probabilities) = (vec![], vec![]);
            let mut margin = -40.0;
            for (gap, probability) in gaps {
                margin += gap;
                margins.push(margin);
                probabilities.push(probability);
            }
            probabilities.sort_by(f64::total_cmp);
            for calibrator in [
                Calibrator::Identity,
                Calibrator::Platt { slope: a, intercept: c },
                Calibrator::Beta { a, b, c },
                Calibrator::Isotonic { margins, probabilities },
            ] {
                prop_assert!(calibrator.check().is_ok());
                let (p0, p1) = (calibrator.apply(low), calibrator.apply(low + step));
                prop_assert!(p0 <= p1 + 1e-12 && (0.0..=1.0).contains(&p0));
            }
        }
    }
}
