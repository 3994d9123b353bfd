//! CatBoost, trained natively: symmetric trees, ordered target statistics, ordered boosting.
//!
//! The algorithm of Prokhorenkova et al. (NeurIPS 2018) and Dorogush et al. (2018) with
//! CatBoost's own parameters. A tree asks one question per level ([`search`]); candidates are
//! borders of numbers ([`borders`]), single levels of narrow categories, and target statistics of
//! wide ones and of their combinations ([`statistic`], [`projection`]), each taken in a random
//! order ([`fold`]) so that no row sees its own label. Sums are whole numbers ([`histogram`]), so
//! the result does not depend on threads. The finished model serves with statistics over all
//! training rows ([`tables`], [`export`]).
//!
//! Missing and unseen categories are one and the same: equal to no level, in no bucket.

mod boost;
mod borders;
mod export;
mod fold;
mod histogram;
mod leaves;
mod params;
mod projection;
mod quantized;
mod random;
mod sampling;
mod score;
mod search;
mod statistic;
mod tables;

use churn_ensemble::Predictor;
use churn_features::{CategoryEncoding, PlanParams};

pub use params::{BoostingType, BootstrapType, CatboostParams, ScoreFunction};

use crate::{Algorithm, Error, Fitted, Rounds, Samples, Trainer};
use boost::{Stop, Target, boost};
use quantized::Quantized;
use tables::Tables;

/// The trainer; made by [`CatboostParams::check`].
#[derive(Debug, Clone)]
pub struct Catboost {
    params: CatboostParams,
}

impl Trainer for Catboost {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Catboost
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::to_value(&self.params).unwrap_or_default()
    }

    fn plan_params(&self) -> PlanParams {
        PlanParams {
            categories: CategoryEncoding::Native,
            ..PlanParams::trees()
        }
    }

    fn has_rounds(&self) -> bool {
        self.params.early_stopping_rounds.is_some()
    }

    fn fit(&self, samples: Samples<'_>, rounds: Rounds<'_>, seed: u64) -> Result<Fitted, Error> {
        samples.check()?;
        let (judge, stop) = match rounds {
            Rounds::UntilBestOn(judge) => (Some(judge), Stop::UntilBestOn(target(judge))),
            Rounds::Exactly(n) => (None, Stop::After(n.unwrap_or(self.params.iterations))),
        };
        let data = Quantized::new(samples, judge, &self.params)?;
        let mut tables = Tables::new(samples.labels);
        let mut store = projection::BucketStore::new();
        let boosted = boost(
            &data,
            target(samples),
            &stop,
            &self.params,
            seed,
            &mut store,
            &mut tables,
        );
        let n_rounds = boosted.trees.len();
        let ensemble = export::export(&data, samples.columns, boosted, &mut store, &mut tables)?;
        Ok(Fitted {
            predictor: Predictor::Symmetric(ensemble),
            native: None,
            n_rounds: Some(n_rounds),
        })
    }
}

fn target(samples: Samples<'_>) -> Target<'_> {
    Target {
        labels: samples.labels,
        weights: samples.weights,
    }
}
