//! Parquet files: good, cut, of wrong types.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, Float64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;

use crate::customers::Customers;
use crate::shell::{Base, N_GOOD, Ran, run};

/// Writes the customers as Parquet: text but for the columns given.
fn write(path: &Path, customers: &Customers, others: &[(&str, ArrayRef)]) {
    let arrays = customers.header.iter().enumerate().map(|(idx, name)| {
        let other = others.iter().find(|(other, _)| other == name);
        let text = || -> ArrayRef {
            let values = customers.rows.iter().map(|row| row[idx].as_str());
            Arc::new(StringArray::from_iter_values(values))
        };
        (
            name,
            other.map_or_else(text, |(_, array)| Arc::clone(array)),
        )
    });
    let batch = RecordBatch::try_from_iter(arrays).unwrap();
    let file = fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn score(folder: &Path) -> Ran {
    run(folder, &["score", "in.parquet", "-o", "out.csv"], b"")
}

#[track_caller]
fn says(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, Some(code), "{}", ran.stderr);
    for word in words {
        assert!(
            ran.stderr.contains(word),
            "{word:?} is not in\n{}",
            ran.stderr
        );
    }
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
}

#[test]
fn hostile_parquet() {
    let base = Base::new();
    let folder = base.folder();
    let input = folder.path().join("in.parquet");
    let out = folder.path().join("out.csv");
    let customers = Customers::new(&base.good());

    write(&input, &customers, &[]);
    says(&score(folder.path()), 0, &[]);
    let from_parquet = fs::read(&out).unwrap();
    run(folder.path(), &["score", "good.csv", "-o", "out.csv"], b"");
    assert_eq!(from_parquet, fs::read(&out).unwrap(), "Parquet or CSV");
    fs::remove_file(&out).unwrap();

    let whole = fs::read(&input).unwrap();
    for length in [0, 4, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(&input, &whole[..length]).unwrap();
        says(&score(folder.path()), 3, &["in.parquet"]);
        assert!(!out.exists(), "cut at {length}");
    }

    let bytes: Vec<&[u8]> = vec![b"12"; N_GOOD];
    write(
        &input,
        &customers,
        &[("tenure", Arc::new(BinaryArray::from(bytes)))],
    );
    says(
        &score(folder.path()),
        3,
        &[
            "in.parquet: column tenure has the Parquet type Binary",
            "expected numbers, text",
        ],
    );

    let numbers: Float64Array = (0..N_GOOD)
        .map(|row| (row % 3 > 0).then_some(if row % 3 == 1 { f64::INFINITY } else { 12.0 }))
        .collect();
    write(&input, &customers, &[("tenure", Arc::new(numbers))]);
    let ran = score(folder.path());
    says(
        &ran,
        0,
        &["row 2, column tenure: not_finite", "and 199 more like it"],
    );
    assert_eq!(fs::read_to_string(&out).unwrap().lines().count(), 401);
}
