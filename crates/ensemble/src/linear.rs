//! A linear model on the log-odds scale.

use serde::{Deserialize, Serialize};

use crate::Error;

/// `intercept + Σ coefficient × value`, in log-odds.
///
/// A missing value (NaN) counts as the feature's training mean, so it contributes nothing to
/// an explanation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "LinearParts", into = "LinearParts")]
pub struct Linear {
    intercept: f64,
    coefficients: Vec<f64>,
    means: Vec<f64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LinearParts {
    intercept: f64,
    coefficients: Vec<f64>,
    means: Vec<f64>,
}

impl Linear {
    /// A model of `coefficients` (one per matrix column) around the training `means` of the
    /// columns, which are also the background of its SHAP values.
    ///
    /// # Errors
    /// [`Error::Shape`] when the lengths differ, [`Error::Unsound`] when a number is not
    /// finite.
    pub fn new(intercept: f64, coefficients: Vec<f64>, means: Vec<f64>) -> Result<Self, Error> {
        let model = Self {
            intercept,
            coefficients,
            means,
        };
        model.check()?;
        Ok(model)
    }

    /// The margin of a row of zeros.
    #[must_use]
    pub fn intercept(&self) -> f64 {
        self.intercept
    }

    /// Log-odds per unit of each matrix column.
    #[must_use]
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// Training mean of each matrix column.
    #[must_use]
    pub fn means(&self) -> &[f64] {
        &self.means
    }

    /// Number of matrix columns.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.coefficients.len()
    }

    /// The margin of one row, in log-odds. Columns past the end of `row` count as missing.
    #[must_use]
    pub fn margin(&self, row: &[f32]) -> f64 {
        let mut margin = self.intercept;
        for (column, (&coefficient, &mean)) in self.coefficients.iter().zip(&self.means).enumerate()
        {
            margin += coefficient * value_or_mean(row, column, mean);
        }
        margin
    }

    /// The margin of the mean row: what contributions are counted from.
    #[must_use]
    pub fn mean_margin(&self) -> f64 {
        let terms = self.coefficients.iter().zip(&self.means);
        terms.fold(self.intercept, |sum, (coefficient, mean)| {
            sum + coefficient * mean
        })
    }

    /// Checks lengths and that every number is finite.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn check(&self) -> Result<(), Error> {
        if self.means.len() != self.coefficients.len() {
            return Err(Error::Shape {
                what: "the means of the linear model",
                expected: self.coefficients.len(),
                found: self.means.len(),
            });
        }
        let numbers = self
            .coefficients
            .iter()
            .chain(&self.means)
            .chain([&self.intercept]);
        if numbers.into_iter().any(|number| !number.is_finite()) {
            return Err(Error::Unsound {
                part: "the linear part",
                fault: "a number is not finite",
            });
        }
        Ok(())
    }
}

fn value_or_mean(row: &[f32], column: usize, mean: f64) -> f64 {
    match row.get(column) {
        Some(value) if !value.is_nan() => f64::from(*value),
        _ => mean,
    }
}

impl TryFrom<LinearParts> for Linear {
    type Error = Error;

    fn try_from(parts: LinearParts) -> Result<Self, Error> {
        Self::new(parts.intercept, parts.coefficients, parts.means)
    }
}

impl From<Linear> for LinearParts {
    fn from(model: Linear) -> Self {
        let Linear {
            intercept,
            coefficients,
            means,
        } = model;
        Self {
            intercept,
            coefficients,
            means,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Linear;

    #[test]
    fn a_missing_value_counts_as_the_mean() {
        let model = Linear::new(0.5, vec![2.0, -1.0], vec![3.0, 4.0]).unwrap();
        let missing = model.margin(&[f32::NAN, 1.0]);
        assert!((missing - model.margin(&[3.0, 1.0])).abs() < 1e-15);
        assert!((model.mean_margin() + 3.0 - missing).abs() < 1e-12);
    }

    #[test]
    fn unsound_parts_are_refused_when_read() {
        let bad = r#"{"intercept":0.0,"coefficients":[1.0],"means":[]}"#;
        let fault = serde_json::from_str::<Linear>(bad).unwrap_err().to_string();
        assert!(fault.contains("expected 1"), "{fault}");
        assert!(Linear::new(f64::NAN, vec![], vec![]).is_err());
    }
}
