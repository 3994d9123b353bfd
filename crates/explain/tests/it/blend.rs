//! Blends: the values of the members, added up with their weights.

use churn_ensemble::{Blend, BlendMember, Linear, Output, Predictor, TreeEnsemble};
use churn_explain::{Error, Explainer};
use proptest::prelude::*;

use crate::random::{N_FEATURES, any_row, any_tree};

/// Each member sees the columns of the blend in an order of its own.
fn member(weight: f64, shift: u32, predictor: Predictor) -> BlendMember {
    let n = N_FEATURES as u32;
    BlendMember {
        weight,
        columns: (0..n).map(|column| (column + shift) % n).collect(),
        predictor,
    }
}

fn shares(mut trees: Vec<Vec<churn_ensemble::Node>>) -> Predictor {
    for node in trees.iter_mut().flatten() {
        if let churn_ensemble::Node::Leaf { value, .. } = node {
            *value = (value.sin() + 1.0) / 2.0;
        }
    }
    let weights = vec![1.0 / trees.len() as f32; trees.len()];
    let forest = TreeEnsemble::new(N_FEATURES, 0.0, &trees, weights).unwrap();
    Predictor::Trees(forest.with_output(Output::Share).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn values_and_base_are_those_of_the_members_added_up(
        boosted in prop::collection::vec(any_tree(), 1..4),
        forest in prop::collection::vec(any_tree(), 1..4),
        coefficients in prop::collection::vec(-2.0..2.0_f64, N_FEATURES),
        rows in prop::collection::vec(any_row(), 1..140),
    ) {
        let boosted = TreeEnsemble::new(N_FEATURES, 0.3, &boosted, vec![]).unwrap();
        let linear = Linear::new(-0.5, coefficients, vec![0.25; N_FEATURES]).unwrap();
        let members = vec![
            member(0.6, 0, Predictor::Trees(boosted)),
            member(2.5, 1, shares(forest)),
            member(0.3, 4, Predictor::Linear(linear)),
        ];
        let groups = [0, 1, 1, 2, 0, 2];
        let values = rows.concat();
        let background = &values[..rows.len().min(9) * N_FEATURES];
        let n_background = background.len() / N_FEATURES;
        let blend = Blend::new(N_FEATURES, -0.2, members.clone()).unwrap();
        let predictor = Predictor::Blend(blend);
        let explainer = Explainer::new(&predictor, &groups, 3).unwrap();
        let explanation = explainer.explain(&values, rows.len()).unwrap();
        let by_background =
            Explainer::with_background(&predictor, &groups, 3, background, n_background).unwrap();
        let found = [
            (explainer.base(), explanation.contributions.clone()),
            (explainer.base(), explainer.interactions(&values, rows.len()).unwrap().values),
            (by_background.base(), by_background.explain(&values, rows.len()).unwrap().contributions),
            (by_background.base(), by_background.interactions(&values, rows.len()).unwrap().values),
        ];

        let mut expected = found.clone().map(|(_, values)| (-0.2, vec![0.0; values.len()]));
        for member in &members {
            let own_groups: Vec<u32> =
                member.columns.iter().map(|&column| groups[column as usize]).collect();
            let own = |rows: &[f32]| {
                let mut own = Vec::new();
                member.gather(rows, N_FEATURES, &mut own);
                own
            };
            let (own_rows, own_background) = (own(&values), own(background));
            let alone = Explainer::new(&member.predictor, &own_groups, 3).unwrap();
            let with_background = Explainer::with_background(
                &member.predictor, &own_groups, 3, &own_background, n_background,
            ).unwrap();
            let alone = [&alone, &with_background].map(|alone| [
                (alone.base(), alone.explain(&own_rows, rows.len()).unwrap().contributions),
                (alone.base(), alone.interactions(&own_rows, rows.len()).unwrap().values),
            ]);
            for ((sum_base, sums), (base, values)) in expected.iter_mut().zip(alone.as_flattened()) {
                *sum_base += member.weight * base;
                sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += member.weight * value);
            }
        }
        for ((base, values), (expected_base, expected)) in found.iter().zip(&expected) {
            prop_assert!((base - expected_base).abs() < 1e-9);
            for (found, expected) in values.iter().zip(expected) {
                prop_assert!((found - expected).abs() < 1e-9);
            }
        }
        for (row_idx, row) in rows.iter().enumerate() {
            prop_assert!(explanation.gap(row_idx) < 1e-9);
            prop_assert_eq!(explanation.margins[row_idx].to_bits(), predictor.margin(row).to_bits());
        }
        // By matrix column the same sums come out, and a row alone gets the bits it gets in a batch.
        let by_column = explainer.explain_features(&values, rows.len()).unwrap();
        let last = rows.len() - 1;
        let mut sums = [0.0; 3];
        for (value, &group) in by_column.row(last).iter().zip(&groups) {
            sums[group as usize] += value;
        }
        for (sum, value) in sums.iter().zip(explanation.row(last)) {
            prop_assert!((sum - value).abs() < 1e-9);
        }
        let single = explainer.explain(&rows[last], 1).unwrap();
        prop_assert_eq!(single.row(0), explanation.row(last));
    }
}

#[test]
fn groups_must_cover_the_columns_of_the_blend() {
    let linear = Linear::new(0.0, vec![1.0; N_FEATURES], vec![0.0; N_FEATURES]).unwrap();
    let members = vec![member(1.0, 0, Predictor::Linear(linear))];
    let blend = Predictor::Blend(Blend::new(N_FEATURES, 0.0, members).unwrap());
    let fault = Explainer::new(&blend, &[0, 0], 1).unwrap_err();
    assert!(
        matches!(
            fault,
            Error::GroupCount {
                expected: N_FEATURES,
                found: 2
            }
        ),
        "{fault}"
    );
}
