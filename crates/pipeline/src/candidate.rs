//! One candidate from folds to a model ready to register.

use std::{collections::BTreeMap, time::Instant};

use churn_engine::{Scorer, ScorerParams};
use churn_features::{FeaturePlan, FittedPlan};
use churn_metrics::{Interval, MetricSet, bootstrap_all};
use churn_registry::{Background, Model, Native, OutOfBag, write_bundle};
use churn_schema::Table;
use churn_zoo::{
    Algorithm, Evidence, Fitted, Fold, FoldResult, Rows, Trainer, cross_validate, derive_seed,
    fit_final, weigh,
};

use crate::{
    Error, NamedPolicy, StudySummary, card::CardFacts, figures::figures, progress::Progress,
    usual::usual_ranges,
};

/// Rows a candidate is built on and judged by.
pub(crate) struct Parts<'a> {
    /// Everything except the test part.
    pub(crate) development: &'a Table,
    pub(crate) labels: &'a [bool],
    /// Value of keeping each development row.
    pub(crate) values: &'a [f64],
    pub(crate) folds: &'a [churn_zoo::Fold],
    /// The test part; `None` when the user's folds cover every row.
    pub(crate) test: Option<&'a TestPart>,
    /// Development rows to keep in the model, to explain scores against.
    pub(crate) n_background: usize,
}

/// Rows nobody looks at before the end.
pub(crate) struct TestPart {
    pub(crate) table: Table,
    pub(crate) labels: Vec<bool>,
}

/// A candidate with all its figures.
pub(crate) struct Candidate {
    pub(crate) algorithm: Algorithm,
    pub(crate) parameters: serde_json::Value,
    pub(crate) evidence: Evidence,
    /// What each fold gave.
    pub(crate) folds: Vec<FoldResult>,
    pub(crate) n_rounds: Option<usize>,
    /// On the test part.
    pub(crate) test: Option<MetricSet<Interval>>,
    /// Test probabilities, for comparing with the model in service.
    pub(crate) test_probabilities: Vec<f64>,
    pub(crate) tuning: Vec<StudySummary>,
    pub(crate) model: Model,
    pub(crate) latency: Latency,
    pub(crate) size_bytes: u64,
}

/// Time to score and explain one customer, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Latency {
    /// Half of the customers are faster.
    pub p50_us: f64,
    /// 99 of 100 are faster.
    pub p99_us: f64,
}

/// How one candidate is trained.
pub(crate) struct Recipe {
    /// For the final model.
    pub(crate) trainer: Box<dyn Trainer>,
    /// For the cross-validated figures, one per repeat; empty means the same.
    pub(crate) per_repeat: Vec<Box<dyn Trainer>>,
    /// The searches behind the parameters.
    pub(crate) tuning: Vec<StudySummary>,
}

impl Recipe {
    fn for_repeat(&self, repeat: usize) -> &dyn Trainer {
        &**self.per_repeat.get(repeat).unwrap_or(&self.trainer)
    }
}

/// Builds and judges one candidate that trains by itself.
pub(crate) fn build(
    recipe: Recipe,
    parts: &Parts<'_>,
    policy: &NamedPolicy,
    facts: &CardFacts<'_>,
    n_replicates: usize,
    progress: &dyn Progress,
) -> Result<Candidate, Error> {
    if progress.is_cancelled() {
        return Err(churn_engine::Error::Cancelled.into());
    }
    let trainer = &*recipe.trainer;
    let algorithm = trainer.algorithm();
    let seed = derive_seed(facts.seed, algorithm.name(), 0);
    let spec = parts.development.spec();
    let plan = FeaturePlan::new(spec.clone(), trainer.plan_params());
    progress.begin(algorithm.title(), parts.folds.len() as u64);
    let folds = fold_results(&recipe, &plan, parts, seed, &|| progress.advance());
    progress.end();
    let folds = folds?;
    // Rounds found with the parameters of a repeat are wrong for others.
    let same = recipe.per_repeat.is_empty().then_some(folds.as_slice());
    let (plan, fitted, own) =
        fit_final(trainer, &plan, parts.development, parts.labels, same, seed)?;
    let trained = Trained {
        algorithm,
        parameters: trainer.parameters(),
        folds,
        plan,
        fitted,
        own: own.map(|own| OutOfBag {
            roc_auc: own.roc_auc,
            log_loss: own.log_loss,
            n_rows: own.n_rows as u64,
        }),
        tuning: recipe.tuning,
    };
    finish(trained, parts, policy, facts, n_replicates)
}

/// A candidate that is trained and not judged yet.
pub(crate) struct Trained {
    pub(crate) algorithm: Algorithm,
    pub(crate) parameters: serde_json::Value,
    pub(crate) folds: Vec<FoldResult>,
    pub(crate) plan: FittedPlan,
    /// The final model.
    pub(crate) fitted: Fitted,
    /// What the family says of itself.
    pub(crate) own: Option<OutOfBag>,
    pub(crate) tuning: Vec<StudySummary>,
}

/// Calibrates, judges and measures what was trained.
pub(crate) fn finish(
    trained: Trained,
    parts: &Parts<'_>,
    policy: &NamedPolicy,
    facts: &CardFacts<'_>,
    n_replicates: usize,
) -> Result<Candidate, Error> {
    let algorithm = trained.algorithm;
    let seed = derive_seed(facts.seed, algorithm.name(), 0);
    let rows = Rows {
        labels: parts.labels,
        values: parts.values,
    };
    let evidence = weigh(
        &trained.folds,
        rows,
        policy.policy.threshold,
        policy.policy.economics,
        seed,
    )?;
    let inside = figures(
        algorithm,
        &trained.plan,
        &trained.fitted.predictor,
        trained.fitted.native.as_deref(),
        &evidence,
        trained.own,
    );
    let Fitted {
        predictor,
        native,
        n_rounds,
    } = trained.fitted;
    let native = native.map(|bytes| Native {
        file_name: format!("{}.ubj", algorithm.name()),
        bytes,
    });
    let background = draw_background(parts, &trained.plan, facts.seed)?;
    let mut model = Model {
        spec: parts.development.spec().as_ref().clone(),
        plan: trained.plan,
        predictor,
        calibrator: evidence.calibrator.clone(),
        intervals: Some(evidence.intervals.clone()),
        background,
        threshold: evidence.threshold,
        card: facts.card(algorithm, trained.parameters.clone(), n_rounds),
        native,
    };
    model.card.figures = inside;
    model.card.figures.usual = usual_ranges(parts.development);
    let (test, test_probabilities) = judge(&model, parts.test, seed, n_replicates)?;
    model.card.cv_metrics = named(&evidence.metrics);
    model
        .card
        .cv_metrics
        .insert("profit".to_owned(), evidence.profit_per_customer);
    model.card.test_metrics = test.as_ref().map(named).unwrap_or_default();
    let latency = measure_latency(&model, parts.development)?;
    let size_bytes = write_bundle(&model)?.len() as u64;
    Ok(Candidate {
        algorithm,
        parameters: trained.parameters,
        tuning: trained.tuning,
        n_rounds: median_rounds_of(&trained.folds, n_rounds),
        folds: trained.folds,
        evidence,
        test,
        test_probabilities,
        model,
        latency,
        size_bytes,
    })
}

/// The development rows that are kept to explain against, in the order of the file.
fn draw_background(
    parts: &Parts<'_>,
    plan: &FittedPlan,
    seed: u64,
) -> Result<Option<Background>, Error> {
    let n_rows = parts.n_background.min(parts.development.n_rows());
    if n_rows == 0 {
        return Ok(None);
    }
    let matrix = plan.transform(parts.development)?;
    let mut ranked: Vec<(u64, usize)> = (0..matrix.n_rows())
        .map(|row| (derive_seed(seed, "background", row as u64), row))
        .collect();
    ranked.sort_unstable();
    ranked.truncate(n_rows);
    // In the order of the draw: whoever takes the first of them has a random part.
    let values = ranked.iter().flat_map(|&(_, row)| matrix.row(row));
    Ok(Some(Background {
        n_rows,
        values: values.copied().collect(),
    }))
}

/// Cross-validation, repeat by repeat with the trainer of each.
fn fold_results(
    recipe: &Recipe,
    plan: &FeaturePlan,
    parts: &Parts<'_>,
    seed: u64,
    done: &(dyn Fn() + Sync),
) -> Result<Vec<FoldResult>, Error> {
    let n_repeats = parts
        .folds
        .iter()
        .map(|fold| fold.repeat + 1)
        .max()
        .unwrap_or(0);
    let mut results = Vec::with_capacity(parts.folds.len());
    for repeat in 0..n_repeats {
        let folds: Vec<Fold> = parts
            .folds
            .iter()
            .filter(|fold| fold.repeat == repeat)
            .cloned()
            .collect();
        results.extend(cross_validate(
            recipe.for_repeat(repeat),
            plan,
            parts.development,
            parts.labels,
            &folds,
            derive_seed(seed, "repeat", repeat as u64),
            done,
        )?);
    }
    Ok(results)
}

fn median_rounds_of(folds: &[FoldResult], fitted: Option<usize>) -> Option<usize> {
    folds
        .iter()
        .any(|fold| fold.n_rounds.is_some())
        .then_some(fitted)
        .flatten()
}

/// The model's figures on the test part, with bootstrap intervals.
fn judge(
    model: &Model,
    test: Option<&TestPart>,
    seed: u64,
    n_replicates: usize,
) -> Result<(Option<MetricSet<Interval>>, Vec<f64>), Error> {
    let Some(test) = test else {
        return Ok((None, Vec::new()));
    };
    let scorer = Scorer::new(String::new(), model.clone(), ScorerParams::default())?;
    let probabilities = scorer.probabilities(&test.table)?;
    let metrics = bootstrap_all(
        &test.labels,
        &probabilities,
        model.threshold,
        derive_seed(seed, "bootstrap", 0),
        n_replicates,
    )?;
    Ok((Some(metrics), probabilities))
}

/// Metrics by name.
pub(crate) fn named(metrics: &MetricSet<Interval>) -> BTreeMap<String, Interval> {
    metrics
        .iter()
        .map(|(name, interval)| (name.to_owned(), *interval))
        .collect()
}

/// Customers the latency is measured on, one at a time, after as many to warm up.
const LATENCY_ROWS: usize = 200;

fn measure_latency(model: &Model, table: &Table) -> Result<Latency, Error> {
    let params = ScorerParams {
        n_reasons: 3,
        ..ScorerParams::default()
    };
    let scorer = Scorer::new(String::new(), model.clone(), params)?;
    let rows: Vec<Table> = (0..table.n_rows().min(LATENCY_ROWS))
        .map(|row| table.select(&[row]))
        .collect();
    for row in &rows {
        scorer.score(row)?;
    }
    let mut times = Vec::with_capacity(rows.len());
    for row in &rows {
        let start = Instant::now();
        scorer.score(row)?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = (share * times.len() as f64) as usize;
        times
            .get(place.min(times.len().saturating_sub(1)))
            .copied()
            .unwrap_or(0.0)
    };
    Ok(Latency {
        p50_us: at(0.5),
        p99_us: at(0.99),
    })
}
