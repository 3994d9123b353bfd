//! Parquet gives the same table as CSV, whatever types it uses for the same values.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, Decimal128Array, DictionaryArray, Float64Array, Int64Array, ListArray,
    RecordBatch, StringArray,
};
use churn_schema::{DatasetSpec, Error, FaultCode, ReadOptions, open_table};
use parquet::arrow::ArrowWriter;

use crate::support::{file_of, small_spec};

fn parquet_of(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn strings(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

#[test]
fn other_types_of_the_same_values_are_read() {
    let plan: DictionaryArray<Int32Type> = vec![Some("Basic"), None, Some("Gold")]
        .into_iter()
        .collect();
    let bytes = parquet_of(vec![
        ("left", strings(&["No", "Yes", "No"])),
        (
            "extra",
            Arc::new(BooleanArray::from(vec![true, false, true])),
        ),
        (
            "age",
            Arc::new(Float64Array::from(vec![Some(30.0), Some(f64::NAN), None])),
        ),
        ("id", Arc::new(Int64Array::from(vec![1, 2, 3]))),
        ("plan", Arc::new(plan)),
    ]);
    let file = file_of(&bytes);
    let mut reader = open_table(file.path(), &small_spec(), &ReadOptions::train()).unwrap();
    assert_eq!(reader.content_sha256().unwrap().len(), 64);
    let chunk = reader.next().unwrap().unwrap().parse();
    assert_eq!(chunk.table.n_rows(), 2);
    assert_eq!(chunk.table.keys().unwrap().value(1), "2");
    assert_eq!(chunk.table.value_text("age", 0).as_deref(), Some("30"));
    assert!(chunk.table.is_missing("age", 1) && chunk.table.is_missing("plan", 1));
    assert_eq!(chunk.rejected[0].faults[0].code, FaultCode::UnknownCategory);
    assert_eq!(chunk.rejected[0].row, 3);
}

#[test]
fn decimals_and_flags_are_numbers_and_levels() {
    let yaml = "format: 1\nname: d\ncolumns:\n  - {name: price, kind: number}\n  - {name: flag, kind: category, levels: ['false', 'true']}\n";
    let spec = Arc::new(DatasetSpec::from_yaml(yaml, "d.yaml").unwrap());
    let price = Decimal128Array::from(vec![1999, -5])
        .with_precision_and_scale(10, 2)
        .unwrap();
    let bytes = parquet_of(vec![
        ("price", Arc::new(price)),
        ("flag", Arc::new(BooleanArray::from(vec![true, false]))),
    ]);
    let file = file_of(&bytes);
    let chunk = open_table(file.path(), &spec, &ReadOptions::train())
        .unwrap()
        .next()
        .unwrap();
    let table = chunk.unwrap().parse().table;
    let read = |row| ["price", "flag"].map(|name| table.value_text(name, row).unwrap());
    assert_eq!(read(0), ["19.99", "true"]);
    assert_eq!(read(1), ["-0.05", "false"]);
}

#[test]
fn nested_columns_and_truncated_files_are_refused() {
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1)])]);
    let bytes = parquet_of(vec![
        ("id", strings(&["a"])),
        ("plan", strings(&["Basic"])),
        ("age", Arc::new(lists)),
        ("left", strings(&["No"])),
    ]);
    let open = |bytes: &[u8]| {
        let file = file_of(bytes);
        open_table(file.path(), &small_spec(), &ReadOptions::train())
            .map(|_| ())
            .unwrap_err()
    };
    let error = open(&bytes);
    assert!(
        matches!(&error, Error::UnsupportedColumnType { column, .. } if column == "age"),
        "{error}"
    );
    let error = open(&bytes[..bytes.len() - 20]);
    assert!(matches!(error, Error::BrokenParquet { .. }), "{error}");
}
