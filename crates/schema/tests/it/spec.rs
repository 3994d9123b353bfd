//! Specifications with faults say all of them, with their places.

use churn_schema::{DatasetSpec, Error};

#[track_caller]
fn faults(yaml: &str) -> Vec<String> {
    match DatasetSpec::from_yaml(yaml, "s.yaml") {
        Err(Error::Spec { faults, .. }) => faults
            .iter()
            .map(|fault| match fault.position {
                Some((line, column)) => format!("{line}:{column}: {}", fault.message),
                None => fault.message.clone(),
            })
            .collect(),
        other => panic!("expected faults, got {other:?}"),
    }
}

#[test]
fn all_faults_are_reported_with_line_and_column() {
    let found = faults(
        r#"format: 1
name: x
columns:
  - {name: id, kind: number, roles: [key]}
  - {name: plan, kind: category}
  - {name: age, kind: integer, min: 9, max: 3}
  - {name: note, kind: text}
  - {name: left, kind: category, roles: [target], levels: ["No", "Yes"], positive: "Maybe"}
derived:
  - {kind: ratio, name: r, numerator: age, denominator: salary}
  - {kind: count_of, name: leak, columns: [left], equals: ["Yes"]}
checks:
  - {kind: implies, name: c, when: {column: left, equals: "Perhaps"}, then: {column: plan, one_of: [A]}}
"#,
    );
    let check = |start: &str, words: &str| {
        let hit = found
            .iter()
            .any(|fault| fault.starts_with(start) && fault.contains(words));
        assert!(hit, "{start} {words:?} not in {found:#?}");
    };
    check("4:5: ", "the role key needs kind text");
    check("5:5: ", "a category needs its levels");
    check("6:5: ", "min 9 is above max 3");
    check("7:5: ", "free text cannot be a feature");
    check("8:5: ", "\"Maybe\" is not one of the levels");
    check("10:5: ", "there is no column salary");
    check("11:5: ", "left is not a feature");
    check("13:5: ", "\"Perhaps\" is not a listed level");
}

#[test]
fn words_and_what_is_ours_to_change_are_checked() {
    let found = faults(
        r#"format: 1
name: x
columns:
  - {name: plan, kind: category, levels: [A, B], say: {C: see}, actionable: [B, D]}
  - {name: sex, kind: category, roles: [feature, protected], levels: [f, m], actionable: true}
  - {name: spend, kind: number, actionable: [few]}
  - {name: tv, kind: category, levels: ["No", none]}
same:
  - {say: nothing, values: {plan: A, tv: none}}
  - {say: "", values: {tv: none}}
  - {say: she, values: {sex: f, plan: Z, spend: much, net: "No"}}
"#,
    );
    let check = |start: &str, words: &str| {
        let hit = found
            .iter()
            .any(|fault| fault.starts_with(start) && fault.contains(words));
        assert!(hit, "{start} {words:?} not in {found:#?}");
    };
    check("4:5: ", "say: \"C\" is not one of the levels");
    check("4:5: ", "actionable: \"D\" is not one of the levels");
    check("5:5: ", "a protected attribute is nothing we change");
    check("6:5: ", "a list of values needs a category");
    check("10:5: ", "say is empty");
    check("10:5: ", "two or more columns");
    check("10:5: ", "tv \"none\" already belongs to \"nothing\"");
    check("11:5: ", "column sex is protected");
    check("11:5: ", "\"Z\" is not a listed level");
    check("11:5: ", "\"much\" is not a number");
    check("11:5: ", "there is no column net");
    assert_eq!(found.len(), 11, "{found:#?}");
}

#[test]
fn syntax_and_unknown_keys_are_placed() {
    let found = faults("format: 1\nname: x\ncolumns:\n  - {name: a, kind: number, colour: red}\n");
    assert!(
        found[0].starts_with("4:") && found[0].contains("colour"),
        "{found:?}"
    );
    let found = faults("format: 1\nname: x\ncolumns:\n  - {name: a, kind: nummer}\n");
    assert!(
        found[0].starts_with("4:") && found[0].contains("nummer"),
        "{found:?}"
    );
    let found = faults("format: 2\nname: x\ncolumns: [{name: a, kind: number}]\n");
    assert!(found[0].contains("format is 2"), "{found:?}");
}

#[test]
fn unquoted_levels_keep_their_text() {
    let yaml = "format: 1\nname: x\ncolumns:\n  - {name: a, kind: category, levels: [0, 1, No, 1.50], missing: {constant: {value: 0}}}\n  - {name: b, kind: number, missing: median}\n";
    let spec = DatasetSpec::from_yaml(yaml, "s.yaml").unwrap();
    assert_eq!(spec.columns[0].levels, ["0", "1", "No", "1.50"]);
    let again = DatasetSpec::from_yaml(&spec.to_yaml(), "again.yaml").unwrap();
    assert_eq!(again, spec);
}

#[test]
fn every_setting_survives_writing_and_reading() {
    let yaml = r#"
format: 1
name: "all: of it"
description: "two\nlines, \"quoted\" and # not a comment"
csv: {delimiter: "\t", encoding: windows-1252}
missing_tokens: ["NA", "-999", "null", "é", "' '"]
currency: EUR
max_rejected_share: 0.125
value: {margin: 0.333, horizon_months: 18.5}
columns:
  - {name: "id: x", kind: integer, roles: [key]}
  - {name: "yes", label: "10 %", kind: category, roles: [feature, protected], levels: ["0", "yes", "a, b", "[c]"], missing: {constant: {value: "0"}}}
  - {name: open, kind: category, levels: [A], open: true, missing: own_level}
  - {name: fee, kind: number, roles: [feature, revenue], unit: EUR, min: -0.5, max: 1e9, missing: median, phrase: "{label}: {value}"}
  - {name: age, kind: integer, missing: {constant: {value: -1.5}}}
  - {name: seen, kind: date, roles: [timestamp]}
  - {name: note, kind: text, roles: [ignore], reason: "free text"}
  - {name: left, kind: category, roles: [target], levels: ["0", "1"], positive: "1"}
derived:
  - {kind: ratio, name: r, label: "a: ratio", numerator: fee, denominator: age}
  - {kind: difference, name: d, left: fee, right: age}
  - {kind: bucket, name: b, of: age, edges: [0, 18.5, 65]}
  - {kind: cross, name: c, left: "yes", right: open}
  - {kind: log, name: l, of: fee}
  - {kind: count_of, name: n, columns: ["yes", open], equals: [0, A]}
checks:
  - {kind: approximate_product, name: p, total: fee, factors: [age, age], tolerance: 0.25, severity: error}
  - {kind: implies, name: i, when: {column: "yes", equals: 0}, then: {column: open, one_of: [A]}}
"#;
    let spec = DatasetSpec::from_yaml(yaml, "all.yaml").unwrap();
    let written = spec.to_yaml();
    let again = DatasetSpec::from_yaml(&written, "again.yaml").unwrap();
    assert_eq!(again, spec, "{written}");
    assert_eq!(again.to_yaml(), written);
    let json = serde_json::to_string(&spec).unwrap();
    assert_eq!(serde_json::from_str::<DatasetSpec>(&json).unwrap(), spec);
}
