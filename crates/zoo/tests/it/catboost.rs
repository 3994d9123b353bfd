//! What is special to CatBoost: statistics of wide categories, missing and unseen levels, modes.

use churn_metrics::roc_auc;
use churn_zoo::{
    BoostingType, BootstrapType, CatboostParams, Fitted, Rounds, ScoreFunction, Trainer,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::sample::Sample;

fn small() -> CatboostParams {
    CatboostParams {
        iterations: 60,
        learning_rate: Some(0.1),
        ..CatboostParams::recipe()
    }
}

/// Two numbers, a narrow category, two wide ones (40 and 6 levels) whose levels matter, alone and
/// together; one value in twenty is missing.
fn mixed(n_rows: usize, seed: u64) -> Sample {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut rows, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..n_rows {
        let area = rng.random_range(0..40_u16);
        let plan = rng.random_range(0..6_u16);
        let mut row = vec![
            rng.random_range(-1.0..1.0_f32),
            rng.random_range(0.0..9.0_f32),
            f32::from(rng.random_range(0..3_u8)),
            f32::from(area),
            f32::from(plan),
        ];
        let together = if (area + plan) % 2 == 0 { 0.8 } else { -0.8 };
        let margin = row[0] + f32::from(area * 7 % 11) / 3.0 - 2.5 + together;
        labels.push(rng.random_range(0.0..1.0_f32) < 1.0 / (1.0 + (-margin).exp()));
        for value in &mut row {
            if rng.random_range(0..20_u8) == 0 {
                *value = f32::NAN;
            }
        }
        rows.push(row);
    }
    let mut sample = Sample::new(rows, labels);
    for column in &mut sample.columns[2..] {
        column.categorical = true;
    }
    sample
}

fn fit(params: CatboostParams, sample: &Sample) -> Fitted {
    let trainer = params.check().unwrap();
    sample.with_samples(|samples| trainer.fit(samples, Rounds::Exactly(None), 5).unwrap())
}

fn margins(fitted: &Fitted, sample: &Sample) -> Vec<f64> {
    let mut margins = vec![0.0; sample.rows.len()];
    fitted
        .predictor
        .margins_into(&sample.values(), &mut margins)
        .unwrap();
    margins
}

fn auc(params: CatboostParams, train: &Sample, test: &Sample) -> f64 {
    let fitted = fit(params, train);
    roc_auc(&test.labels, &margins(&fitted, test)).unwrap()
}

fn loss(margins: &[f64], labels: &[bool]) -> f64 {
    let rows = margins.iter().zip(labels);
    rows.map(|(&margin, &label)| (1.0 + (if label { -margin } else { margin }).exp()).ln())
        .sum()
}

#[test]
fn a_wide_category_beats_leaving_it_out() {
    let (train, test) = (mixed(3000, 1), mixed(2000, 2));
    let without = [0, 1, 2, 4];
    let known = auc(small(), &train, &test);
    let unknown = auc(
        small(),
        &train.with_columns(&without),
        &test.with_columns(&without),
    );
    assert!(known > unknown + 0.05, "{known} against {unknown}");
}

#[test]
fn combinations_see_what_single_categories_cannot() {
    let (train, test) = (mixed(6000, 3), mixed(3000, 4));
    let alone = CatboostParams {
        max_ctr_complexity: 1,
        ..small()
    };
    let combined = auc(small(), &train, &test);
    let alone = auc(alone, &train, &test);
    assert!(combined > alone + 0.005, "{combined} against {alone}");
}

#[test]
fn every_mode_learns_and_loss_falls_with_more_trees() {
    let (train, test) = (mixed(2000, 5), mixed(1000, 6));
    let modes = [
        (
            BoostingType::Plain,
            BootstrapType::Bayesian,
            ScoreFunction::Cosine,
        ),
        (BoostingType::Plain, BootstrapType::Mvs, ScoreFunction::L2),
        (
            BoostingType::Ordered,
            BootstrapType::Bernoulli,
            ScoreFunction::Cosine,
        ),
        (BoostingType::Ordered, BootstrapType::No, ScoreFunction::L2),
    ];
    for (boosting_type, bootstrap_type, score_function) in modes {
        let params = CatboostParams {
            boosting_type,
            bootstrap_type,
            score_function,
            ..small()
        };
        let mut before = f64::INFINITY;
        for iterations in [1, 10, 60] {
            let params = CatboostParams {
                iterations,
                ..params.clone()
            };
            let loss = loss(&margins(&fit(params, &train), &train), &train.labels);
            assert!(loss < before, "{boosting_type:?} {bootstrap_type:?}");
            before = loss;
        }
        let auc = auc(params, &train, &test);
        assert!(auc > 0.7, "{boosting_type:?} {bootstrap_type:?}: {auc}");
    }
}

#[test]
fn one_and_two_threads_give_the_same_bytes() {
    // Enough rows that candidates are scored in parallel.
    let train = mixed(21_000, 7);
    let bytes = |n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads);
        let params = CatboostParams {
            iterations: 5,
            ..small()
        };
        let fitted = pool.build().unwrap().install(|| fit(params, &train));
        serde_json::to_vec(&fitted.predictor).unwrap()
    };
    assert_eq!(bytes(1), bytes(2));
}

#[test]
fn an_unseen_category_counts_as_missing() {
    let train = mixed(2000, 8);
    let fitted = fit(small(), &train);
    for row in &train.rows[..200] {
        let with = |value: f32| {
            let mut row = row.clone();
            row[3] = value;
            fitted.predictor.margin(&row).to_bits()
        };
        assert_eq!(with(40.0), with(f32::NAN));
        assert_eq!(with(1e9), with(-1.0));
        assert_eq!(with(-1.0), with(f32::NAN));
    }
}

#[test]
fn early_stopping_keeps_the_trees_up_to_the_best() {
    let (train, judge) = (mixed(600, 9), mixed(600, 10));
    let trainer = CatboostParams {
        iterations: 1000,
        learning_rate: Some(0.3),
        early_stopping_rounds: Some(10),
        ..CatboostParams::recipe()
    }
    .check()
    .unwrap();
    let stopped = train.with_samples(|train| {
        judge.with_samples(|judge| trainer.fit(train, Rounds::UntilBestOn(judge), 1).unwrap())
    });
    let n_rounds = stopped.n_rounds.unwrap();
    assert!((1..900).contains(&n_rounds), "{n_rounds}");
    // What the judge saw is what is served: with a tree more or less the loss is no better.
    let at = |n: usize| {
        let fitted = train.with_samples(|train| trainer.fit(train, Rounds::Exactly(Some(n)), 1));
        loss(&margins(&fitted.unwrap(), &judge), &judge.labels)
    };
    let best = loss(&margins(&stopped, &judge), &judge.labels);
    assert!((best - at(n_rounds)).abs() < 1e-9);
    assert!(best <= at(n_rounds + 1) && best <= at(n_rounds + 5));
}

#[test]
fn weights_count_as_repeated_rows_without_orders() {
    // Without wide categories and noise nothing depends on which row is which.
    let train = Sample::plain(400, 11);
    let params = CatboostParams {
        bootstrap_type: BootstrapType::No,
        random_strength: 0.0,
        border_count: 8,
        ..small()
    };
    let mut weighted = train.clone();
    let weights: Vec<f32> = (0..400_u16).map(|row| f32::from(1 + row % 2)).collect();
    let mut repeated = train.clone();
    for (row, weight) in weights.iter().enumerate() {
        if *weight > 1.0 {
            repeated.rows.push(train.rows[row].clone());
            repeated.labels.push(train.labels[row]);
        }
    }
    weighted.weights = Some(weights);
    // Borders are learned from rows, not weights: a matrix of few values has the same ones.
    for sample in [&mut weighted, &mut repeated] {
        for value in sample.rows.iter_mut().flatten() {
            *value = value.round();
        }
    }
    // The penalty is per mean weight, which is 1.5.
    let heavier = CatboostParams {
        l2_leaf_reg: 1.5 * params.l2_leaf_reg,
        ..params.clone()
    };
    let (a, b) = (fit(params, &weighted), fit(heavier, &repeated));
    for (one, other) in margins(&a, &weighted).iter().zip(margins(&b, &weighted)) {
        assert!((one - other).abs() < 1e-4, "{one} {other}");
    }
}

#[test]
fn parameters_out_of_range_are_refused_by_name() {
    let refused = [
        (
            CatboostParams {
                depth: 13,
                ..small()
            },
            "depth",
        ),
        (
            CatboostParams {
                learning_rate: Some(0.0),
                ..small()
            },
            "learning_rate",
        ),
        (
            CatboostParams {
                l2_leaf_reg: f64::NAN,
                ..small()
            },
            "l2_leaf_reg",
        ),
        (
            CatboostParams {
                border_count: 255,
                ..small()
            },
            "border_count",
        ),
    ];
    for (params, name) in refused {
        let fault = params.check().unwrap_err().to_string();
        assert!(fault.contains(&format!("'{name}'")), "{fault}");
    }
}
