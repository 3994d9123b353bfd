//! The corners of the definitions, small enough to check by hand.

use churn_metrics as m;

#[track_caller]
fn check(found: Result<f64, m::Error>, expected: f64, reason: &str) {
    let found = found.unwrap();
    assert!(
        (found - expected).abs() < 1e-12,
        "{reason}: {found} instead of {expected}"
    );
}

#[test]
fn the_top_of_the_list_rounds_half_to_even_and_holds_at_least_one_row() {
    let mut labels = vec![false; 25];
    labels[..3].fill(true);
    let scores: Vec<f64> = (0..25).map(|row| 1.0 - f64::from(row) / 25.0).collect();
    check(
        m::capture_at(&labels, &scores, 0.1),
        2.0 / 3.0,
        "2.5 rows are 2",
    );
    check(m::capture_at(&labels, &scores, 0.3), 1.0, "7.5 rows are 8");
    check(
        m::capture_at(&labels, &scores, 0.001),
        1.0 / 3.0,
        "0.025 rows are 1",
    );
    check(
        m::precision_at(&labels, &scores, 0.3),
        3.0 / 8.0,
        "7.5 rows are 8",
    );
    check(
        m::lift_at(&labels, &scores, 0.1),
        25.0 / 3.0,
        "a pure top reaches the ceiling",
    );
}

#[test]
fn tied_rows_at_the_edge_count_in_expectation() {
    // One sure leaver, then four tied rows of which one leaves: two of five rows hold 1.25.
    let labels = [true, true, false, false, false];
    let scores = [0.9, 0.5, 0.5, 0.5, 0.5];
    check(
        m::capture_at(&labels, &scores, 0.4),
        1.25 / 2.0,
        "half-open tie",
    );
    check(
        m::precision_at(&labels, &scores, 0.4),
        1.25 / 2.0,
        "half-open tie",
    );
    let second = m::gain_curve(&labels, &scores, 5).unwrap()[1];
    check(Ok(second.hits), 1.25, "gain curve");
    let slice = m::lift_curve(&labels, &scores, 5).unwrap()[1];
    check(Ok(slice.lift), 0.25 / 0.4, "slice of the tie");
}

#[test]
fn a_floor_is_reached_when_met_exactly() {
    let labels = [true, true, true, false, false, true];
    let scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4];
    check(
        m::precision_at_recall(&labels, &scores, 0.75),
        1.0,
        "recall is exactly 3 of 4",
    );
    check(
        m::precision_at_recall(&labels, &scores, 0.76),
        4.0 / 6.0,
        "only everybody is enough",
    );
    let labels = [true, false, true, true, false, true];
    check(
        m::recall_at_precision(&labels, &scores, 0.75),
        0.75,
        "precision is exactly 3 of 4",
    );
    check(
        m::recall_at_precision(&[false, true], &[0.9, 0.1], 0.9),
        0.0,
        "never reached",
    );
}

#[test]
fn the_lowest_of_equally_good_thresholds_is_chosen() {
    // F1 is 2/3 at 0.9 (one of two, pure) and at 0.2 (both, half of four wrong).
    let labels = [true, false, false, true];
    let best = m::best_f1_threshold(&labels, &[0.9, 0.6, 0.4, 0.2]).unwrap();
    check(Ok(best.f1), 2.0 / 3.0, "best");
    check(Ok(best.threshold), 0.2, "lowest");
}

#[test]
fn both_zeros_tie() {
    let scores = [-0.0, 0.0, 0.0, -0.0];
    check(
        m::roc_auc(&[true, false, true, false], &scores),
        0.5,
        "all rows tie",
    );
    let labels = [true, true, false, false];
    let table = m::reliability_table(&labels, &[0.0, -0.0, 0.0, -0.0], 2).unwrap();
    check(
        Ok(table[0].observed_rate),
        1.0,
        "ties keep their input order",
    );
}

#[test]
fn certain_rows_cost_the_clipped_loss() {
    check(
        m::log_loss(&[true], &[0.0]),
        -f64::EPSILON.ln(),
        "certain and wrong",
    );
    check(
        m::log_loss(&[false], &[1.0]),
        -f64::EPSILON.ln(),
        "certain and wrong",
    );
    check(
        m::log_loss(&[false, true], &[0.0, 1.0]),
        0.0,
        "certain and right",
    );
}

#[test]
fn undefined_ratios_are_zero() {
    let nobody = m::Confusion::at(&[true, false], &[0.2, 0.1], 0.9).unwrap();
    let figures = [
        nobody.precision(),
        nobody.recall(),
        nobody.f1(),
        nobody.matthews(),
    ];
    assert!(
        figures.iter().all(|figure| figure.abs() < 1e-15),
        "{figures:?}"
    );
    check(Ok(nobody.accuracy()), 0.5, "the one who stays");
}

#[test]
fn contacting_pays_only_where_the_values_say_so() {
    let (labels, p) = ([true, false, true], [0.9, 0.6, 0.3]);
    let best = m::best_profit_threshold(&labels, &p, &[100.0; 3], &[20.0; 3], 0.5).unwrap();
    assert_eq!((best.n_contacted, best.n_positive), (3, 2));
    check(
        Ok(best.profit),
        40.0,
        "two saves of 50 less three contacts of 20",
    );
    let none = m::best_profit_threshold(&labels, &p, &[30.0; 3], &[20.0; 3], 0.5).unwrap();
    assert_eq!((none.threshold, none.n_contacted), (None, 0));
    let fewer = m::best_profit_threshold(&labels, &p, &[100.0; 3], &[25.0; 3], 0.5).unwrap();
    assert_eq!(
        fewer.n_contacted, 1,
        "25 either way, one contact is less work"
    );
}

#[test]
fn equal_rankings_do_not_differ() {
    let labels = [true, false, true, false, true];
    let scores = [0.9, 0.8, 0.7, 0.2, 0.6];
    let test = m::delong_test(&labels, &scores, &scores).unwrap();
    check(Ok(test.p_value), 1.0, "same scores");
    check(Ok(test.difference.high), 0.0, "same scores");
    let folds = m::corrected_paired_test(&[0.8, 0.9], &[0.8, 0.9], 80, 20).unwrap();
    check(Ok(folds.p_value), 1.0, "same folds");
}
