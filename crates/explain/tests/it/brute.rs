//! Values and interactions of trees against their definition, from nodes alone.

use churn_ensemble::{Node, Predictor, Test, TreeEnsemble};
use churn_explain::Explainer;
use proptest::prelude::*;

use crate::random::{N_FEATURES, any_row, any_tree, chain};
use crate::shapley::{Game, assert_close, grouped};

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

/// The tree's game for `row` where covers stand in for what is not known.
pub(crate) fn game(nodes: &[Node], row: &[f32]) -> Game {
    Game::new(row.len(), |known| mean(nodes, 0, row, known))
}

/// The tree's game for `row` where each background row in turn stands in.
fn background_game(nodes: &[Node], row: &[f32], background: &[Vec<f32>]) -> Game {
    let mixed = |known: u32, other: &[f32]| -> Vec<f32> {
        let pick = |column: usize| {
            if known >> column & 1 == 1 {
                row[column]
            } else {
                other[column]
            }
        };
        (0..row.len()).map(pick).collect()
    };
    Game::new(row.len(), |known| {
        let margins = background
            .iter()
            .map(|other| mean(nodes, 0, &mixed(known, other), u32::MAX));
        margins.sum::<f64>() / background.len() as f64
    })
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

fn predictor(trees: &[Vec<Node>], n_features: usize) -> Predictor {
    Predictor::Trees(TreeEnsemble::new(n_features, 0.0, trees, vec![]).unwrap())
}

fn explainer(nodes: &[Node], n_features: usize) -> Explainer {
    let groups: Vec<u32> = (0..n_features as u32).collect();
    Explainer::new(
        &predictor(&[nodes.to_vec()], n_features),
        &groups,
        n_features,
    )
    .unwrap()
}

/// Values and interactions, by column and by group, against a game of each row.
#[track_caller]
fn check(explainer: &Explainer, rows: &[Vec<f32>], game: impl Fn(&[f32]) -> Game, tolerance: f64) {
    let n_features = rows[0].len();
    let groups = groups(n_features);
    let (values, n_rows) = (rows.concat(), rows.len());
    let explanation = explainer.explain_features(&values, n_rows).unwrap();
    let by_group = explainer.explain(&values, n_rows).unwrap();
    let pairs = explainer.interactions_features(&values, n_rows).unwrap();
    let group_pairs = explainer.interactions(&values, n_rows).unwrap();
    for (row_idx, row) in rows.iter().enumerate() {
        let game = game(row);
        assert!((explainer.base() - game.base()).abs() < tolerance);
        assert_close(explanation.row(row_idx), &game.shapley(), tolerance);
        assert!(explanation.gap(row_idx) < tolerance);
        let expected = game.interactions();
        assert_close(pairs.row(row_idx), &expected, tolerance);
        let expected = grouped(&expected, &groups, 4);
        assert_close(group_pairs.row(row_idx), &expected, tolerance);
        let sums = group_pairs
            .row(row_idx)
            .chunks(4)
            .map(|row| row.iter().sum());
        assert_close(
            by_group.row(row_idx),
            &sums.collect::<Vec<f64>>(),
            tolerance,
        );
        let margins = [explanation.margins[row_idx], group_pairs.margins[row_idx]];
        assert_eq!(margins[0].to_bits(), margins[1].to_bits());
    }
}

fn groups(n_features: usize) -> Vec<u32> {
    (0..n_features as u32).map(|column| column % 4).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn values_equal_the_sum_over_all_coalitions(
        nodes in any_tree(),
        rows in prop::collection::vec(any_row(), 1..6),
    ) {
        let predictor = predictor(std::slice::from_ref(&nodes), N_FEATURES);
        let explainer = Explainer::new(&predictor, &groups(N_FEATURES), 4).unwrap();
        check(&explainer, &rows, |row| game(&nodes, row), 1e-12);
    }

    #[test]
    fn background_values_equal_the_sum_over_all_coalitions(
        nodes in any_tree(),
        rows in prop::collection::vec(any_row(), 1..4),
        background in prop::collection::vec(any_row(), 1..8),
    ) {
        let predictor = predictor(std::slice::from_ref(&nodes), N_FEATURES);
        let (others, n_others) = (background.concat(), background.len());
        let groups = groups(N_FEATURES);
        let explainer =
            Explainer::with_background(&predictor, &groups, 4, &others, n_others).unwrap();
        check(&explainer, &rows, |row| background_game(&nodes, row, &background), 1e-12);
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

/// A row of a few distinct values, missing ones among them.
fn row(n_features: usize, seed: u32) -> Vec<f32> {
    let value = |column: u32| match (seed * 7 + column * 5) % 9 {
        0 => f32::NAN,
        other => other as f32 / 8.0,
    };
    (0..n_features as u32).map(value).collect()
}

#[test]
fn deep_chains_that_repeat_columns_are_exact() {
    // With 13 columns and more paths are past the tables.
    for (n_features, depth) in [(4, 20), (4, 200), (8, 64), (12, 30), (13, 13), (14, 90)] {
        let nodes = chain(n_features, depth);
        let predictor = predictor(std::slice::from_ref(&nodes), n_features);
        let rows: Vec<Vec<f32>> = (0..3).map(|seed| row(n_features, seed)).collect();
        let explainer = Explainer::new(&predictor, &groups(n_features), 4).unwrap();
        check(&explainer, &rows, |row| game(&nodes, row), 1e-12);
        let background: Vec<Vec<f32>> = (3..10).map(|seed| row(n_features, seed)).collect();
        let explainer =
            Explainer::with_background(&predictor, &groups(n_features), 4, &background.concat(), 7)
                .unwrap();
        check(
            &explainer,
            &rows[..1],
            |row| background_game(&nodes, row, &background),
            1e-12,
        );
    }
}
