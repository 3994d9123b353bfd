//! Runs: the same bytes again, searches that go on where they stopped.

use churn_pipeline::{Silent, TrainRequest, reproduce, train};
use churn_schema::Role;

use crate::sample::Sample;

fn bundles(sample: &Sample, request: &TrainRequest) -> Vec<String> {
    let outcome = train(&sample.home(), request, &Silent).unwrap();
    outcome
        .candidates
        .into_iter()
        .map(|candidate| candidate.bundle_sha256)
        .collect()
}

#[test]
fn a_version_can_be_made_again_byte_for_byte() {
    let sample = Sample::new(700);
    let outcome = train(&sample.home(), &sample.request(), &Silent).unwrap();
    let version = outcome.champion.unwrap();
    let again = reproduce(&sample.home(), &version, None, &Silent).unwrap();
    assert!(again.identical, "{again:?}");

    // Another file is told apart, and where the models differ is said.
    let other = Sample::new(701);
    let again = reproduce(&sample.home(), &version, Some(&other.write()), &Silent).unwrap();
    assert!(!again.identical);
    assert!(
        again
            .differences
            .iter()
            .any(|difference| difference.contains("another one"))
    );
    assert!(
        again
            .differences
            .iter()
            .any(|difference| difference.contains("predictor"))
    );
}

#[test]
fn a_model_keeps_customers_to_explain_against_when_asked_to() {
    let sample = Sample::new(700);
    let mut request = sample.request();
    let kept = |request: &TrainRequest| {
        let outcome = train(&sample.home(), request, &Silent).unwrap();
        let version = outcome.candidates[0].version.clone();
        let again = reproduce(&sample.home(), &version, None, &Silent).unwrap();
        assert!(again.identical, "{again:?}");
        let (_, model) = sample.home().registry().load(&version).unwrap();
        model.background
    };
    assert_eq!(kept(&request), None);
    request.config.background_rows = 50;
    let fifty = kept(&request).unwrap();
    assert_eq!(fifty.n_rows, 50);
    request.config.background_rows = 100_000;
    let all = kept(&request).unwrap();
    assert!((500..700).contains(&all.n_rows), "the test part stays out");
}

#[test]
fn files_beside_the_data_are_known_by_content() {
    let sample = Sample::new(700);
    let mut request = sample.request();
    let holdout = sample.folder.path().join("holdout.csv");
    let keys = |rows: &[Vec<String>]| -> String {
        rows.iter().map(|row| format!("{}\n", row[0])).collect()
    };
    std::fs::write(&holdout, keys(&sample.rows[..150])).unwrap();
    request.holdout = Some(holdout.clone());
    let outcome = train(&sample.home(), &request, &Silent).unwrap();
    let version = outcome.candidates[0].version.clone();
    let again = reproduce(&sample.home(), &version, None, &Silent).unwrap();
    assert!(again.identical, "{again:?}");

    std::fs::write(&holdout, keys(&sample.rows[10..160])).unwrap();
    let playbook = sample.folder.path().join("home/playbook.yaml");
    std::fs::copy("../../config/playbook.yaml", &playbook).unwrap();
    let again = reproduce(&sample.home(), &version, None, &Silent).unwrap();
    assert!(!again.identical);
    let told = again.differences.join("\n");
    for words in ["the holdout file is another one", "a playbook file now"] {
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn another_seed_is_another_model_and_the_same_seed_the_same() {
    let sample = Sample::new(700);
    let mut request = sample.request();
    let first = bundles(&sample, &request);
    assert_eq!(bundles(&sample, &request), first);
    request.seed = 43;
    assert_ne!(bundles(&sample, &request), first);
}

#[test]
fn a_model_for_other_data_is_not_put_out_of_service_by_the_way() {
    let mut sample = Sample::new(700);
    let first = train(&sample.home(), &sample.request(), &Silent).unwrap();
    sample.spec.name = "bank".to_owned();
    let outcome = train(&sample.home(), &sample.request(), &Silent).unwrap();
    assert_eq!(outcome.champion, first.champion);
    let told = outcome.decision.reasons.join(" ");
    assert!(told.contains("one --home per data set"), "{told}");
    let home = sample.home();
    let in_service = home.registry().resolve("champion").unwrap().version;
    assert_eq!(Some(in_service.to_string()), first.champion);
    // Whoever wants that says so.
    let version = &outcome.candidates[0].version;
    home.registry()
        .activate(version, "test", "the bank's turn")
        .unwrap();
    let third = train(&sample.home(), &sample.request(), &Silent).unwrap();
    assert!(!third.decision.text.contains("another data set"));
}

#[test]
fn a_search_goes_on_where_it_stopped_and_ends_the_same() {
    let sample = Sample::new(500);
    let mut request = sample.request();
    request.config.tuning.trials = 12;
    let whole = bundles(&sample, &request);

    let interrupted = Sample::new(500);
    let mut part = interrupted.request();
    part.config.tuning.trials = 5;
    train(&interrupted.home(), &part, &Silent).unwrap();
    part.config.tuning.trials = 12;
    let outcome = train(&interrupted.home(), &part, &Silent).unwrap();
    let study = &outcome.candidates[0].tuning[0];
    assert_eq!((study.n_resumed, study.n_trials), (5, 12));
    assert_eq!(outcome.candidates[0].bundle_sha256, whole[0]);

    let stored = interrupted
        .home()
        .registry()
        .trials_of_run(&outcome.run_id)
        .unwrap();
    assert_eq!(stored.len(), 7, "the second run records what it did itself");
}

#[test]
fn customers_who_share_a_profile_are_no_repeats() {
    let mut sample = Sample::new(900);
    // Three contracts and four ways to pay are twelve profiles for nine hundred customers.
    for column in &mut sample.spec.columns {
        if column.has_role(Role::Feature) && !["Contract", "PaymentMethod"].contains(&&*column.name)
        {
            column.roles = vec![Role::Ignore];
            column.actionable = churn_schema::Actionable::default();
        }
    }
    sample.spec.same.clear();
    sample.spec.derived.clear();
    sample.spec.checks.clear();
    sample.spec.value = None;
    let mut request = sample.request();
    request.config.folds = 5;
    for seed in 0..5 {
        request.seed = seed;
        let outcome = train(&sample.home(), &request, &Silent).unwrap();
        assert!(outcome.data.n_test > 100, "{}", outcome.data.n_test);
    }
}
