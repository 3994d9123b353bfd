//! Every table function, with the same answers on both databases.

use churn_store::tables::alias_moves::{self, AliasMove, MoveAction};
use churn_store::tables::datasets::{self, NewDataset};
use churn_store::tables::model_versions::{self, ModelVersionRow};
use churn_store::tables::runs::{self, NewRun, RunStatus};
use churn_store::tables::{aliases, audit};
use churn_store::{Database, Error, Timestamp};
use churn_testkit::TestDatabase;

fn at(second: u32) -> Timestamp {
    Timestamp::new(
        format!("2026-01-31T08:15:{second:02}.123456789Z")
            .parse()
            .unwrap(),
    )
}

fn file(sha256: &str) -> NewDataset<'_> {
    NewDataset {
        sha256,
        name: "telco",
        origin: "data/télco.csv",
        n_rows: 7043,
        n_bytes: 977_501,
        spec_fingerprint: "f1",
        first_seen_at: at(1),
    }
}

fn version(text: &str, numbers: (i32, i32, i32), bundle: &str) -> ModelVersionRow {
    ModelVersionRow {
        version: text.to_owned(),
        major: numbers.0,
        minor: numbers.1,
        patch: numbers.2,
        run_id: None,
        algorithm: "xgboost".to_owned(),
        bundle_sha256: bundle.to_owned(),
        size_bytes: 5_000_000_000,
        dataset_sha256: "d1".to_owned(),
        spec_fingerprint: "f1".to_owned(),
        plan_fingerprint: "p1".to_owned(),
        features_fingerprint: "g1".to_owned(),
        recipe_fingerprint: "r1".to_owned(),
        parameters: r#"{"eta":0.1}"#.to_owned(),
        metrics: r#"{"text":"it's \"quoted\" ✓"}"#.to_owned(),
        created_at: at(2),
    }
}

/// What a database answered, line by line, so that databases can be compared.
struct Story<'a> {
    database: &'a Database,
    told: Vec<String>,
}

impl Story<'_> {
    fn tell(&mut self, what: &str, answer: &dyn std::fmt::Debug) {
        self.told.push(format!("{what}: {answer:?}"));
    }
}

/// Does one of everything.
fn story(database: &Database) -> Vec<String> {
    let mut story = Story {
        database,
        told: Vec::new(),
    };
    tell_datasets(&mut story);
    tell_runs(&mut story);
    tell_versions(&mut story);
    tell_aliases(&mut story);
    tell_audit(&mut story);
    story.told
}

fn tell_datasets(story: &mut Story<'_>) {
    let database = story.database;
    let first = database
        .transaction(|c| datasets::record(c, &file("d1")))
        .unwrap();
    let again = NewDataset {
        origin: "elsewhere.csv",
        first_seen_at: at(9),
        ..file("d1")
    };
    let second = database
        .transaction(|c| datasets::record(c, &again))
        .unwrap();
    assert_eq!(
        first, second,
        "the same bytes are recognised, the first record stands"
    );
    story.tell("datasets", &database.read(datasets::list).unwrap());
}

fn tell_runs(story: &mut Story<'_>) {
    let database = story.database;
    let new = NewRun {
        id: "run-1",
        started_at: at(3),
        seed: u64::MAX,
        dataset_sha256: "d1",
        spec_fingerprint: "f1",
        config: "{}",
        owner: Some("machine/7@8"),
    };
    database.transaction(|c| runs::insert(c, &new)).unwrap();
    database
        .transaction(|c| {
            runs::insert(
                c,
                &NewRun {
                    id: "run-2",
                    started_at: at(4),
                    ..new
                },
            )
        })
        .unwrap();
    let running = database.read(|c| runs::find(c, "run-1")).unwrap().unwrap();
    assert_eq!(
        (running.status, running.seed),
        (RunStatus::Running, u64::MAX)
    );
    assert!(
        database
            .transaction(|c| runs::succeed(c, "run-1", at(5), "[]", "{}"))
            .unwrap()
    );
    assert!(
        !database
            .transaction(|c| runs::fail(c, "run-1", at(6), "late"))
            .unwrap()
    );
    assert!(
        database
            .transaction(|c| runs::fail(c, "run-2", at(6), "no rows"))
            .unwrap()
    );
    assert!(
        !database
            .transaction(|c| runs::fail(c, "run-9", at(6), "unknown"))
            .unwrap()
    );
    story.tell("runs", &database.read(runs::list).unwrap());
}

fn tell_versions(story: &mut Story<'_>) {
    let database = story.database;
    for row in [
        version("v1.9.0", (1, 9, 0), "b1"),
        version("v1.10.0", (1, 10, 0), "b2"),
        version("v1.2.3", (1, 2, 3), "b3"),
    ] {
        database
            .transaction(|c| model_versions::insert(c, &row))
            .unwrap();
    }
    for taken in [
        version("v1.9.0", (9, 9, 9), "b9"),
        version("v9.9.9", (9, 9, 9), "b1"),
    ] {
        let fault = database
            .transaction(|c| model_versions::insert(c, &taken))
            .unwrap_err();
        assert!(
            matches!(fault, Error::AlreadyExists { .. }) && fault.is_retryable(),
            "{fault}"
        );
    }
    let latest = database.read(model_versions::latest).unwrap().unwrap();
    assert_eq!(latest.version, "v1.10.0", "numbers sort as numbers");
    story.tell("versions", &database.read(model_versions::list).unwrap());
    story.tell(
        "by bundle",
        &database
            .read(|c| model_versions::find_by_bundle(c, "b3"))
            .unwrap(),
    );
    story.tell(
        "unknown",
        &database
            .read(|c| model_versions::find(c, "v7.7.7"))
            .unwrap(),
    );
}

fn tell_aliases(story: &mut Story<'_>) {
    let database = story.database;
    for to in ["v1.9.0", "v1.10.0"] {
        database
            .transaction(|c| aliases::set(c, "champion", to, at(7)))
            .unwrap();
    }
    story.tell("aliases", &database.read(aliases::list).unwrap());
    let step = AliasMove {
        id: "move-1".to_owned(),
        alias: "champion".to_owned(),
        position: 1,
        action: MoveAction::Rollback,
        from_version: None,
        to_version: "v1.9.0".to_owned(),
        who: "me".to_owned(),
        why: "better".to_owned(),
        moved_at: at(7),
    };
    database
        .transaction(|c| alias_moves::insert(c, &step))
        .unwrap();
    let same_position = AliasMove {
        id: "move-2".to_owned(),
        ..step.clone()
    };
    let fault = database
        .transaction(|c| alias_moves::insert(c, &same_position))
        .unwrap_err();
    assert!(fault.is_retryable(), "{fault}");
    story.tell(
        "moves",
        &database.read(|c| alias_moves::list(c, "champion")).unwrap(),
    );
}

fn tell_audit(story: &mut Story<'_>) {
    let database = story.database;
    for (id, second) in [("a", 1), ("b", 3), ("c", 2)] {
        let entry = audit::AuditEntry {
            id: id.to_owned(),
            at: at(second),
            who: "me".to_owned(),
            action: "test".to_owned(),
            subject: "it".to_owned(),
            before: None,
            after: Some("{}".to_owned()),
        };
        database.transaction(|c| audit::insert(c, &entry)).unwrap();
    }
    story.tell(
        "audit",
        &database.read(|c| audit::list_newest(c, 2)).unwrap(),
    );
}

#[test]
fn both_databases_tell_the_same_story() {
    let stories: Vec<Vec<String>> = TestDatabase::each()
        .iter()
        .map(|test| story(&Database::open(test.url(), 2).unwrap()))
        .collect();
    assert!(
        stories[0].iter().any(|line| line.contains("123456")),
        "{:?}",
        stories[0]
    );
    for other in &stories[1..] {
        assert_eq!(&stories[0], other);
    }
}

#[test]
fn a_run_needs_its_data_file() {
    for test in TestDatabase::each() {
        let database = Database::open(test.url(), 1).unwrap();
        let new = NewRun {
            id: "run-1",
            started_at: at(3),
            seed: 1,
            dataset_sha256: "nowhere",
            spec_fingerprint: "f1",
            config: "{}",
            owner: None,
        };
        let fault = database.transaction(|c| runs::insert(c, &new)).unwrap_err();
        assert!(fault.to_string().contains("starting a run"), "{fault}");
        assert_eq!(database.read(runs::list).unwrap(), []);
    }
}
