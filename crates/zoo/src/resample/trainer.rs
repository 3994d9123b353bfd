//! A trainer around a trainer.

use churn_features::PlanParams;

use super::{Resampling, TrainingFold};
use crate::{Algorithm, Error, Fitted, Rounds, Samples, Trainer, seed::derive_seed};

/// A trainer that adds synthetic rows to whatever it is given to fit; see
/// [`Resampling::around`]. Rows that early stopping judges on are left alone.
pub struct Resampled {
    resampling: Resampling,
    trainer: Box<dyn Trainer>,
}

impl Resampled {
    pub(super) fn new(resampling: Resampling, trainer: Box<dyn Trainer>) -> Self {
        Self {
            resampling,
            trainer,
        }
    }
}

impl Trainer for Resampled {
    fn algorithm(&self) -> Algorithm {
        self.trainer.algorithm()
    }

    fn parameters(&self) -> serde_json::Value {
        let mut parameters = self.trainer.parameters();
        if let Some(map) = parameters.as_object_mut() {
            let resampling = serde_json::to_value(self.resampling.params).unwrap_or_default();
            map.insert("resampling".to_owned(), resampling);
        }
        parameters
    }

    fn plan_params(&self) -> PlanParams {
        self.trainer.plan_params()
    }

    fn has_rounds(&self) -> bool {
        self.trainer.has_rounds()
    }

    fn fit(&self, samples: Samples<'_>, rounds: Rounds<'_>, seed: u64) -> Result<Fitted, Error> {
        let fold = TrainingFold::new(samples);
        let more = self
            .resampling
            .resample(&fold, derive_seed(seed, "resampling", 0))?;
        let samples = Samples {
            matrix: &more.matrix,
            columns: samples.columns,
            labels: &more.labels,
            weights: more.weights.as_deref(),
        };
        self.trainer.fit(samples, rounds, seed)
    }
}
