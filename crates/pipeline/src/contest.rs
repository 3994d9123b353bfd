//! The contest: every family on the same rows, judged by one policy. A pure function of data,
//! settings and seed (but for the latencies); nothing is registered here.

use churn_engine::{Home, load_playbook};
use churn_features::{FeaturePlan, PlanParams};
use churn_metrics::bootstrap_all;
use churn_retention::Playbook;
use churn_schema::{DatasetSpec, Role, Table};
use churn_zoo::{
    Algorithm, Candidate as Entry, Comparison, Decision, Ground, OneRule, derive_seed,
};

use crate::{
    Baseline, Error, FailedCandidate, TrainRequest, TuningScope,
    candidate::{Candidate, Parts, Recipe, named},
    card::CardFacts,
    comparisons::comparisons,
    field::{Field, Judge},
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
    /// Families that could not be trained on these data.
    pub(crate) failed: Vec<FailedCandidate>,
    pub(crate) comparisons: Vec<Comparison>,
    /// What the money figures take for granted.
    pub(crate) assumptions: Vec<String>,
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
        n_background: request.config.background_rows,
    };
    // Everything beside the settings of a search that decides what it finds.
    let context = serde_json::json!({
        "data": data_sha256,
        "spec": request.spec.fingerprint(),
        "seed": request.seed,
        "rows": split_fingerprint(&rows),
    });
    let recipes = recipes(home, request, &rows, &context.to_string(), shelf, progress)?;
    let judge = Judge {
        request,
        parts: &parts,
        facts: &facts,
    };
    let mut field = judge.families(recipes, progress)?;
    judge.combinations(&mut field)?;
    let Field {
        mut candidates,
        failed,
    } = field;
    let baselines = baselines(&parts, request)?;
    let decision = decide(request, &candidates)?;
    for candidate in &mut candidates {
        candidate.model.card.decision.clone_from(&decision.text);
    }
    // DeLong's test needs two rows of each class.
    let holds_two = |labels: &[bool]| {
        let n_left = labels.iter().filter(|&&label| label).count();
        n_left.min(labels.len() - n_left) >= 2
    };
    let comparisons = match &rows.test {
        Some(test) if holds_two(&test.labels) => {
            let values = customer_values(&test.table, &playbook);
            comparisons(
                request,
                &candidates,
                (Ground::TestPart, &test.labels, &values),
            )?
        }
        _ => on_folds(request, &candidates, &parts)?,
    };
    Ok(Contest {
        candidates,
        failed: failed.into_iter().map(said).collect(),
        comparisons,
        assumptions: assumptions(&playbook, &request.spec),
        rows,
        baselines,
        decision,
    })
}

fn said((algorithm, fault): (Algorithm, Error)) -> FailedCandidate {
    FailedCandidate {
        algorithm: algorithm.name().to_owned(),
        fault: fault.to_string(),
    }
}

/// Comparisons when there is no test part: on the rows of the first repeat.
fn on_folds(
    request: &TrainRequest,
    candidates: &[Candidate],
    parts: &Parts<'_>,
) -> Result<Vec<Comparison>, Error> {
    let rows = candidates
        .first()
        .map_or(&[][..], |first| &first.evidence.out_of_fold.rows);
    let labels: Vec<bool> = rows.iter().map(|&row| parts.labels[row]).collect();
    let values: Vec<f64> = rows.iter().map(|&row| parts.values[row]).collect();
    let ground = (Ground::OutOfFold, labels.as_slice(), values.as_slice());
    comparisons(request, candidates, ground)
}

/// What the money figures rest on when nobody has said what customers are worth.
fn assumptions(playbook: &Playbook, spec: &DatasetSpec) -> Vec<String> {
    let has_revenue =
        spec.revenue().is_some() && playbook.value_inputs().margin_and_horizon.is_some();
    if !playbook.is_generic() || has_revenue {
        return Vec::new();
    }
    vec![format!(
        "nobody has said what a customer of '{}' is worth: profit, thresholds of most profit and the choice by profit rest on {}; give the specification a revenue column with 'value' and 'currency', or write a playbook",
        spec.name,
        playbook.value_inputs().words(None)
    )]
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
    let recipe = |algorithm: Algorithm| -> Result<Recipe, Error> {
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
    config.families().map(recipe).collect()
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

/// Chance and the best single column, judged where the candidates are judged at last: the test part,
/// else the held-out rows of the first repeat.
fn baselines(parts: &Parts<'_>, request: &TrainRequest) -> Result<Vec<Baseline>, Error> {
    let plan = FeaturePlan::new(parts.development.spec().clone(), PlanParams::trees());
    let rule = OneRule::fit(&plan, parts.development, parts.labels)?;
    let (labels, predicted) = match parts.test {
        Some(test) => (test.labels.clone(), rule.predict(&test.table)?),
        None => rule_on_folds(&plan, parts)?,
    };
    let n_left = parts.labels.iter().filter(|&&label| label).count();
    let base_rate = n_left as f64 / parts.labels.len() as f64;
    let judge = |name: String, probabilities: &[f64]| -> Result<Baseline, Error> {
        let seed = derive_seed(request.seed, "baselines", 0);
        let n_replicates = request.config.bootstrap_replicates;
        let metrics = bootstrap_all(&labels, probabilities, base_rate, seed, n_replicates)?;
        Ok(Baseline {
            name,
            test: named(&metrics),
        })
    };
    Ok(vec![
        judge("random".to_owned(), &vec![base_rate; labels.len()])?,
        judge(format!("one rule: {}", rule.label), &predicted)?,
    ])
}

/// Labels and what a rule fitted on the other folds says of them.
fn rule_on_folds(plan: &FeaturePlan, parts: &Parts<'_>) -> Result<(Vec<bool>, Vec<f64>), Error> {
    let (mut labels, mut predicted) = (Vec::new(), Vec::new());
    for fold in parts.folds.iter().filter(|fold| fold.repeat == 0) {
        let pick = |rows: &[usize]| {
            rows.iter()
                .map(|&row| parts.labels[row])
                .collect::<Vec<_>>()
        };
        let train = parts.development.select(&fold.split.train);
        let rule = OneRule::fit(plan, &train, &pick(&fold.split.train))?;
        labels.extend(pick(&fold.split.held_out));
        predicted.extend(rule.predict(&parts.development.select(&fold.split.held_out))?);
    }
    Ok((labels, predicted))
}
