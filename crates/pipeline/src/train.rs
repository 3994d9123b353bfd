//! Training: from a file to a champion, with the evidence.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use churn_engine::Home;
use churn_registry::{DataFile, NewVersion, RunStart};
use churn_schema::{DatasetSpec, ReadOptions, Severity, Table, Validation, read_all};
use churn_zoo::Decision;

use crate::{
    CandidateOutcome, DataSummary, Error, NamedPolicy, TrainConfig, TrainOutcome,
    candidate::{Candidate, TestPart, named},
    card::CardFacts,
    contest,
    heartbeat::Heartbeat,
    incumbent::{Verdict, compare, in_service},
    progress::Progress,
    run_config::RunConfig,
    tuning::Shelf,
    validate::read_spec,
};

/// What to train on and how.
#[derive(Debug, Clone)]
pub struct TrainRequest {
    /// CSV (plain or gzip) or Parquet with the target.
    pub data: PathBuf,
    /// What its columns are.
    pub spec: Arc<DatasetSpec>,
    /// How to train.
    pub config: TrainConfig,
    /// How to choose.
    pub policy: NamedPolicy,
    /// The seed all randomness comes from. Default 42.
    pub seed: u64,
    /// The user's folds: key, repeat, fold.
    pub folds: Option<PathBuf>,
    /// The user's test part: keys.
    pub holdout: Option<PathBuf>,
    /// The playbook that says what customers are worth; else as [`load_playbook`] finds it.
    pub playbook: Option<PathBuf>,
    /// Whether the chosen model goes into service. Default true.
    pub activate: bool,
    /// Who asks, for the audit.
    pub who: String,
}

impl TrainRequest {
    /// A request with defaults for everything else.
    ///
    /// # Errors
    /// As [`read_spec`] and [`NamedPolicy::read`].
    pub fn new(data: PathBuf, spec: &Path) -> Result<Self, Error> {
        Ok(Self {
            data,
            spec: read_spec(spec)?,
            config: TrainConfig::default(),
            policy: NamedPolicy::read(None, None)?,
            seed: 42,
            folds: None,
            holdout: None,
            playbook: None,
            activate: true,
            who: "shell".to_owned(),
        })
    }
}

/// Trains every family asked for, chooses one and puts it into service.
///
/// A failed run is recorded with its error. Every candidate is registered, so that any of them can
/// be activated later.
///
/// # Errors
/// [`Error::is_data_refused`] tells faults of the data from all others.
pub fn train(
    home: &Home,
    request: &TrainRequest,
    progress: &dyn Progress,
) -> Result<TrainOutcome, Error> {
    let faults = request.config.faults_for(&request.spec);
    if !faults.is_empty() {
        let fault = faults.join("; ");
        return Err(Error::BadSettings { fault });
    }
    let (table, validation) = read(request)?;
    let registry = home.registry();
    let sha256 = validation.content_sha256.clone().unwrap_or_default();
    let fingerprint = request.spec.fingerprint();
    registry.record_dataset(&DataFile {
        sha256: &sha256,
        name: &request.spec.name,
        origin: &request.data.display().to_string(),
        n_rows: validation.n_rows,
        n_bytes: std::fs::metadata(&request.data).map_or(0, |facts| facts.len()),
        spec_fingerprint: &fingerprint,
    })?;
    let config = serde_json::json!(RunConfig::of(home, request)?);
    let run_id = registry.start_run(&RunStart {
        dataset_sha256: &sha256,
        spec_fingerprint: &fingerprint,
        seed: request.seed,
        config: &config,
    })?;
    let heartbeat = Heartbeat::start(registry, &run_id);
    let outcome = run(home, request, &run_id, &table, validation, progress);
    drop(heartbeat);
    match &outcome {
        Ok(outcome) => {
            let leaderboard = serde_json::json!(outcome.candidates);
            registry.finish_run(&run_id, &leaderboard, &serde_json::json!(outcome.decision))?;
        }
        // The run's own error is what the caller must see; failing to note it down comes second.
        Err(fault) => drop(registry.fail_run(&run_id, &fault.to_string())),
    }
    outcome
}

/// Reads and validates the file of a request.
pub(crate) fn read(request: &TrainRequest) -> Result<(Table, Validation), Error> {
    if request.spec.target().is_none() {
        return Err(Error::NoTarget {
            spec: request.spec.name.clone(),
        });
    }
    let (table, validation) = read_all(&request.data, &request.spec, &ReadOptions::train())?;
    check_rejected(&request.data, &validation)?;
    Ok((table, validation))
}

/// Refuses a file of which too many rows were refused.
pub(crate) fn check_rejected(path: &Path, validation: &Validation) -> Result<(), Error> {
    if !validation.is_acceptable() {
        let first = validation
            .faults
            .iter()
            .find(|fault| fault.severity == Severity::Error);
        return Err(Error::TooManyRejected {
            path: path.to_owned(),
            n_rejected: validation.n_rejected,
            n_rows: validation.n_rows,
            share: 100.0 * validation.rejected_share(),
            limit: 100.0 * validation.max_rejected_share,
            first: first.map(|fault| format!("{fault:#}")).unwrap_or_default(),
        });
    }
    Ok(())
}

fn run(
    home: &Home,
    request: &TrainRequest,
    run_id: &str,
    table: &Table,
    validation: Validation,
    progress: &dyn Progress,
) -> Result<TrainOutcome, Error> {
    let data_sha256 = validation.content_sha256.clone().unwrap_or_default();
    let shelf = Shelf::Of { run_id };
    let mut contest = contest::hold(home, request, table, &data_sha256, shelf, progress)?;
    let facts = contest::facts(request, &contest.rows, &data_sha256);
    let winner = contest
        .candidates
        .iter()
        .find(|candidate| Some(candidate.algorithm) == contest.decision.champion);
    let probabilities = winner.map(|winner| winner.test_probabilities.clone());
    let challenge = Challenge {
        home,
        request,
        facts: &facts,
        test: contest.rows.test.as_ref(),
        probabilities,
    };
    let mut seen = in_service(home)?;
    let kept = challenge.meet(seen.as_deref(), &mut contest.decision)?;
    let n_all = table.n_rows();
    let all_left = table
        .labels()
        .unwrap_or_default()
        .iter()
        .filter(|&&label| label)
        .count();
    let rows = &contest.rows;
    let mut outcome = TrainOutcome {
        run_id: run_id.to_owned(),
        champion: kept,
        policy: request.policy.name.clone(),
        seed: request.seed,
        data: DataSummary {
            dataset: request.spec.name.clone(),
            sha256: data_sha256.clone(),
            n_development: rows.labels.len(),
            n_test: n_all - rows.labels.len(),
            base_rate: all_left as f64 / n_all as f64,
            n_folds: rows.folds.len(),
        },
        candidates: Vec::new(),
        failed: contest.failed,
        comparisons: contest.comparisons,
        assumptions: contest.assumptions,
        baselines: contest.baselines,
        decision: contest.decision,
        validation,
    };
    register(home, request, contest.candidates, &mut outcome)?;
    while request.activate && outcome.decision.champion.is_some() {
        if activate(home, request, seen.as_deref(), &outcome)? {
            break;
        }
        // Another run put its model into service since: the winner must face that one too.
        seen = in_service(home)?;
        if let Some(kept) = challenge.meet(seen.as_deref(), &mut outcome.decision)? {
            outcome.champion = Some(kept);
        }
    }
    Ok(outcome)
}

/// Puts the chosen version into service, unless `seen` no longer is; says whether it did.
fn activate(
    home: &Home,
    request: &TrainRequest,
    seen: Option<&str>,
    outcome: &TrainOutcome,
) -> Result<bool, Error> {
    let Some(champion) = &outcome.champion else {
        return Ok(true);
    };
    let registry = home.registry();
    match registry.activate_if(champion, seen, &request.who, &outcome.decision.text) {
        Err(churn_registry::Error::Overtaken { .. }) => Ok(false),
        other => Ok(other.map(|_| true)?),
    }
}

/// The winner of a contest before it goes into service.
struct Challenge<'a> {
    home: &'a Home,
    request: &'a TrainRequest,
    facts: &'a CardFacts<'a>,
    test: Option<&'a TestPart>,
    /// Of the winner, on the test part; `None` when nobody won.
    probabilities: Option<Vec<f64>>,
}

impl Challenge<'_> {
    /// Asks whether the winner is not worse than `incumbent`, the model in service, and notes down
    /// the answer; if it is worse, that version is given back and nothing is chosen.
    fn meet(
        &self,
        incumbent: Option<&str>,
        decision: &mut Decision,
    ) -> Result<Option<String>, Error> {
        let Some(probabilities) = &self.probabilities else {
            return Ok(None);
        };
        let verdict = compare(
            self.home,
            self.request,
            incumbent,
            self.facts,
            self.test,
            probabilities,
            self.request.policy.policy.significance,
        )?;
        match verdict {
            Verdict::NotComparable(why) => decision.reasons.push(why),
            Verdict::NotWorse(figures) => {
                decision
                    .reasons
                    .push(format!("not worse than the model in service: {figures}"));
            }
            Verdict::Worse { incumbent, figures } => {
                decision
                    .reasons
                    .push(format!("the model in service is better: {figures}"));
                "the model in service was kept: it is better than every candidate"
                    .clone_into(&mut decision.text);
                decision.champion = None;
                return Ok(Some(incumbent));
            }
            Verdict::OtherData { incumbent, why } => {
                decision.reasons.push(why);
                "nothing was put into service: the model there is for another data set"
                    .clone_into(&mut decision.text);
                decision.champion = None;
                return Ok(Some(incumbent));
            }
        }
        Ok(None)
    }
}

/// Registers the candidates, simplest first.
fn register(
    home: &Home,
    request: &TrainRequest,
    candidates: Vec<Candidate>,
    outcome: &mut TrainOutcome,
) -> Result<(), Error> {
    for (index, candidate) in candidates.into_iter().enumerate() {
        let new = NewVersion {
            run_id: Some(&outcome.run_id),
            who: &request.who,
        };
        let version = home.registry().register(&candidate.model, &new)?;
        if outcome.decision.champion == Some(candidate.algorithm) {
            outcome.champion = Some(version.version.to_string());
        }
        let mut cv = named(&candidate.evidence.metrics);
        cv.insert("profit".to_owned(), candidate.evidence.profit_per_customer);
        outcome.candidates.push(CandidateOutcome {
            algorithm: candidate.algorithm.name().to_owned(),
            version: version.version.to_string(),
            bundle_sha256: version.bundle_sha256,
            params: candidate.parameters,
            tuning: candidate.tuning,
            n_rounds: candidate.n_rounds,
            cv,
            test: candidate.test.as_ref().map(named),
            calibration: candidate.evidence.calibration,
            calibration_report: candidate.evidence.calibration_report,
            profit_curve: candidate.evidence.profit_curve,
            threshold: candidate.evidence.threshold,
            latency_us: candidate.latency,
            size_bytes: version.size_bytes,
            gates: outcome
                .decision
                .gates
                .get(index)
                .cloned()
                .unwrap_or_default(),
        });
    }
    Ok(())
}
