//! Training: from a file to a champion, with the evidence.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use churn_engine::{Home, load_playbook};
use churn_features::{FeaturePlan, PlanParams};
use churn_metrics::bootstrap_all;
use churn_registry::{DataFile, NewVersion, RunStart};
use churn_schema::{DatasetSpec, ReadOptions, Role, Severity, Table, Validation, read_all};
use churn_store::sha256_hex;
use churn_zoo::{
    Algorithm, Candidate as Entry, Decision, Fold, OneRule, derive_seed, stratified_folds,
    stratified_split,
};

use crate::{
    Baseline, CandidateOutcome, DataSummary, Error, NamedPolicy, TrainConfig, TrainOutcome,
    TuningScope,
    candidate::{self, Candidate, Parts, Recipe, TestPart, named},
    card::CardFacts,
    folds_file::{read_folds, read_holdout},
    incumbent::{Verdict, compare},
    progress::Progress,
    trainers::Workshop,
    tuning::Search,
    validate::read_spec,
    values::customer_values,
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
    let config = serde_json::json!({
        "train": request.config,
        "policy": request.policy.name,
        "selection": request.policy.policy,
    });
    let run_id = registry.start_run(&RunStart {
        dataset_sha256: &sha256,
        spec_fingerprint: &fingerprint,
        seed: request.seed,
        config: &config,
    })?;
    let outcome = run(home, request, &run_id, &table, validation, progress);
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

fn read(request: &TrainRequest) -> Result<(Table, Validation), Error> {
    if request.spec.target().is_none() {
        return Err(Error::NoTarget {
            spec: request.spec.name.clone(),
        });
    }
    let (table, validation) = read_all(&request.data, &request.spec, &ReadOptions::train())?;
    if !validation.is_acceptable() {
        let first = validation
            .faults
            .iter()
            .find(|fault| fault.severity == Severity::Error);
        return Err(Error::TooManyRejected {
            path: request.data.clone(),
            n_rejected: validation.n_rejected,
            n_rows: validation.n_rows,
            share: 100.0 * validation.rejected_share(),
            limit: 100.0 * validation.max_rejected_share,
            first: first.map(ToString::to_string).unwrap_or_default(),
        });
    }
    Ok((table, validation))
}

/// The rows of a run, split.
struct Split {
    development: Table,
    labels: Vec<bool>,
    folds: Vec<Fold>,
    test: Option<TestPart>,
}

fn split(request: &TrainRequest, table: &Table) -> Result<Split, Error> {
    let labels = table.labels().ok_or_else(|| Error::NoRows {
        path: request.data.clone(),
        detail: ": not every row has a target".to_owned(),
    })?;
    let held_out = match (&request.holdout, &request.folds) {
        (Some(path), _) => read_holdout(path, table)?,
        // Folds of the user's that come without a holdout cover every row.
        (None, Some(_)) => Vec::new(),
        (None, None) => {
            let seed = derive_seed(request.seed, "test part", 0);
            stratified_split(&labels, request.config.test_share, seed)?.held_out
        }
    };
    let is_held_out: std::collections::BTreeSet<usize> = held_out.iter().copied().collect();
    let kept: Vec<usize> = (0..table.n_rows())
        .filter(|row| !is_held_out.contains(row))
        .collect();
    let pick = |rows: &[usize]| rows.iter().map(|&row| labels[row]).collect::<Vec<bool>>();
    let development = table.select(&kept);
    let development_labels = pick(&kept);
    let folds = match &request.folds {
        Some(path) => read_folds(path, &development)?,
        None => stratified_folds(
            &development_labels,
            request.config.folds,
            request.config.repeats,
            derive_seed(request.seed, "cross-validation", 0),
        )?,
    };
    let test = (!held_out.is_empty()).then(|| TestPart {
        table: table.select(&held_out),
        labels: pick(&held_out),
    });
    Ok(Split {
        development,
        labels: development_labels,
        folds,
        test,
    })
}

/// Recipes of all families asked for, their parameters searched when the settings say so.
fn recipes(
    home: &Home,
    request: &TrainRequest,
    run_id: &str,
    rows: &Split,
    context: &str,
    progress: &dyn Progress,
) -> Result<Vec<Recipe>, Error> {
    let config = &request.config;
    let workshop = Workshop::new(home, &config.algorithms, config.parameters.clone())?;
    let search = Search {
        home,
        workshop: &workshop,
        config: &config.tuning,
        run_id,
        context,
        seed: request.seed,
        progress,
    };
    let recipe = |&algorithm: &Algorithm| -> Result<Recipe, Error> {
        let mut recipe = Recipe {
            trainer: workshop.trainer(algorithm, None)?,
            per_repeat: Vec::new(),
            tuning: Vec::new(),
        };
        if config.tuning.trials == 0 {
            return Ok(recipe);
        }
        let found = search.run(algorithm, "development", &rows.development, &rows.labels)?;
        recipe.trainer = workshop.trainer(algorithm, found.best.as_ref())?;
        recipe.tuning.push(found);
        if config.tuning.scope == TuningScope::EachRepeat {
            for fold in rows.folds.iter().filter(|fold| fold.index == 0) {
                let part = format!("repeat {}", fold.repeat);
                let table = rows.development.select(&fold.split.train);
                let labels: Vec<bool> = fold
                    .split
                    .train
                    .iter()
                    .map(|&row| rows.labels[row])
                    .collect();
                let found = search.run(algorithm, &part, &table, &labels)?;
                recipe
                    .per_repeat
                    .push(workshop.trainer(algorithm, found.best.as_ref())?);
                recipe.tuning.push(found);
            }
        }
        Ok(recipe)
    };
    config.algorithms.iter().map(recipe).collect()
}

fn run(
    home: &Home,
    request: &TrainRequest,
    run_id: &str,
    table: &Table,
    validation: Validation,
    progress: &dyn Progress,
) -> Result<TrainOutcome, Error> {
    let rows = split(request, table)?;
    let playbook = load_playbook(request.playbook.as_deref(), home.path(), &request.spec)?;
    let values = customer_values(&rows.development, &playbook);
    let n_left = rows.labels.iter().filter(|&&label| label).count();
    let data_sha256 = validation.content_sha256.clone().unwrap_or_default();
    let facts = CardFacts {
        seed: request.seed,
        dataset: &request.spec.name,
        data_sha256: &data_sha256,
        n_rows: rows.labels.len() as u64,
        base_rate: n_left as f64 / rows.labels.len() as f64,
        protected: protected_features(&request.spec),
    };
    let parts = Parts {
        development: &rows.development,
        labels: &rows.labels,
        values: &values,
        folds: &rows.folds,
        test: rows.test.as_ref(),
    };
    let replicates = request.config.bootstrap_replicates;
    // Everything beside the settings of a search that decides what it finds.
    let context = serde_json::json!({
        "data": data_sha256,
        "spec": request.spec.fingerprint(),
        "seed": request.seed,
        "rows": split_fingerprint(&rows),
    });
    let recipes = recipes(home, request, run_id, &rows, &context.to_string(), progress)?;
    let mut candidates = recipes
        .into_iter()
        .map(|recipe| {
            candidate::build(
                recipe,
                &parts,
                &request.policy,
                &facts,
                replicates,
                progress,
            )
        })
        .collect::<Result<Vec<Candidate>, Error>>()?;
    let baselines = baselines(&parts, request)?;
    let (decision, kept) = decide(home, request, &facts, &parts, &candidates)?;
    for candidate in &mut candidates {
        candidate.model.card.decision.clone_from(&decision.text);
    }
    let n_all = table.n_rows();
    let all_left = table
        .labels()
        .unwrap_or_default()
        .iter()
        .filter(|&&label| label)
        .count();
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
        baselines,
        decision,
        validation,
    };
    register(home, request, candidates, &mut outcome)?;
    Ok(outcome)
}

/// Which rows are developed on and how they are folded.
fn split_fingerprint(rows: &Split) -> String {
    let numbers: Vec<u64> = (0..rows.development.n_rows())
        .map(|row| rows.development.row_number(row))
        .collect();
    let folds: Vec<&[usize]> = rows
        .folds
        .iter()
        .map(|fold| fold.split.held_out.as_slice())
        .collect();
    sha256_hex(serde_json::json!([numbers, folds]).to_string().as_bytes())
}

fn protected_features(spec: &DatasetSpec) -> Vec<String> {
    spec.features()
        .filter(|column| column.has_role(Role::Protected))
        .map(|column| column.name.clone())
        .collect()
}

/// Applies the policy, then asks whether the winner is not worse than the model in service; if it
/// is, the version in service is given back and nothing is chosen.
fn decide(
    home: &Home,
    request: &TrainRequest,
    facts: &CardFacts<'_>,
    parts: &Parts<'_>,
    candidates: &[Candidate],
) -> Result<(Decision, Option<String>), Error> {
    let entries: Vec<Entry<'_>> = candidates
        .iter()
        .map(|candidate| Entry {
            algorithm: candidate.algorithm,
            evidence: &candidate.evidence,
            latency_us: candidate.latency.p99_us,
            size_bytes: candidate.size_bytes,
        })
        .collect();
    let mut decision = request.policy.policy.choose(&entries)?;
    let mut kept = None;
    let winner = candidates
        .iter()
        .find(|candidate| Some(candidate.algorithm) == decision.champion);
    if let Some(winner) = winner {
        let significance = request.policy.policy.significance;
        match compare(
            home,
            facts,
            parts.test,
            &winner.test_probabilities,
            significance,
        )? {
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
                kept = Some(incumbent);
            }
        }
    }
    Ok((decision, kept))
}

/// Chance and the best single column, judged where the candidates are judged at last.
fn baselines(parts: &Parts<'_>, request: &TrainRequest) -> Result<Vec<Baseline>, Error> {
    let plan = FeaturePlan::new(parts.development.spec().clone(), PlanParams::trees());
    let rule = OneRule::fit(&plan, parts.development, parts.labels)?;
    let (table, labels) = match parts.test {
        Some(test) => (&test.table, test.labels.as_slice()),
        None => (parts.development, parts.labels),
    };
    let n_left = parts.labels.iter().filter(|&&label| label).count();
    let base_rate = n_left as f64 / parts.labels.len() as f64;
    let judge = |name: String, probabilities: &[f64]| -> Result<Baseline, Error> {
        let seed = derive_seed(request.seed, "baselines", 0);
        let n_replicates = request.config.bootstrap_replicates;
        let metrics = bootstrap_all(labels, probabilities, base_rate, seed, n_replicates)?;
        Ok(Baseline {
            name,
            test: named(&metrics),
        })
    };
    Ok(vec![
        judge("random".to_owned(), &vec![base_rate; labels.len()])?,
        judge(format!("one rule: {}", rule.label), &rule.predict(table)?)?,
    ])
}

/// Registers the candidates, simplest first, and activates the chosen one.
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
    let chosen = outcome.decision.champion.and(outcome.champion.as_deref());
    if let Some(champion) = chosen.filter(|_| request.activate) {
        home.registry()
            .activate(champion, &request.who, &outcome.decision.text)?;
    }
    Ok(())
}
