//! Trainers from settings: the one list of families there are.

use std::sync::Arc;

use churn_config::find_xgboost_library;
use churn_engine::Home;
use churn_xgboost::Library;
use churn_zoo::{
    Algorithm, Trainer,
    resample::ResampleParams,
    tune::{Assignment, SearchSpace},
};

use crate::{AlgorithmParams, Error, TrainConfig};

/// Makes trainers; holds the native library so that it is found and loaded once.
pub(crate) struct Workshop {
    params: AlgorithmParams,
    resampling: Option<ResampleParams>,
    library: Option<Arc<Library>>,
}

impl Workshop {
    /// A workshop for the families of `config` with their parameters.
    pub(crate) fn new(home: &Home, config: &TrainConfig) -> Result<Self, Error> {
        let library = if config.algorithms.contains(&Algorithm::Xgboost) {
            Some(Library::open(&find_xgboost_library(home.settings())?)?)
        } else {
            None
        };
        Ok(Self {
            params: config.parameters.clone(),
            resampling: config.resampling,
            library,
        })
    }

    /// The trainer of a family, with the parameters given or changed by `found`.
    pub(crate) fn trainer(
        &self,
        algorithm: Algorithm,
        found: Option<&Assignment>,
    ) -> Result<Box<dyn Trainer>, churn_zoo::Error> {
        let found = found.cloned().unwrap_or_default();
        let trainer: Box<dyn Trainer> = match algorithm {
            Algorithm::Logistic => Box::new(found.apply_to(&self.params.logistic)?.check()?),
            Algorithm::Forest => Box::new(found.apply_to(&self.params.forest)?.check()?),
            Algorithm::Xgboost => {
                let library = self.library.clone().ok_or(churn_zoo::Error::NoLibrary)?;
                Box::new(found.apply_to(&self.params.xgboost)?.check(library)?)
            }
            Algorithm::Catboost => Box::new(found.apply_to(&self.params.catboost)?.check()?),
            Algorithm::Blend | Algorithm::Stack => return Err(no_family(algorithm)),
        };
        Ok(match &self.resampling {
            Some(params) => Box::new(params.check()?.around(trainer)),
            None => trainer,
        })
    }

    /// Which parameters of a family are searched, and their values as given (tried first).
    pub(crate) fn space(
        &self,
        algorithm: Algorithm,
    ) -> Result<(SearchSpace, Option<Assignment>), churn_zoo::Error> {
        // Values given outside the searched range can't be a first trial; the search does without.
        Ok(match algorithm {
            Algorithm::Logistic => {
                let space = SearchSpace::logistic();
                let first = space.pick_from(&self.params.logistic).ok();
                (space, first)
            }
            Algorithm::Forest => {
                let space = SearchSpace::forest();
                let first = space.pick_from(&self.params.forest).ok();
                (space, first)
            }
            Algorithm::Xgboost => {
                let space = SearchSpace::xgboost();
                let first = space.pick_from(&self.params.xgboost).ok();
                (space, first)
            }
            Algorithm::Catboost => {
                let space = SearchSpace::catboost();
                let first = space.pick_from(&self.params.catboost).ok();
                (space, first)
            }
            Algorithm::Blend | Algorithm::Stack => return Err(no_family(algorithm)),
        })
    }
}

fn no_family(algorithm: Algorithm) -> churn_zoo::Error {
    churn_zoo::Error::Combination {
        fault: format!(
            "{} is made of other candidates, nothing trains it",
            algorithm.title()
        ),
    }
}
