//! Tuning within a run: studies that are stored as they go and found again.

use std::{ops::ControlFlow, time::Instant};

use churn_engine::Home;
use churn_features::FeaturePlan;
use churn_registry::NewTrial;
use churn_schema::Table;
use churn_store::sha256_hex;
use churn_zoo::{
    Algorithm, derive_seed,
    tune::{
        Assignment, Ended, FoldObjective, Pruner, Study, StudyParams, TrialRecord, TuneLimits, tune,
    },
};
use serde::{Deserialize, Serialize};

use crate::{Error, progress::Progress, split::whole_folds, trainers::Workshop};

/// How parameters are searched for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TuningConfig {
    /// Trials per family; 0 keeps the parameters given. Default 0.
    pub trials: usize,
    /// Most seconds per search (one per family, and one more per repeat with
    /// [`TuningScope::EachRepeat`]); a study stopped by time depends on the machine. Default no limit.
    pub time_limit_s: Option<f64>,
    /// Folds a trial is judged on, at least 2. Default 5.
    pub folds: usize,
    /// When a trial is given up. Default the median rule.
    pub pruner: Pruner,
    /// Which rows the search behind the cross-validated figures sees. Default all development rows.
    pub scope: TuningScope,
}

/// Which rows the search behind the cross-validated figures sees. The test part is never seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TuningScope {
    /// One search on all development rows: cheap, and the cross-validated figures are a little too
    /// good (about 0.0004 of ROC-AUC on data of some thousand rows); those on the test part are not.
    #[default]
    Development,
    /// One search per repeat on the training rows of its first fold, for the figures; and one on
    /// all development rows, for the model.
    EachRepeat,
}

impl Default for TuningConfig {
    fn default() -> Self {
        Self {
            trials: 0,
            time_limit_s: None,
            folds: 5,
            pruner: Pruner::default(),
            scope: TuningScope::default(),
        }
    }
}

/// What a study came to, for the outcome of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StudySummary {
    /// Hash that names the study in the store.
    pub study: String,
    /// Rows it saw.
    pub n_rows: usize,
    /// Trials finished, those found in the store included.
    pub n_trials: usize,
    /// Of these found in the store.
    pub n_resumed: usize,
    /// Of these given up early.
    pub n_pruned: usize,
    /// Of these that could not be run.
    pub n_failed: usize,
    /// Lowest mean log loss over the inner folds.
    pub best_loss: Option<f64>,
    /// The values that gave it.
    pub best: Option<Assignment>,
}

/// Whether trials are kept.
#[derive(Clone, Copy)]
pub(crate) enum Shelf<'a> {
    /// Recorded under this run, and those of the same study used.
    Of { run_id: &'a str },
    /// Neither recorded nor used.
    Closed,
}

/// What a study is about.
pub(crate) struct Search<'a> {
    pub(crate) home: &'a Home,
    pub(crate) workshop: &'a Workshop,
    pub(crate) config: &'a TuningConfig,
    pub(crate) shelf: Shelf<'a>,
    /// Everything else that decides the result: data, specification, split.
    pub(crate) context: &'a str,
    pub(crate) seed: u64,
    pub(crate) progress: &'a dyn Progress,
}

impl Search<'_> {
    /// Searches parameters of `algorithm` on `table`, going on with what the store has of the
    /// same study.
    pub(crate) fn run(
        &self,
        algorithm: Algorithm,
        part: &str,
        table: &Table,
        labels: &[bool],
    ) -> Result<StudySummary, Error> {
        let seed = derive_seed(self.seed, part, 0);
        let folds = whole_folds(
            table,
            labels,
            self.config.folds,
            1,
            derive_seed(seed, "tuning folds", 0),
        )?;
        let given = self.workshop.trainer(algorithm, None)?;
        let plan = FeaturePlan::new(table.spec().clone(), given.plan_params());
        let objective = FoldObjective::prepare(&plan, table, labels, &folds)?;
        let (space, first) = self.workshop.space(algorithm)?;
        let params = StudyParams {
            seed: derive_seed(seed, algorithm.name(), 0),
            pruner: self.config.pruner,
            ..StudyParams::default()
        };
        let name = sha256_hex(
            serde_json::json!({
                "context": self.context,
                "part": part,
                "algorithm": algorithm,
                "parameters": given.parameters(),
                "domains": space.domains().collect::<Vec<_>>(),
                "study": params,
                "folds": self.config.folds,
                "program": env!("CARGO_PKG_VERSION"),
            })
            .to_string()
            .as_bytes(),
        );
        let mut study = Study::new(space, params.check(self.config.folds)?);
        if let Some(first) = first {
            study = study.start_with(&[first])?;
        }
        let stored = self.stored(&name)?;
        let n_resumed = stored.len();
        let mut study = study.resume(stored)?;
        self.drive(algorithm, &name, &mut study, &objective, seed)?;
        let best = study
            .best()
            .map(|(record, loss)| (record.params.clone(), loss));
        let failed: Vec<&str> = study
            .records()
            .filter_map(|trial| match &trial.outcome {
                churn_zoo::tune::Outcome::Failed { fault } => Some(fault.as_str()),
                _ => None,
            })
            .collect();
        let n_failed = failed.len();
        if best.is_none()
            && let Some(first) = failed.first()
        {
            let fault = format!(
                "no trial of {} could be run, the first because: {first}",
                algorithm.title()
            );
            return Err(churn_zoo::Error::Tuning { fault }.into());
        }
        Ok(StudySummary {
            study: name,
            n_rows: labels.len(),
            n_trials: study.records().count(),
            n_resumed,
            n_failed,
            n_pruned: study
                .records()
                .filter(|trial| trial.loss().is_none())
                .count()
                - n_failed,
            best_loss: best.as_ref().map(|(_, loss)| *loss),
            best: best.map(|(params, _)| params),
        })
    }

    /// Trials of this study that the store has.
    fn stored(&self, study: &str) -> Result<Vec<TrialRecord>, Error> {
        if let Shelf::Closed = self.shelf {
            return Ok(Vec::new());
        }
        let trials = self.home.registry().trials_of_study(study)?;
        // A record this version can't read is done again.
        Ok(trials
            .iter()
            .map_while(|trial| serde_json::from_str(&trial.record).ok())
            .take_while(|record: &TrialRecord| record.number < self.config.trials)
            .collect())
    }

    fn drive(
        &self,
        algorithm: Algorithm,
        name: &str,
        study: &mut Study,
        objective: &FoldObjective,
        seed: u64,
    ) -> Result<Ended, Error> {
        let start = Instant::now();
        let clock = || start.elapsed().as_secs_f64();
        let n_before = study.records().count();
        let title = format!("tuning {}", algorithm.title());
        self.progress.begin(&title, self.config.trials as u64);
        (0..n_before).for_each(|_| self.progress.advance());
        let mut fault = None;
        let ended = tune(
            study,
            &|values, fold| {
                let trainer = self.workshop.trainer(algorithm, Some(values))?;
                objective.loss(&*trainer, fold, seed)
            },
            TuneLimits {
                n_trials: self.config.trials,
                seconds: self.config.time_limit_s,
            },
            &clock,
            &mut |record, state| {
                self.progress.advance();
                if let Some(loss) = state.best.and_then(TrialRecord::loss) {
                    self.progress.tell(&format!("best log loss {loss:.4}"));
                }
                match self.store(algorithm, name, record) {
                    Ok(()) if self.progress.is_cancelled() => {
                        fault = Some(churn_engine::Error::Cancelled.into());
                        ControlFlow::Break(())
                    }
                    Ok(()) => ControlFlow::Continue(()),
                    Err(error) => {
                        fault = Some(error);
                        ControlFlow::Break(())
                    }
                }
            },
        );
        self.progress.end();
        match fault {
            Some(fault) => Err(fault),
            None => Ok(ended?),
        }
    }

    fn store(&self, algorithm: Algorithm, study: &str, record: &TrialRecord) -> Result<(), Error> {
        let Shelf::Of { run_id } = self.shelf else {
            return Ok(());
        };
        let json = serde_json::json!(record).to_string();
        self.home.registry().record_trial(&NewTrial {
            study,
            number: record.number as u64,
            run_id,
            algorithm: algorithm.name(),
            record: &json,
        })?;
        Ok(())
    }
}
