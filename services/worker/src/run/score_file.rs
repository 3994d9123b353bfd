//! Scoring a file of customers. All of it may be done again after a crash: blobs are named by
//! their content, customers are replaced, and a prediction's id is the job's and the row's.

use std::ops::ControlFlow;

use churn_engine::jobs::{ScoreFile, ScoreFileResult};
use churn_engine::{
    Error, Onlooker, RecordedRow, ScoreFileParams, Scorer, ScorerParams, load_playbook,
    score_file_for,
};
use churn_pipeline::Progress as _;
use churn_store::tables::customers::{self, Customer};
use churn_store::tables::predictions::{self, Prediction};

use super::write;
use crate::{Done, JobContext, JobFault};

pub(super) fn run<'c>(job: &ScoreFile, context: &'c JobContext) -> Result<Done<'c>, JobFault> {
    let registry = context.home().registry();
    let input = context.fetch(&job.input)?;
    let (version, model) = registry.load(&job.model)?;
    let playbook = load_playbook(None, context.home().path(), &model.spec)?;
    let dataset = model.spec.name.clone();
    let params = ScorerParams {
        n_reasons: usize::from(job.reasons.min(20)),
        playbook: Some(playbook),
        with_offers: job.offers,
    };
    let scorer = Scorer::new(version.version.to_string(), model, params)?;
    let output = context
        .folder()
        .join(format!("scored.{}", job.format.ending()));
    let rejected = context.folder().join("rejected.csv");
    let params = ScoreFileParams {
        input,
        output: output.clone(),
        rejected,
        with_intervals: job.intervals,
        n_top: 0,
        max_rejected_share: job.max_rejected,
    };
    context.log(&format!("scoring with {}", version.version));
    let mut recorder = Recorder {
        context,
        dataset: &dataset,
        version: scorer.version(),
        wants_rows: job.record.0,
        max_rows: job.max_rows.unwrap_or(u64::MAX),
        is_too_long: false,
    };
    let scored = score_file_for(&scorer, &params, &mut recorder);
    if recorder.is_too_long {
        let most = recorder.max_rows;
        return Err(JobFault::Refused(Error::TooManyRows { most }.into()));
    }
    let mut report = scored?;
    let blobs = registry.blobs();
    let rejected_blob = match report.rejected.take() {
        Some(path) => Some(blobs.put_file(&path)?),
        None => None,
    };
    for example in &mut report.examples {
        *example = context.hide_folder(example);
    }
    let output_name = format!("scored-{}.{}", version.version, job.format.ending());
    report.output = output_name.clone().into();
    let result = ScoreFileResult {
        output_blob: blobs.put_file(&output)?,
        output_name,
        rejected_blob,
        report,
    };
    Ok(Done {
        result: write(&result)?,
        effect: None,
    })
}

/// Writes scored rows into the database as they come.
struct Recorder<'a> {
    context: &'a JobContext,
    dataset: &'a str,
    version: &'a str,
    wants_rows: bool,
    max_rows: u64,
    is_too_long: bool,
}

impl Onlooker for Recorder<'_> {
    fn done(&mut self, n_rows: u64) -> ControlFlow<()> {
        self.context.set_progress("scoring", n_rows, 0);
        self.is_too_long = n_rows > self.max_rows;
        if self.is_too_long {
            return ControlFlow::Break(());
        }
        if self.context.is_cancelled() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn wants_rows(&self) -> bool {
        self.wants_rows
    }

    fn rows(&mut self, rows: Vec<RecordedRow>) -> Result<(), Error> {
        let at = self.context.now();
        let mut seen = Vec::with_capacity(rows.len());
        let mut said = Vec::with_capacity(rows.len());
        for RecordedRow { record, scored } in rows {
            let risk_level = scored.risk_level.to_string();
            let answer = serde_json::json!({ "reasons": scored.reasons, "offers": scored.offers });
            if let Some(key) = &scored.key {
                seen.push(Customer {
                    dataset: self.dataset.to_owned(),
                    key: key.clone(),
                    record: record.clone(),
                    probability: scored.churn_probability,
                    risk_level: risk_level.clone(),
                    model_version: self.version.to_owned(),
                    scored_at: at,
                });
            }
            said.push(Prediction {
                id: format!("{}:{:012}", self.context.job_id(), scored.row),
                at,
                dataset: self.dataset.to_owned(),
                customer_key: scored.key.unwrap_or_default(),
                model_version: self.version.to_owned(),
                probability: scored.churn_probability,
                risk_level,
                source: "job".to_owned(),
                asked_by: Some(self.context.asked_by().to_owned()),
                record,
                answer: answer.to_string(),
            });
        }
        let database = self.context.home().registry().database();
        Ok(database.transaction(|connection| {
            customers::upsert(connection, &seen)?;
            predictions::insert(connection, &said)
        })?)
    }
}
