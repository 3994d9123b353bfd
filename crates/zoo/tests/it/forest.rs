//! What is special to the random forest.

use churn_ensemble::{Node, Output, Predictor, TreeEnsemble};
use churn_metrics::roc_auc;
use churn_zoo::{ClassWeight, Error, FittedForest, ForestParams, MaxFeatures, Rounds, Trainer};

use crate::{battery::probabilities, sample::Sample};

fn small() -> ForestParams {
    ForestParams {
        n_estimators: 40,
        min_samples_leaf: 5,
        ..ForestParams::default()
    }
}

#[track_caller]
fn grow(params: ForestParams, sample: &Sample) -> FittedForest {
    let forest = params.check().unwrap();
    sample
        .with_samples(|samples| forest.fit_forest(samples, 11))
        .unwrap()
}

fn trees(forest: &FittedForest) -> &TreeEnsemble {
    match &forest.predictor {
        Predictor::Trees(trees) => trees,
        other => unreachable!("a forest is binary trees, not {other:?}"),
    }
}

/// Depth and leaf shares by walking a tree; checks covers on the way.
fn walk(nodes: &[Node], index: usize, depth: usize, visit: &mut impl FnMut(usize, f32)) -> f32 {
    match &nodes[index] {
        Node::Leaf { value, cover } => {
            visit(depth, *value);
            *cover
        }
        Node::Split {
            left, right, cover, ..
        } => {
            let below = walk(nodes, *left as usize, depth + 1, visit)
                + walk(nodes, *right as usize, depth + 1, visit);
            assert!((below - cover).abs() <= 1e-3 * cover, "{below} in {cover}");
            *cover
        }
    }
}

#[test]
fn covers_add_up_and_the_forest_is_the_mean_of_leaf_shares() {
    let sample = Sample::plain(500, 1);
    let forest = grow(small(), &sample);
    let ensemble = trees(&forest);
    assert_eq!((ensemble.n_trees(), ensemble.output()), (40, Output::Share));
    for tree in 0..40 {
        let nodes = ensemble.tree(tree);
        let cover = walk(&nodes, 0, 0, &mut |depth, share| {
            assert!(
                depth <= 8 && (0.0..=1.0).contains(&share),
                "{depth} {share}"
            );
        });
        assert!(
            (cover - 500.0).abs() < 1e-3,
            "as many draws as rows: {cover}"
        );
    }
    let row = &sample.rows[0];
    let mean = (0..40).map(|tree| {
        let nodes = ensemble.tree(tree);
        let mut place = 0;
        while let Node::Split { left, right, .. } = &nodes[place] {
            let goes_left = ensemble.goes_left(ensemble.root(tree) + place, row);
            place = if goes_left { *left } else { *right } as usize;
        }
        let Node::Leaf { value, .. } = nodes[place] else {
            panic!("the loop ends at a leaf")
        };
        f64::from(value) / 40.0
    });
    assert!((mean.sum::<f64>() - forest.predictor.margin(row)).abs() < 1e-6);
}

#[test]
fn limits_on_depth_and_rows_hold() {
    let sample = Sample::plain(600, 2);
    let stump = grow(
        ForestParams {
            max_depth: 1,
            ..small()
        },
        &sample,
    );
    let wide = grow(
        ForestParams {
            min_samples_leaf: 100,
            ..small()
        },
        &sample,
    );
    let unsplit = grow(
        ForestParams {
            min_samples_split: 601,
            ..small()
        },
        &sample,
    );
    for tree in 0..40 {
        assert!(trees(&stump).tree(tree).len() <= 3);
        walk(&trees(&wide).tree(tree), 0, 0, &mut |depth, _| {
            assert!(depth <= 5)
        });
        for node in trees(&wide).tree(tree) {
            assert!(node.cover() >= 100.0, "{node:?}");
        }
        assert_eq!(trees(&unsplit).tree(tree).len(), 1);
    }
    let deep = ForestParams {
        max_depth: 512,
        min_samples_leaf: 1,
        ..small()
    };
    let deep = grow(deep, &sample);
    let fitted = probabilities(&deep.predictor, &sample);
    assert!(
        roc_auc(&sample.labels, &fitted).unwrap() > 0.999,
        "grown until pure"
    );
}

#[test]
fn the_out_of_bag_estimate_is_honest_and_free() {
    let sample = Sample::plain(2000, 3);
    let fresh = Sample::plain(2000, 4);
    let params = ForestParams {
        n_estimators: 100,
        min_samples_leaf: 1,
        max_depth: 30,
        ..ForestParams::default()
    };
    let forest = grow(params.clone(), &sample);
    let known = forest.out_of_bag.iter().flatten().count();
    assert_eq!(known, 2000, "each row is out of some bag of 100");
    let auc = |sample: &Sample| {
        roc_auc(&sample.labels, &probabilities(&forest.predictor, sample)).unwrap()
    };
    let (trained, honest) = (auc(&sample), auc(&fresh));
    let estimate = forest.out_of_bag_auc(&sample.labels).unwrap();
    assert!(
        trained > 0.99 && (estimate - honest).abs() < 0.02,
        "{trained} {estimate} {honest}"
    );
    let plain = params.check().unwrap();
    let plain = sample
        .with_samples(|samples| plain.fit(samples, Rounds::Exactly(None), 11))
        .unwrap();
    assert_eq!(plain.predictor, forest.predictor, "asking changes nothing");
}

#[test]
fn importances_find_what_matters() {
    let forest = grow(small(), &Sample::plain(1500, 5));
    let importances = &forest.importances;
    assert!((importances.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    assert!(importances[0] > importances[2] && importances[1] > importances[2]);
    assert!(importances[3] < 0.1, "{importances:?}");
}

#[test]
fn a_gap_that_tells_everything_is_learned() {
    let mut sample = Sample::plain(400, 6);
    for (row, &left) in sample.rows.iter_mut().zip(&sample.labels) {
        // Only whether there is a value tells the classes apart.
        row[3] = if left { f32::NAN } else { row[3] };
    }
    let params = ForestParams {
        max_features: MaxFeatures::Share(1.0),
        ..small()
    };
    let forest = grow(params, &sample);
    let probabilities = probabilities(&forest.predictor, &sample);
    for (probability, &left) in probabilities.iter().zip(&sample.labels) {
        assert_eq!(*probability > 0.999, left, "{probability}");
    }
    let tree = trees(&forest).tree(0);
    assert_eq!(tree.len(), 3, "one split on the gap is enough: {tree:?}");
}

#[test]
fn sets_of_many_categories_are_learned_and_new_codes_are_fine() {
    let n_rows = 6000_u16;
    let code = |row: u16| row % 400;
    let rows = (0..n_rows)
        .map(|row| vec![f32::from(code(row)), 1.0])
        .collect();
    // Every seventh code leaves: no order of codes helps.
    let labels = (0..n_rows).map(|row| code(row).is_multiple_of(7)).collect();
    let mut sample = Sample::new(rows, labels);
    sample.columns[0].categorical = true;
    let forest = grow(small(), &sample);
    let fitted = probabilities(&forest.predictor, &sample);
    let auc = roc_auc(&sample.labels, &fitted).unwrap();
    assert!(auc > 0.8, "254 of 400 codes have a bin of their own: {auc}");
    let new = Sample::new(vec![vec![5000.0, 1.0], vec![f32::NAN, f32::NAN]], vec![]);
    for probability in probabilities(&forest.predictor, &new) {
        assert!((0.0..=0.5).contains(&probability), "{probability}");
    }
}

#[test]
fn balanced_classes_meet_in_the_middle() {
    let sample = Sample::plain(1500, 7);
    let balanced = ForestParams {
        class_weight: ClassWeight::Balanced,
        ..small()
    };
    let forest = grow(balanced, &sample);
    let mut by_hand = sample.clone();
    let n_left = sample.labels.iter().filter(|&&left| left).count() as f32;
    by_hand.weights = Some(
        sample
            .labels
            .iter()
            .map(|&left| 1500.0 / (2.0 * if left { n_left } else { 1500.0 - n_left }))
            .collect(),
    );
    let here = probabilities(&forest.predictor, &sample);
    let there = probabilities(&grow(small(), &by_hand).predictor, &sample);
    let mean_of = |class: bool| {
        let shares = here.iter().zip(&sample.labels);
        let shares: Vec<f64> = shares
            .filter_map(|(&share, &left)| (left == class).then_some(share))
            .collect();
        shares.iter().sum::<f64>() / shares.len() as f64
    };
    let mean = f64::midpoint(mean_of(true), mean_of(false));
    assert!((mean - 0.5).abs() < 0.02, "{mean}");
    let furthest = here.iter().zip(&there).map(|(a, b)| (a - b).abs());
    assert!(furthest.fold(0.0, f64::max) < 1e-3);
}

#[test]
fn bad_codes_and_bad_weights_are_named() {
    let mut sample = Sample::plain(100, 8);
    let forest = small().check().unwrap();
    let fault = |sample: &Sample| {
        sample
            .with_samples(|samples| forest.fit_forest(samples, 1))
            .unwrap_err()
    };
    for weight in [0.0, -1.0, f32::NAN] {
        let mut weights = vec![1.0; 100];
        weights[3] = weight;
        sample.weights = Some(weights);
        assert!(matches!(fault(&sample), Error::Weight { row: 3, .. }));
    }
    sample.weights = None;
    sample.columns[0].categorical = true;
    sample.rows.iter_mut().for_each(|row| row[0] = 2.0);
    let bad = sample.with_value(4, 0, -1.0);
    assert!(matches!(fault(&bad), Error::NotACategory { row: 4, .. }));
}

#[test]
fn many_categories_that_mean_nothing_do_no_harm() {
    let with_noise = |seed: u64| {
        let mut sample = Sample::plain(3000, seed);
        for (row_idx, row) in sample.rows.iter_mut().enumerate() {
            // No two rows of one seed are alike in any other way.
            row.push(((row_idx * 7919 + seed as usize * 104_729) % 200) as f32);
        }
        sample.columns = Sample::new(sample.rows.clone(), Vec::new()).columns;
        sample.columns[4].categorical = true;
        sample
    };
    let (train, fresh) = (with_noise(12), with_noise(13));
    let auc = |places: &[usize]| {
        let forest = grow(ForestParams::default(), &train.with_columns(places));
        let fresh = fresh.with_columns(places);
        roc_auc(&fresh.labels, &probabilities(&forest.predictor, &fresh)).unwrap()
    };
    let (with, without) = (auc(&[0, 1, 2, 3, 4]), auc(&[0, 1, 2, 3]));
    assert!(with > without - 0.005, "{with} against {without}");
}
