//! What a run was asked for, as it is recorded: enough to do it again.

use std::path::PathBuf;

use churn_zoo::SelectionPolicy;
use serde::{Deserialize, Serialize};

use crate::{TrainConfig, TrainRequest};

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
}

impl RunConfig {
    /// The settings of a request.
    #[must_use]
    pub fn of(request: &TrainRequest) -> Self {
        Self {
            train: request.config.clone(),
            policy: request.policy.name.clone(),
            selection: request.policy.policy.clone(),
            folds: request.folds.clone(),
            holdout: request.holdout.clone(),
            playbook: request.playbook.clone(),
        }
    }
}
