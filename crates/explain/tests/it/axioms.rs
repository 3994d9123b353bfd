//! What every Shapley value must do, and what ours must do besides: same bits everywhere.

use churn_ensemble::{Calibrator, Linear, Node, Output, Predictor, Test, TreeEnsemble};
use churn_explain::{Explainer, Explanation, RowScratch, probability_points};
use proptest::prelude::*;

use crate::random::{N_FEATURES, any_row, any_tree};

fn forest(trees: &[Vec<Node>], n_features: usize, weights: Vec<f32>) -> Explainer {
    let ensemble = TreeEnsemble::new(n_features, 0.25, trees, weights).unwrap();
    let groups: Vec<u32> = (0..n_features as u32).collect();
    Explainer::new(&Predictor::Trees(ensemble), &groups, n_features).unwrap()
}

fn bits(explanation: &Explanation) -> Vec<u64> {
    let values = explanation.contributions.iter().chain(&explanation.margins);
    values.map(|value| value.to_bits()).collect()
}

/// The tree with the columns of its splits renamed.
fn renamed(nodes: &[Node], rename: impl Fn(u32) -> u32) -> Vec<Node> {
    let mut nodes = nodes.to_vec();
    for node in &mut nodes {
        if let Node::Split { feature, .. } = node {
            *feature = rename(*feature);
        }
    }
    nodes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn trees_add_up_with_their_weights(
        trees in prop::collection::vec((any_tree(), 0.1..2.0_f32), 1..5),
        row in any_row(),
    ) {
        let (nodes, weights): (Vec<_>, Vec<_>) = trees.into_iter().unzip();
        let whole = forest(&nodes, N_FEATURES, weights.clone()).explain(&row, 1).unwrap();
        let (mut sum, mut base) = (vec![0.0; N_FEATURES], 0.25);
        for (tree, weight) in nodes.iter().zip(weights) {
            let single = forest(std::slice::from_ref(tree), N_FEATURES, vec![]);
            let single = single.explain(&row, 1).unwrap();
            base += (single.base - 0.25) * f64::from(weight);
            for (slot, value) in sum.iter_mut().zip(single.row(0)) {
                *slot += value * f64::from(weight);
            }
        }
        prop_assert!((whole.base - base).abs() < 1e-12);
        for (whole, sum) in whole.row(0).iter().zip(sum) {
            prop_assert!((whole - sum).abs() < 1e-12);
        }
    }

    #[test]
    fn a_column_no_split_asks_for_gets_nothing(nodes in any_tree(), row in any_row()) {
        let nodes = renamed(&nodes, |feature| if feature == 2 { 3 } else { feature });
        let explanation = forest(&[nodes], N_FEATURES, vec![]).explain(&row, 1).unwrap();
        prop_assert_eq!(explanation.row(0)[2].to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn columns_that_play_the_same_part_get_the_same(nodes in any_tree(), row in any_row()) {
        // The tree and its mirror, with columns 0 and 1 exchanged, on a row where they agree.
        let mirror = renamed(&nodes, |feature| match feature { 0 => 1, 1 => 0, other => other });
        let mut row = row;
        row[1] = row[0];
        let explanation = forest(&[nodes, mirror], N_FEATURES, vec![]).explain(&row, 1).unwrap();
        prop_assert!((explanation.row(0)[0] - explanation.row(0)[1]).abs() < 1e-12);
    }

    #[test]
    fn groups_sum_their_columns(nodes in any_tree(), row in any_row()) {
        let ensemble = TreeEnsemble::new(N_FEATURES, 0.0, &[nodes], vec![]).unwrap();
        let groups = [2, 0, 1, 1, 2, 2];
        let explainer = Explainer::new(&Predictor::Trees(ensemble), &groups, 4).unwrap();
        let (by_group, by_column) =
            (explainer.explain(&row, 1).unwrap(), explainer.explain_features(&row, 1).unwrap());
        let mut sums = [0.0; 4];
        for (group, value) in groups.iter().zip(by_column.row(0)) {
            sums[*group as usize] += value;
        }
        for (group, sum) in by_group.row(0).iter().zip(sums) {
            prop_assert!((group - sum).abs() < 1e-12);
        }
    }

    #[test]
    fn batches_threads_and_history_change_no_bit(
        trees in prop::collection::vec(any_tree(), 1..4),
        rows in prop::collection::vec(any_row(), 300..500),
    ) {
        let explainer = forest(&trees, N_FEATURES, vec![]);
        let values = rows.concat();
        let cold = explainer.explain(&values, rows.len()).unwrap();
        let warm = explainer.explain(&values, rows.len()).unwrap();
        prop_assert_eq!(bits(&cold), bits(&warm));
        for n_threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            let fresh = forest(&trees, N_FEATURES, vec![]);
            let found = pool.install(|| fresh.explain(&values, rows.len())).unwrap();
            prop_assert_eq!(bits(&cold), bits(&found));
        }
        let mut into = vec![9.0; N_FEATURES];
        let mut scratch = RowScratch::default();
        for row in [7, 299] {
            let margin = explainer.explain_row_into(&rows[row], &mut scratch, &mut into).unwrap();
            prop_assert_eq!(margin.to_bits(), cold.margins[row].to_bits());
            prop_assert_eq!(&into[..], cold.row(row));
        }
        let single = explainer.explain(&rows[299], 1).unwrap();
        prop_assert_eq!(
            single.row(0).iter().map(|value| value.to_bits()).collect::<Vec<_>>(),
            cold.row(299).iter().map(|value| value.to_bits()).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_forest_of_shares_is_explained_on_its_own_scale(
        trees in prop::collection::vec(any_tree(), 1..6),
        row in any_row(),
    ) {
        let mut trees = trees;
        for node in trees.iter_mut().flatten() {
            if let Node::Leaf { value, .. } = node {
                *value = (value.sin() + 1.0) / 2.0;
            }
        }
        let weights = vec![1.0 / trees.len() as f32; trees.len()];
        let forest = TreeEnsemble::new(N_FEATURES, 0.0, &trees, weights).unwrap();
        let predictor = Predictor::Trees(forest.with_output(Output::Share).unwrap());
        let groups: Vec<u32> = (0..N_FEATURES as u32).collect();
        let explainer = Explainer::new(&predictor, &groups, N_FEATURES).unwrap();
        let explanation = explainer.explain(&row, 1).unwrap();
        prop_assert!(explanation.gap(0) < 1e-9);
        let own = |margin| Calibrator::Identity.apply(predictor.log_odds(margin));
        let (base, margin) = (explanation.base, explanation.margins[0]);
        let points = probability_points(explanation.row(0), base, margin, own);
        prop_assert!((points.iter().sum::<f64>() - (own(margin) - own(base))).abs() < 1e-9);
        // Without further calibration the contributions are the points, away from the ends.
        if [base, margin].iter().all(|share| (0.01..0.99).contains(share)) {
            for (point, contribution) in points.iter().zip(explanation.row(0)) {
                prop_assert!((point - contribution).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn linear_values_are_coefficient_times_distance(
        parts in prop::collection::vec((-3.0..3.0_f64, -2.0..2.0_f64), N_FEATURES),
        row in any_row(),
    ) {
        let (coefficients, means): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        let linear = Linear::new(-0.5, coefficients.clone(), means.clone()).unwrap();
        let predictor = Predictor::Linear(linear);
        let groups: Vec<u32> = (0..N_FEATURES as u32).collect();
        let explainer = Explainer::new(&predictor, &groups, N_FEATURES).unwrap();
        let explanation = explainer.explain(&row, 1).unwrap();
        for (column, value) in explanation.row(0).iter().enumerate() {
            let distance = f64::from(row[column]) - means[column];
            let expected = if distance.is_nan() { 0.0 } else { coefficients[column] * distance };
            prop_assert!((value - expected).abs() < 1e-12);
        }
        prop_assert!(explanation.gap(0) < 1e-9);
    }

    #[test]
    fn linear_values_count_from_the_background(
        coefficients in prop::collection::vec(-3.0..3.0_f64, N_FEATURES),
        row in any_row(),
        background in prop::collection::vec(any_row(), 1..5),
    ) {
        let linear = Linear::new(-0.5, coefficients.clone(), vec![0.75; N_FEATURES]).unwrap();
        let predictor = Predictor::Linear(linear);
        let groups: Vec<u32> = (0..N_FEATURES as u32).collect();
        let (others, n_others) = (background.concat(), background.len());
        let explainer =
            Explainer::with_background(&predictor, &groups, N_FEATURES, &others, n_others).unwrap();
        let pairs = explainer.interactions(&row, 1).unwrap();
        let margins: f64 = background.iter().map(|row| predictor.margin(row)).sum();
        prop_assert!((pairs.base - margins / n_others as f64).abs() < 1e-12);
        let value = |value: f32| if value.is_nan() { 0.75 } else { f64::from(value) };
        for (column, coefficient) in coefficients.iter().enumerate() {
            let mean = background.iter().map(|row| value(row[column])).sum::<f64>() / n_others as f64;
            let expected = coefficient * (value(row[column]) - mean);
            prop_assert!((pairs.value(0, column, column) - expected).abs() < 1e-12);
            let alone = pairs.row(0)[column * N_FEATURES..(column + 1) * N_FEATURES].iter();
            prop_assert!((alone.sum::<f64>() - expected).abs() < 1e-12);
        }
    }
}

#[test]
fn a_memo_that_is_full_changes_nothing() {
    // Fourteen splits of one column each, two to the fourteenth outcomes: more than are kept.
    let n_features = 14;
    let mut nodes = Vec::new();
    for feature in 0..n_features as u32 {
        let (left, right) = (2 * feature + 1, 2 * feature + 2);
        let test = Test::Less(0.5);
        nodes.push(Node::Split {
            feature,
            test,
            default_left: false,
            left,
            right,
            cover: 9.0,
        });
        nodes.push(Node::Leaf {
            value: feature as f32,
            cover: 2.0,
        });
    }
    nodes.push(Node::Leaf {
        value: -3.0,
        cover: 5.0,
    });
    let n_rows = 1_usize << n_features;
    let row = |pattern: usize| (0..n_features).map(move |bit| (pattern >> bit & 1) as f32);
    let values: Vec<f32> = (0..n_rows).flat_map(row).collect();
    let explainer = forest(&[nodes.clone()], n_features, vec![]);
    let first = explainer.explain(&values, n_rows).unwrap();
    assert_eq!(
        bits(&first),
        bits(&explainer.explain(&values, n_rows).unwrap())
    );
    let last = &values[(n_rows - 1) * n_features..];
    let expected = crate::brute::game(&nodes, last).shapley();
    for (found, expected) in first.row(n_rows - 1).iter().zip(expected) {
        assert!((found - expected).abs() < 1e-12);
    }
}
