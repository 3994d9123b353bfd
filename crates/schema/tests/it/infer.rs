//! Inferred specifications make sense and read the files they came from.

use std::path::Path;
use std::sync::Arc;

use churn_schema::{
    ColumnKind, DatasetSpec, Encoding, InferOptions, Inferred, ReadOptions, Role, Validation,
    infer, read_all,
};

use crate::support::{data_file, file_of};

fn inferred(path: &Path) -> Inferred {
    let inferred = infer(path, &InferOptions::default()).unwrap();
    let again = DatasetSpec::from_yaml(&inferred.spec.to_yaml(), "written.yaml").unwrap();
    assert_eq!(again, inferred.spec, "the written form reads back");
    inferred
}

fn read(path: &Path, spec: DatasetSpec) -> Validation {
    let (_, validation) = read_all(path, &Arc::new(spec), &ReadOptions::train()).unwrap();
    assert!(
        validation.rejected_share() < 0.01,
        "{:?}",
        validation.fault_counts
    );
    validation
}

fn roles(spec: &DatasetSpec, role: Role) -> Vec<&str> {
    spec.columns
        .iter()
        .filter(|c| c.has_role(role))
        .map(|c| c.name.as_str())
        .collect()
}

#[test]
fn telco_is_understood() {
    let Some(path) = data_file("telco-customer-churn.csv") else {
        return;
    };
    let Inferred { spec, warnings } = inferred(&path);
    assert_eq!(roles(&spec, Role::Key), ["customerID"]);
    assert_eq!(roles(&spec, Role::Target), ["Churn"]);
    assert_eq!(spec.target().unwrap().positive.as_deref(), Some("Yes"));
    assert_eq!(roles(&spec, Role::Revenue), ["MonthlyCharges"]);
    assert_eq!(roles(&spec, Role::Protected), ["gender", "SeniorCitizen"]);
    assert_eq!(roles(&spec, Role::Ignore), [""; 0]);
    assert_eq!(spec.column("SeniorCitizen").unwrap().levels, ["0", "1"]);
    assert_eq!(
        spec.column("TotalCharges").unwrap().kind,
        ColumnKind::Number
    );
    assert_eq!(spec.column("tenure").unwrap().kind, ColumnKind::Integer);
    assert_eq!(warnings, [""; 0]);
    let same: Vec<_> = spec
        .same
        .iter()
        .map(|s| (s.say.as_str(), s.values.len()))
        .collect();
    assert_eq!(same, [("no phone service", 2), ("no internet service", 7)]);
    let support = spec.column("TechSupport").unwrap().wording();
    assert_eq!(support.sentence(Some("No")), "no tech support");
    let validation = read(&path, spec);
    assert_eq!(
        (validation.n_good, validation.target[1].count),
        (7043, 1869)
    );
}

#[test]
fn bank_identifiers_are_set_aside() {
    let Some(path) = data_file("bank-churn.csv") else {
        return;
    };
    let Inferred { spec, .. } = inferred(&path);
    assert_eq!(roles(&spec, Role::Key), ["CustomerId"]);
    assert_eq!(roles(&spec, Role::Target), ["Exited"]);
    assert_eq!(spec.target().unwrap().positive.as_deref(), Some("1"));
    assert_eq!(roles(&spec, Role::Ignore), ["RowNumber", "Surname"]);
    assert_eq!(roles(&spec, Role::Protected), ["Gender", "Age"]);
    assert_eq!(spec.features().count(), 10);
    assert_eq!(read(&path, spec).target[1].count, 2037);
}

#[test]
fn cell2cell_tokens_and_cardinality_are_noticed() {
    let Some(path) = data_file("cell2cell.csv.gz") else {
        return;
    };
    let Inferred { spec, warnings } = inferred(&path);
    assert_eq!(roles(&spec, Role::Key), ["CustomerID"]);
    assert_eq!(roles(&spec, Role::Target), ["Churn"]);
    assert_eq!(roles(&spec, Role::Revenue), ["MonthlyRevenue"]);
    assert_eq!(
        roles(&spec, Role::Protected),
        ["AgeHH1", "AgeHH2", "MaritalStatus"]
    );
    assert!(
        spec.missing_tokens.contains(&"NA".to_owned()),
        "{:?}",
        spec.missing_tokens
    );
    assert!(spec.column("ServiceArea").unwrap().open);
    assert!(spec.column("HandsetPrice").unwrap().is_numeric());
    assert!(
        spec.column("MaritalStatus")
            .unwrap()
            .levels
            .contains(&"Unknown".to_owned())
    );
    assert!(
        warnings.iter().any(|w| w.contains("RetentionCalls")),
        "{warnings:?}"
    );
    let validation = read(&path, spec);
    assert_eq!(
        (validation.n_rows, validation.target[1].count),
        (51_047, 14_711)
    );
    let missing = |name: &str| {
        validation
            .missing
            .iter()
            .find(|m| m.column == name)
            .unwrap()
            .count
    };
    assert_eq!(
        (
            missing("MonthlyRevenue"),
            missing("AgeHH1"),
            missing("ServiceArea")
        ),
        (156, 909, 24)
    );
}

#[test]
fn copies_of_the_target_constants_and_delimiters_are_found() {
    let mut text = "code;country;score;segment;when;end_reason_code;cancelled\n".to_owned();
    for idx in 0..300 {
        let left = idx % 4 == 0;
        let score = if left { 1000 + idx } else { idx };
        let reason = if left { "moved" } else { "none" };
        let answer = if left { "true" } else { "false" };
        let day = idx % 28 + 1;
        text.push_str(&format!(
            "K{idx:04};DE;{score};{};2024-01-{day:02};{reason};{answer}\n",
            idx % 3
        ));
    }
    let file = file_of(text.as_bytes());
    let Inferred { spec, warnings } = inferred(file.path());
    assert_eq!(spec.csv.delimiter, ';');
    assert_eq!(roles(&spec, Role::Key), ["code"]);
    assert_eq!(roles(&spec, Role::Target), ["cancelled"]);
    assert_eq!(spec.target().unwrap().positive.as_deref(), Some("true"));
    assert_eq!(
        roles(&spec, Role::Ignore),
        ["country", "score", "when", "end_reason_code"]
    );
    assert!(
        warnings
            .iter()
            .any(|w| w.contains("score") && w.contains("near copy")),
        "{warnings:?}"
    );
    assert_eq!(read(file.path(), spec).n_good, 300);
}

#[test]
fn latin_text_is_read_as_windows_1252() {
    let file = file_of(b"name,city,churn\nann,M\xFCnchen,1\nbob,K\xF6ln,0\ncid,K\xF6ln,0\n");
    let Inferred { spec, warnings } = inferred(file.path());
    assert_eq!(spec.csv.encoding, Encoding::Windows1252);
    assert_eq!(spec.column("city").unwrap().levels, ["Köln", "München"]);
    assert!(
        warnings.iter().any(|w| w.contains("windows-1252")),
        "{warnings:?}"
    );
}

#[test]
fn files_with_nothing_to_learn_from_are_refused() {
    for (text, words) in [
        (
            "id,churn\n",
            "no usable data row: nothing follows the header",
        ),
        ("a\n1\n1\n1\n", "usable as a feature"),
    ] {
        let file = file_of(text.as_bytes());
        let error = infer(file.path(), &InferOptions::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains(words), "{error} should say {words:?}");
    }
}

#[test]
fn refused_rows_leave_no_levels_behind() {
    let mut text = "id,plan,churn\n1,basic,0,surplus\n9,\"open,1\n".to_owned();
    for row in 10..20 {
        text.push_str(&format!(
            "{row},{},{}\n",
            ["basic", "full"][row % 2],
            row % 3 / 2
        ));
    }
    let file = file_of(text.as_bytes());
    let Inferred { spec, warnings } = inferred(file.path());
    assert_eq!(roles(&spec, Role::Key), ["id"]);
    assert_eq!(spec.column("plan").unwrap().levels, ["basic", "full"]);
    assert_eq!(
        warnings,
        ["2 of the first 12 rows are not readable; see validate"]
    );
}

#[test]
fn a_few_repeated_customers_do_not_unmake_the_key() {
    let mut text = "user_id,age,churned\n".to_owned();
    for idx in 0..100 {
        text.push_str(&format!(
            "{},{},{}\n",
            5000 + 7 * idx.max(2),
            idx % 60,
            idx % 3 / 2
        ));
    }
    let file = file_of(text.as_bytes());
    let Inferred { spec, warnings } = inferred(file.path());
    assert_eq!(roles(&spec, Role::Key), ["user_id"]);
    assert_eq!(roles(&spec, Role::Feature), ["age"]);
    assert!(
        warnings
            .iter()
            .any(|w| w.starts_with("2 rows repeat a user_id")),
        "{warnings:?}"
    );
}
