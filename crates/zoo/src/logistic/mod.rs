//! Logistic regression with elastic net, sample weights and class weights.

pub(crate) mod cholesky;
mod objective;
mod solver;

use churn_ensemble::{Linear, Predictor};
use churn_features::PlanParams;
use serde::{Deserialize, Serialize};

use crate::{Algorithm, Error, Fitted, Rounds, Samples, Trainer};

pub(crate) use objective::{sigmoid, softplus};

/// How classes are weighted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeight {
    /// All rows count the same. The default: weights harm calibration and gain nothing here.
    #[default]
    None,
    /// Each class counts the same in total: `total weight / (2 × weight of the class)`.
    Balanced,
}

impl ClassWeight {
    /// Factors on the weights of rows that stayed and of rows that left.
    pub(crate) fn factors(self, samples: Samples<'_>) -> (f64, f64) {
        if self == Self::None {
            return (1.0, 1.0);
        }
        let (mut stayed, mut left) = (0.0, 0.0);
        for (row, &label) in samples.labels.iter().enumerate() {
            let weight = samples
                .weights
                .map_or(1.0, |weights| f64::from(weights[row]));
            *(if label { &mut left } else { &mut stayed }) += weight;
        }
        let half = f64::midpoint(stayed, left);
        (half / stayed, half / left)
    }
}

/// Parameters as given; [`LogisticParams::check`] makes them usable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogisticParams {
    /// Inverse strength of the penalty, as scikit-learn's `C`: above 0, default 0.3.
    pub c: f64,
    /// Share of the L1 penalty in 0..=1; 0 is ridge, 1 is lasso. Default 0.
    pub l1_ratio: f64,
    /// Class weights. Default none.
    pub class_weight: ClassWeight,
    /// Most Newton steps. Default 100.
    pub max_iterations: usize,
    /// Stops when no coefficient moves by more than this (standardised units). Default 1e-9.
    pub tolerance: f64,
    /// One-hot levels with fewer training rows share one column. Default 20.
    pub min_level_rows: usize,
}

impl Default for LogisticParams {
    fn default() -> Self {
        Self {
            c: 0.3,
            l1_ratio: 0.0,
            class_weight: ClassWeight::None,
            max_iterations: 100,
            tolerance: 1e-9,
            min_level_rows: 20,
        }
    }
}

impl LogisticParams {
    /// Checks ranges.
    ///
    /// # Errors
    /// [`Error::Parameter`] for the first parameter out of range.
    pub fn check(self) -> Result<Logistic, Error> {
        let fault = |parameter, value: String, expected| {
            Err(Error::Parameter {
                algorithm: "logistic",
                parameter,
                value,
                expected,
            })
        };
        if !(self.c > 0.0 && self.c.is_finite()) {
            return fault("c", self.c.to_string(), "a finite number above 0");
        }
        if !(0.0..=1.0).contains(&self.l1_ratio) {
            return fault(
                "l1_ratio",
                self.l1_ratio.to_string(),
                "a number from 0 to 1",
            );
        }
        if self.max_iterations == 0 {
            return fault("max_iterations", "0".to_owned(), "at least 1");
        }
        if !(self.tolerance > 0.0 && self.tolerance < 1.0) {
            return fault(
                "tolerance",
                self.tolerance.to_string(),
                "a number in (0, 1)",
            );
        }
        Ok(Logistic { params: self })
    }
}

/// The trainer: minimises
/// `C Σ wᵢ log(1 + exp(-yᵢ zᵢ)) + (1 - l1_ratio)/2 ‖β‖² + l1_ratio ‖β‖₁` with a free intercept
/// (the objective of scikit-learn's `LogisticRegression`), by Newton's method for ridge and by
/// proximal Newton with coordinate descent (Friedman, Hastie and Tibshirani 2010) with an L1 part.
#[derive(Debug, Clone)]
pub struct Logistic {
    params: LogisticParams,
}

impl Trainer for Logistic {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Logistic
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::to_value(&self.params).unwrap_or_default()
    }

    fn plan_params(&self) -> PlanParams {
        PlanParams {
            min_level_rows: self.params.min_level_rows,
            ..PlanParams::linear()
        }
    }

    fn has_rounds(&self) -> bool {
        false
    }

    fn fit(&self, samples: Samples<'_>, _rounds: Rounds<'_>, _seed: u64) -> Result<Fitted, Error> {
        samples.check()?;
        let weights = self.row_weights(samples);
        let problem = objective::Problem::new(samples, &weights, &self.params)?;
        let solution = solver::solve(&problem, &self.params)?;
        let (coefficients, intercept) = solution.split_at(problem.n_features());
        Ok(Fitted {
            predictor: Predictor::Linear(Linear::new(
                intercept[0],
                coefficients.to_vec(),
                problem.column_means(),
            )?),
            native: None,
            n_rounds: None,
        })
    }
}

impl Logistic {
    fn row_weights(&self, samples: Samples<'_>) -> Vec<f64> {
        let (stayed, left) = self.params.class_weight.factors(samples);
        (0..samples.labels.len())
            .map(|row| {
                let own = samples
                    .weights
                    .map_or(1.0, |weights| f64::from(weights[row]));
                own * if samples.labels[row] { left } else { stayed }
            })
            .collect()
    }
}
