//! Tuning real trainers on the public Telco rows.

use std::{ops::ControlFlow, path::Path, sync::Arc};

use churn_features::FeaturePlan;
use churn_metrics::log_loss;
use churn_schema::{DatasetSpec, ReadOptions, Table, read_all};
use churn_testkit::{data_dir, xgboost_library};
use churn_zoo::{
    Error, LogisticParams, Trainer, XgboostParams, cross_validate, stratified_folds,
    tune::{Assignment, FoldObjective, SearchSpace, Study, StudyParams, TuneLimits, tune},
};

fn telco() -> Option<(Table, Vec<bool>)> {
    let path = data_dir()?.join("telco-customer-churn.csv");
    let yaml = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/telco.yaml");
    let yaml = std::fs::read_to_string(yaml).unwrap();
    let spec = Arc::new(DatasetSpec::from_yaml(&yaml, "telco.yaml").unwrap());
    let (table, _) = read_all(&path, &spec, &ReadOptions::train()).unwrap();
    let labels = table.labels().unwrap();
    Some((table, labels))
}

/// A trainer with the given values.
type Make<'a> = dyn Fn(&Assignment) -> Result<Box<dyn Trainer>, Error> + Sync + 'a;

/// Tunes a family from its defaults; gives the losses of the defaults and of the best trial, and
/// what the best trial had.
fn improve<P: serde::Serialize>(
    defaults: &P,
    space: SearchSpace,
    trainer_of: &Make<'_>,
    n_trials: usize,
) -> Option<(f64, f64, Assignment)> {
    let (table, labels) = telco()?;
    let folds = stratified_folds(&labels, 3, 1, 5).unwrap();
    let first = space.pick_from(defaults).unwrap();
    let plan = FeaturePlan::new(
        Arc::clone(table.spec()),
        trainer_of(&first).unwrap().plan_params(),
    );
    let objective = FoldObjective::prepare(&plan, &table, &labels, &folds).unwrap();
    let params = StudyParams {
        seed: 5,
        n_startup: 4,
        ..StudyParams::default()
    };
    let mut study = Study::new(space, params.check(folds.len()).unwrap())
        .start_with(std::slice::from_ref(&first))
        .unwrap();
    tune(
        &mut study,
        &|params, fold| objective.loss(trainer_of(params)?.as_ref(), fold, 5),
        TuneLimits {
            n_trials,
            seconds: None,
        },
        &|| 0.0,
        &mut |_, _| ControlFlow::Continue(()),
    )
    .unwrap();
    assert_eq!(study.records().count(), n_trials);
    let (best, loss) = study.best().unwrap();
    let default_loss = study.records().next().unwrap().loss().unwrap();
    Some((default_loss, loss, best.params.clone()))
}

#[test]
fn logistic_regression_is_tuned_on_the_loss_cross_validation_gives() {
    // Tight enough for a loss; an L1 part is slow to get tighter.
    let defaults = LogisticParams {
        tolerance: 1e-6,
        ..LogisticParams::default()
    };
    let trainer_of = |params: &Assignment| -> Result<Box<dyn Trainer>, Error> {
        Ok(Box::new(params.apply_to(&defaults)?.check()?))
    };
    let Some((default_loss, best_loss, _)) =
        improve(&defaults, SearchSpace::logistic(), &trainer_of, 6)
    else {
        return;
    };
    assert!(
        best_loss <= default_loss && best_loss < 0.42,
        "{best_loss}, by default {default_loss}"
    );

    let (table, labels) = telco().unwrap();
    let folds = stratified_folds(&labels, 3, 1, 5).unwrap();
    let trainer = defaults.clone().check().unwrap();
    let plan = FeaturePlan::new(Arc::clone(table.spec()), trainer.plan_params());
    let results = cross_validate(&trainer, &plan, &table, &labels, &folds, 5, &|| ()).unwrap();
    let losses = results.iter().map(|fold| {
        let held_out: Vec<bool> = fold.held_out.iter().map(|&row| labels[row]).collect();
        let probabilities: Vec<f64> = fold
            .margins
            .iter()
            .map(|m| 1.0 / (1.0 + (-m).exp()))
            .collect();
        log_loss(&held_out, &probabilities).unwrap()
    });
    let expected = losses.sum::<f64>() / 3.0;
    assert!(
        (expected - default_loss).abs() < 1e-12,
        "{expected} {default_loss}"
    );
}

#[test]
fn xgboost_is_tuned_with_early_stopping_inside_the_fold() {
    let Some(library) = xgboost_library() else {
        return;
    };
    let library = churn_xgboost::Library::open(&library).unwrap();
    // Few rounds: this is about the way, not the model.
    let defaults = XgboostParams {
        n_estimators: 60,
        learning_rate: 0.1,
        ..XgboostParams::default()
    };
    let trainer_of = |params: &Assignment| -> Result<Box<dyn Trainer>, Error> {
        Ok(Box::new(
            params.apply_to(&defaults)?.check(Arc::clone(&library))?,
        ))
    };
    let Some((default_loss, best_loss, best)) =
        improve(&defaults, SearchSpace::xgboost(), &trainer_of, 8)
    else {
        return;
    };
    assert!(
        best_loss <= default_loss && best_loss < 0.425,
        "{best_loss}, by default {default_loss}"
    );
    assert_eq!(best.0.len(), 7);
}
