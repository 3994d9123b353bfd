//! Importances equal those of the tools whose names they bear.

use churn_ensemble::{ImportanceKind, Predictor, catboost};

/// Of catboost 1.2.10, `get_feature_importance(type="PredictionValuesChange")`, in per cent.
#[track_caller]
fn check(fixture: &str, expected: &[f64]) {
    let path = format!(
        "{}/testdata/catboost_{fixture}.model.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let model = catboost::read_json(&std::fs::read(path).unwrap()).unwrap();
    let (kind, found) = model.predictor.importances().unwrap();
    assert_eq!(kind, ImportanceKind::PredictionChange);
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        // The file holds leaf values in double precision; catboost sums in another order.
        assert!(
            (100.0 * found - expected).abs() < 1e-6,
            "{found} {expected}"
        );
    }
}

#[test]
fn changes_of_the_prediction_are_those_of_catboost() {
    check(
        "numbers",
        &[
            33.602_837_201_631_054,
            21.754_060_587_419_403,
            44.643_102_210_949_536,
        ],
    );
    check(
        "one_hot",
        &[
            30.751_527_949_932_772,
            27.923_542_360_780_747,
            7.190_633_863_623_66,
            34.134_295_825_662_84,
        ],
    );
    check(
        "combinations",
        &[
            33.333_166_247_023_99,
            22.493_452_926_018_22,
            8.686_137_474_231_037,
            0.894_824_485_736_298_4,
            2.203_477_644_412_694_7,
            32.388_941_222_577_76,
        ],
    );
}

#[test]
fn a_forest_is_judged_by_impurity_and_a_linear_model_by_its_coefficients() {
    use churn_ensemble::{Linear, Node, Output, Test, TreeEnsemble};
    let split = |feature, left, right, cover| Node::Split {
        feature,
        test: Test::Less(0.5),
        default_left: true,
        left,
        right,
        cover,
    };
    let leaf = |value, cover| Node::Leaf { value, cover };
    // 10 rows, 4 of them left: impurity 2 x 0.4 x 0.6 x 10 = 4.8. The first split leaves 6 rows
    // of share 0 and 4 of share 1: all of it is taken away by column 1, then column 0 does nothing.
    let tree = vec![
        split(1, 1, 2, 10.0),
        leaf(0.0, 6.0),
        split(0, 3, 4, 4.0),
        leaf(1.0, 2.0),
        leaf(1.0, 2.0),
    ];
    let trees = TreeEnsemble::new(3, 0.0, &[tree], vec![1.0])
        .unwrap()
        .with_output(Output::Share)
        .unwrap();
    let (kind, found) = Predictor::Trees(trees).importances().unwrap();
    assert_eq!(
        (kind, found),
        (ImportanceKind::Impurity, vec![0.0, 1.0, 0.0])
    );
    let linear = Linear::new(0.0, vec![1.0], vec![0.0]).unwrap();
    assert_eq!(Predictor::Linear(linear).importances(), None);
}
