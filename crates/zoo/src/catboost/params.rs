//! Parameters of the trainer and their ranges.

use serde::{Deserialize, Serialize};

use super::Catboost;
use crate::Error;

/// Whether the gradient a tree is grown on comes from a model that has seen the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoostingType {
    /// One model over all rows. CatBoost's default on a CPU.
    Plain,
    /// Models over growing prefixes of a random order: the gradient of a row comes from a prefix
    /// without it. Slower; helps on a few thousand rows.
    Ordered,
}

/// How rows are weighted anew for each tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BootstrapType {
    /// Weights `(-ln u)^bagging_temperature`.
    Bayesian,
    /// A share `subsample` of rows, those with large gradients more often, each weighted by the
    /// inverse of its chance (Ibragimov and Gusev, NeurIPS 2019).
    Mvs,
    /// A share `subsample` of rows, all alike.
    Bernoulli,
    /// All rows.
    No,
}

/// What a split's worth is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoreFunction {
    /// Cosine between gradients and what the leaves would predict.
    Cosine,
    /// Fall of the squared distance between them.
    L2,
}

/// Parameters as given; [`CatboostParams::check`] makes them usable. Names are CatBoost's own, and
/// so are the defaults: those CatBoost documents for a binary target on a CPU, as version 1.2.10
/// reports them. [`CatboostParams::recipe`] suits customer data better.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CatboostParams {
    /// Trees, at most so many with early stopping. 1..=100,000, default 1000.
    pub iterations: usize,
    /// Factor on leaf values, in (0, 1]. Default `None`: CatBoost's own rule for the number of
    /// rows and `iterations`, see [`CatboostParams::rate`].
    pub learning_rate: Option<f64>,
    /// Splits of a tree, 1..=12, default 6.
    pub depth: u32,
    /// L2 penalty on leaves, times the mean weight of rows; at least 0, default 3.
    pub l2_leaf_reg: f64,
    /// Spread of the noise on split scores, at least 0, default 1. It fades as the model grows.
    pub random_strength: f64,
    /// Default plain, which CatBoost takes on a CPU at any number of rows.
    pub boosting_type: BoostingType,
    /// Default minimal variance sampling.
    pub bootstrap_type: BootstrapType,
    /// Power of the Bayesian bootstrap's weights, at least 0, default 1.
    pub bagging_temperature: f64,
    /// Share of rows for a tree, in (0, 1], default 0.8. For `mvs` and `bernoulli`.
    pub subsample: f64,
    /// Borders of a number, 1..=254, default 254.
    pub border_count: usize,
    /// Categories up to this many levels are split one level against the rest, wider ones by
    /// target statistics. 0..=16, default 2.
    pub one_hot_max_size: usize,
    /// Most columns that are combined into one target statistic, 1..=8, default 4. All conditions
    /// of the tree so far count as one.
    pub max_ctr_complexity: usize,
    /// Random orders, 2..=16, default 4: the last one gives leaf values, the others tree shapes.
    /// Without target statistics and ordered boosting there is only one.
    pub permutation_count: usize,
    /// How strongly new combinations are penalised for their number of buckets, at least 0,
    /// default 0.5.
    pub model_size_reg: f64,
    /// Newton steps for the values of a tree's leaves, 1..=100, default 10.
    pub leaf_estimation_iterations: usize,
    /// Default cosine.
    pub score_function: ScoreFunction,
    /// Whether the first margin is the log-odds of the training labels instead of 0. Default
    /// false.
    pub boost_from_average: bool,
    /// Trees without improvement before stopping, at least 1. Default `None`: no early stopping,
    /// all `iterations` are done.
    pub early_stopping_rounds: Option<usize>,
}

impl Default for CatboostParams {
    fn default() -> Self {
        Self {
            iterations: 1000,
            learning_rate: None,
            depth: 6,
            l2_leaf_reg: 3.0,
            random_strength: 1.0,
            boosting_type: BoostingType::Plain,
            bootstrap_type: BootstrapType::Mvs,
            bagging_temperature: 1.0,
            subsample: 0.8,
            border_count: 254,
            one_hot_max_size: 2,
            max_ctr_complexity: 4,
            permutation_count: 4,
            model_size_reg: 0.5,
            leaf_estimation_iterations: 10,
            score_function: ScoreFunction::Cosine,
            boost_from_average: false,
            early_stopping_rounds: None,
        }
    }
}

impl CatboostParams {
    /// What `churn train` starts from: shallow trees on a small step, most categories split level
    /// by level, early stopping.
    ///
    /// On the Telco folds of the tests it beats the documented defaults in ROC-AUC and log loss
    /// at a fraction of their time.
    #[must_use]
    pub fn recipe() -> Self {
        Self {
            learning_rate: Some(0.03),
            depth: 4,
            bootstrap_type: BootstrapType::Bayesian,
            one_hot_max_size: 4,
            early_stopping_rounds: Some(50),
            ..Self::default()
        }
    }

    /// The factor on leaf values for a fit on `n_rows` rows: `learning_rate`, else CatBoost's rule
    /// for log loss on a CPU, a power of the rows times a power of `iterations`, at most 0.5 and
    /// rounded to 6 digits. The rule is steeper with early stopping.
    #[must_use]
    pub fn rate(&self, n_rows: usize) -> f64 {
        let rule = || {
            let (by_rows, constant, by_iterations) = match self.early_stopping_rounds {
                Some(_) => (0.247, -5.158, -0.435),
                None => (0.427, -7.525, -0.917),
            };
            let rate = (by_rows * (n_rows as f64).ln() + constant).exp()
                * (self.iterations as f64 / 1000.0).powf(by_iterations);
            (rate.min(0.5) * 1e6).round() / 1e6
        };
        self.learning_rate.unwrap_or_else(rule)
    }

    /// Checks ranges.
    ///
    /// # Errors
    /// [`Error::Parameter`] for the first parameter out of range.
    pub fn check(self) -> Result<Catboost, Error> {
        let refuse = |parameter, value: String, expected| Error::Parameter {
            algorithm: "catboost",
            parameter,
            value,
            expected,
        };
        let whole = [
            ("iterations", self.iterations, 1, 100_000, "1 to 100000"),
            ("depth", self.depth as usize, 1, 12, "1 to 12"),
            ("border_count", self.border_count, 1, 254, "1 to 254"),
            ("one_hot_max_size", self.one_hot_max_size, 0, 16, "0 to 16"),
            (
                "max_ctr_complexity",
                self.max_ctr_complexity,
                1,
                8,
                "1 to 8",
            ),
            (
                "permutation_count",
                self.permutation_count,
                2,
                16,
                "2 to 16",
            ),
            (
                "leaf_estimation_iterations",
                self.leaf_estimation_iterations,
                1,
                100,
                "1 to 100",
            ),
            (
                "early_stopping_rounds",
                self.early_stopping_rounds.unwrap_or(usize::MAX),
                1,
                usize::MAX,
                "at least 1",
            ),
        ];
        for (name, value, least, most, expected) in whole {
            if !(least..=most).contains(&value) {
                return Err(refuse(name, value.to_string(), expected));
            }
        }
        for (name, value) in [
            ("learning_rate", self.learning_rate.unwrap_or(0.5)),
            ("subsample", self.subsample),
        ] {
            if !(value > 0.0 && value <= 1.0) {
                let expected = "a number above 0 and at most 1";
                return Err(refuse(name, value.to_string(), expected));
            }
        }
        for (name, value) in [
            ("l2_leaf_reg", self.l2_leaf_reg),
            ("random_strength", self.random_strength),
            ("bagging_temperature", self.bagging_temperature),
            ("model_size_reg", self.model_size_reg),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                let expected = "a finite number of at least 0";
                return Err(refuse(name, value.to_string(), expected));
            }
        }
        Ok(Catboost { params: self })
    }
}

#[cfg(test)]
mod tests {
    use super::CatboostParams;

    #[test]
    fn the_automatic_rate_is_the_one_catboost_reports() {
        // `get_all_params()["learning_rate"]` of catboost 1.2.10, without and with `eval_set`.
        for (n_rows, iterations, plain, stopped) in [
            (100, 100, 0.031837, 0.048855),
            (1000, 1000, 0.010302, 0.031689),
            (5634, 1000, 0.021554, 0.048569),
            (7043, 1, 0.5, 0.5),
            (20_000, 3000, 0.013519, 0.041183),
        ] {
            for (early_stopping_rounds, expected) in [(None, plain), (Some(50), stopped)] {
                let params = CatboostParams {
                    iterations,
                    early_stopping_rounds,
                    ..CatboostParams::default()
                };
                let rate = params.rate(n_rows);
                let far = 1e-3 * expected + 1e-6;
                assert!(
                    (rate - expected).abs() < far,
                    "{n_rows} {iterations} {rate}"
                );
            }
        }
    }
}
