//! The contest: every family on the same rows, judged by one policy. A pure function of data,
//! settings and seed (but for the latencies); nothing is registered here.

use churn_engine::{Home, load_playbook};
use churn_features::{FeaturePlan, PlanParams};
use churn_metrics::bootstrap_all;
use churn_schema::{DatasetSpec, Role, Table};
use churn_zoo::{Algorithm, Candidate as Entry, Decision, OneRule, derive_seed};

use crate::{
    Baseline, Error, TrainRequest, TuningScope,
    candidate::{self, Candidate, Parts, Recipe, named},
    card::CardFacts,
    leakage,
    progress::Progress,
    split::{Split, split, split_fingerprint},
    trainers::Workshop,
    tuning::{Search, Shelf},
    values::customer_values,
};

/// What came of a contest.
pub(crate) struct Contest {
    pub(crate) rows: Split,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) baselines: Vec<Baseline>,
    /// By the policy alone, before any look at a model in service.
    pub(crate) decision: Decision,
}

/// Trains and judges every family asked for.
pub(crate) fn hold(
    home: &Home,
    request: &TrainRequest,
    table: &Table,
    data_sha256: &str,
    shelf: Shelf<'_>,
    progress: &dyn Progress,
) -> Result<Contest, Error> {
    let rows = split(request, table)?;
    leakage::check(&rows, &request.config.leakage, request.folds.is_some())?;
    let playbook = load_playbook(request.playbook.as_deref(), home.path(), &request.spec)?;
    let values = customer_values(&rows.development, &playbook);
    let facts = facts(request, &rows, data_sha256);
    let parts = Parts {
        development: &rows.development,
        labels: &rows.labels,
        values: &values,
        folds: &rows.folds,
        test: rows.test.as_ref(),
    };
    // Everything beside the settings of a search that decides what it finds.
    let context = serde_json::json!({
        "data": data_sha256,
        "spec": request.spec.fingerprint(),
        "seed": request.seed,
        "rows": split_fingerprint(&rows),
    });
    let recipes = recipes(home, request, &rows, &context.to_string(), shelf, progress)?;
    let replicates = request.config.bootstrap_replicates;
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
    let decision = decide(request, &candidates)?;
    for candidate in &mut candidates {
        candidate.model.card.decision.clone_from(&decision.text);
    }
    Ok(Contest {
        rows,
        candidates,
        baselines,
        decision,
    })
}

/// What the cards of a run have in common.
pub(crate) fn facts<'a>(
    request: &'a TrainRequest,
    rows: &Split,
    data_sha256: &'a str,
) -> CardFacts<'a> {
    let n_left = rows.labels.iter().filter(|&&label| label).count();
    CardFacts {
        seed: request.seed,
        dataset: &request.spec.name,
        data_sha256,
        n_rows: rows.labels.len() as u64,
        base_rate: n_left as f64 / rows.labels.len() as f64,
        protected: protected_features(&request.spec),
    }
}

/// Recipes of all families asked for, their parameters searched when the settings say so.
fn recipes(
    home: &Home,
    request: &TrainRequest,
    rows: &Split,
    context: &str,
    shelf: Shelf<'_>,
    progress: &dyn Progress,
) -> Result<Vec<Recipe>, Error> {
    let config = &request.config;
    let workshop = Workshop::new(home, config)?;
    let search = Search {
        home,
        workshop: &workshop,
        config: &config.tuning,
        shelf,
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

fn protected_features(spec: &DatasetSpec) -> Vec<String> {
    spec.features()
        .filter(|column| column.has_role(Role::Protected))
        .map(|column| column.name.clone())
        .collect()
}

/// Applies the policy.
fn decide(request: &TrainRequest, candidates: &[Candidate]) -> Result<Decision, Error> {
    let entries: Vec<Entry<'_>> = candidates
        .iter()
        .map(|candidate| Entry {
            algorithm: candidate.algorithm,
            evidence: &candidate.evidence,
            latency_us: candidate.latency.p99_us,
            size_bytes: candidate.size_bytes,
        })
        .collect();
    Ok(request.policy.policy.choose(&entries)?)
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
