//! The job that trains and chooses a model.

use serde::{Deserialize, Serialize};

use super::{JobKind, Source};
use crate::users::Scope;

/// Trains on a file, chooses a model, and puts it into service when asked to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainModel {
    /// Labelled customers.
    pub data: Source,
    /// What the columns are: the specification as YAML.
    pub spec: String,
    /// Settings of the run, as in the file of `churn train --config`; none = the usual ones.
    #[serde(default)]
    pub config: Option<serde_json::Value>,
    /// Selection policies as YAML, as in `config/selection.yaml`; none = the ones shipped.
    #[serde(default)]
    pub selection: Option<String>,
    /// Which of the policies; none = their default.
    #[serde(default)]
    pub preset: Option<String>,
    /// The seed all randomness comes from. Default 42.
    #[serde(default = "usual_seed")]
    pub seed: u64,
    /// Whether the chosen model goes into service. Default true.
    #[serde(default = "yes")]
    pub activate: bool,
}

fn usual_seed() -> u64 {
    42
}

fn yes() -> bool {
    true
}

impl JobKind for TrainModel {
    const NAME: &'static str = "train_model";
    const PRIORITY: i32 = 0;
    const MAX_ATTEMPTS: i32 = 2;
    const SCOPE: Scope = Scope::Train;
}

/// What training came to.
#[derive(Debug, Clone, Serialize)]
pub struct TrainModelResult {
    /// The run, with every figure.
    pub run_id: String,
    /// The version chosen or kept; none when none passed.
    pub champion: Option<String>,
    /// Whether it was put into service by this job.
    pub activated: bool,
    /// The decision in words.
    pub decision: String,
}
