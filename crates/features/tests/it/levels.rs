//! Categories: levels never seen, missing ones, dictionaries in another order.

use churn_features::PlanParams;

use crate::shop::{cell, fitted, one, row, table};

#[test]
fn a_level_nobody_trained_on_is_all_zeros() {
    let (plan, matrix) = one(&[("city", "Lima".into()), ("plan", "gold".into())]);
    for column in [
        "city=Rome",
        "city=Oslo",
        "plan=basic",
        "plan=pro",
        "plan=team",
    ] {
        assert_eq!(cell(&plan, &matrix, 0, column), 0.0, "{column}");
    }
}

#[test]
fn missing_is_kept_filled_or_a_level_as_the_specification_says() {
    let (plan, matrix) = one(&[]);
    assert!(cell(&plan, &matrix, 0, "months").is_nan(), "kept");
    assert!(cell(&plan, &matrix, 0, "since").is_nan(), "kept");
    assert_eq!(cell(&plan, &matrix, 0, "paid"), 0.0, "a constant");
    assert_eq!(cell(&plan, &matrix, 0, "support=no"), 0.0);
    assert_eq!(cell(&plan, &matrix, 0, "support=yes"), 0.0);
    let own = plan
        .columns
        .iter()
        .filter(|column| column.name.starts_with("support="));
    let own: Vec<f32> = own
        .map(|column| cell(&plan, &matrix, 0, &column.name))
        .collect();
    assert_eq!(own.iter().sum::<f32>(), 1.0, "a level of its own: {own:?}");
    assert_eq!(cell(&plan, &matrix, 0, "plan=basic"), 0.0);
}

#[test]
fn a_linear_plan_has_no_gaps_and_says_what_was_missing() {
    let plan = fitted(PlanParams::linear());
    let matrix = plan
        .transform(&table(&[row(&[]), row(&[("fee", 40.into())])]))
        .unwrap();
    assert!(matrix.values().iter().all(|cell| cell.is_finite()));
    let flags: Vec<&str> = plan
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    let fee = flags.iter().position(|name| *name == "fee").unwrap();
    // The training mean, which is 0 after scaling, and the flag beside it.
    assert_eq!(matrix.row(0)[fee..fee + 2], [0.0, 1.0], "{flags:?}");
    assert_eq!(matrix.row(1)[fee + 1], 0.0);
}

#[test]
fn the_order_levels_are_met_in_does_not_matter() {
    let plan = fitted(PlanParams::trees());
    let cities = ["Kyiv", "Oslo", "Rome"].map(|city| row(&[("city", city.into())]));
    let forward = plan.transform(&table(&cities)).unwrap();
    let mut reversed = cities;
    reversed.reverse();
    let backward = plan.transform(&table(&reversed)).unwrap();
    for (number, expected) in [(0, [0.0, 0.0]), (1, [0.0, 1.0]), (2, [1.0, 0.0])] {
        for (matrix, number) in [(&forward, number), (&backward, 2 - number)] {
            let found =
                ["city=Rome", "city=Oslo"].map(|column| cell(&plan, matrix, number, column));
            assert_eq!(found, expected);
        }
    }
}
