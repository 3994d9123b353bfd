//! Against the values libxgboost itself gives, on every row of the public Telco file.

use churn_ensemble::{Predictor, xgboost};
use churn_explain::Explainer;
use churn_xgboost::PredictKind;

use crate::telco::{self, Encoding};

/// Trains, explains the file and its spoiled copy, and compares. The library works in f32:
/// its own sums miss its margins by up to 1e-5, so that is the tolerance.
#[track_caller]
fn check(encoding: Encoding, n_rounds: i32, params: &[(&str, &str)]) {
    let Some(telco) = telco::load(encoding) else {
        return;
    };
    let booster = telco.train(n_rounds, params);
    let ensemble = xgboost::read_ubj(&booster.save_ubj().unwrap()).unwrap();
    let explainer = Explainer::new(&Predictor::Trees(ensemble), &telco.groups, 19).unwrap();
    for values in [&telco.values, &telco.spoiled()] {
        let explanation = explainer.explain_features(values, telco.n_rows).unwrap();
        let theirs = booster
            .predict(&telco.matrix(values), PredictKind::Contributions, (0, 0))
            .unwrap();
        let mut furthest = 0.0_f64;
        for (row_idx, theirs) in theirs.chunks(telco.n_columns() + 1).enumerate() {
            let ours = explanation.row(row_idx).iter().chain([&explanation.base]);
            for (ours, theirs) in ours.zip(theirs) {
                furthest = furthest.max((ours - f64::from(*theirs)).abs());
            }
        }
        assert!(
            furthest < 1e-5,
            "a value is {furthest:e} away from the library's"
        );

        let by_group = explainer.explain(values, telco.n_rows).unwrap();
        let widest = (0..telco.n_rows)
            .map(|row| by_group.gap(row))
            .fold(0.0, f64::max);
        assert!(widest < 1e-12, "a row misses its margin by {widest:e}");
    }
}

#[test]
fn one_hot_numbers() {
    check(Encoding::OneHot, 100, &[("max_depth", "3"), ("eta", "0.1")]);
}

#[test]
fn native_categories() {
    check(
        Encoding::Codes,
        40,
        &[("max_depth", "6"), ("max_cat_to_onehot", "3")],
    );
}

#[test]
fn dart() {
    check(
        Encoding::Codes,
        20,
        &[
            ("booster", "dart"),
            ("rate_drop", "0.3"),
            ("max_depth", "4"),
        ],
    );
}

#[test]
fn leafwise_trees_past_tables_and_memo_keys() {
    let params = [
        ("grow_policy", "lossguide"),
        ("max_leaves", "100"),
        ("max_depth", "0"),
        ("eta", "0.1"),
    ];
    check(Encoding::OneHot, 5, &params);
}
