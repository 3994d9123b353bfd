//! Symmetric trees: against the definition on random trees, and against catboost itself.

use churn_ensemble::{
    KeyPart, Predictor, Statistic, StatisticTable, SymmetricColumn, SymmetricEnsemble,
    SymmetricParts, SymmetricSplit, SymmetricTree, catboost,
};
use churn_explain::Explainer;
use proptest::prelude::*;

use crate::fixture;
use crate::shapley::{Game, assert_close, grouped};

/// Columns 0..3 are numbers, 3 and 4 categories of three codes each.
const N_COLUMNS: u32 = 5;

/// Statistics 0 and 1 count column 3; 2 the pair of categories; 3 a category, a border of
/// column 0 and one category of column 4.
fn parts(trees: Vec<SymmetricTree>) -> SymmetricParts {
    let table = |key: Vec<KeyPart>, values: &[&[u32]]| {
        let mixed = |values: &&[u32]| {
            values
                .iter()
                .fold(0, |hash, &value| KeyPart::mixed_into(hash, value))
        };
        StatisticTable {
            key,
            hashes: values.iter().map(mixed).collect(),
            good: (0..values.len()).map(|bucket| bucket as f32).collect(),
            total: vec![4.0; values.len()],
            empty_total: 0.0,
        }
    };
    let category = |column| KeyPart::Category { column };
    let conditions = vec![
        category(3),
        KeyPart::Above {
            column: 0,
            border: 0.5,
        },
        KeyPart::Is { column: 4, hash: 8 },
    ];
    let statistic = |table, prior| Statistic {
        table,
        prior,
        prior_weight: 1.0,
        shift: 0.0,
        scale: 1.0,
    };
    SymmetricParts {
        columns: vec![
            SymmetricColumn::Numeric {
                missing_passes: false,
            },
            SymmetricColumn::Numeric {
                missing_passes: true,
            },
            SymmetricColumn::Numeric {
                missing_passes: false,
            },
            SymmetricColumn::Categorical {
                hashes: vec![5, 6, u32::MAX],
            },
            SymmetricColumn::Categorical {
                hashes: vec![7, 8, 9],
            },
        ],
        tables: vec![
            table(vec![category(3)], &[&[5], &[u32::MAX]]),
            table(vec![category(3), category(4)], &[&[5, 7], &[5, 8], &[6, 9]]),
            table(conditions, &[&[5, 1, 0], &[6, 1, 1], &[u32::MAX, 0, 1]]),
        ],
        statistics: vec![
            statistic(0, 0.0),
            statistic(0, 0.5),
            statistic(1, 0.5),
            statistic(2, 1.0),
        ],
        trees,
        scale: 0.5,
        bias: -1.25,
    }
}

/// The answer to a split, by the rules of the format, written once more.
fn holds(parts: &SymmetricParts, split: &SymmetricSplit, row: &[f32]) -> bool {
    let above = |column: u32, border: f32| match parts.columns[column as usize] {
        SymmetricColumn::Numeric { missing_passes } if row[column as usize].is_nan() => {
            missing_passes
        }
        _ => row[column as usize] > border,
    };
    let identity = |column: u32| match &parts.columns[column as usize] {
        SymmetricColumn::Categorical { hashes } if row[column as usize] >= 0.0 => {
            hashes.get(row[column as usize] as usize).copied()
        }
        _ => None,
    };
    match *split {
        SymmetricSplit::Above { column, border } => above(column, border),
        SymmetricSplit::Is { column, hash } => identity(column) == Some(hash),
        SymmetricSplit::Statistic { statistic, border } => {
            let statistic = &parts.statistics[statistic as usize];
            let table = &parts.tables[statistic.table as usize];
            let values: Option<Vec<u32>> = table
                .key
                .iter()
                .map(|part| match *part {
                    KeyPart::Category { column } => identity(column),
                    KeyPart::Above { column, border } => Some(u32::from(above(column, border))),
                    KeyPart::Is { column, hash } => Some(u32::from(identity(column) == Some(hash))),
                })
                .collect();
            let bucket = values.and_then(|values| {
                let hash = values.into_iter().fold(0, KeyPart::mixed_into);
                table.hashes.iter().position(|&each| each == hash)
            });
            let (good, total) = bucket.map_or((0.0, table.empty_total), |bucket| {
                (table.good[bucket], table.total[bucket])
            });
            statistic.value(good, total) > border
        }
    }
}

/// The columns that must be known before a split is.
fn asked(parts: &SymmetricParts, split: &SymmetricSplit) -> u32 {
    match *split {
        SymmetricSplit::Above { column, .. } | SymmetricSplit::Is { column, .. } => 1 << column,
        SymmetricSplit::Statistic { statistic, .. } => {
            let table = parts.statistics[statistic as usize].table;
            let key = &parts.tables[table as usize].key;
            key.iter()
                .fold(0, |columns, part| columns | 1 << part.column())
        }
    }
}

/// A tree's mean when the columns of the bit set `known` are known, from the last split down.
fn mean(parts: &SymmetricParts, tree: &SymmetricTree, row: &[f32], known: u32) -> f64 {
    fn below(
        tree: &SymmetricTree,
        answers: &[Option<bool>],
        leaves: std::ops::Range<usize>,
    ) -> f64 {
        let Some((answer, rest)) = answers.split_last() else {
            return tree.leaf_values[leaves.start];
        };
        let middle = leaves.start.midpoint(leaves.end);
        let (no, yes) = (leaves.start..middle, middle..leaves.end);
        match answer {
            Some(true) => below(tree, rest, yes),
            Some(false) => below(tree, rest, no),
            None => {
                let weight = |half: &std::ops::Range<usize>| -> f64 {
                    tree.leaf_weights[half.clone()].iter().sum()
                };
                let total = weight(&no) + weight(&yes);
                let share = if total > 0.0 {
                    weight(&yes) / total
                } else {
                    0.5
                };
                share * below(tree, rest, yes) + (1.0 - share) * below(tree, rest, no)
            }
        }
    }
    let answer = |split: &SymmetricSplit| {
        let columns = asked(parts, split);
        (columns & known == columns).then(|| holds(parts, split, row))
    };
    let answers: Vec<Option<bool>> = tree.splits.iter().map(answer).collect();
    below(tree, &answers, 0..tree.leaf_values.len())
}

/// The ensemble's game for `row` where training weights stand in for what is not known.
fn game(parts: &SymmetricParts, row: &[f32]) -> Game {
    let trees = |known| {
        parts
            .trees
            .iter()
            .map(move |tree| mean(parts, tree, row, known))
    };
    Game::new(N_COLUMNS as usize, |known| {
        parts.scale * trees(known).sum::<f64>() + parts.bias
    })
}

/// The ensemble's game for `row` where each background row in turn stands in.
fn background_game(parts: &SymmetricParts, row: &[f32], background: &[Vec<f32>]) -> Game {
    let margin = |known: u32, other: &[f32]| {
        let pick = |column: usize| {
            if known >> column & 1 == 1 {
                row[column]
            } else {
                other[column]
            }
        };
        let mixed: Vec<f32> = (0..row.len()).map(pick).collect();
        let trees = parts.trees.iter();
        let sum: f64 = trees.map(|tree| mean(parts, tree, &mixed, u32::MAX)).sum();
        parts.scale * sum + parts.bias
    };
    Game::new(N_COLUMNS as usize, |known| {
        let margins = background.iter().map(|other| margin(known, other));
        margins.sum::<f64>() / background.len() as f64
    })
}

fn any_tree(depth: std::ops::Range<usize>) -> impl Strategy<Value = SymmetricTree> {
    let split = prop_oneof![
        (0..3_u32, 0..4_u8).prop_map(|(column, step)| SymmetricSplit::Above {
            column,
            border: f32::from(step) / 2.0,
        }),
        prop_oneof![
            Just((3, 5)),
            Just((3, u32::MAX)),
            Just((4, 8)),
            Just((4, 77))
        ]
        .prop_map(|(column, hash)| SymmetricSplit::Is { column, hash }),
        (0..4_u32, 0..8_u8).prop_map(|(statistic, step)| SymmetricSplit::Statistic {
            statistic,
            border: f32::from(step) / 8.0,
        }),
    ];
    prop::collection::vec(split, depth).prop_flat_map(|splits| {
        let n_leaves = 1 << splits.len();
        (
            Just(splits),
            prop::collection::vec(-2.0..2.0_f64, n_leaves),
            // Some leaves, and whole branches, were reached by nobody.
            prop::collection::vec(
                (0..4_u8).prop_map(|w| f64::from(w.saturating_sub(1))),
                n_leaves,
            ),
        )
            .prop_map(|(splits, leaf_values, leaf_weights)| SymmetricTree {
                splits,
                leaf_values,
                leaf_weights,
            })
    })
}

fn any_row() -> impl Strategy<Value = Vec<f32>> {
    let number = || {
        prop_oneof![
            Just(f32::NAN),
            (0..5_u8).prop_map(|step| f32::from(step) / 2.0)
        ]
    };
    let code = || {
        prop_oneof![
            Just(f32::NAN),
            Just(-1.0_f32),
            (0..5_u8).prop_map(f32::from)
        ]
    };
    (number(), number(), number(), code(), code()).prop_map(|(a, b, c, d, e)| vec![a, b, c, d, e])
}

/// Columns 0 and 4 are one group.
const GROUPS: [u32; N_COLUMNS as usize] = [0, 1, 2, 3, 0];

/// Values and interactions, by column and by group, against a game of each row.
fn check(explainer: &Explainer, rows: &[Vec<f32>], game: impl Fn(&[f32]) -> Game) {
    let (values, n_rows) = (rows.concat(), rows.len());
    let explanation = explainer.explain_features(&values, n_rows).unwrap();
    let pairs = explainer.interactions_features(&values, n_rows).unwrap();
    let group_pairs = explainer.interactions(&values, n_rows).unwrap();
    for (row_idx, row) in rows.iter().enumerate() {
        let game = game(row);
        assert!((explanation.base - game.base()).abs() < 1e-12);
        assert!(explanation.gap(row_idx) < 1e-11);
        assert_close(explanation.row(row_idx), &game.shapley(), 1e-11);
        let expected = game.interactions();
        assert_close(pairs.row(row_idx), &expected, 1e-11);
        assert_close(
            group_pairs.row(row_idx),
            &grouped(&expected, &GROUPS, 4),
            1e-11,
        );
    }
}

fn check_training(trees: Vec<SymmetricTree>, rows: &[Vec<f32>]) {
    let parts = parts(trees);
    let predictor = Predictor::Symmetric(SymmetricEnsemble::new(parts.clone()).unwrap());
    let explainer = Explainer::new(&predictor, &GROUPS, 4).unwrap();
    check(&explainer, rows, |row| game(&parts, row));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn values_equal_the_sum_over_all_coalitions(
        trees in prop::collection::vec(any_tree(0..7), 1..4),
        rows in prop::collection::vec(any_row(), 1..6),
    ) {
        check_training(trees, &rows);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn background_values_equal_the_sum_over_all_coalitions(
        trees in prop::collection::vec(any_tree(0..7), 1..4),
        rows in prop::collection::vec(any_row(), 1..4),
        background in prop::collection::vec(any_row(), 1..6),
    ) {
        let parts = parts(trees);
        let predictor = Predictor::Symmetric(SymmetricEnsemble::new(parts.clone()).unwrap());
        let (others, n_others) = (background.concat(), background.len());
        let explainer =
            Explainer::with_background(&predictor, &GROUPS, 4, &others, n_others).unwrap();
        check(&explainer, &rows, |row| background_game(&parts, row, &background));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn trees_past_the_tables_are_as_exact(
        trees in prop::collection::vec(any_tree(9..12), 1..3),
        rows in prop::collection::vec(any_row(), 1..4),
    ) {
        check_training(trees, &rows);
    }
}

/// The values of a fixture against those of catboost; the furthest that any is away.
fn furthest(name: &str) -> f64 {
    let bytes = fixture::load(&format!("{name}.model.json"));
    let imported = catboost::read_json(&bytes).unwrap();
    let answers = fixture::answers(name, &imported);
    let n_features = imported.features.len();
    let groups: Vec<u32> = (0..n_features as u32).collect();
    let explainer = Explainer::new(&imported.predictor, &groups, n_features).unwrap();
    let explanation = explainer
        .explain(&answers.values, answers.shap.len())
        .unwrap();
    let mut furthest = 0.0_f64;
    for (row_idx, theirs) in answers.shap.iter().enumerate() {
        assert!(explanation.gap(row_idx) < 1e-12);
        let row = &answers.values[row_idx * n_features..(row_idx + 1) * n_features];
        let alone = explainer.explain(row, 1).unwrap();
        let margin = imported.predictor.margin(row).to_bits();
        assert_eq!(explanation.margins[row_idx].to_bits(), margin);
        assert_eq!(alone.margins[0].to_bits(), margin);
        assert_eq!(alone.row(0), explanation.row(row_idx));
        let ours = explanation.row(row_idx).iter().chain([&explanation.base]);
        for (ours, theirs) in ours.zip(theirs) {
            furthest = furthest.max((ours - theirs).abs());
        }
    }
    furthest
}

#[test]
fn values_equal_those_of_catboost() {
    for name in [
        "catboost_numbers",
        "catboost_one_hot",
        "catboost_statistics",
    ] {
        let furthest = furthest(name);
        assert!(furthest < 1e-9, "{name}: {furthest:e}");
    }
}

#[test]
fn combinations_follow_our_definition_and_stay_near_catboost() {
    // CatBoost takes a combination for a player of its own and splits its value evenly; here
    // columns are the players, whatever they are combined with. The base is the same.
    for name in ["catboost_combinations", "catboost_other_statistics"] {
        let furthest = furthest(name);
        assert!((1e-6..0.2).contains(&furthest), "{name}: {furthest:e}");
    }
}
