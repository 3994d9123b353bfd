//! Bad inputs are refused with the input, the row and what was expected.

use churn_metrics as m;
use churn_metrics::Error;

#[track_caller]
fn check<T: std::fmt::Debug>(result: Result<T, Error>, message: &str) {
    let error = result.unwrap_err();
    assert!(
        error.to_string().contains(message),
        "{error} does not say: {message}"
    );
}

#[test]
fn faulty_inputs_are_named() {
    let labels = [true, false, true, false];
    let p = [0.9, 0.2, 0.3, 0.4];
    check(m::roc_auc(&[], &[]), "labels is empty");
    check(
        m::roc_auc(&labels, &p[..3]),
        "scores has 3 values but there are 4 labels",
    );
    check(
        m::roc_auc(&[true, true], &[0.1, 0.2]),
        "all 2 labels are true",
    );
    check(
        m::roc_auc(&labels, &[0.1, f64::NAN, 0.2, 0.3]),
        "scores[1] is NaN",
    );
    check(
        m::brier(&labels, &[0.1, 0.2, 1.5, 0.3]),
        "probabilities[2] is 1.5",
    );
    check(
        m::log_loss(&labels, &[0.1, 0.2, 0.3, f64::INFINITY]),
        "probabilities[3] is inf",
    );
    check(
        m::MetricSet::compute(&labels, &p, f64::NAN),
        "threshold[0] is NaN",
    );
    check(m::lift_at(&labels, &p, 0.0), "fraction is 0");
    check(m::precision_at_recall(&labels, &p, 1.1), "recall is 1.1");
    check(m::reliability_table(&labels, &p, 0), "n_bins is 0");
    check(m::gain_curve(&labels, &p, 5), "n_bins is 5");
    check(
        m::bootstrap_all(&labels, &p, 0.5, 1, 0),
        "n_replicates is 0",
    );
    check(
        m::bootstrap(&labels, &p, 1, 10, 1.0, m::roc_auc),
        "level is 1",
    );
    check(
        m::delong_test(&labels[..3], &p[..3], &p[..3]),
        "negative rows holds 1 values",
    );
    check(
        m::mean_interval(&[0.8], 10, 5),
        "fold_scores holds 1 values",
    );
    check(m::mean_interval(&[0.8, 0.9], 0, 5), "n_train is 0");
    check(
        m::profit_curve(&labels, &p, &[1.0; 4], &[-1.0; 4], 0.3),
        "costs[0] is -1",
    );
    check(
        m::profit_curve(&labels, &p, &[1.0; 3], &[1.0; 4], 0.3),
        "values has 3 values",
    );
    check(
        m::profit_curve(&labels, &p, &[1.0; 4], &[1.0; 4], 1.3),
        "save_rate is 1.3",
    );
}

#[test]
fn one_class_is_fine_where_the_figure_is_defined() {
    assert!((m::brier(&[false, false], &[0.5, 0.1]).unwrap() - 0.13).abs() < 1e-12);
    assert!(m::log_loss(&[true], &[1.0]).unwrap() < 1e-12);
    assert_eq!(
        m::reliability_table(&[true, true], &[0.2, 0.4], 5)
            .unwrap()
            .len(),
        2
    );
}
