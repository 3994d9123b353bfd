//! Known facts of the public Telco file.

use arrow_array::Array;
use churn_schema::{DatasetSpec, FaultCode, ReadOptions, Severity, read_all};

use crate::support::{data_file, telco_spec, telco_yaml};

#[test]
fn telco_specification_survives_writing_and_reading() {
    let spec = telco_spec();
    let again = DatasetSpec::from_yaml(&spec.to_yaml(), "written.yaml").unwrap();
    assert_eq!(*spec, again);
    assert_eq!(spec.fingerprint(), again.fingerprint());
    assert_eq!(spec.columns.len(), 21);
    assert_eq!(spec.features().count(), 19);
}

#[test]
fn fingerprint_ignores_words_and_notices_meaning() {
    let spec = telco_spec();
    let reworded = telco_yaml().replace("label: tenure", "label: time with us");
    let reworded = DatasetSpec::from_yaml(&reworded, "x").unwrap();
    assert_eq!(reworded.fingerprint(), spec.fingerprint());
    let changed = telco_yaml().replace("max: 72", "max: 73");
    let changed = DatasetSpec::from_yaml(&changed, "x").unwrap();
    assert_ne!(changed.fingerprint(), spec.fingerprint());
}

#[test]
fn telco_file_has_its_known_facts() {
    let Some(path) = data_file("telco-customer-churn.csv") else {
        return;
    };
    let spec = telco_spec();
    let (table, validation) = read_all(&path, &spec, &ReadOptions::train()).unwrap();
    assert_eq!((table.n_rows(), validation.n_rejected), (7043, 0));
    assert_eq!(table.batch().num_columns(), 21);
    assert_eq!(
        table.labels().unwrap().iter().filter(|left| **left).count(),
        1869
    );
    assert_eq!(validation.target[1].count, 1869);
    assert_eq!(
        validation.content_sha256.as_deref(),
        Some("16320c9c1ec72448db59aa0a26a0b95401046bef5d02fd3aeb906448e3055e91")
    );

    let total = table.numbers("TotalCharges").unwrap();
    let tenure = table.numbers("tenure").unwrap();
    let missing: Vec<usize> = (0..table.n_rows())
        .filter(|row| total.is_null(*row))
        .collect();
    assert_eq!(missing.len(), 11);
    assert!(missing.iter().all(|row| tenure.value(*row) < 0.5));
    let report = validation
        .missing
        .iter()
        .find(|m| m.column == "TotalCharges")
        .unwrap();
    assert_eq!(
        (report.count, report.strategy.as_str()),
        (11, "replaced by 0")
    );

    assert_eq!(validation.outliers.len(), 3);
    assert_eq!(
        validation.outliers.iter().map(|o| o.count()).sum::<u64>(),
        0
    );
    let repeats = validation.duplicates;
    assert_eq!((repeats.key_rows, repeats.repeated_rows), (0, 40));
    assert_eq!(repeats.repeated_rows_same_target, 22);
    assert_eq!(
        (repeats.conflicting_groups, repeats.conflicting_rows),
        (18, 42)
    );

    let graded = validation.checks[0].graded.unwrap();
    let rounded = [
        graded.within_5_percent,
        graded.within_10_percent,
        graded.within_20_percent,
    ]
    .map(|share| (share * 1000.0).round() / 10.0);
    assert_eq!(
        rounded.map(|share| share.to_string()),
        ["80.2", "94.4", "99"]
    );
    assert_eq!(validation.checks[0].n_failed, 59);
    assert!(
        validation.checks[1..]
            .iter()
            .all(|check| check.n_failed == 0 && check.n_evaluated > 0)
    );
    assert_eq!(validation.n_faults(Severity::Error), 0);
    assert!(
        validation
            .fault_counts
            .iter()
            .all(|count| count.code == FaultCode::CheckFailed)
    );
    assert!(validation.is_acceptable());
}

#[test]
fn telco_cells_read_as_a_person_would() {
    let Some(path) = data_file("telco-customer-churn.csv") else {
        return;
    };
    let (table, _) = read_all(&path, &telco_spec(), &ReadOptions::train()).unwrap();
    assert_eq!(table.keys().unwrap().value(0), "7590-VHVEG");
    assert_eq!(table.value_text("tenure", 1).as_deref(), Some("34"));
    assert_eq!(
        table.value_text("MonthlyCharges", 1).as_deref(),
        Some("56.95")
    );
    assert_eq!(
        table.value_text("Contract", 0).as_deref(),
        Some("Month-to-month")
    );
    assert_eq!(table.value_text("TotalCharges", 488), None);
    assert_eq!(table.row_number(488), 489);
    let spec = table.spec();
    let sentence = |name: &str| {
        spec.column(name)
            .unwrap()
            .wording()
            .sentence(table.value_text(name, 1).as_deref())
    };
    assert_eq!(sentence("tenure"), "34 months with us");
    assert_eq!(sentence("Contract"), "one-year contract");
}
