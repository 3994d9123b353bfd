//! Doing a run again, and saying whether the same model comes out.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use churn_engine::Home;
use churn_registry::{Model, write_bundle};
use churn_store::sha256_hex;
use serde::Serialize;

use crate::{
    Error, NamedPolicy, TrainRequest, contest,
    inputs::{differences as input_differences, read_inputs},
    progress::Progress,
    run_config::RunConfig,
    train,
    tuning::Shelf,
};

/// What came of doing a run again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reproduction {
    /// The version looked at.
    pub model_version: String,
    /// The run that made it.
    pub run_id: String,
    /// The file used.
    pub data: PathBuf,
    /// Whether the bundle came out byte for byte the same.
    pub identical: bool,
    /// sha256 of the bundle as registered.
    pub bundle_sha256: String,
    /// sha256 of the bundle made now.
    pub reproduced_sha256: Option<String>,
    /// Where the two differ, in words; empty when identical.
    pub differences: Vec<String>,
}

/// Trains again what made the version `reference`, from the same settings and seed, without
/// registering anything and without trials of earlier searches.
///
/// `data` is the training file; `None` takes the path recorded when it was first seen.
///
/// # Errors
/// [`Error::NotReproducible`] when the run or its settings are not known here, and as
/// [`crate::train`].
pub fn reproduce(
    home: &Home,
    reference: &str,
    data: Option<&Path>,
    progress: &dyn Progress,
) -> Result<Reproduction, Error> {
    let lineage = home.registry().show(reference)?;
    let (version, model) = home.registry().load(reference)?;
    let name = version.version.to_string();
    let lacking = |why: String| Error::NotReproducible {
        version: name.clone(),
        why,
    };
    let run = lineage.run.ok_or_else(|| {
        lacking("it was imported, so the run that made it is not known".to_owned())
    })?;
    let config: RunConfig = serde_json::from_str(&run.config)
        .map_err(|fault| lacking(format!("its settings can't be read: {fault}")))?;
    let origin = lineage.dataset.map(|dataset| PathBuf::from(dataset.origin));
    let data = data.map(Path::to_owned).or(origin);
    let data =
        data.ok_or_else(|| lacking("its training file is not known; give --data".to_owned()))?;
    let request = TrainRequest {
        data: data.clone(),
        spec: Arc::new(model.spec.clone()),
        config: config.train,
        policy: NamedPolicy {
            name: config.policy,
            policy: config.selection,
        },
        seed: run.seed,
        folds: config.folds,
        holdout: config.holdout,
        playbook: config.playbook,
        activate: false,
        who: String::new(),
    };
    let mut differences = Vec::new();
    let (table, validation) = train::read(&request)?;
    let sha256 = validation.content_sha256.unwrap_or_default();
    if sha256 != version.dataset_sha256 {
        differences.push(format!(
            "the file is another one: {} has sha256 {sha256}, the model was trained on {}",
            data.display(),
            version.dataset_sha256
        ));
    }
    if let Some(before) = &config.inputs {
        differences.extend(input_differences(before, &read_inputs(home, &request)?));
    }
    let contest = contest::hold(home, &request, &table, &sha256, Shelf::Closed, progress)?;
    let again = contest
        .candidates
        .into_iter()
        .find(|candidate| candidate.algorithm.name() == version.algorithm)
        .map(|candidate| candidate.model);
    let reproduced_sha256 = match &again {
        Some(again) => Some(sha256_hex(&write_bundle(again)?)),
        None => None,
    };
    let identical = reproduced_sha256.as_deref() == Some(version.bundle_sha256.as_str());
    if !identical {
        let tuning = &request.config.tuning;
        if tuning.trials > 0
            && let Some(limit) = tuning.time_limit_s
        {
            differences.push(format!(
                "the search was limited to {limit} s, so how far it comes depends on the machine"
            ));
        }
        match &again {
            Some(again) => differences.extend(compare(&model, again)),
            None => differences.push(format!("the run has no candidate '{}'", version.algorithm)),
        }
    }
    Ok(Reproduction {
        model_version: name,
        run_id: run.id,
        data,
        identical,
        bundle_sha256: version.bundle_sha256,
        reproduced_sha256,
        differences,
    })
}

/// The parts in which two models differ.
fn compare(before: &Model, now: &Model) -> Vec<String> {
    let parts = [
        ("specification", before.spec == now.spec),
        ("fitted features", before.plan == now.plan),
        ("predictor", before.predictor == now.predictor),
        ("calibrator", before.calibrator == now.calibrator),
        (
            "decision threshold",
            before.threshold.total_cmp(&now.threshold).is_eq(),
        ),
        (
            "parameters on the card",
            before.card.parameters == now.card.parameters,
        ),
        (
            "cross-validated figures on the card",
            before.card.cv_metrics == now.card.cv_metrics,
        ),
        (
            "test figures on the card",
            before.card.test_metrics == now.card.test_metrics,
        ),
        (
            "decision on the card",
            before.card.decision == now.card.decision,
        ),
        ("the trainer's own file", before.native == now.native),
    ];
    parts
        .into_iter()
        .filter(|(_, same)| !same)
        .map(|(part, _)| format!("{part} differs"))
        .collect()
}
