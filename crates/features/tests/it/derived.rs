//! Each kind of derived feature, by hand.

use churn_features::{GroupTexts, PlanParams};
use serde_json::Value;

use crate::shop::{cell, fitted, one, row, table};

#[track_caller]
fn check(cells: &[(&str, Value)], column: &str, expected: f32) {
    let (plan, matrix) = one(cells);
    let found = cell(&plan, &matrix, 0, column);
    assert!(
        found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan()),
        "{column} of {cells:?}: expected {expected}, found {found}"
    );
}

#[test]
fn a_ratio_to_nothing_is_unknown() {
    check(&[("fee", 30.into()), ("paid", 60.into())], "fee_share", 0.5);
    check(
        &[("fee", 30.into()), ("paid", 0.into())],
        "fee_share",
        f32::NAN,
    );
    check(&[("fee", 30.into())], "fee_share", f32::NAN);
}

#[test]
fn a_difference_needs_both_sides() {
    check(&[("fee", 30.into()), ("paid", 60.into())], "unpaid", -30.0);
    check(&[("paid", 60.into())], "unpaid", f32::NAN);
}

#[test]
fn a_log_is_of_one_plus_the_value() {
    check(&[("paid", 0.into())], "log_paid", 0.0);
    check(
        &[("paid", (std::f64::consts::E - 1.0).into())],
        "log_paid",
        1.0,
    );
    check(&[("paid", (-1).into())], "log_paid", f32::NAN);
    check(&[], "log_paid", f32::NAN);
}

#[test]
fn a_bucket_takes_its_lower_edge() {
    for (months, bucket) in [
        (0, "age=< 12"),
        (11, "age=< 12"),
        (12, "age=12 to 24"),
        (24, "age=>= 24"),
    ] {
        check(&[("months", months.into())], bucket, 1.0);
    }
    for bucket in ["age=< 12", "age=12 to 24", "age=>= 24"] {
        check(&[], bucket, 0.0);
    }
}

#[test]
fn a_cross_is_a_pair_of_levels() {
    check(
        &[("plan", "pro".into()), ("backup", "yes".into())],
        "plan_backup=pro & yes",
        1.0,
    );
    check(
        &[("plan", "pro".into()), ("backup", "yes".into())],
        "plan_backup=basic & no",
        0.0,
    );
    check(&[("plan", "pro".into())], "plan_backup=pro & yes", 0.0);
}

#[test]
fn a_count_takes_a_missing_cell_for_no() {
    check(
        &[("support", "yes".into()), ("backup", "yes".into())],
        "extras",
        2.0,
    );
    check(&[("support", "yes".into())], "extras", 1.0);
    check(&[], "extras", 0.0);
}

#[test]
fn derived_values_have_words_too() {
    let plan = fitted(PlanParams::trees());
    let table = table(&[row(&[
        ("fee", 20.into()),
        ("paid", 60.into()),
        ("months", 15.into()),
    ])]);
    let texts = GroupTexts::new(&plan, &table).unwrap();
    let text = |name: &str| {
        let group = plan
            .groups
            .iter()
            .position(|group| group.name == name)
            .unwrap();
        texts.text(group, 0)
    };
    assert_eq!(text("fee_share").as_deref(), Some("0.33"));
    assert_eq!(text("age").as_deref(), Some("12 to 24"));
    assert_eq!(text("extras").as_deref(), Some("0"));
    assert_eq!(text("months").as_deref(), Some("15"));
    assert_eq!(text("plan_backup"), None);
    assert_eq!(texts.text(plan.groups.len(), 0), None, "out of range");
}
