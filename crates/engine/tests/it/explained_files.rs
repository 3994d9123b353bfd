//! Contributions of whole files: in every format, complete, and summing.

use std::path::Path;

use arrow_array::{Array, Float64Array, RecordBatch};
use churn_engine::{Depth, ExplainFileParams, ExplainFileReport, Scorer, explain_file};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::model::{customers, scorer, table_of};

fn explain(scorer: &Scorer, folder: &Path, output: &str) -> ExplainFileReport {
    let input = folder.join("customers.csv");
    std::fs::write(&input, format!("{}cut,row\n", customers(5000))).unwrap();
    let params = ExplainFileParams {
        input,
        output: folder.join(output),
        rejected: folder.join("rejected.csv"),
    };
    explain_file(scorer, &params, &mut |_| {}).unwrap()
}

#[test]
fn every_format_holds_the_same_sums() {
    let (scorer, folder) = (scorer(1, false), tempfile::tempdir().unwrap());
    let report = explain(&scorer, folder.path(), "out.csv");
    assert_eq!((report.n_explained, report.n_rejected), (5000, 1));
    let n_features = report.feature_names.len();
    let text = std::fs::read_to_string(folder.path().join("out.csv")).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!(header.len(), 5 + 2 * n_features);
    assert_eq!(
        header[..4],
        ["customerID", "churn_probability", "base_value", "margin"]
    );
    let rows: Vec<Vec<f64>> = lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let numbers = cells[1..cells.len() - 1].iter();
            numbers.map(|cell| cell.parse().unwrap()).collect()
        })
        .collect();
    assert_eq!(rows.len(), 5000);
    for row in &rows {
        let sum = row[1] + row[3..3 + n_features].iter().sum::<f64>();
        assert!((sum - row[2]).abs() < 1e-6, "{sum} for {}", row[2]);
    }

    explain(&scorer, folder.path(), "out.jsonl");
    let text = std::fs::read_to_string(folder.path().join("out.jsonl")).unwrap();
    for (line, row) in text.lines().zip(&rows) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let values = line["shap_values"].as_array().unwrap();
        let values: Vec<f64> = values.iter().map(|value| value.as_f64().unwrap()).collect();
        assert_eq!(values, row[3..3 + n_features]);
        assert_eq!(line["base_value"].as_f64(), Some(row[1]));
        assert_eq!(line["feature_names"].as_array().unwrap().len(), n_features);
    }

    explain(&scorer, folder.path(), "out.parquet");
    let file = std::fs::File::open(folder.path().join("out.parquet")).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    assert_eq!(
        batches.iter().map(RecordBatch::num_rows).sum::<usize>(),
        5000
    );
    let margins = batches[0].column_by_name("margin").unwrap();
    let margins: &Float64Array = margins.as_any().downcast_ref().unwrap();
    for (row, margin) in margins.iter().enumerate() {
        assert_eq!(margin, Some(rows[row][2]));
    }
}

#[test]
fn a_background_is_drawn_from_a_file_and_moves_the_base() {
    let mut scorer = scorer(1, false);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("customers.csv");
    std::fs::write(&path, customers(3000)).unwrap();
    let table = table_of(&customers(40));
    let before = scorer.explain(&table, 0).unwrap();
    scorer.set_background(&path, 50).unwrap();
    let against = scorer.explain(&table, 0).unwrap();
    assert_eq!((before.n_background, against.n_background), (0, 50));
    assert_eq!(before.margin.to_bits(), against.margin.to_bits());
    assert!((before.base_value - against.base_value).abs() > 1e-6);
    let sum: f64 = against.contributions.iter().map(|c| c.shap_value).sum();
    assert!((against.base_value + sum - against.margin).abs() < 1e-6);
    scorer.set_background(&path, 50).unwrap();
    assert_eq!(
        scorer.explain(&table, 0).unwrap(),
        against,
        "the same rows are drawn"
    );
}

#[test]
fn customers_the_model_keeps_give_what_a_file_of_them_gives() {
    let mut kept = scorer(1, false);
    let mut drawn = scorer(1, false);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("customers.csv");
    std::fs::write(&path, customers(20)).unwrap();
    assert!(kept.use_kept_background(1_000_000).unwrap());
    drawn.set_background(&path, 20).unwrap();
    let table = table_of(&customers(40));
    for row in 0..40 {
        let (one, other) = (kept.explain(&table, row), drawn.explain(&table, row));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!((one.n_background, other.n_background), (20, 20));
        assert!((one.base_value - other.base_value).abs() < 1e-12);
        for (one, other) in one.contributions.iter().zip(&other.contributions) {
            assert!((one.shap_value - other.shap_value).abs() < 1e-12);
        }
    }
    assert!(kept.use_kept_background(5).unwrap());
    assert_eq!(kept.n_background(), 5);
}

#[test]
fn pairs_and_single_columns_agree() {
    let (scorer, table) = (scorer(1, false), table_of(&customers(10)));
    for row in 0..10 {
        let explained = scorer.explain(&table, row).unwrap();
        let found = scorer.interactions(&table, row).unwrap();
        for (name, values) in found.feature_names.iter().zip(&found.values) {
            let mut parts = explained.contributions.iter();
            let part = parts.find(|part| part.feature == *name).unwrap();
            let sum: f64 = values.iter().sum();
            assert!((sum - part.shap_value).abs() < 1e-9, "{name}");
        }
        assert!(
            found
                .pairs
                .is_sorted_by(|a, b| a.shap_value.abs() >= b.shap_value.abs())
        );
    }
    let path = tempfile::tempdir().unwrap();
    let file = path.path().join("customers.csv");
    std::fs::write(&file, customers(10)).unwrap();
    let key = table.keys().unwrap().value(3).to_owned();
    let explained = scorer
        .explain_customer(&file, &key, Depth::Interactions)
        .unwrap();
    assert!(explained.interactions.is_some());
}
