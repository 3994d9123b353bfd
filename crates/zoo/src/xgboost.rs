//! XGBoost: parameters, early stopping, and the trained model as data.

use std::sync::Arc;

use churn_ensemble::{Predictor, xgboost as format};
use churn_features::{CategoryEncoding, PlanParams};
use churn_xgboost::{Booster, DMatrix, FeatureType, Library};
use serde::{Deserialize, Serialize};

use crate::{Algorithm, Error, Fitted, Rounds, Samples, Trainer};

/// Parameters as given; [`XgboostParams::check`] makes them usable. Names are XGBoost's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct XgboostParams {
    /// Most rounds; early stopping usually ends before. 1..=100,000, default 1000.
    pub n_estimators: usize,
    /// Shrinkage of each round, in (0, 1], default 0.03.
    pub learning_rate: f64,
    /// Deepest tree, 1..=20, default 3.
    pub max_depth: u32,
    /// Least sum of hessians in a leaf, at least 0, default 4.
    pub min_child_weight: f64,
    /// Share of rows drawn for each tree, in (0, 1], default 0.6.
    pub subsample: f64,
    /// Share of columns drawn for each tree, in (0, 1], default 0.7.
    pub colsample_bytree: f64,
    /// L2 penalty on leaves, at least 0, default 5.
    pub reg_lambda: f64,
    /// L1 penalty on leaves, at least 0, default 0.
    pub reg_alpha: f64,
    /// Least gain of a split, at least 0, default 0.
    pub gamma: f64,
    /// Weight of rows of leavers, above 0, default 1: weights harm calibration.
    pub scale_pos_weight: f64,
    /// Rounds without improvement before stopping, default 50.
    pub early_stopping_rounds: usize,
    /// Categories up to this many levels are one-hot encoded, wider ones split natively.
    /// Default 16.
    pub max_one_hot_levels: usize,
    /// Threads of the library. The result does not depend on it. Default 1: folds already run
    /// beside each other.
    pub n_threads: usize,
}

impl Default for XgboostParams {
    fn default() -> Self {
        Self {
            n_estimators: 1000,
            learning_rate: 0.03,
            max_depth: 3,
            min_child_weight: 4.0,
            subsample: 0.6,
            colsample_bytree: 0.7,
            reg_lambda: 5.0,
            reg_alpha: 0.0,
            gamma: 0.0,
            scale_pos_weight: 1.0,
            early_stopping_rounds: 50,
            max_one_hot_levels: 16,
            n_threads: 1,
        }
    }
}

impl XgboostParams {
    /// Checks ranges and binds the native library.
    ///
    /// # Errors
    /// [`Error::Parameter`] for the first parameter out of range.
    pub fn check(self, library: Arc<Library>) -> Result<Xgboost, Error> {
        let check = |ok: bool, parameter, value: String, expected| {
            if ok {
                Ok(())
            } else {
                Err(Error::Parameter {
                    algorithm: "xgboost",
                    parameter,
                    value,
                    expected,
                })
            }
        };
        let share = |x: f64| x > 0.0 && x <= 1.0;
        let at_least_zero = |x: f64| x >= 0.0 && x.is_finite();
        check(
            (1..=100_000).contains(&self.n_estimators),
            "n_estimators",
            self.n_estimators.to_string(),
            "1 to 100000",
        )?;
        check(
            (1..=20).contains(&self.max_depth),
            "max_depth",
            self.max_depth.to_string(),
            "1 to 20",
        )?;
        check(
            self.early_stopping_rounds >= 1,
            "early_stopping_rounds",
            self.early_stopping_rounds.to_string(),
            "at least 1",
        )?;
        check(
            self.n_threads >= 1,
            "n_threads",
            self.n_threads.to_string(),
            "at least 1",
        )?;
        for (name, value) in [
            ("learning_rate", self.learning_rate),
            ("subsample", self.subsample),
            ("colsample_bytree", self.colsample_bytree),
        ] {
            check(
                share(value),
                name,
                value.to_string(),
                "a number above 0 and at most 1",
            )?;
        }
        for (name, value) in [
            ("min_child_weight", self.min_child_weight),
            ("reg_lambda", self.reg_lambda),
            ("reg_alpha", self.reg_alpha),
            ("gamma", self.gamma),
        ] {
            check(
                at_least_zero(value),
                name,
                value.to_string(),
                "a finite number of at least 0",
            )?;
        }
        check(
            self.scale_pos_weight > 0.0 && self.scale_pos_weight.is_finite(),
            "scale_pos_weight",
            self.scale_pos_weight.to_string(),
            "a finite number above 0",
        )?;
        Ok(Xgboost {
            params: self,
            library,
        })
    }

    fn for_library(&self, seed: u64) -> Vec<(String, String)> {
        let pairs: [(&str, String); 15] = [
            ("objective", "binary:logistic".to_owned()),
            ("eval_metric", "logloss".to_owned()),
            ("tree_method", "hist".to_owned()),
            ("verbosity", "0".to_owned()),
            ("nthread", self.n_threads.to_string()),
            // The library takes a 31-bit seed.
            ("seed", (seed & 0x7fff_ffff).to_string()),
            ("learning_rate", self.learning_rate.to_string()),
            ("max_depth", self.max_depth.to_string()),
            ("min_child_weight", self.min_child_weight.to_string()),
            ("subsample", self.subsample.to_string()),
            ("colsample_bytree", self.colsample_bytree.to_string()),
            ("reg_lambda", self.reg_lambda.to_string()),
            ("reg_alpha", self.reg_alpha.to_string()),
            ("gamma", self.gamma.to_string()),
            ("scale_pos_weight", self.scale_pos_weight.to_string()),
        ];
        pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

/// The trainer (Chen and Guestrin, KDD 2016) over the native library.
pub struct Xgboost {
    params: XgboostParams,
    library: Arc<Library>,
}

impl Trainer for Xgboost {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Xgboost
    }

    fn parameters(&self) -> serde_json::Value {
        let mut parameters = serde_json::to_value(&self.params).unwrap_or_default();
        if let Some(map) = parameters.as_object_mut() {
            // How fast it ran is no property of the model.
            map.remove("n_threads");
        }
        parameters
    }

    fn plan_params(&self) -> PlanParams {
        let max_one_hot_levels = self.params.max_one_hot_levels;
        PlanParams {
            categories: CategoryEncoding::Auto { max_one_hot_levels },
            ..PlanParams::trees()
        }
    }

    fn has_rounds(&self) -> bool {
        true
    }

    fn fit(&self, samples: Samples<'_>, rounds: Rounds<'_>, seed: u64) -> Result<Fitted, Error> {
        samples.check()?;
        let train = self.matrix(samples)?;
        let (booster, n_rounds) = match rounds {
            Rounds::UntilBestOn(judge) => {
                let judge = self.matrix(judge)?;
                self.boost_until_best(&train, &judge, seed)?
            }
            Rounds::Exactly(n_rounds) => {
                let n_rounds = n_rounds.unwrap_or(self.params.n_estimators);
                let mut booster = self.booster(&[&train], seed)?;
                for round in 0..n_rounds {
                    booster.update(round as i32, &train)?;
                }
                (booster, n_rounds)
            }
        };
        let native = booster.save_ubj()?;
        let predictor = Predictor::Trees(format::read_ubj(&native)?);
        Ok(Fitted {
            predictor,
            native: Some(native),
            n_rounds: Some(n_rounds),
        })
    }
}

impl Xgboost {
    fn matrix(&self, samples: Samples<'_>) -> Result<DMatrix, Error> {
        let types: Vec<FeatureType> = samples
            .columns
            .iter()
            .map(|column| {
                if column.categorical {
                    FeatureType::Categorical
                } else {
                    FeatureType::Numeric
                }
            })
            .collect();
        let matrix = samples.matrix;
        let mut data = DMatrix::from_dense(
            &self.library,
            matrix.values(),
            matrix.n_rows(),
            matrix.n_columns(),
            &types,
        )?;
        let labels: Vec<f32> = samples
            .labels
            .iter()
            .map(|&label| f32::from(u8::from(label)))
            .collect();
        data.set_labels(&labels)?;
        if let Some(weights) = samples.weights {
            data.set_weights(weights)?;
        }
        Ok(data)
    }

    fn booster(&self, caches: &[&DMatrix], seed: u64) -> Result<Booster, Error> {
        Ok(Booster::new(
            &self.library,
            &self.params.for_library(seed),
            caches,
        )?)
    }

    /// Boosts until `judge`'s log loss has not fallen for `early_stopping_rounds`, then keeps the
    /// rounds up to the best.
    fn boost_until_best(
        &self,
        train: &DMatrix,
        judge: &DMatrix,
        seed: u64,
    ) -> Result<(Booster, usize), Error> {
        let mut booster = self.booster(&[train, judge], seed)?;
        let (mut best_loss, mut best_rounds) = (f64::INFINITY, 1);
        for round in 0..self.params.n_estimators {
            booster.update(round as i32, train)?;
            let scores = booster.eval(round as i32, &[("judge", judge)])?;
            let loss = scores.first().map_or(f64::INFINITY, |score| score.1);
            if loss < best_loss {
                (best_loss, best_rounds) = (loss, round + 1);
            } else if round + 1 - best_rounds >= self.params.early_stopping_rounds {
                break;
            }
        }
        Ok((booster.slice(0, best_rounds as i32)?, best_rounds))
    }
}
