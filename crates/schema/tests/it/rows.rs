//! Rows from JSON follow the rules of files.

use std::collections::BTreeMap;

use churn_schema::{FaultCode, Severity, Table};
use serde_json::{Value, json};

use crate::support::small_spec;

fn row(value: Value) -> BTreeMap<String, Value> {
    serde_json::from_value(value).unwrap()
}

#[test]
fn json_rows_are_parsed_like_files() {
    let rows = [
        row(json!({"id": "a", "plan": "Basic", "age": 30})),
        row(json!({"id": 7, "plan": null, "age": "31", "shoe": 42})),
        row(json!({"id": "c", "plan": "Basic", "age": 1.5})),
        row(json!({"id": "d", "plan": ["Basic"], "age": 1})),
        row(json!({"plan": "Basic"})),
    ];
    let chunk = Table::from_rows(&small_spec(), &rows);
    assert_eq!(chunk.table.n_rows(), 2);
    assert_eq!(chunk.table.keys().unwrap().value(1), "7");
    assert_eq!(chunk.table.value_text("age", 1).as_deref(), Some("31"));
    assert!(chunk.table.is_missing("plan", 1));
    let found: Vec<(u64, FaultCode)> = chunk
        .rejected
        .iter()
        .map(|rejected| (rejected.row, rejected.faults[0].code))
        .collect();
    assert_eq!(
        found,
        [
            (3, FaultCode::NotAnInteger),
            (4, FaultCode::BadField),
            (5, FaultCode::MissingKey)
        ]
    );
    let warning = &chunk.faults[0];
    assert_eq!(
        (warning.severity, warning.code),
        (Severity::Warning, FaultCode::ExtraColumn)
    );
    assert_eq!(warning.value.as_deref(), Some("shoe"));
}

#[test]
fn selecting_and_joining_keep_values_levels_and_row_numbers() {
    let spec = small_spec();
    let first = Table::from_rows(
        &spec,
        &[
            row(json!({"id": "a", "plan": "Gold", "age": 1})),
            row(json!({"id": "b", "plan": "Basic", "age": null})),
        ],
    );
    let second = Table::from_rows(&spec, &[row(json!({"id": "c", "plan": "Iron", "age": 3}))]);
    let joined = Table::concat(&[second.table, first.table.clone(), first.table]).unwrap();
    let plans: Vec<_> = (0..5)
        .map(|idx| joined.value_text("plan", idx).unwrap())
        .collect();
    assert_eq!(plans, ["Iron", "Gold", "Basic", "Gold", "Basic"]);
    let levels: Vec<_> = joined
        .categories("plan")
        .unwrap()
        .values
        .iter()
        .flatten()
        .collect();
    assert_eq!(levels, ["Basic", "Premium", "Iron", "Gold"]);
    let picked = joined.select(&[2, 0, 99]);
    assert_eq!(picked.n_rows(), 2);
    assert_eq!((picked.row_number(0), picked.row_number(1)), (2, 1));
    assert!(picked.is_missing("age", 0) && !picked.is_missing("age", 1));
    assert!(Table::concat(&[]).is_err());
}
