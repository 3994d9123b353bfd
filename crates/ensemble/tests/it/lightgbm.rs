//! Models trained by lightgbm 4.7.0, read and repeated without it.

use churn_ensemble::{FeatureKind, Imported, lightgbm};
use proptest::prelude::*;

use crate::fixture;

/// Every margin is `factor` times the library's raw score; bit for bit where that is 1.
#[track_caller]
fn check(name: &str, factor: f64) -> Imported {
    let imported = lightgbm::read_text(&fixture::load(&format!("{name}.model.txt"))).unwrap();
    let answers = fixture::answers(name, &imported);
    let n_features = imported.features.len();
    let mut margins = vec![0.0; answers.margins.len()];
    imported
        .predictor
        .margins_into(&answers.values, &mut margins)
        .unwrap();
    for (row_idx, row) in answers.values.chunks(n_features).enumerate() {
        let (found, alone) = (margins[row_idx], imported.predictor.margin(row));
        let expected = factor * answers.margins[row_idx];
        assert_eq!(found.to_bits(), alone.to_bits(), "row {row_idx}");
        // Leaves are multiplied before they are summed, which rounds elsewhere.
        let tolerance = if factor < 1.0 { 1e-14 } else { 0.0 };
        assert!(
            (found - expected).abs() <= tolerance,
            "row {row_idx}: {found} != {expected}"
        );
    }
    let text = serde_json::to_string(&imported).unwrap();
    assert_eq!(serde_json::from_str::<Imported>(&text).unwrap(), imported);
    imported
}

#[test]
fn missing_values_have_a_side() {
    check("lightgbm_missing", 1.0);
}

#[test]
fn zeros_are_missing() {
    check("lightgbm_zero_is_missing", 1.0);
}

#[test]
fn missing_values_are_zeros() {
    check("lightgbm_no_missing", 1.0);
}

#[test]
fn categories_and_a_sigmoid() {
    let imported = check("lightgbm_categories", 0.7);
    let FeatureKind::Categorical { levels } = &imported.features[1].kind else {
        panic!("contract is a category");
    };
    assert_eq!(levels[..], ["Month-to-month", "One year", "Two year"]);
}

/// A model of two trees, the second a single leaf.
fn small() -> String {
    "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=1\n\
     objective=binary sigmoid:2\nfeature_names=age plan\nfeature_infos=[0:9] 0:1:33\n\
     tree_sizes=1 1\n\nTree=0\nnum_leaves=3\nnum_cat=1\nsplit_feature=0 1\nsplit_gain=1 1\n\
     threshold=2.5 0\ndecision_type=10 1\nleft_child=1 -1\nright_child=-3 -2\n\
     leaf_value=0.5 -0.25 3\nleaf_weight=1 1 1\nleaf_count=4 5 6\ninternal_value=0 0\n\
     internal_weight=2 1\ninternal_count=15 9\ncat_boundaries=0 2\ncat_threshold=2 2\n\
     is_linear=0\nshrinkage=1\n\n\nTree=1\nnum_leaves=1\nnum_cat=0\nsplit_feature=\n\
     leaf_value=0.125\nleaf_count=\nis_linear=0\nshrinkage=1\n\n\nend of trees\n\n\
     pandas_categorical:null\n"
        .to_owned()
}

#[test]
fn the_small_model_predicts_by_hand() {
    let imported = lightgbm::read_text(small().as_bytes()).unwrap();
    assert_eq!(
        imported.features[1].kind,
        FeatureKind::Categorical { levels: vec![] }
    );
    for (row, leaf, reason) in [
        ([2.6, 1.0], 3.0, "past the threshold"),
        ([2.5, 1.0], 0.5, "on it, a listed category"),
        ([2.5, 33.0], 0.5, "a listed category of the second word"),
        ([2.5, 2.0], -0.25, "a category that is not listed"),
        ([2.5, f32::NAN], -0.25, "no category"),
        ([f32::NAN, 1.0], 0.5, "missing goes left"),
        ([2.5, 64.0], -0.25, "past the words"),
    ] {
        let margin = imported.predictor.margin(&row);
        assert!(
            (margin - 2.0 * (leaf + 0.125)).abs() < 1e-12,
            "{reason}: {margin}"
        );
    }
}

#[test]
fn faults_are_named() {
    for (from, to, expected) in [
        ("tree\nversion", "trees\nversion", "the line \"tree\""),
        ("end of trees", "end", "end of trees"),
        ("binary sigmoid:2", "regression", "objective"),
        ("sigmoid:2", "sigmoid:-2", "sigmoid"),
        ("num_class=1", "num_class=3", "classes"),
        ("tree_sizes", "average_output\ntree_sizes", "rf"),
        ("is_linear=0", "is_linear=1", "linear"),
        ("max_feature_idx=1", "max_feature_idx=7", "one entry"),
        ("split_feature=0 1", "split_feature=0 2", "column"),
        ("split_feature=0 1", "split_feature=0", "split_feature"),
        ("left_child=1 -1", "left_child=0 -1", "cycle"),
        ("left_child=1 -1", "left_child=5 -1", "outside"),
        ("left_child=1 -1", "left_child=1 -9", "outside"),
        ("decision_type=10", "decision_type=14", "decision type"),
        ("threshold=2.5", "threshold=nan", "threshold"),
        ("threshold=2.5 0", "threshold=2.5 1", "category set"),
        ("cat_boundaries=0 2", "cat_boundaries=0 9", "cat_boundaries"),
        ("cat_boundaries=0 2", "cat_boundaries=2 0", "cat_boundaries"),
        ("leaf_value=0.5", "leaf_value=inf", "leaf value"),
        ("num_leaves=3", "num_leaves=99999999999", "leaf_value"),
        ("num_leaves=3", "num_leaves=0", "num_leaves"),
        ("internal_count=15", "internal_count=-15", "cover"),
        (
            "pandas_categorical:null",
            "pandas_categorical:[1]",
            "pandas_categorical",
        ),
        ("num_cat=1", "num_leaves=3", "once"),
    ] {
        let broken = small().replacen(from, to, 1);
        assert_ne!(broken, small(), "{from}");
        let fault = lightgbm::read_text(broken.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(fault.contains(expected), "{from} -> {to}: {fault}");
    }
}

proptest! {
    #[test]
    fn cut_and_changed_files_never_panic(
        cut in 0..4000_usize,
        changes in prop::collection::vec((0..4000_usize, prop_oneof![b' '..b'~', b'0'..=b'9', Just(b'-')]), 0..5),
    ) {
        let mut bytes = small().into_bytes();
        for &(place, byte) in &changes {
            let place = place % bytes.len();
            bytes[place] = byte;
        }
        bytes.truncate(bytes.len().min(cut.max(1)));
        if let Ok(imported) = lightgbm::read_text(&bytes) {
            prop_assert!(imported.predictor.check().is_ok());
            let n_features = imported.features.len();
            prop_assert!(imported.predictor.margin(&vec![0.5; n_features]).is_finite());
        }
    }
}
