//! Runs, data files and lineage.

use churn_registry::{DataFile, Error, NewVersion, RunStart, RunStatus};
use serde_json::json;

use crate::sample::{NEW, local, recipe};

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
