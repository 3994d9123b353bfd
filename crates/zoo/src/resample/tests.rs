//! Resampling against imbalanced-learn, and what must hold on any data.

use churn_features::MatrixColumn;
use proptest::prelude::*;
use rand::RngExt;
use serde::Deserialize;

use super::*;
use crate::{ClassWeight, LogisticParams, Rounds};

#[derive(Deserialize)]
struct Golden {
    k: usize,
    x: Vec<Vec<f32>>,
    levels: Vec<Vec<usize>>,
    y: Vec<u8>,
    smote: Case,
    smote_nc: Case,
    adasyn: AdasynCase,
}

#[derive(Deserialize)]
struct Case {
    #[serde(default)]
    median_std: f64,
    neighbours: Vec<Vec<u32>>,
    draws: Draws,
    made: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct AdasynCase {
    around: Vec<Vec<u32>>,
    counts: Vec<usize>,
    draws: Draws,
    made: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Draws {
    base: Vec<usize>,
    neighbour: Vec<usize>,
    step: Vec<f64>,
}

impl Draws {
    fn list(&self) -> Vec<Draw> {
        let columns = self.base.iter().zip(&self.neighbour).zip(&self.step);
        columns
            .map(|((&base, &neighbour), &step)| Draw {
                base,
                neighbour,
                step,
            })
            .collect()
    }
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../testdata/resample.json")).unwrap()
}

/// A matrix with columns; `groups[c]` is the group of column `c`.
struct Data {
    matrix: Matrix,
    columns: Vec<MatrixColumn>,
    labels: Vec<bool>,
}

impl Data {
    fn new(rows: &[Vec<f32>], groups: &[u32], categorical: &[usize], labels: Vec<bool>) -> Self {
        let columns = groups
            .iter()
            .enumerate()
            .map(|(index, &group)| MatrixColumn {
                name: format!("column {index}"),
                group,
                categorical: categorical.contains(&index),
            });
        Self {
            matrix: Matrix::from_values(rows.concat(), groups.len()).unwrap(),
            columns: columns.collect(),
            labels,
        }
    }

    fn samples(&self) -> Samples<'_> {
        Samples {
            matrix: &self.matrix,
            columns: &self.columns,
            labels: &self.labels,
            weights: None,
        }
    }

    fn minority(&self) -> Vec<usize> {
        (0..self.labels.len())
            .filter(|&row| self.labels[row])
            .collect()
    }

    fn resample(&self, params: ResampleParams, seed: u64) -> Result<WithSynthetic, Error> {
        params
            .check()
            .unwrap()
            .resample(&TrainingFold::new(self.samples()), seed)
    }
}

fn params(method: Method) -> ResampleParams {
    ResampleParams {
        method,
        distance: Distance::AsGiven,
        ..ResampleParams::default()
    }
}

fn numbers_of(golden: &Golden) -> Data {
    let labels = golden.y.iter().map(|&y| y == 1).collect();
    Data::new(&golden.x, &[0, 1, 2], &[], labels)
}

fn made(data: &Data, method: Method, neighbours: &[u32], draws: &[Draw], k: usize) -> Vec<f32> {
    let minority = data.minority();
    let layout = Layout::new(data.samples(), &minority, params(method)).unwrap();
    let near = Near {
        matrix: &data.matrix,
        minority: &minority,
        neighbours,
        k,
    };
    let categories = if method == Method::Smote {
        Categories::Blend
    } else {
        Categories::Vote
    };
    synthesis::make(
        near,
        &layout,
        categories,
        draws,
        &mut ChaCha12Rng::seed_from_u64(1),
    )
}

fn own_neighbours(data: &Data, method: Method, k: usize) -> Vec<u32> {
    let minority = data.minority();
    let layout = Layout::new(data.samples(), &minority, params(method)).unwrap();
    Tree::new(layout.points(&data.matrix).select(&minority)).nearest_to_own(k)
}

#[track_caller]
fn close(ours: &[f32], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len());
    for (index, (a, b)) in ours.iter().zip(theirs).enumerate() {
        // Ours are f32, theirs f64: a relative 2^-23, and as much of the largest value, 20.
        assert!(
            (f64::from(*a) - b).abs() < 5e-6,
            "value {index}: {a}, expected {b}"
        );
    }
}

#[test]
fn smote_is_imbalanced_learns() {
    let golden = golden();
    let data = numbers_of(&golden);
    let neighbours = own_neighbours(&data, Method::Smote, golden.k);
    assert_eq!(neighbours, golden.smote.neighbours.concat());
    let rows = made(
        &data,
        Method::Smote,
        &neighbours,
        &golden.smote.draws.list(),
        golden.k,
    );
    close(&rows, &golden.smote.made.concat());
}

#[test]
fn adasyn_is_imbalanced_learns() {
    let golden = golden();
    let data = numbers_of(&golden);
    let minority = data.minority();
    let layout = Layout::new(data.samples(), &minority, params(Method::Adasyn)).unwrap();
    let around = Tree::new(layout.points(&data.matrix)).nearest_to(&minority, golden.k);
    assert_eq!(around, golden.adasyn.around.concat());
    let shares = other_class_shares(&around, &data.labels, true, golden.k);
    let n_new = data.labels.len() - 2 * minority.len();
    assert_eq!(
        synthesis::rows_by_shares(&shares, n_new).unwrap(),
        golden.adasyn.counts
    );
    let neighbours = own_neighbours(&data, Method::Adasyn, golden.k);
    let rows = made(
        &data,
        Method::Adasyn,
        &neighbours,
        &golden.adasyn.draws.list(),
        golden.k,
    );
    close(&rows, &golden.adasyn.made.concat());
}

/// Numbers, then each category one-hot, or as one column of codes.
fn mixed_of(golden: &Golden, one_hot: bool) -> Data {
    let row = |(x, levels): (&Vec<f32>, &Vec<usize>)| {
        let mut row = x.clone();
        for (&level, n_levels) in levels.iter().zip([3, 4]) {
            if one_hot {
                row.extend((0..n_levels).map(|other| f32::from(u8::from(other == level))));
            } else {
                row.push(level as f32);
            }
        }
        row
    };
    let rows: Vec<Vec<f32>> = golden.x.iter().zip(&golden.levels).map(row).collect();
    let labels = golden.y.iter().map(|&y| y == 1).collect();
    if one_hot {
        Data::new(&rows, &[0, 1, 2, 3, 3, 3, 4, 4, 4, 4], &[], labels)
    } else {
        Data::new(&rows, &[0, 1, 2, 3, 4], &[3, 4], labels)
    }
}

#[test]
fn smote_nc_is_imbalanced_learns() {
    let golden = golden();
    let case = &golden.smote_nc;
    assert!(case.median_std > 0.1);
    for one_hot in [true, false] {
        let data = mixed_of(&golden, one_hot);
        let neighbours = own_neighbours(&data, Method::SmoteNc, golden.k);
        assert_eq!(neighbours, case.neighbours.concat());
        let draws = case.draws.list();
        let rows = made(&data, Method::SmoteNc, &neighbours, &draws, golden.k);
        let minority = data.minority();
        let mut n_clear = 0;
        for ((row, expected), draw) in rows
            .chunks_exact(data.columns.len())
            .zip(&case.made)
            .zip(&draws)
        {
            close(&row[..3], &expected[..3]);
            let around = &neighbours[draw.base * golden.k..(draw.base + 1) * golden.k];
            for category in 0..2 {
                let ours = if one_hot {
                    let (start, end) = [(3, 6), (6, 10)][category];
                    assert!(
                        (row[start..end].iter().sum::<f32>() - 1.0).abs() < 1e-6,
                        "one level each"
                    );
                    row[start..end].iter().position(|&x| x > 0.5).unwrap()
                } else {
                    row[3 + category] as usize
                };
                let count = |level: usize| {
                    around
                        .iter()
                        .filter(|&&other| {
                            golden.levels[minority[other as usize]][category] == level
                        })
                        .count()
                };
                let most = (0..4).map(count).max().unwrap();
                assert_eq!(count(ours), most, "a most frequent level");
                if (0..4).filter(|&level| count(level) == most).count() == 1 {
                    n_clear += 1;
                    assert_eq!(ours, expected[3 + category] as usize);
                }
            }
        }
        assert!(n_clear > 40, "most votes are clear: {n_clear}");
    }
}

fn scattered(n_rows: usize, seed: u64, n_levels: u32) -> Data {
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    let mut rows = Vec::new();
    let mut labels = Vec::new();
    for row in 0..n_rows {
        labels.push(row % 4 == 0);
        let level = rng.random_range(0..n_levels);
        let mut values: Vec<f32> = (0..3)
            .map(|_| rng.random_range(0..12) as f32 / 4.0)
            .collect();
        if rng.random_range(0..10) == 0 {
            values[1] = f32::NAN;
        }
        values.extend((0..3).map(|other| f32::from(u8::from(other == level % 4))));
        values.push(level as f32);
        rows.push(values);
    }
    Data::new(&rows, &[0, 1, 2, 3, 3, 3, 4], &[6], labels)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn the_tree_finds_what_a_full_search_finds(seed in 0_u64..1000, n_rows in 8_usize..400, k in 1_usize..7, n_levels in 1_u32..40) {
        let data = scattered(n_rows, seed, n_levels);
        let layout = Layout::new(data.samples(), &data.minority(), params(Method::SmoteNc)).unwrap();
        let points = layout.points(&data.matrix);
        let all: Vec<usize> = (0..n_rows).collect();
        let copy = points.select(&all);
        let tree = Tree::new(points);
        let found = tree.nearest_to_own(k);
        prop_assert_eq!(&found, &tree.nearest_to(&all, k));
        for row in 0..n_rows {
            let distance = |other: usize| copy.distance_of(row, other);
            let mut expected: Vec<f32> = (0..n_rows).filter(|&other| other != row).map(distance).collect();
            expected.sort_by(f32::total_cmp);
            let nearest = &found[row * k..(row + 1) * k];
            let ours: Vec<f32> = nearest.iter().map(|&other| distance(other as usize)).collect();
            prop_assert_eq!(&ours[..], &expected[..k]);
            prop_assert!(nearest.iter().all(|&other| other as usize != row));
            let distinct: std::collections::BTreeSet<u32> = nearest.iter().copied().collect();
            prop_assert_eq!(distinct.len(), k);
        }
    }
}

#[test]
fn given_rows_stay_and_synthetic_ones_are_sound() {
    let data = scattered(300, 5, 9);
    for method in [Method::SmoteNc, Method::Adasyn] {
        let more = data
            .resample(
                ResampleParams {
                    method,
                    ..ResampleParams::default()
                },
                3,
            )
            .unwrap();
        let n_rows = data.labels.len();
        let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(
            bits(&more.matrix.values()[..n_rows * 7]),
            bits(data.matrix.values())
        );
        assert_eq!(&more.labels[..n_rows], &data.labels[..]);
        assert!(
            more.labels[n_rows..].iter().all(|&left| left),
            "only leavers are made"
        );
        let exact = method == Method::SmoteNc;
        assert!(if exact {
            more.n_synthetic == 150
        } else {
            more.n_synthetic.abs_diff(150) < 40
        });
        for row in n_rows..more.matrix.n_rows() {
            let row = more.matrix.row(row);
            assert!(
                row[3..6].iter().sum::<f32>() < 1.5
                    && row[3..6].iter().all(|x| x.fract().abs() < 1e-9)
            );
            assert!(row[6].fract().abs() < 1e-9, "a code stays a code");
            assert!(row[0] >= 0.0 && row[0] <= 2.75, "between two rows");
        }
    }
}

#[test]
fn the_seed_decides_and_threads_do_not() {
    let data = scattered(700, 8, 9);
    let with = |n_threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(n_threads)
            .build()
            .unwrap();
        let more = pool.install(|| data.resample(ResampleParams::default(), seed).unwrap());
        more.matrix
            .values()
            .iter()
            .map(|x| x.to_bits())
            .collect::<Vec<u32>>()
    };
    let one = with(1, 4);
    assert_eq!(one, with(2, 4));
    assert_eq!(one, with(4, 4));
    assert_ne!(one, with(1, 5));
}

#[test]
fn what_does_not_suit_is_refused_by_name() {
    let data = scattered(60, 2, 5);
    let fault = data
        .resample(params(Method::Smote), 1)
        .unwrap_err()
        .to_string();
    assert!(
        fault.contains("'column 6'") && fault.contains("smote_nc"),
        "{fault}"
    );
    let few = scattered(20, 2, 5);
    let fault = few.resample(params(Method::SmoteNc), 1).unwrap_err();
    assert!(
        matches!(
            fault,
            Error::TooFewRows {
                found: 5,
                needed: 6,
                ..
            }
        ),
        "{fault}"
    );
    // Two clouds far apart: nothing for adasyn to do.
    let rows: Vec<Vec<f32>> = (0..60)
        .map(|row| vec![if row % 4 == 0 { 1e6 } else { 0.0 } + row as f32])
        .collect();
    let apart = Data::new(&rows, &[0], &[], (0..60).map(|row| row % 4 == 0).collect());
    let fault = apart
        .resample(params(Method::Adasyn), 1)
        .unwrap_err()
        .to_string();
    assert!(fault.contains("nowhere"), "{fault}");
    assert!(apart.resample(params(Method::Smote), 1).is_ok());
    assert!(
        ResampleParams {
            ratio: 0.0,
            ..ResampleParams::default()
        }
        .check()
        .is_err()
    );
    assert!(
        ResampleParams {
            n_neighbours: 0,
            ..ResampleParams::default()
        }
        .check()
        .is_err()
    );
}

#[test]
fn a_wrapped_trainer_moves_the_base_rate_and_leaves_enough_alone() {
    let golden = golden();
    let data = numbers_of(&golden);
    let plain = || {
        Box::new(
            LogisticParams {
                class_weight: ClassWeight::None,
                ..LogisticParams::default()
            }
            .check()
            .unwrap(),
        )
    };
    let mean = |trainer: &dyn Trainer| {
        let fitted = trainer
            .fit(data.samples(), Rounds::Exactly(None), 3)
            .unwrap();
        let mut margins = vec![0.0; data.labels.len()];
        fitted
            .predictor
            .margins_into(data.matrix.values(), &mut margins)
            .unwrap();
        margins
            .iter()
            .map(|&m| crate::logistic::sigmoid(m))
            .sum::<f64>()
            / margins.len() as f64
    };
    let share = data.minority().len() as f64 / data.labels.len() as f64;
    assert!((mean(plain().as_ref()) - share).abs() < 1e-4);
    let with = |ratio: f64| {
        let params = ResampleParams {
            method: Method::Smote,
            ratio,
            ..ResampleParams::default()
        };
        mean(&params.check().unwrap().around(plain()))
    };
    assert!(with(1.0) > share + 0.1, "{} of {share}", with(1.0));
    assert!((with(0.2) - share).abs() < 1e-4, "already as many");
}
