//! Whole files: streamed, quarantined, in both formats.

use std::path::Path;

use arrow_array::{Array, Float64Array, StringArray};
use churn_engine::{ScoreFileParams, ScoreReport, ScoredRow, Scorer, score_file};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::model::{VERSION, customers, scorer, table_of};

fn score(scorer: &Scorer, folder: &Path, csv: &str, output: &str) -> ScoreReport {
    score_as(scorer, folder, csv, output, false)
}

fn score_as(
    scorer: &Scorer,
    folder: &Path,
    csv: &str,
    output: &str,
    with_intervals: bool,
) -> ScoreReport {
    let input = folder.join("customers.csv");
    std::fs::write(&input, csv).unwrap();
    let params = ScoreFileParams {
        with_intervals,
        input,
        output: folder.join(output),
        rejected: folder.join("rejected.csv"),
        n_top: 4,
        max_rejected_share: None,
    };
    score_file(scorer, &params, &mut |_| {}).unwrap()
}

/// A line of the output, by the plainest means.
fn line_of(row: &ScoredRow, n_reasons: usize) -> String {
    let reason = |rank: usize| row.reasons.get(rank);
    let mut cells = vec![
        row.key.clone().unwrap(),
        format!("{:.6}", row.churn_probability),
        row.risk_level.to_string(),
    ];
    cells.extend((0..n_reasons).map(|rank| reason(rank).map_or(String::new(), |r| r.text.clone())));
    cells.extend(
        (0..n_reasons)
            .map(|rank| reason(rank).map_or(String::new(), |r| format!("{:.2}", r.impact))),
    );
    let offer = row.offers.first();
    cells.push(offer.map_or("do nothing".to_owned(), |offer| offer.title.clone()));
    cells.push(offer.map_or(String::new(), |offer| {
        offer.expected_value.to_major().to_string()
    }));
    cells.push(VERSION.to_owned());
    let quoted = cells.iter().map(|cell| {
        if cell.contains(',') {
            format!("\"{cell}\"")
        } else {
            cell.clone()
        }
    });
    quoted.collect::<Vec<_>>().join(",")
}

#[test]
fn a_streamed_file_holds_what_each_row_scores_alone() {
    let csv = customers(9000); // More than a chunk.
    let (scorer, folder) = (scorer(3, true), tempfile::tempdir().unwrap());
    let report = score(&scorer, folder.path(), &csv, "scored.csv");
    assert_eq!((report.n_rows, report.n_scored), (9000, 9000));
    let text = std::fs::read_to_string(folder.path().join("scored.csv")).unwrap();
    let mut lines = text.lines();
    assert_eq!(
        lines.next().unwrap(),
        "customerID,churn_probability,risk_level,reason_1,reason_2,reason_3,impact_1,impact_2,impact_3,offer_1,expected_value_1,model_version"
    );
    let table = table_of(&csv);
    let mut best = 0;
    for row in 0..table.n_rows() {
        let alone = scorer.score(&table.select(&[row])).unwrap();
        assert_eq!(
            lines.next(),
            Some(line_of(&alone.rows[0], 3).as_str()),
            "row {row}"
        );
        let worth = alone.rows[0]
            .offers
            .first()
            .map_or(0, |offer| offer.expected_value.minor_units);
        best = best.max(worth);
    }
    assert_eq!(lines.next(), None);
    assert_eq!(report.top.len(), 4);
    assert_eq!(report.top[0].offers[0].expected_value.minor_units, best);
}

#[test]
fn intervals_are_columns_when_asked_for_and_hold_the_probability() {
    let csv = customers(300);
    let (scorer, folder) = (scorer(0, false), tempfile::tempdir().unwrap());
    score_as(&scorer, folder.path(), &csv, "scored.csv", true);
    let text = std::fs::read_to_string(folder.path().join("scored.csv")).unwrap();
    assert_eq!(
        text.lines().next().unwrap(),
        "customerID,churn_probability,probability_low,probability_high,risk_level,model_version"
    );
    let rows = scorer.score(&table_of(&csv)).unwrap().rows;
    for (line, row) in text.lines().skip(1).zip(&rows) {
        let cells: Vec<f64> = line
            .split(',')
            .skip(1)
            .take(3)
            .map(|cell| cell.parse().unwrap())
            .collect();
        let (low, high) = (row.probability_low.unwrap(), row.probability_high.unwrap());
        assert!(low < row.churn_probability && row.churn_probability < high);
        for (cell, value) in cells.iter().zip([row.churn_probability, low, high]) {
            assert!((cell - value).abs() < 1e-6, "{line}");
        }
    }
    score_as(&scorer, folder.path(), &csv, "scored.parquet", true);
    let file = std::fs::File::open(folder.path().join("scored.parquet")).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let batch = reader.build().unwrap().next().unwrap().unwrap();
    let column = batch.column_by_name("probability_high").unwrap();
    let column: &Float64Array = column.as_any().downcast_ref().unwrap();
    assert_eq!(Some(column.value(0)), rows[0].probability_high);
}

#[test]
fn parquet_holds_the_values_of_csv() {
    let csv = customers(500);
    let (scorer, folder) = (scorer(2, true), tempfile::tempdir().unwrap());
    score(&scorer, folder.path(), &csv, "scored.parquet");
    let file = std::fs::File::open(folder.path().join("scored.parquet")).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
    let rows = scorer.score(&table_of(&csv)).unwrap().rows;
    let mut rows = rows.iter();
    for batch in &batches {
        let text = |name: &str, at: usize| {
            let column = batch.column_by_name(name).unwrap();
            let column: &StringArray = column.as_any().downcast_ref().unwrap();
            (!column.is_null(at)).then(|| column.value(at).to_owned())
        };
        let number = |name: &str, at: usize| {
            let column = batch.column_by_name(name).unwrap();
            let column: &Float64Array = column.as_any().downcast_ref().unwrap();
            (!column.is_null(at)).then(|| column.value(at))
        };
        for at in 0..batch.num_rows() {
            let row = rows.next().unwrap();
            let offer = row.offers.first();
            assert_eq!(text("customerID", at), row.key);
            assert_eq!(number("churn_probability", at), Some(row.churn_probability));
            assert_eq!(text("risk_level", at), Some(row.risk_level.to_string()));
            for rank in 0..2 {
                let reason = row.reasons.get(rank);
                assert_eq!(
                    text(&format!("reason_{}", rank + 1), at),
                    reason.map(|r| r.text.clone())
                );
                assert_eq!(
                    number(&format!("impact_{}", rank + 1), at),
                    reason.map(|r| r.impact)
                );
            }
            let title = offer.map_or("do nothing", |offer| offer.title.as_str());
            assert_eq!(text("offer_1", at).as_deref(), Some(title));
            let worth = offer.map(|offer| offer.expected_value.to_major());
            assert_eq!(number("expected_value_1", at), worth);
            assert_eq!(text("model_version", at).as_deref(), Some(VERSION));
        }
    }
    assert!(rows.next().is_none(), "every row is in the file");
}

#[test]
fn bad_rows_are_set_aside_and_good_ones_keep_their_order() {
    let csv = customers(60);
    let is_bad = |row: usize| row % 7 == 3;
    let mut keys = Vec::new();
    let mut damaged = vec![csv.lines().next().unwrap().to_owned()];
    for (row, line) in csv.lines().skip(1).enumerate() {
        if !is_bad(row) {
            keys.push(line.split(',').next().unwrap());
            damaged.push(line.to_owned());
        } else if row % 2 == 0 {
            damaged.push(line.replacen(",Yes,", ",Yes,surplus,", 1).replacen(
                ",No,",
                ",No,surplus,",
                1,
            ));
        } else {
            let mut cells: Vec<&str> = line.split(',').collect();
            cells[5] = "many";
            damaged.push(cells.join(","));
        }
    }
    let (scorer, folder) = (scorer(1, false), tempfile::tempdir().unwrap());
    let report = score(&scorer, folder.path(), &damaged.join("\n"), "scored.csv");
    let n_bad = (0..60).filter(|&row| is_bad(row)).count() as u64;
    assert_eq!((report.n_rows, report.n_rejected), (60, n_bad));
    let text = std::fs::read_to_string(folder.path().join("scored.csv")).unwrap();
    let scored: Vec<&str> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap())
        .collect();
    assert_eq!(scored, keys);
    let rejected = std::fs::read_to_string(report.rejected.unwrap()).unwrap();
    let rows: Vec<usize> = rejected
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap().parse::<usize>().unwrap() - 1)
        .collect();
    assert_eq!(rows, (0..60).filter(|&row| is_bad(row)).collect::<Vec<_>>());
    assert!(rejected.contains("many"), "the value is told:\n{rejected}");
}
