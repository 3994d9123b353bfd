//! How far a probability may be off, by margin.

use serde::{Deserialize, Serialize};

use crate::Error;

/// What the intervals of an [`IntervalTable`] allow for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalCovers {
    /// That the calibration was learned from a finite number of customers.
    Calibration,
    /// That, and that the model would have come out otherwise from another sample of customers.
    CalibrationAndSample,
}

/// Half-widths of the intervals around calibrated probabilities, in log-odds, by margin.
///
/// The interval of a customer with margin `m` and probability `p` runs from
/// `sigmoid(logit p − h(m))` to `sigmoid(logit p + h(m))`, where `h` goes in straight lines
/// between knots and is flat outside them. So it always holds `p`, lies within 0..=1, and costs
/// one binary search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntervalTable {
    /// Coverage aimed at, in (0, 1), for example 0.95.
    pub level: f64,
    /// What is allowed for.
    pub covers: IntervalCovers,
    /// Log-odds of the knots before calibration, strictly increasing, at least one.
    pub margins: Vec<f64>,
    /// Half-width at each knot, in calibrated log-odds, at least 0.
    pub half_widths: Vec<f64>,
}

impl IntervalTable {
    /// Lower and upper end around `probability`, the calibrated probability of a customer whose
    /// log-odds before calibration are `margin`; NaN gives NaN. Expects a table that passes
    /// [`Self::check`]. `low <= probability <= high` always.
    #[must_use]
    pub fn around(&self, margin: f64, probability: f64) -> (f64, f64) {
        if margin.is_nan() || probability.is_nan() {
            return (f64::NAN, f64::NAN);
        }
        let half_width = self.half_width(margin);
        let log_odds = (probability / (1.0 - probability)).ln();
        let shifted = |by: f64| 1.0 / (1.0 + (-(log_odds + by)).exp());
        // Rounding alone could leave the probability outside by the last bit.
        (
            shifted(-half_width).min(probability),
            shifted(half_width).max(probability),
        )
    }

    fn half_width(&self, margin: f64) -> f64 {
        let right = self.margins.partition_point(|&knot| knot <= margin);
        let last = self.half_widths.len().saturating_sub(1);
        if right == 0 || right > last {
            return self.half_widths.get(right.min(last)).map_or(0.0, |h| *h);
        }
        let (m0, m1) = (self.margins[right - 1], self.margins[right]);
        let (h0, h1) = (self.half_widths[right - 1], self.half_widths[right]);
        h0 + (h1 - h0) * ((margin - m0) / (m1 - m0))
    }

    /// Checks that the numbers make intervals.
    ///
    /// # Errors
    /// [`Error::Unsound`] with the first fault.
    pub fn check(&self) -> Result<(), Error> {
        let sound = |x: &f64| x.is_finite() && *x >= 0.0;
        let fault = if !(self.level > 0.0 && self.level < 1.0) {
            "the level lies outside 0..1"
        } else if self.margins.is_empty() || self.margins.len() != self.half_widths.len() {
            "it needs as many half-widths as margins, at least one"
        } else if self.margins.iter().any(|margin| !margin.is_finite()) {
            "a margin is not finite"
        } else if !self.margins.is_sorted_by(|left, right| left < right) {
            "margins do not increase strictly"
        } else if !self.half_widths.iter().all(sound) {
            "a half-width is negative or not finite"
        } else {
            return Ok(());
        };
        Err(Error::Unsound {
            part: "the interval table",
            fault,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{IntervalCovers, IntervalTable};

    fn table(margins: &[f64], half_widths: &[f64]) -> IntervalTable {
        IntervalTable {
            level: 0.95,
            covers: IntervalCovers::Calibration,
            margins: margins.to_vec(),
            half_widths: half_widths.to_vec(),
        }
    }

    #[test]
    fn half_widths_are_linear_between_knots_and_flat_outside() {
        let table = table(&[-1.0, 1.0], &[0.0, 2.0_f64.ln()]);
        // At even odds and a half-width of ln 2 the odds run from 1:2 to 2:1.
        let (low, high) = table.around(7.0, 0.5);
        assert!((low - 1.0 / 3.0).abs() < 1e-12 && (high - 2.0 / 3.0).abs() < 1e-12);
        assert!((table.half_width(0.0) - 0.5 * 2.0_f64.ln()).abs() < 1e-12);
        assert_eq!(table.around(-3.0, 0.25), (0.25, 0.25));
        assert!(table.around(f64::NAN, 0.5).0.is_nan());
    }

    #[test]
    fn certain_probabilities_stay_where_they_are() {
        let table = table(&[0.0], &[1.0]);
        assert_eq!(table.around(900.0, 1.0), (1.0, 1.0));
        assert_eq!(table.around(-900.0, 0.0), (0.0, 0.0));
    }

    #[test]
    fn unsound_tables_are_refused() {
        for (table, reason) in [
            (table(&[], &[]), "no knots"),
            (table(&[0.0], &[0.1, 0.2]), "lengths differ"),
            (table(&[0.0, 0.0], &[0.1, 0.1]), "equal margins"),
            (table(&[0.0], &[-0.1]), "negative"),
            (table(&[f64::NAN], &[0.1]), "not a number"),
            (
                IntervalTable {
                    level: 1.0,
                    ..table(&[0.0], &[0.1])
                },
                "level",
            ),
        ] {
            assert!(table.check().is_err(), "{reason}");
        }
    }

    proptest! {
        #[test]
        fn the_probability_is_always_inside(
            margin in -60.0..60.0_f64,
            probability in 0.0..=1.0_f64,
            widths in prop::collection::vec(0.0..9.0_f64, 1..8),
        ) {
            let margins: Vec<f64> = (0..widths.len()).map(|i| i as f64 * 3.0 - 9.0).collect();
            let table = table(&margins, &widths);
            prop_assert!(table.check().is_ok());
            let (low, high) = table.around(margin, probability);
            prop_assert!(0.0 <= low && low <= probability && probability <= high && high <= 1.0);
        }
    }
}
