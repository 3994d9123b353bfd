//! Everything that scores a customer, as one value.

use churn_ensemble::{Calibrator, IntervalTable, Predictor};
use churn_features::FittedPlan;
use churn_schema::DatasetSpec;
use churn_store::sha256_hex;
use serde::Serialize;

use crate::card::Card;
use crate::error::Error;

/// A trained model with everything needed to use it: features, margin, probability, decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// What the columns are.
    pub spec: DatasetSpec,
    /// How a row becomes numbers.
    pub plan: FittedPlan,
    /// Numbers to margin, in log-odds or as a share.
    pub predictor: Predictor,
    /// Log-odds of the margin to probability.
    pub calibrator: Calibrator,
    /// How far the probability may be off; `None` for models made before there were intervals.
    pub intervals: Option<IntervalTable>,
    /// Probability from which a customer counts as leaving, 0..=1.
    pub threshold: f64,
    /// What a person should know.
    pub card: Card,
    /// Customers to explain scores against; `None` where none were kept.
    pub background: Option<Background>,
    /// The trainer's own file, where there is one.
    pub native: Option<Native>,
}

/// Customers as rows of the feature matrix, without key or name: what stands in for a column
/// that is not known.
#[derive(Debug, Clone)]
pub struct Background {
    /// At least one.
    pub n_rows: usize,
    /// Row-major, `n_rows` × columns of the plan; NaN where a value is missing.
    pub values: Vec<f32>,
}

impl Background {
    /// Infinite values, which no explanation can be measured against; having no rows is one fault.
    fn n_faults(&self) -> usize {
        let infinite = self.values.iter().filter(|value| value.is_infinite());
        infinite.count() + usize::from(self.n_rows == 0)
    }
}

impl PartialEq for Background {
    fn eq(&self, other: &Self) -> bool {
        // By bits: a missing value equals itself.
        let bits = |sample: &Self| -> Vec<u32> {
            let values = sample.values.iter();
            values.map(|value| value.to_bits()).collect()
        };
        self.n_rows == other.n_rows && bits(self) == bits(other)
    }
}

/// A file as the trainer wrote it, for other programs and for training further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Native {
    /// Plain file name, for example `xgboost.ubj`.
    pub file_name: String,
    /// Content.
    pub bytes: Vec<u8>,
}

impl Model {
    /// The calibrated probability of one of the predictor's margins.
    #[must_use]
    pub fn probability(&self, margin: f64) -> f64 {
        self.calibrator.apply(self.predictor.log_odds(margin))
    }

    /// Lower and upper end of the interval around the probability of one of the predictor's
    /// margins, which it always holds; `None` when the model stores no intervals.
    #[must_use]
    pub fn interval(&self, margin: f64) -> Option<(f64, f64)> {
        let log_odds = self.predictor.log_odds(margin);
        let table = self.intervals.as_ref()?;
        Some(table.around(log_odds, self.calibrator.apply(log_odds)))
    }

    /// Checks that the parts are sound and fit together.
    ///
    /// # Errors
    ///
    /// [`Error::Inconsistent`] with the first part that does not.
    pub fn check(&self) -> Result<(), Error> {
        let unsound = |what: &str, reason: String| Error::Inconsistent {
            what: what.to_owned(),
            expected: "a sound one".to_owned(),
            found: reason,
        };
        self.spec
            .check()
            .map_err(|fault| unsound("specification", fault.to_string()))?;
        if !self.plan.is_consistent() {
            return Err(unsound(
                "feature plan",
                "parts that disagree with each other".to_owned(),
            ));
        }
        self.predictor
            .check()
            .map_err(|fault| unsound("predictor", fault.to_string()))?;
        self.calibrator
            .check()
            .map_err(|fault| unsound("calibrator", fault.to_string()))?;
        if let Some(intervals) = &self.intervals {
            intervals
                .check()
                .map_err(|fault| unsound("intervals", fault.to_string()))?;
        }
        let differs = |what: &str, expected: String, found: String| {
            if expected == found {
                return Ok(());
            }
            Err(Error::Inconsistent {
                what: what.to_owned(),
                expected,
                found,
            })
        };
        differs(
            "columns of the predictor",
            self.plan.n_columns().to_string(),
            self.predictor.n_features().to_string(),
        )?;
        if let Some(background) = &self.background {
            differs(
                "rows of the background that are not there or not finite",
                "0".to_owned(),
                background.n_faults().to_string(),
            )?;
            let n_rows = background.n_rows;
            differs(
                "values of the background",
                n_rows.saturating_mul(self.plan.n_columns()).to_string(),
                background.values.len().to_string(),
            )?;
        }
        differs(
            "specification the features were fitted under",
            self.spec.fingerprint(),
            self.plan.spec_fingerprint.clone(),
        )?;
        self.check_numbers()
    }

    fn check_numbers(&self) -> Result<(), Error> {
        let shares = [
            ("threshold", self.threshold, 0.0, 1.0),
            (
                "share of training rows that left",
                self.card.trained_on.base_rate,
                0.0,
                1.0,
            ),
        ];
        for (what, value, low, high) in shares {
            if !(low..=high).contains(&value) {
                return Err(Error::Inconsistent {
                    what: what.to_owned(),
                    expected: format!("a number from {low} to {high}"),
                    found: value.to_string(),
                });
            }
        }
        Ok(())
    }

    /// Identity of which features there are: names and sources, not what was learned of them.
    pub(crate) fn features_fingerprint(&self) -> String {
        let features: Vec<_> = self
            .plan
            .groups
            .iter()
            .zip(&self.plan.features)
            .map(|(group, feature)| (&group.name, &group.columns, &feature.source))
            .collect();
        fingerprint(&features)
    }

    /// Identity of the recipe: learner, hyper-parameters and encodings. The number of rounds kept
    /// and the weights of a blend follow from the data and are none of it.
    pub(crate) fn recipe_fingerprint(&self) -> String {
        let parameters: Vec<_> = self
            .card
            .parameters
            .iter()
            .filter(|(name, _)| !["rounds_kept", "weights"].contains(&name.as_str()))
            .collect();
        fingerprint(&(&self.card.algorithm, parameters, &self.plan.params))
    }
}

fn fingerprint(value: &impl Serialize) -> String {
    // Serialising plain data to memory has no failing case; an empty text would only make two
    // recipes look alike, and the version number too small.
    sha256_hex(&serde_json::to_vec(value).unwrap_or_default())
}
