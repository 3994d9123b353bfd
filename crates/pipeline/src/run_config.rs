//! What a run was asked for, as it is recorded: enough to do it again.

use std::path::PathBuf;

use churn_engine::Home;
use churn_zoo::SelectionPolicy;
use serde::{Deserialize, Serialize};

use crate::{Error, InputFiles, TrainConfig, TrainRequest, inputs::read_inputs};

/// The settings of a run. The data, its specification and the seed are recorded beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunConfig {
    /// How it trained.
    pub train: TrainConfig,
    /// Name of the policy.
    pub policy: String,
    /// The policy itself.
    pub selection: SelectionPolicy,
    /// The user's folds, as the path was given.
    #[serde(default)]
    pub folds: Option<PathBuf>,
    /// The user's test part, as the path was given.
    #[serde(default)]
    pub holdout: Option<PathBuf>,
    /// The playbook customers' values came from, when one was named.
    #[serde(default)]
    pub playbook: Option<PathBuf>,
    /// Those files by content, and the playbook found where none was named; none in runs of
    /// earlier programs.
    #[serde(default)]
    pub inputs: Option<InputFiles>,
}

impl RunConfig {
    /// The settings of a request to be run in `home`.
    ///
    /// # Errors
    /// [`Error::Read`] when a file it names can't be read.
    pub fn of(home: &Home, request: &TrainRequest) -> Result<Self, Error> {
        Ok(Self {
            inputs: Some(read_inputs(home, request)?),
            train: request.config.clone(),
            policy: request.policy.name.clone(),
            selection: request.policy.policy.clone(),
            folds: request.folds.clone(),
            holdout: request.holdout.clone(),
            playbook: request.playbook.clone(),
        })
    }
}
