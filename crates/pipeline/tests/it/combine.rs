//! Blends and stacks: made of the other candidates, registered, served and done again like them.

use churn_engine::{Scorer, ScorerParams};
use churn_ensemble::{Blend, Predictor};
use churn_pipeline::{
    EnsembleConfig, Silent, TrainConfig, TrainOutcome, TrainRequest, reproduce, train,
};
use churn_schema::{ReadOptions, read_all};
use churn_zoo::Algorithm::{Blend as Blended, Catboost, Forest, Logistic, Stack, Xgboost};

use crate::sample::Sample;

/// Three families small enough for a test, and both ways to combine them.
fn request(sample: &Sample) -> TrainRequest {
    let mut request = sample.request();
    request.config.algorithms = vec![Logistic, Forest, Catboost, Blended, Stack];
    request.config.parameters.forest.n_estimators = 20;
    request.config.parameters.catboost.iterations = 25;
    request
}

fn on_threads(n_threads: usize, sample: &Sample, request: &TrainRequest) -> TrainOutcome {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(n_threads)
        .build()
        .unwrap();
    pool.install(|| train(&sample.home(), request, &Silent))
        .unwrap()
}

fn blend(sample: &Sample, version: &str) -> (churn_registry::Model, Blend) {
    let (_, model) = sample.home().registry().load(version).unwrap();
    let blend = match &model.predictor {
        Predictor::Blend(blend) => Some(blend.clone()),
        _ => None,
    };
    (model, blend.unwrap())
}

#[test]
fn combinations_are_candidates_like_others() {
    let sample = Sample::new(800);
    let request = request(&sample);
    let outcome = on_threads(2, &sample, &request);
    let names: Vec<&str> = outcome
        .candidates
        .iter()
        .map(|c| c.algorithm.as_str())
        .collect();
    assert_eq!(names, ["logistic", "forest", "catboost", "blend", "stack"]);
    let hashes = |outcome: &TrainOutcome| -> Vec<String> {
        outcome
            .candidates
            .iter()
            .map(|c| c.bundle_sha256.clone())
            .collect()
    };
    let alone = on_threads(1, &Sample::new(800), &request);
    assert_eq!(hashes(&alone), hashes(&outcome), "on one thread");

    let data = read_all(&request.data, &request.spec, &ReadOptions::train())
        .unwrap()
        .0;
    for candidate in &outcome.candidates[3..] {
        let (model, blend) = blend(&sample, &candidate.version);
        let counted = &model.card.parameters["weights"]["members"];
        assert_eq!(counted.as_object().unwrap().len(), 3, "{counted}");
        let weights = counted.as_object().unwrap().values();
        let weights: Vec<f64> = weights.map(|w| w["weight"].as_f64().unwrap()).collect();
        assert!(weights.iter().all(|&weight| weight >= 0.0), "{counted}");
        let kept = weights.iter().filter(|&&weight| weight > 0.0).count();
        assert_eq!(
            blend.members().len(),
            kept,
            "nothing without a weight is stored"
        );
        assert_eq!(
            model.card.parameters["rounds_kept"]
                .as_object()
                .unwrap()
                .len(),
            1
        );

        // Served with reasons, which are checked to add up on every row.
        let params = ScorerParams {
            n_reasons: 3,
            ..ScorerParams::default()
        };
        let scorer = Scorer::new(candidate.version.clone(), model, params).unwrap();
        assert_eq!(scorer.score(&data).unwrap().rows.len(), 800);

        let again = reproduce(&sample.home(), &candidate.version, None, &Silent).unwrap();
        assert!(again.identical, "{again:?}");
    }
    let auc = |index: usize| outcome.candidates[index].cv["roc_auc"].mean;
    let worst = (0..3).map(auc).fold(1.0, f64::min);
    assert!(
        auc(3) > worst && auc(4) > worst,
        "{} {} {worst}",
        auc(3),
        auc(4)
    );
}

#[test]
fn a_blend_of_some_leaves_the_others_out() {
    let sample = Sample::new(500);
    let mut request = request(&sample);
    request.config.algorithms = vec![Blended, Logistic, Catboost, Forest];
    request.config.ensemble.members = vec![Forest, Logistic];
    let outcome = train(&sample.home(), &request, &Silent).unwrap();
    let last = outcome.candidates.last().unwrap();
    assert_eq!(last.algorithm, "blend", "what is made of others comes last");
    let (model, _) = blend(&sample, &last.version);
    let members = model.card.parameters["members"].as_object().unwrap();
    let members: std::collections::BTreeSet<&str> = members.keys().map(String::as_str).collect();
    assert_eq!(members, ["forest", "logistic"].into());
}

#[test]
fn what_can_not_be_combined_is_told_before_training() {
    let faults = |algorithms: &[churn_zoo::Algorithm], members: &[churn_zoo::Algorithm]| {
        let config = TrainConfig {
            algorithms: algorithms.to_vec(),
            ensemble: EnsembleConfig {
                members: members.to_vec(),
            },
            ..TrainConfig::default()
        };
        config.faults().join("; ")
    };
    assert_eq!(faults(&[Logistic, Forest, Blended], &[]), "");
    assert!(faults(&[Logistic, Blended], &[]).contains("'blend' needs at least two families"));
    assert!(faults(&[Stack], &[]).contains("'stack' needs"));
    assert!(faults(&[Logistic, Forest, Blended], &[Logistic, Xgboost]).contains("names xgboost"));
    assert!(faults(&[Logistic, Forest, Blended], &[Blended, Forest]).contains("names blend"));
    assert!(faults(&[Logistic, Forest], &[Forest, Forest]).contains("twice"));
}
