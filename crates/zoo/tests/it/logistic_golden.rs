//! Logistic regression against scikit-learn; the numbers and their origin are in `testdata/`.

use churn_ensemble::Predictor;
use churn_zoo::{ClassWeight, LogisticParams, Rounds, Trainer};
use serde::Deserialize;

use crate::sample::Sample;

#[derive(Deserialize)]
struct Golden {
    tool: String,
    rows: Vec<Vec<f32>>,
    labels: Vec<u8>,
    weights: Vec<f32>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    c: f64,
    l1_ratio: f64,
    balanced: bool,
    weighted: bool,
    intercept: f64,
    coefficients: Vec<f64>,
}

#[test]
fn coefficients_equal_scikit_learns() {
    let golden: Golden =
        serde_json::from_str(include_str!("../../testdata/logistic.json")).unwrap();
    let labels = golden.labels.iter().map(|&label| label == 1).collect();
    let mut sample = Sample::new(golden.rows, labels);
    for case in golden.cases {
        sample.weights = case.weighted.then(|| golden.weights.clone());
        let params = LogisticParams {
            c: case.c,
            l1_ratio: case.l1_ratio,
            class_weight: if case.balanced {
                ClassWeight::Balanced
            } else {
                ClassWeight::None
            },
            ..LogisticParams::default()
        };
        let trainer = params.check().unwrap();
        let fitted = sample
            .with_samples(|samples| trainer.fit(samples, Rounds::Exactly(None), 0))
            .unwrap();
        let Predictor::Linear(model) = fitted.predictor else {
            panic!("logistic regression is linear")
        };
        let found = model
            .coefficients()
            .iter()
            .copied()
            .chain([model.intercept()]);
        for (place, (found, expected)) in found
            .zip(case.coefficients.iter().chain([&case.intercept]))
            .enumerate()
        {
            assert!(
                (found - expected).abs() < 1e-6,
                "{}, number {place}: {found} where {} gives {expected}",
                case.name,
                golden.tool
            );
        }
    }
}

#[test]
fn columns_that_say_the_same_do_not_keep_a_lasso_from_ending() {
    // Both levels of a flag, three times over, and a sum of two other columns: the loss is flat
    // along many directions.
    let mut sample = Sample::plain(3_000, 5);
    for row in &mut sample.rows {
        for _ in 0..3 {
            row.extend([row[2], 1.0 - row[2]]);
        }
        row.push(row[0] + 0.3 * row[1]);
    }
    let sample = Sample::new(sample.rows, sample.labels);
    for (c, l1_ratio) in [(30.0, 0.02), (100.0, 0.5), (1.0, 0.001), (1_000.0, 1.0)] {
        let params = LogisticParams {
            c,
            l1_ratio,
            ..LogisticParams::default()
        };
        let trainer = params.check().unwrap();
        let fitted = sample.with_samples(|samples| trainer.fit(samples, Rounds::Exactly(None), 0));
        assert!(fitted.is_ok(), "c {c}, l1_ratio {l1_ratio}: {fitted:?}");
    }
}
