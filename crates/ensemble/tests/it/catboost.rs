//! Models trained by catboost 1.2.10, read and repeated without it.

use churn_ensemble::{FeatureKind, Imported, KeyPart, Predictor, catboost};
use proptest::prelude::*;

use crate::fixture;

fn model(name: &str) -> Imported {
    catboost::read_json(&fixture::load(&format!("{name}.model.json"))).unwrap()
}

/// Every margin equals the library's, bit for bit, row by row and in blocks.
#[track_caller]
fn check(name: &str) -> Imported {
    let imported = model(name);
    let answers = fixture::answers(name, &imported);
    let n_features = imported.features.len();
    let mut margins = vec![0.0; answers.margins.len()];
    imported
        .predictor
        .margins_into(&answers.values, &mut margins)
        .unwrap();
    for (row_idx, row) in answers.values.chunks(n_features).enumerate() {
        let (expected, alone) = (answers.margins[row_idx], imported.predictor.margin(row));
        assert_eq!(
            margins[row_idx].to_bits(),
            expected.to_bits(),
            "row {row_idx}: {expected}"
        );
        assert_eq!(alone.to_bits(), expected.to_bits(), "row {row_idx} alone");
    }
    assert_eq!(imported.positive_class.as_deref(), Some("1"));
    imported
}

#[test]
fn numbers_with_missing_values() {
    check("catboost_numbers");
}

#[test]
fn single_categories() {
    let imported = check("catboost_one_hot");
    let FeatureKind::Categorical { levels } = &imported.features[1].kind else {
        panic!("contract is a category");
    };
    assert!(
        levels.len() <= 3,
        "other columns' texts are left out: {levels:?}"
    );
}

#[test]
fn statistics_of_categories() {
    let imported = check("catboost_statistics");
    let FeatureKind::Categorical { levels } = &imported.features[3].kind else {
        panic!("city is a category");
    };
    assert_eq!(
        levels.len(),
        30,
        "every city of the training rows and no other text"
    );
}

#[test]
fn statistics_of_combinations() {
    let imported = check("catboost_combinations");
    let Predictor::Symmetric(symmetric) = &imported.predictor else {
        panic!("symmetric trees");
    };
    let splits = (0..symmetric.n_trees()).flat_map(|tree| symmetric.splits(tree).to_vec());
    let widest = splits.map(|split| symmetric.columns_of(&split).len()).max();
    assert!(widest >= Some(3), "{widest:?}");
}

#[test]
fn buckets_means_and_counters() {
    check("catboost_other_statistics");
}

/// A model of one statistic, one border and one category, as small as the format allows.
fn small() -> String {
    r#"{"features_info":{
        "float_features":[{"feature_index":0,"flat_feature_index":1,"feature_name":"tenure",
            "borders":[2.5],"has_nans":true,"nan_value_treatment":"AsTrue"}],
        "categorical_features":[{"feature_index":0,"flat_feature_index":0,
            "feature_name":"contract","values":[-5]}],
        "cat_features_hash":[{"hash":4294967291,"value":"monthly"},{"hash":7,"value":"yearly"}],
        "ctrs":[{"borders":[0.6],"ctr_type":"Borders","identifier":"a","prior_numerator":0.5,
            "prior_denomerator":1,"scale":1,"shift":0,"target_border_idx":0,
            "elements":[{"cat_feature_index":0,"combination_element":"cat_feature_value"},
                {"border":2.5,"combination_element":"float_feature","float_feature_index":0}]}]},
    "ctr_data":{"a":{"hash_map":["18446744073709551615",8,5,"BUCKET",1,3],
        "hash_stride":3,"counter_denominator":0}},
    "oblivious_trees":[
        {"splits":[{"split_type":"FloatFeature","split_index":0,"float_feature_index":0,
            "border":2.5},{"split_type":"OneHotFeature","split_index":1,"cat_feature_index":0,
            "value":-5},{"split_type":"OnlineCtr","split_index":2,"border":0.6}],
            "leaf_values":[0,1,2,3,4,5,6,7],"leaf_weights":[1,1,1,1,1,1,1,1]},
        {"splits":null,"leaf_values":[10],"leaf_weights":[8]}],
    "scale_and_bias":[0.5,[100]],
    "model_info":{"class_params":{"class_names":["No","Yes"]},
        "params":{"loss_function":{"type":"Logloss"}}}}"#
        .replace("BUCKET", &mixed(7, 1).to_string())
}

/// The hash of a bucket of one category and one condition.
fn mixed(category: u32, condition: u32) -> u64 {
    KeyPart::mixed_into(KeyPart::mixed_into(0, category), condition)
}

#[test]
fn the_small_model_predicts_by_hand() {
    let imported = catboost::read_json(small().as_bytes()).unwrap();
    assert_eq!(imported.positive_class.as_deref(), Some("Yes"));
    let levels = vec!["monthly".to_owned(), "yearly".to_owned()];
    assert_eq!(
        imported.features[0].kind,
        FeatureKind::Categorical { levels }
    );
    // The bucket of yearly contracts above the border has 3 of 4: (3 + 0.5) / (4 + 1) > 0.6;
    // every other bucket is empty: 0.5 / 1.
    for (row, leaf, reason) in [
        ([0.0, 2.5], 2.0, "monthly, not above"),
        ([0.0, 3.0], 3.0, "monthly, above"),
        ([1.0, 3.0], 5.0, "the counted bucket"),
        ([1.0, f32::NAN], 5.0, "missing passes, in the condition too"),
        ([1.0, 2.0], 0.0, "no such bucket"),
        ([f32::NAN, 3.0], 1.0, "an unknown category"),
        ([2.0, 3.0], 1.0, "a code past the table"),
        ([-1.0, 3.0], 1.0, "a negative code"),
    ] {
        let expected = 0.5 * (leaf + 10.0) + 100.0;
        let margin = imported.predictor.margin(&row);
        assert!(
            (margin - expected).abs() < 1e-12,
            "{reason}: {margin} != {expected}"
        );
    }
}

#[test]
fn faults_are_named() {
    for (from, to, expected) in [
        ("\"Logloss\"", "\"MultiClass\"", "loss function"),
        ("\"oblivious_trees\"", "\"trees\"", "grow policy"),
        (
            "\"float_feature_index\":0,",
            "\"float_feature_index\":3,",
            "float_feature_index",
        ),
        ("\"split_index\":2", "\"split_index\":3", "split index"),
        ("\"split_index\":2", "\"split_index\":1", "split index"),
        ("OnlineCtr", "EstimatedFeature", "split type"),
        ("\"ctr_data\":{\"a\"", "\"ctr_data\":{\"b\"", "ctr_data"),
        ("\"hash_stride\":3", "\"hash_stride\":2", "hash"),
        ("[0,1,2,3,4,5,6,7]", "[0,1,2,3]", "one leaf value"),
        (
            "\"leaf_weights\":[8]",
            "\"leaf_weights\":null",
            "leaf_weights",
        ),
        ("\"AsTrue\"", "\"Perhaps\"", "nan_value_treatment"),
        (
            "\"flat_feature_index\":1",
            "\"flat_feature_index\":0",
            "a place of its own",
        ),
        (
            "\"flat_feature_index\":1",
            "\"flat_feature_index\":4000000000",
            "2^20",
        ),
        (
            "\"prior_denomerator\":1",
            "\"prior_denomerator\":0",
            "above 0",
        ),
        ("[0.5,[100]]", "[0.5,[1,2]]", "one bias"),
        ("\"border\":2.5},{", "\"border\":1e300},{", "not finite"),
    ] {
        let broken = small().replace(from, to);
        assert_ne!(broken, small(), "{from}");
        let fault = catboost::read_json(broken.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(fault.contains(expected), "{from} -> {to}: {fault}");
    }
}

#[test]
fn a_model_with_statistics_survives_json() {
    for name in ["catboost_combinations", "catboost_other_statistics"] {
        let imported = model(name);
        let text = serde_json::to_string(&imported).unwrap();
        assert_eq!(serde_json::from_str::<Imported>(&text).unwrap(), imported);
        assert!(imported.predictor.check().is_ok());
        assert!(imported.predictor.size_bytes() > 1000);
    }
}

proptest! {
    #[test]
    fn cut_and_changed_files_never_panic(
        cut in 0..4000_usize,
        changes in prop::collection::vec((0..4000_usize, b' '..b'~'), 0..4),
    ) {
        let mut bytes = small().into_bytes();
        for &(place, byte) in &changes {
            let place = place % bytes.len();
            bytes[place] = byte;
        }
        bytes.truncate(bytes.len().min(cut.max(1)));
        if let Ok(imported) = catboost::read_json(&bytes) {
            prop_assert!(imported.predictor.check().is_ok());
            let n_features = imported.features.len();
            prop_assert!(imported.predictor.margin(&vec![0.5; n_features]).is_finite());
        }
    }

    #[test]
    fn numbers_of_any_size_never_panic(
        which in 0..60_usize,
        number in prop_oneof!["-?[0-9]{1,22}", "[0-9]e[0-9]{3}", Just("null".to_owned())],
    ) {
        // Replaces one number of the file: indices, lengths, hashes, borders.
        let text = small();
        let starts: Vec<usize> = text
            .char_indices()
            .filter(|&(place, letter)| {
                letter.is_ascii_digit() && !text[..place].ends_with(|c: char| c.is_alphanumeric() || c == '.')
            })
            .map(|(place, _)| place)
            .collect();
        let start = starts[which % starts.len()];
        let end = text[start..].find(|c: char| !c.is_ascii_digit() && c != '.').unwrap() + start;
        let broken = format!("{}{number}{}", &text[..start], &text[end..]);
        if let Ok(imported) = catboost::read_json(broken.as_bytes()) {
            let n_features = imported.features.len();
            let margin = imported.predictor.margin(&vec![1.0; n_features]);
            prop_assert!(!margin.is_nan());
        }
    }
}
