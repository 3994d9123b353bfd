//! Bit for bit: what libxgboost predicts, the reader's ensemble predicts.

use churn_ensemble::{Error, Predictor, TreeEnsemble, xgboost};
use churn_xgboost::{Booster, PredictKind};

use crate::telco::{self, Encoding, Telco};

/// Both file forms read the same, and every row has the library's bits on 1 and 2 threads.
#[track_caller]
fn check(telco: &Telco, booster: &mut Booster) -> TreeEnsemble {
    let ensemble = xgboost::read_ubj(&booster.save_ubj().unwrap()).unwrap();
    let from_json = xgboost::read_json(&booster.save_json().unwrap()).unwrap();
    assert!(ensemble == from_json, "UBJSON and JSON differ");
    let predictor = Predictor::Trees(ensemble.clone());
    for values in [&telco.values, &telco.spoiled()] {
        let matrix = telco.matrix(values);
        let mut served = vec![0.0; telco.n_rows];
        predictor.margins_into(values, &mut served).unwrap();
        for n_threads in ["1", "2"] {
            booster.set_param("nthread", n_threads).unwrap();
            let margins = booster
                .predict(&matrix, PredictKind::Margin, (0, 0))
                .unwrap();
            let chances = booster
                .predict(&matrix, PredictKind::Probability, (0, 0))
                .unwrap();
            for (row_idx, row) in values.chunks(telco.n_columns()).enumerate() {
                let context = format!("row {row_idx}, {n_threads} threads");
                let (margin, chance) = (ensemble.margin_f32(row), ensemble.probability_f32(row));
                assert_eq!(
                    margin.to_bits(),
                    margins[row_idx].to_bits(),
                    "margin, {context}"
                );
                assert_eq!(
                    chance.to_bits(),
                    chances[row_idx].to_bits(),
                    "chance, {context}"
                );
                assert_eq!(
                    ensemble.margin(row).to_bits(),
                    served[row_idx].to_bits(),
                    "{context}"
                );
                // f32 loses about one part in 2^24 per tree added.
                let far = (served[row_idx] - f64::from(margin)).abs();
                assert!(far < 1e-4, "{context}: {far}");
            }
        }
    }
    ensemble
}

#[test]
fn one_hot_numbers() {
    let Some(telco) = telco::load(Encoding::OneHot) else {
        return;
    };
    let mut booster = telco.train(60, &[("max_depth", "4"), ("eta", "0.1")]);
    assert_eq!(check(&telco, &mut booster).n_trees(), 60);
}

#[test]
fn native_categories_as_sets_and_one_against_the_rest() {
    let Some(telco) = telco::load(Encoding::Codes) else {
        return;
    };
    for to_one_hot in ["3", "100"] {
        let mut booster = telco.train(30, &[("max_depth", "6"), ("max_cat_to_onehot", to_one_hot)]);
        check(&telco, &mut booster);
    }
}

#[test]
fn parallel_trees_with_sampling_and_weights() {
    let Some(telco) = telco::load(Encoding::Codes) else {
        return;
    };
    let params = [
        ("num_parallel_tree", "3"),
        ("subsample", "0.7"),
        ("scale_pos_weight", "2.5"),
    ];
    let mut booster = telco.train(10, &params);
    assert_eq!(check(&telco, &mut booster).n_trees(), 30);
}

#[test]
fn dart_with_dropped_trees() {
    let Some(telco) = telco::load(Encoding::Codes) else {
        return;
    };
    let params = [
        ("booster", "dart"),
        ("rate_drop", "0.3"),
        ("max_depth", "3"),
    ];
    let mut booster = telco.train(25, &params);
    let ensemble = check(&telco, &mut booster);
    let is_one = |tree| (ensemble.weight(tree) - 1.0).abs() < 1e-6;
    assert!(!(0..25).all(is_one), "dart weighs its trees");
}

#[test]
fn deep_leafwise_trees_with_a_given_base_score() {
    let Some(telco) = telco::load(Encoding::OneHot) else {
        return;
    };
    let params = [
        ("objective", "reg:logistic"),
        ("base_score", "0.3"),
        ("grow_policy", "lossguide"),
        ("max_leaves", "80"),
        ("max_depth", "0"),
        ("min_child_weight", "0"),
        ("gamma", "0.5"),
    ];
    let mut booster = telco.train(12, &params);
    let ensemble = check(&telco, &mut booster);
    assert!((ensemble.base_margin() - (0.3_f32 / 0.7).ln()).abs() < 1e-6);
}

#[test]
fn exact_splits_and_a_slice() {
    let Some(telco) = telco::load(Encoding::OneHot) else {
        return;
    };
    let booster = telco.train(20, &[("tree_method", "exact"), ("max_depth", "5")]);
    let mut first = booster.slice(0, 7).unwrap();
    assert_eq!(check(&telco, &mut first).n_trees(), 7);
}

#[test]
fn a_stored_model_keeps_every_bit() {
    let Some(telco) = telco::load(Encoding::Codes) else {
        return;
    };
    let booster = telco.train(15, &[]);
    let ensemble = xgboost::read_ubj(&booster.save_ubj().unwrap()).unwrap();
    assert!(ensemble.check().is_ok());
    let predictor = Predictor::Trees(ensemble);
    let text = serde_json::to_string(&predictor).unwrap();
    let read: Predictor = serde_json::from_str(&text).unwrap();
    assert!(read == predictor);
    assert!(read.size_bytes() > 15 * 16);
}

#[test]
fn other_objectives_and_boosters_are_refused_by_name() {
    let Some(telco) = telco::load(Encoding::OneHot) else {
        return;
    };
    for (params, found) in [
        (vec![("objective", "reg:squarederror")], "reg:squarederror"),
        (vec![("objective", "binary:logitraw")], "binary:logitraw"),
        (
            vec![("objective", "multi:softprob"), ("num_class", "2")],
            "multi:softprob",
        ),
        (vec![("booster", "gblinear")], "gblinear"),
    ] {
        let bytes = telco.train(2, &params).save_ubj().unwrap();
        let fault = xgboost::read_ubj(&bytes).unwrap_err();
        assert!(matches!(fault, Error::Unsupported { .. }), "{fault}");
        assert!(fault.to_string().contains(found), "{fault}");
    }
}
