//! What is refused, and how.

use churn_ensemble::{Linear, Node, Predictor, Test, TreeEnsemble};
use churn_explain::{Error, Explainer};

fn linear() -> Predictor {
    Predictor::Linear(Linear::new(0.0, vec![1.0, 2.0], vec![0.0, 0.0]).unwrap())
}

#[test]
fn groups_must_fit_the_model() {
    let few = Explainer::new(&linear(), &[0], 1).unwrap_err();
    assert_eq!(
        few,
        Error::GroupCount {
            expected: 2,
            found: 1
        }
    );
    let stray = Explainer::new(&linear(), &[0, 3], 3).unwrap_err();
    assert_eq!(
        stray,
        Error::GroupRange {
            column: 1,
            group: 3,
            n_groups: 3
        }
    );
}

#[test]
fn rows_must_fit_the_model_and_add_up() {
    let explainer = Explainer::new(&linear(), &[0, 1], 2).unwrap();
    assert!(matches!(
        explainer.explain(&[1.0; 3], 2),
        Err(Error::Model(_))
    ));
    let endless = explainer
        .explain(&[1.0, 1.0, f32::INFINITY, 1.0], 2)
        .unwrap_err();
    assert!(
        matches!(endless, Error::NotAdditive { row: 1, .. }),
        "{endless}"
    );
    assert_eq!(explainer.explain(&[], 0).unwrap().n_rows, 0);
}

#[test]
fn a_background_must_have_rows_that_fit() {
    let with_background = |rows: &[f32], n_rows| {
        Explainer::with_background(&linear(), &[0, 1], 2, rows, n_rows).map(drop)
    };
    assert_eq!(with_background(&[], 0), Err(Error::NoBackground));
    assert!(matches!(
        with_background(&[1.0; 3], 2),
        Err(Error::Model(_))
    ));
    assert_eq!(with_background(&[1.0; 4], 2), Ok(()));
}

#[test]
fn a_model_without_splits_or_columns_is_its_base() {
    for n_features in [0, 2] {
        let leaf = vec![churn_ensemble::Node::Leaf {
            value: 0.5,
            cover: 3.0,
        }];
        let ensemble = TreeEnsemble::new(n_features, -1.0, &[leaf], vec![]).unwrap();
        let groups = vec![0; n_features];
        let explainer = Explainer::new(&Predictor::Trees(ensemble), &groups, 1).unwrap();
        let explanation = explainer.explain(&vec![0.0; 3 * n_features], 3).unwrap();
        assert!((explanation.base + 0.5).abs() < 1e-12);
        assert!(
            explanation
                .contributions
                .iter()
                .all(|value| value.abs() < 1e-15)
        );
    }
}

#[test]
fn no_rows_have_no_values() {
    let leaf = |value, cover| Node::Leaf { value, cover };
    let split = Node::Split {
        feature: 0,
        test: Test::Less(1.0),
        default_left: true,
        left: 1,
        right: 2,
        cover: 8.0,
    };
    let trees = [vec![split, leaf(-1.0, 5.0), leaf(2.0, 3.0)]];
    let trees = Predictor::Trees(TreeEnsemble::new(2, 0.0, &trees, vec![]).unwrap());
    for predictor in [trees, linear()] {
        for explainer in [
            Explainer::new(&predictor, &[0, 1], 2).unwrap(),
            Explainer::with_background(&predictor, &[0, 1], 2, &[0.0, 1.0, 3.0, 1.0], 2).unwrap(),
        ] {
            assert!(explainer.explain(&[], 0).unwrap().contributions.is_empty());
            assert!(explainer.interactions(&[], 0).is_ok());
        }
    }
}
