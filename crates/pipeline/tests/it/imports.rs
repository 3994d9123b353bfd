//! Models of other libraries: the battery, and what a card says of them.

use churn_engine::{Home, Scorer, ScorerParams};
use churn_pipeline::{
    Error, ImportOutcome, ImportRequest, NamedPolicy, Silent, TrainConfig, TrainRequest, import,
    read_spec, train,
};
use churn_registry::Model;
use churn_schema::{ReadOptions, read_all};
use churn_zoo::Algorithm;
use tempfile::TempDir;

use crate::battery::{Subject, fixture};

/// Files, the column of `expected.csv`, and a map of columns where one is needed.
const MODELS: [(&str, &str, &str); 9] = [
    ("xgboost_one_hot.ubj", "xgboost_one_hot", ""),
    ("xgboost_one_hot.json", "xgboost_one_hot", ""),
    (
        "xgboost_native.ubj",
        "xgboost_native",
        "xgboost_native.yaml",
    ),
    (
        "xgboost_native.json",
        "xgboost_native",
        "xgboost_native.yaml",
    ),
    (
        "xgboost_arrays.json",
        "xgboost_arrays",
        "xgboost_arrays.yaml",
    ),
    ("lightgbm_categories.txt", "lightgbm_categories", ""),
    (
        "lightgbm_one_hot.txt",
        "lightgbm_one_hot",
        "lightgbm_one_hot.yaml",
    ),
    ("catboost_one_hot.json", "catboost_one_hot", "catboost.yaml"),
    (
        "catboost_combinations.json",
        "catboost_combinations",
        "catboost.yaml",
    ),
];

fn home() -> (TempDir, Home) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(&folder.path().join("home")).unwrap();
    (folder, home)
}

fn request(file: &str, map: &str) -> ImportRequest {
    ImportRequest {
        file: fixture(file),
        spec: Some(read_spec(&fixture("shop.yaml")).unwrap()),
        columns: (!map.is_empty()).then(|| fixture(map)),
        data: None,
        policy: NamedPolicy::read(None, None).unwrap(),
        seed: 42,
        activate: false,
        who: "test".to_owned(),
    }
}

fn imported(home: &Home, request: &ImportRequest) -> (ImportOutcome, Model) {
    let outcome = import(home, request).unwrap();
    let reference = outcome.version.version.to_string();
    (outcome, home.registry().load(&reference).unwrap().1)
}

fn customers() -> String {
    std::fs::read_to_string(fixture("customers.csv")).unwrap()
}

#[test]
fn every_imported_model_gives_the_librarys_probabilities_and_passes_the_battery() {
    let (_folder, home) = home();
    let expected = std::fs::read_to_string(fixture("expected.csv")).unwrap();
    let mut lines = expected
        .lines()
        .map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let rows: Vec<Vec<&str>> = lines.collect();
    for (file, column, map) in MODELS {
        let (_, model) = imported(&home, &request(file, map));
        let spec = std::sync::Arc::new(model.spec.clone());
        let (table, _) = read_all(&fixture("customers.csv"), &spec, &ReadOptions::score()).unwrap();
        assert_eq!(table.n_rows(), rows.len());
        let scorer = Scorer::new(String::new(), model.clone(), ScorerParams::default()).unwrap();
        let place = header.iter().position(|name| *name == column).unwrap();
        for (row, ours) in rows.iter().zip(scorer.probabilities(&table).unwrap()) {
            let theirs: f64 = row[place].parse().unwrap();
            assert!(
                (ours - theirs).abs() < 1e-6,
                "{file}, {}: {ours} and {theirs}",
                row[0]
            );
        }
        let subject = Subject {
            name: file.to_owned(),
            model,
            customers: customers(),
        };
        subject.check();
    }
}

#[test]
fn every_trained_model_passes_the_same_battery() {
    let (_folder, home) = home();
    let mut algorithms = vec![Algorithm::Logistic, Algorithm::Forest, Algorithm::Catboost];
    if churn_testkit::xgboost_library().is_some() {
        algorithms.push(Algorithm::Xgboost);
    }
    let request = TrainRequest {
        config: TrainConfig {
            algorithms,
            folds: 2,
            repeats: 1,
            bootstrap_replicates: 20,
            ..TrainConfig::default()
        },
        ..TrainRequest::new(fixture("labelled.csv"), &fixture("shop.yaml")).unwrap()
    };
    let outcome = train(&home, &request, &Silent).unwrap();
    for candidate in outcome.candidates {
        let (_, model) = home.registry().load(&candidate.version).unwrap();
        let subject = Subject {
            name: candidate.algorithm,
            model,
            customers: customers(),
        };
        subject.check();
    }
}

#[test]
fn a_card_says_what_is_known_and_what_is_not() {
    let (_folder, home) = home();
    let file = "xgboost_native.ubj";
    let map = "xgboost_native.yaml";
    let (outcome, model) = imported(&home, &request(file, map));
    assert_eq!(outcome.version.algorithm, "xgboost (imported)");
    assert!(!outcome.activated && home.registry().resolve("champion").is_err());
    assert!(model.card.decision.contains("without labelled rows"));
    assert!(model.card.cv_metrics.is_empty());
    assert!((model.threshold - 0.5).abs() < 1e-12);
    let origin = model.card.imported.unwrap();
    assert_eq!((origin.file.as_str(), origin.judged_on), (file, None));
    // Early stopping kept six of nine rounds, and the classifier predicts with those alone.
    assert!(
        origin.notes[0].contains("rounds were left out"),
        "{:?}",
        origin.notes
    );
    let native = model.native.unwrap();
    assert_eq!(native.file_name, "xgboost.ubj");
    assert_eq!(native.bytes, std::fs::read(fixture(file)).unwrap());

    let labelled = ImportRequest {
        data: Some(fixture("labelled.csv")),
        activate: true,
        ..request(file, map)
    };
    let (outcome, model) = imported(&home, &labelled);
    assert!(outcome.metrics["roc_auc"].mean > 0.65, "{outcome:?}");
    assert!(model.card.decision.contains("400 labelled rows"));
    let rows = model.card.imported.unwrap().judged_on.unwrap();
    assert_eq!(rows.n_rows, 400);
    let champion = home.registry().resolve("champion").unwrap();
    assert_eq!(champion, outcome.version);
    // The same file with the same rows is the same version.
    assert_eq!(imported(&home, &labelled).0.version, outcome.version);
}

#[track_caller]
fn refused(request: &ImportRequest, expected: &[&str]) {
    let (_folder, home) = home();
    let fault = import(&home, request).unwrap_err();
    assert!(
        matches!(fault, Error::Import { .. } | Error::BadConfig { .. }),
        "{fault:?}"
    );
    let text = fault.to_string();
    for words in expected {
        assert!(text.contains(words), "no {words:?} in: {text}");
    }
    assert!(home.registry().list().unwrap().is_empty());
}

#[test]
fn columns_that_cannot_be_made_are_refused_by_name() {
    // No names in the file and no map: each column, and what to write.
    refused(
        &request("xgboost_arrays.json", ""),
        &[
            "6 of the model's 6 columns",
            "'f1' ",
            "categories: [...]",
            "--columns",
        ],
    );
    refused(
        &request("xgboost_native.json", ""),
        &["'payment' holds category codes and the file does not say"],
    );
    refused(
        &request("lightgbm_one_hot.txt", ""),
        &["'city_city_2' is a level of 'city', but blanks were written as '_'"],
    );
    let folder = tempfile::tempdir().unwrap();
    let with = |text: &str| {
        let path = folder.path().join("map.yaml");
        std::fs::write(&path, text).unwrap();
        ImportRequest {
            columns: Some(path),
            ..request("lightgbm_categories.txt", "")
        }
    };
    refused(&with("tenur: {column: tenure}"), &["'tenur' is in the map"]);
    refused(
        &with("tenure: {column: tenur}"),
        &["'tenure' is said to come from 'tenur'", "known are tenure"],
    );
    refused(&with("tenure: {colum: tenure}"), &["line 1", "colum"]);
    refused(
        &with("tenure: {column: contract}"),
        &[
            "'tenure' is a number in the model and 'contract' is a category",
            "One year",
        ],
    );
    refused(
        &with("tenure: {column: contract, values: {One year: 1}}"),
        &["no value for the level 'Month-to-month'"],
    );
    refused(
        &with("tenure: {column: charges, missing: none}"),
        &["counts a missing value as 'none'"],
    );
    refused(
        &with("contract: {column: payment}"),
        &["none of them is in 'payment'", "Mailed check"],
    );
    refused(
        &with("contract: {column: contract, level: One year}"),
        &["holds category codes"],
    );
    refused(
        &with("usage: {column: charges, missing: 0}"),
        &["'charges' and 'usage' take in different ways the values of 'charges'"],
    );
    let nothing = ImportRequest {
        spec: None,
        ..request("lightgbm_categories.txt", "")
    };
    refused(&nothing, &["it is a model of LightGBM", "--spec"]);
}
