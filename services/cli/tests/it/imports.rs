//! A model of another library from its file to a scored file, through the real program.

use std::fs;
use std::path::{Path, PathBuf};

use crate::shell::run;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../crates/pipeline/testdata/imports")
        .join(name)
}

/// A column of a CSV file without quotes in the columns asked for.
fn column(text: &str, name: &str) -> Vec<f64> {
    let mut lines = text.lines();
    let place = lines.next().unwrap().split(',').position(|c| c == name);
    let place = place.unwrap_or_else(|| panic!("no column {name}"));
    lines
        .map(|line| line.split(',').nth(place).unwrap().parse().unwrap())
        .collect()
}

#[test]
fn import_then_score_equals_predict_proba() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "shop.yaml",
        "customers.csv",
        "xgboost_arrays.yaml",
        "xgboost_native.yaml",
        "catboost.yaml",
    ] {
        fs::copy(fixture(name), folder.path().join(name)).unwrap();
    }
    let expected = fs::read_to_string(fixture("expected.csv")).unwrap();
    let churn = |args: &str| {
        let args: Vec<&str> = args.split(' ').collect();
        let ran = run(folder.path(), &args, b"");
        assert_eq!(ran.code, Some(0), "{args:?}\n{}", ran.stderr);
        ran
    };
    for (file, map) in [
        ("xgboost_native.ubj", " --columns xgboost_native.yaml"),
        ("xgboost_arrays.json", " --columns xgboost_arrays.yaml"),
        ("lightgbm_categories.txt", ""),
        ("catboost_combinations.json", " --columns catboost.yaml"),
    ] {
        fs::copy(fixture(file), folder.path().join(file)).unwrap();
        let imported = churn(&format!(
            "models import {file} --spec shop.yaml{map} --activate --json"
        ));
        assert_eq!(imported.json()["activated"], true);
        churn("score customers.csv -o out.csv --reasons 2");
        let scored = fs::read_to_string(folder.path().join("out.csv")).unwrap();
        let name = file.split_once('.').unwrap().0;
        let ours = column(&scored, "churn_probability");
        let theirs = column(&expected, name);
        assert_eq!(ours.len(), theirs.len());
        for (row, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            assert!(
                (ours - theirs).abs() < 1e-6,
                "{file} row {row}: {ours} and {theirs}"
            );
        }
        let explained = churn("explain --customer C007 --data customers.csv --json").json();
        let sum: f64 = explained["contributions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["shap_value"].as_f64().unwrap())
            .sum();
        let (base, margin) = (&explained["base_value"], &explained["margin"]);
        let gap = base.as_f64().unwrap() + sum - margin.as_f64().unwrap();
        assert!(gap.abs() < 1e-6, "{file}: {gap}");
        let shown = churn("models show champion").stdout;
        assert!(
            shown.contains("(imported)") && shown.contains(file),
            "{shown}"
        );
    }
}
