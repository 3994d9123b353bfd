//! Runs, data files and lineage.

use std::sync::Arc;

use chrono::TimeDelta;
use churn_registry::{
    DataFile, Error, NewVersion, Registry, RegistryParams, RunStart, RunStatus, SILENCE_SECONDS,
};
use churn_store::tables::runs::{self, NewRun};
use churn_store::{Clock, this_process};
use serde_json::json;

use crate::sample::{NEW, clock, local, recipe};

const FILE: DataFile<'static> = DataFile {
    sha256: "d1",
    name: "toy",
    origin: "toy.csv",
    n_rows: 3,
    n_bytes: 60,
    spec_fingerprint: "f1",
};

#[test]
fn lineage_goes_from_the_bundle_back_to_the_file() {
    let (_home, registry) = local();
    let model = recipe().model();
    let sha256 = model.card.trained_on.sha256.clone();
    let file = DataFile {
        sha256: &sha256,
        ..FILE
    };
    let recorded = registry.record_dataset(&file).unwrap();
    let moved = registry
        .record_dataset(&DataFile {
            origin: "copy.csv",
            ..file
        })
        .unwrap();
    assert_eq!(recorded, moved, "the same bytes are the same file");

    let config = json!({"algorithms": ["logistic_regression"]});
    let start = RunStart {
        dataset_sha256: &sha256,
        spec_fingerprint: "f1",
        seed: 7,
        config: &config,
    };
    let run_id = registry.start_run(&start).unwrap();
    assert_eq!(registry.run(&run_id).unwrap().status, RunStatus::Running);
    let new = NewVersion {
        run_id: Some(&run_id),
        who: "me",
    };
    let version = registry.register(&model, &new).unwrap();
    registry
        .finish_run(&run_id, &json!([{"auc": 0.84}]), &json!({"winner": "it"}))
        .unwrap();
    registry.activate("v1.0.0", "me", "first").unwrap();

    let lineage = registry.show("champion").unwrap();
    assert_eq!(lineage.version, version);
    assert_eq!(lineage.aliases, ["champion"]);
    assert_eq!(lineage.dataset, Some(recorded));
    let run = lineage.run.unwrap();
    assert_eq!(
        (run.id.as_str(), run.seed, run.status),
        (run_id.as_str(), 7, RunStatus::Succeeded)
    );
    assert_eq!(run.config, config.to_string());
    assert_eq!(run.decision.as_deref(), Some(r#"{"winner":"it"}"#));
    assert_eq!(lineage.moves.len(), 1);
    assert_eq!(lineage.moves[0].why, "first");
}

#[test]
fn a_run_ends_once() {
    let (_home, registry) = local();
    let config = json!({});
    let start = RunStart {
        dataset_sha256: "d1",
        spec_fingerprint: "f1",
        seed: 1,
        config: &config,
    };
    assert!(matches!(
        registry.start_run(&start),
        Err(Error::UnknownDataset { .. })
    ));
    registry.record_dataset(&FILE).unwrap();
    let (good, bad) = (
        registry.start_run(&start).unwrap(),
        registry.start_run(&start).unwrap(),
    );
    registry.finish_run(&good, &json!([]), &json!({})).unwrap();
    registry.fail_run(&bad, "one class only").unwrap();
    for ended in [&good, &bad] {
        let fault = registry.fail_run(ended, "again").unwrap_err();
        assert!(fault.to_string().contains("ended already"), "{fault}");
    }
    let fault = registry
        .finish_run("nowhere", &json!([]), &json!({}))
        .unwrap_err();
    assert!(fault.to_string().contains("no such run"), "{fault}");
    let runs = registry.runs().unwrap();
    assert_eq!(runs.len(), 2);
    let failed = registry.run(&bad).unwrap();
    assert_eq!(
        (failed.status, failed.error.as_deref()),
        (RunStatus::Failed, Some("one class only"))
    );
    assert!(matches!(
        registry.run("nowhere"),
        Err(Error::UnknownRun { .. })
    ));
}

#[test]
fn a_model_of_an_unknown_run_is_not_registered() {
    let (_home, registry) = local();
    let new = NewVersion {
        run_id: Some("nowhere"),
        ..NEW
    };
    let fault = registry.register(&recipe().model(), &new).unwrap_err();
    assert!(matches!(fault, Error::UnknownRun { .. }), "{fault}");
    assert_eq!(registry.list().unwrap(), []);
}

#[test]
fn a_run_whose_process_is_gone_was_interrupted() {
    let home = tempfile::tempdir().unwrap();
    let clock = clock();
    let params = RegistryParams::under_home(home.path());
    let registry = Registry::open(&params, Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
    registry.record_dataset(&FILE).unwrap();
    let insert = |id: &str, owner: Option<&str>| {
        let new = NewRun {
            id,
            started_at: clock.now(),
            seed: 1,
            dataset_sha256: "d1",
            spec_fingerprint: "f1",
            config: "{}",
            owner,
        };
        let inserted = registry.database().transaction(|c| runs::insert(c, &new));
        inserted.unwrap();
    };
    let me = this_process().unwrap();
    let (place, _) = me.rsplit_once('/').unwrap();
    insert("mine", Some(&me));
    // The number of this process, but started at another moment: an earlier one.
    insert("gone", Some(&format!("{place}/{}@1", std::process::id())));
    insert("elsewhere", Some("another machine/7@8"));
    insert("silent", Some("another machine/7@8"));
    let status = |id: &str| registry.run(id).unwrap().status;
    assert_eq!(status("mine"), RunStatus::Running);
    assert_eq!(status("gone"), RunStatus::Interrupted, "at once");
    assert_eq!(status("elsewhere"), RunStatus::Running);

    // Of other machines nothing is known but what they say.
    clock.advance(TimeDelta::seconds(SILENCE_SECONDS));
    registry.beat_run("elsewhere").unwrap();
    clock.advance(TimeDelta::seconds(1));
    assert_eq!(status("mine"), RunStatus::Running, "however long it takes");
    assert_eq!(status("elsewhere"), RunStatus::Running);
    assert_eq!(status("silent"), RunStatus::Interrupted);
    // Whoever was only silent may still finish.
    registry
        .finish_run("silent", &json!([]), &json!({}))
        .unwrap();
    assert_eq!(status("silent"), RunStatus::Succeeded);
    let listed = registry.runs().unwrap();
    assert!(
        listed
            .iter()
            .any(|run| run.status == RunStatus::Interrupted)
    );
}
