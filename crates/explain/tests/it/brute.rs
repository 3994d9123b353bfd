//! Shapley values by definition, from nodes alone, and the explainer against them.

use churn_ensemble::{Node, Predictor, Test, TreeEnsemble};
use churn_explain::Explainer;
use proptest::prelude::*;

use crate::random::{N_FEATURES, any_row, any_tree, chain};

/// Whether `value` goes left: the rule of the file format, written once more.
fn goes_left(test: &Test, default_left: bool, value: f32) -> bool {
    match test {
        _ if value.is_nan() => default_left,
        Test::LessUnlessZero(_) if value.abs() <= 1e-35 => default_left,
        Test::Less(threshold) | Test::LessUnlessZero(threshold) => value < *threshold,
        Test::NotIn(codes) => !(value >= 0.0 && codes.contains(&(value as u32))),
    }
}

/// The tree's mean when only the columns of the bit set `known` are known.
fn mean(nodes: &[Node], index: u32, row: &[f32], known: u32) -> f64 {
    match &nodes[index as usize] {
        Node::Leaf { value, .. } => f64::from(*value),
        Node::Split {
            feature,
            test,
            default_left,
            left,
            right,
            ..
        } => {
            if known >> feature & 1 == 1 {
                let left_taken = goes_left(test, *default_left, row[*feature as usize]);
                return mean(nodes, if left_taken { *left } else { *right }, row, known);
            }
            let cover = |child: u32| f64::from(nodes[child as usize].cover());
            let total = cover(*left) + cover(*right);
            let share = if total > 0.0 {
                cover(*left) / total
            } else {
                0.5
            };
            share * mean(nodes, *left, row, known) + (1.0 - share) * mean(nodes, *right, row, known)
        }
    }
}

/// Shapley values by the sum over all coalitions.
pub(crate) fn by_coalitions(nodes: &[Node], row: &[f32]) -> Vec<f64> {
    let n = row.len();
    let game: Vec<f64> = (0..1_u32 << n)
        .map(|known| mean(nodes, 0, row, known))
        .collect();
    let factorial = |k: u32| (1..=k).map(f64::from).product::<f64>();
    let weight = |size: u32| factorial(size) * factorial(n as u32 - size - 1) / factorial(n as u32);
    let weights: Vec<f64> = (0..n as u32).map(weight).collect();
    let value = |column: usize| {
        (0..game.len())
            .filter(|known| known >> column & 1 == 0)
            .map(|known| {
                weights[known.count_ones() as usize] * (game[known | 1 << column] - game[known])
            })
            .sum()
    };
    (0..n).map(value).collect()
}

/// Shapley values by the mean over all orders in which columns become known.
fn by_orders(nodes: &[Node], row: &[f32]) -> Vec<f64> {
    let mut orders = vec![vec![]];
    for column in 0..row.len() {
        orders = orders
            .iter()
            .flat_map(|order: &Vec<usize>| {
                (0..=order.len()).map(move |place| {
                    let mut longer = order.clone();
                    longer.insert(place, column);
                    longer
                })
            })
            .collect();
    }
    let mut values = vec![0.0; row.len()];
    for order in &orders {
        let mut known = 0;
        for &column in order {
            let before = mean(nodes, 0, row, known);
            known |= 1 << column;
            values[column] += (mean(nodes, 0, row, known) - before) / orders.len() as f64;
        }
    }
    values
}

fn explainer(nodes: &[Node], n_features: usize) -> Explainer {
    let ensemble = TreeEnsemble::new(n_features, 0.0, &[nodes.to_vec()], vec![]).unwrap();
    let groups: Vec<u32> = (0..n_features as u32).collect();
    Explainer::new(&Predictor::Trees(ensemble), &groups, n_features).unwrap()
}

#[track_caller]
fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (column, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() <= tolerance,
            "column {column}: {found} != {expected}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn values_equal_the_sum_over_all_coalitions(
        nodes in any_tree(),
        rows in prop::collection::vec(any_row(), 1..6),
    ) {
        let explainer = explainer(&nodes, N_FEATURES);
        let explanation = explainer.explain(&rows.concat(), rows.len()).unwrap();
        prop_assert!((explainer.base() - mean(&nodes, 0, &rows[0], 0)).abs() < 1e-12);
        for (row_idx, row) in rows.iter().enumerate() {
            assert_close(explanation.row(row_idx), &by_coalitions(&nodes, row), 1e-12);
            prop_assert!(explanation.gap(row_idx) < 1e-12);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn values_equal_the_mean_over_all_orders(nodes in any_tree(), row in any_row()) {
        let explanation = explainer(&nodes, N_FEATURES).explain(&row, 1).unwrap();
        assert_close(explanation.row(0), &by_orders(&nodes, &row), 1e-12);
    }
}

#[test]
fn deep_chains_that_repeat_columns_are_exact() {
    // With 12 columns paths are past the tables, with 90 splits past the memo keys.
    for (n_features, depth) in [(3, 20), (3, 200), (8, 64), (8, 65), (12, 30), (12, 90)] {
        let nodes = chain(n_features, depth);
        let explainer = explainer(&nodes, n_features);
        for seed in 0..4_u32 {
            let value = |column: u32| match (seed * 7 + column * 5) % 9 {
                0 => f32::NAN,
                other => other as f32 / 8.0,
            };
            let row: Vec<f32> = (0..n_features as u32).map(value).collect();
            let explanation = explainer.explain(&row, 1).unwrap();
            assert_close(explanation.row(0), &by_coalitions(&nodes, &row), 1e-12);
        }
    }
}
