//! Training and choosing a model. What is trained may be trained again after a crash: the same
//! data and seed give the same bundles, which are the same versions. Only putting one into service
//! must happen once, and is the effect.

use std::sync::Arc;

use anyhow::Context as _;
use churn_engine::jobs::{TrainModel, TrainModelResult};
use churn_pipeline::{NamedPolicy, TrainConfig, TrainRequest, train};
use churn_schema::DatasetSpec;

use super::write;
use crate::outcome::Effect;
use crate::{Done, JobContext, JobFault};

pub(super) fn run<'c>(job: &TrainModel, context: &'c JobContext) -> Result<Done<'c>, JobFault> {
    let request = TrainRequest {
        data: context.fetch(&job.data)?,
        spec: Arc::new(
            DatasetSpec::from_yaml(&job.spec, "the specification of the job").map_err(refused)?,
        ),
        config: read_config(job)?,
        policy: read_policy(job, context)?,
        seed: job.seed,
        folds: None,
        holdout: None,
        playbook: None,
        activate: false,
        who: context.asked_by().to_owned(),
    };
    let outcome = train(context.home(), &request, context)?;
    let chosen = outcome
        .decision
        .champion
        .and(outcome.champion.clone())
        .filter(|_| job.activate);
    let registry = context.home().registry();
    let effect = match &chosen {
        None => None,
        Some(version) => {
            let to = registry.resolve_verified(version)?;
            let why = outcome.decision.text.clone();
            let who = request.who;
            Some(Box::new(move |connection: &mut _| {
                registry.activate_in(connection, &to, &who, &why)?;
                Ok(())
            }) as Effect<'c>)
        }
    };
    let result = TrainModelResult {
        run_id: outcome.run_id,
        champion: outcome.champion,
        activated: chosen.is_some(),
        decision: outcome.decision.text,
    };
    Ok(Done {
        result: write(&result)?,
        effect,
    })
}

fn read_policy(job: &TrainModel, context: &JobContext) -> Result<NamedPolicy, JobFault> {
    let file = match &job.selection {
        None => None,
        Some(text) => {
            let path = context.folder().join("selection.yaml");
            std::fs::write(&path, text)
                .with_context(|| format!("can't write {}", path.display()))?;
            Some(path)
        }
    };
    Ok(NamedPolicy::read(file.as_deref(), job.preset.as_deref())?)
}

fn read_config(job: &TrainModel) -> Result<TrainConfig, JobFault> {
    let Some(given) = &job.config else {
        return Ok(TrainConfig::default());
    };
    let config: TrainConfig = serde_json::from_value(given.clone())
        .context("the training settings of the job")
        .map_err(JobFault::Refused)?;
    let faults = config.faults();
    if faults.is_empty() {
        Ok(config)
    } else {
        Err(JobFault::Refused(anyhow::anyhow!("{}", faults.join("; "))))
    }
}

fn refused(fault: churn_schema::Error) -> JobFault {
    JobFault::Refused(fault.into())
}
