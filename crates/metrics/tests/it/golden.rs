//! The figures equal those of the reference tools; see `testdata/README.md`.

use std::collections::BTreeMap;

use churn_metrics::{
    Confusion, MetricSet, best_f1_threshold, corrected_paired_test, delong_test,
    expected_calibration_error, mean_interval, roc_curve,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
    delong: Vec<Pair>,
    folds: Folds,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    threshold: f64,
    labels: Vec<u8>,
    probabilities: Vec<f64>,
    expected: BTreeMap<String, f64>,
    extra: Extra,
}

#[derive(Deserialize)]
struct Extra {
    f2: f64,
    ece_10: f64,
    roc_area: f64,
    n_roc_points: usize,
}

#[derive(Deserialize)]
struct Pair {
    name: String,
    labels: Vec<u8>,
    a: Vec<f64>,
    b: Vec<f64>,
    expected: Expected,
}

#[derive(Deserialize)]
struct Expected {
    auc: [f64; 2],
    standard_error: f64,
    low: f64,
    high: f64,
    p_value: f64,
}

#[derive(Deserialize)]
struct Folds {
    a: Vec<f64>,
    b: Vec<f64>,
    n_train: usize,
    n_test: usize,
    single: FoldFigures,
    paired: FoldFigures,
}

#[derive(Deserialize)]
struct FoldFigures {
    mean: f64,
    standard_error: f64,
    low: f64,
    high: f64,
    p_value: f64,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../testdata/golden.json")).unwrap()
}

fn bools(labels: &[u8]) -> Vec<bool> {
    labels.iter().map(|&label| label == 1).collect()
}

#[track_caller]
fn check(what: &str, found: f64, expected: f64) {
    let gap = (found - expected).abs();
    assert!(
        gap <= 1e-9,
        "{what}: found {found}, reference says {expected}, gap {gap:e}"
    );
}

#[test]
fn every_figure_of_the_set_equals_the_reference() {
    for case in golden().cases {
        let labels = bools(&case.labels);
        let set = MetricSet::compute(&labels, &case.probabilities, case.threshold).unwrap();
        assert_eq!(
            case.expected.len(),
            MetricSet::<f64>::NAMES.len(),
            "a figure has no reference"
        );
        for (name, expected) in &case.expected {
            check(
                &format!("{}: {name}", case.name),
                *set.get(name).unwrap(),
                *expected,
            );
        }
    }
}

#[test]
fn plain_functions_equal_the_set() {
    use churn_metrics as m;
    for case in golden().cases {
        let (y, p) = (bools(&case.labels), case.probabilities);
        let set = MetricSet::compute(&y, &p, case.threshold).unwrap();
        let pairs = [
            (m::roc_auc(&y, &p), set.roc_auc),
            (m::average_precision(&y, &p), set.pr_auc),
            (m::pr_auc(&y, &p), set.pr_auc),
            (m::log_loss(&y, &p), set.log_loss),
            (m::brier(&y, &p), set.brier),
            (m::expected_calibration_error(&y, &p, 15), set.ece),
            (m::ks_statistic(&y, &p), set.ks),
            (m::lift_at(&y, &p, 0.1), set.lift_at_10),
            (m::precision_at(&y, &p, 0.2), set.precision_at_20),
            (m::capture_at(&y, &p, 0.2), set.capture_at_20),
            (
                m::precision_at_recall(&y, &p, 0.75),
                set.precision_at_recall_75,
            ),
            (
                m::recall_at_precision(&y, &p, 0.75),
                set.recall_at_precision_75,
            ),
        ];
        for (idx, (found, expected)) in pairs.into_iter().enumerate() {
            check(
                &format!("{}: figure {idx}", case.name),
                found.unwrap(),
                expected,
            );
        }
    }
}

#[test]
fn figures_outside_the_set_equal_the_reference() {
    for case in golden().cases {
        let (labels, p) = (bools(&case.labels), case.probabilities);
        let confusion = Confusion::at(&labels, &p, case.threshold).unwrap();
        check(
            &format!("{}: f2", case.name),
            confusion.f_beta(2.0),
            case.extra.f2,
        );
        let ece = expected_calibration_error(&labels, &p, 10).unwrap();
        check(&format!("{}: ece_10", case.name), ece, case.extra.ece_10);
        let best = best_f1_threshold(&labels, &p).unwrap();
        let reached = Confusion::at(&labels, &p, best.threshold).unwrap().f1();
        check(
            &format!("{}: f1 at the best threshold", case.name),
            reached,
            best.f1,
        );
        let curve = roc_curve(&labels, &p).unwrap();
        let area: f64 = curve
            .windows(2)
            .map(|pair| {
                (pair[1].false_positive_rate - pair[0].false_positive_rate)
                    * (pair[1].true_positive_rate + pair[0].true_positive_rate)
                    / 2.0
            })
            .sum();
        check(
            &format!("{}: area under the curve", case.name),
            area,
            case.extra.roc_area,
        );
        assert_eq!(curve.len(), case.extra.n_roc_points, "{}", case.name);
    }
}

#[test]
fn delong_equals_the_definition_over_all_pairs() {
    for pair in golden().delong {
        let test = delong_test(&bools(&pair.labels), &pair.a, &pair.b).unwrap();
        let figures = [
            ("auc_a", test.auc_a, pair.expected.auc[0]),
            ("auc_b", test.auc_b, pair.expected.auc[1]),
            (
                "standard error",
                test.standard_error,
                pair.expected.standard_error,
            ),
            ("low", test.difference.low, pair.expected.low),
            ("high", test.difference.high, pair.expected.high),
            ("p", test.p_value / pair.expected.p_value, 1.0),
        ];
        for (what, found, expected) in figures {
            check(&format!("{}: {what}", pair.name), found, expected);
        }
    }
}

#[test]
fn fold_intervals_equal_the_corrected_formula() {
    let Folds {
        a,
        b,
        n_train,
        n_test,
        single,
        paired,
    } = golden().folds;
    let interval = mean_interval(&a, n_train, n_test).unwrap();
    check("mean", interval.mean, single.mean);
    check("low", interval.low, single.low);
    check("high", interval.high, single.high);
    let test = corrected_paired_test(&a, &b, n_train, n_test).unwrap();
    check("difference", test.difference.mean, paired.mean);
    check("difference low", test.difference.low, paired.low);
    check("difference high", test.difference.high, paired.high);
    check("standard error", test.standard_error, paired.standard_error);
    check("p", test.p_value, paired.p_value);
}
