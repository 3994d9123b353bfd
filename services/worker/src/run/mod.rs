//! What can be run: every kind of job and the function that runs it, in one list.

mod housekeep;
mod score_file;
mod train_model;

use churn_engine::jobs::{Housekeep, JobKind, KindInfo, ScoreFile, TrainModel};

use crate::{Done, JobContext, JobFault};

/// A kind of job and how it is run.
#[derive(Clone, Copy)]
pub struct Runner {
    /// The kind.
    pub kind: KindInfo,
    /// Runs one from its JSON. May be called again for the same job after a crash.
    pub run: for<'c> fn(&str, &'c JobContext) -> Result<Done<'c>, JobFault>,
}

/// Every kind there is.
pub const RUNNERS: [Runner; 3] = [
    Runner {
        kind: ScoreFile::INFO,
        run: |payload, context| score_file::run(&read(payload)?, context),
    },
    Runner {
        kind: TrainModel::INFO,
        run: |payload, context| train_model::run(&read(payload)?, context),
    },
    Runner {
        kind: Housekeep::INFO,
        run: |payload, context| housekeep::run(&read(payload)?, context),
    },
];

fn read<J: JobKind>(payload: &str) -> Result<J, JobFault> {
    serde_json::from_str(payload)
        .map_err(|fault| JobFault::Refused(anyhow::anyhow!("the job can't be read: {fault}")))
}

fn write(result: &impl serde::Serialize) -> Result<serde_json::Value, JobFault> {
    serde_json::to_value(result).map_err(|fault| {
        JobFault::Refused(anyhow::anyhow!(
            "the result can't be written as JSON: {fault}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use churn_engine::jobs::KINDS;

    #[test]
    fn every_kind_has_its_runner() {
        let runners = super::RUNNERS.map(|runner| runner.kind.name);
        assert_eq!(runners, KINDS.map(|kind| kind.name));
    }
}
