//! The tuner as a whole: better than chance, cheaper by pruning, the same however it is run.

use std::{
    ops::ControlFlow,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::*;
use crate::Error;

type Objective = fn(&Assignment, usize) -> Result<f64, Error>;

/// Branin's function, lowest value 0.397887.
fn branin(params: &Assignment, _fold: usize) -> Result<f64, Error> {
    let (x, y) = (params.number("x")?, params.number("y")?);
    let pi = std::f64::consts::PI;
    let bowl = y - 5.1 / (4.0 * pi * pi) * x * x + 5.0 / pi * x - 6.0;
    Ok(bowl.powi(2) + 10.0 * (1.0 - 1.0 / (8.0 * pi)) * x.cos() + 10.0)
}

fn branin_space() -> SearchSpace {
    space(&[
        ("x", Domain::float(-5.0, 10.0)),
        ("y", Domain::float(0.0, 15.0)),
    ])
}

/// Like a learner: a rate by ratio, a depth, a choice, a grid; rate and depth trade off. Lowest 0.
fn learner(params: &Assignment, _fold: usize) -> Result<f64, Error> {
    let rate = params.number("rate")?.log10();
    let depth = params.number("depth")?;
    let share = params.number("share")?;
    let kind = match params.0.get("kind") {
        Some(ParamValue::Text(kind)) if kind == "good" => 0.0,
        _ => 1.0,
    };
    Ok((rate + 2.0 + 0.2 * (depth - 5.0)).powi(2)
        + 0.05 * (depth - 7.0).powi(2)
        + kind
        + (share - 0.4).powi(2))
}

fn learner_space() -> SearchSpace {
    let word = |word: &str| ParamValue::Text(word.to_owned());
    space(&[
        ("rate", Domain::log_float(1e-4, 1.0)),
        (
            "depth",
            Domain::Int {
                low: 1,
                high: 15,
                step: 2,
            },
        ),
        (
            "share",
            Domain::Grid {
                low: 0.0,
                high: 1.0,
                step: 0.1,
            },
        ),
        (
            "kind",
            Domain::Choice {
                values: ["bad", "worse", "good", "awful"].map(word).to_vec(),
            },
        ),
    ])
}

/// Six numbers of very different weight. Lowest 0.
fn ellipsoid(params: &Assignment, _fold: usize) -> Result<f64, Error> {
    (0..6)
        .map(|axis| Ok(4_f64.powi(-axis) * (params.number(&format!("x{axis}"))? - 0.7).powi(2)))
        .sum()
}

fn ellipsoid_space() -> SearchSpace {
    let axes = (0..6).map(|axis| (format!("x{axis}"), Domain::float(-5.0, 5.0)));
    SearchSpace::new(axes).unwrap()
}

fn space(domains: &[(&str, Domain)]) -> SearchSpace {
    SearchSpace::new(
        domains
            .iter()
            .map(|(name, domain)| ((*name).to_owned(), domain.clone())),
    )
    .unwrap()
}

fn run(
    study: &mut Study,
    objective: &(dyn Fn(&Assignment, usize) -> Result<f64, Error> + Sync),
    n_trials: usize,
) -> Ended {
    let limits = TuneLimits {
        n_trials,
        seconds: None,
    };
    tune(study, objective, limits, &|| 0.0, &mut |_, _| {
        ControlFlow::Continue(())
    })
    .unwrap()
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
fn finds_better_values_than_random_search_with_the_same_budget() {
    let cases: [(&str, SearchSpace, Objective, f64, f64); 3] = [
        ("branin", branin_space(), branin, 0.397_887, 0.5),
        ("learner", learner_space(), learner, 0.0, 0.6),
        ("ellipsoid", ellipsoid_space(), ellipsoid, 0.0, 0.5),
    ];
    for (name, space, objective, lowest, factor) in cases {
        let best = |n_startup: usize| {
            let gap = |seed: u64| {
                let params = StudyParams {
                    seed,
                    n_startup,
                    ..StudyParams::default()
                };
                let mut study = Study::new(space.clone(), params.check(1).unwrap());
                run(&mut study, &objective, 80);
                study.best().unwrap().1 - lowest
            };
            middle((0..25).map(gap).collect())
        };
        // A study that never leaves its start-up is a Latin hypercube: a random search and a bit.
        let (ours, random) = (best(10), best(80));
        assert!(
            ours < factor * random,
            "{name}: {ours} against {random} by random search"
        );
    }
}

/// Ten folds of different hardness around [`learner`], with noise.
fn folded(params: &Assignment, fold: usize) -> Result<f64, Error> {
    let noise = crate::derive_seed(params.number("rate")?.to_bits(), "noise", fold as u64) >> 11;
    let noise = noise as f64 / (1_u64 << 53) as f64 - 0.5;
    Ok(learner(params, fold)?
        + [0.3, 2.0, 0.0, 1.0, 0.5, 0.1, 0.9, 1.4, 0.2, 0.6][fold]
        + 0.2 * noise)
}

#[test]
fn pruning_saves_folds_and_costs_no_quality() {
    let measure = |pruner: Pruner| {
        let runs = (0..15).map(|seed| {
            let params = StudyParams {
                seed,
                pruner,
                ..StudyParams::default()
            };
            let mut study = Study::new(learner_space(), params.check(10).unwrap());
            run(&mut study, &folded, 60);
            let n_folds: usize = study.records().map(|record| record.fold_losses.len()).sum();
            let best = learner(&study.best().unwrap().0.params, 0).unwrap();
            (n_folds as f64 / 600.0, best)
        });
        let (shares, bests): (Vec<f64>, Vec<f64>) = runs.unzip();
        (middle(shares), middle(bests))
    };
    let (all, reference) = measure(Pruner::None);
    assert!((all - 1.0).abs() < 1e-12);
    let hyperband = Pruner::Hyperband {
        min_folds: 1,
        reduction: 3,
    };
    for (pruner, most) in [(Pruner::default(), 0.75), (hyperband, 0.7)] {
        let (share, best) = measure(pruner);
        assert!(share < most, "{pruner:?} ran {share} of the folds");
        assert!(
            best < reference + 0.05,
            "{pruner:?}: {best} against {reference} without pruning"
        );
    }
}

fn folded_study(pruner: Pruner, batch_size: usize) -> Study {
    let params = StudyParams {
        seed: 11,
        pruner,
        batch_size,
        ..StudyParams::default()
    };
    Study::new(learner_space(), params.check(10).unwrap())
}

#[test]
fn a_study_cut_anywhere_and_resumed_from_json_ends_the_same() {
    for pruner in [
        Pruner::default(),
        Pruner::Hyperband {
            min_folds: 2,
            reduction: 2,
        },
    ] {
        let mut whole = folded_study(pruner, 4);
        run(&mut whole, &folded, 42);
        for cut in [0, 1, 4, 7, 18, 30, 41, 42] {
            let mut lines = String::new();
            let mut study = folded_study(pruner, 4);
            let ended = tune(
                &mut study,
                &folded,
                TuneLimits {
                    n_trials: 42,
                    seconds: None,
                },
                &|| 0.0,
                &mut |record, progress| {
                    lines += &(serde_json::to_string(record).unwrap() + "\n");
                    if progress.n_finished >= cut {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                },
            );
            assert_eq!(ended.unwrap(), Ended::Stopped, "cut at {cut}");
            // The process dies; only lines remain, perhaps not even in order.
            drop(study);
            let records = lines
                .lines()
                .rev()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            let mut resumed = folded_study(pruner, 4).resume(records).unwrap();
            run(&mut resumed, &folded, 42);
            assert_eq!(
                whole.records().collect::<Vec<_>>(),
                resumed.records().collect::<Vec<_>>(),
                "cut at {cut}"
            );
        }
    }
}

#[test]
fn a_study_given_more_trials_goes_on_as_if_it_had_had_them() {
    let mut whole = folded_study(Pruner::default(), 4);
    run(&mut whole, &folded, 31);
    let mut extended = folded_study(Pruner::default(), 4);
    for n_trials in [5, 18, 31] {
        assert_eq!(run(&mut extended, &folded, n_trials), Ended::Trials);
    }
    assert_eq!(
        whole.records().collect::<Vec<_>>(),
        extended.records().collect::<Vec<_>>()
    );
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let with = |n_threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(n_threads)
            .build()
            .unwrap();
        let mut study = folded_study(Pruner::default(), 8);
        let mut told = Vec::new();
        pool.install(|| {
            // Trials take different time, so that they end in another order than they began.
            let slow = |params: &Assignment, fold: usize| {
                let turns = (params.number("share")? * 2e4) as u64;
                let busy = (0..turns).fold(0, |sum: u64, turn| std::hint::black_box(sum ^ turn));
                folded(params, fold).map(|loss| if busy == u64::MAX { f64::NAN } else { loss })
            };
            tune(
                &mut study,
                &slow,
                TuneLimits {
                    n_trials: 40,
                    seconds: None,
                },
                &|| 0.0,
                &mut |record, progress| {
                    told.push((
                        record.clone(),
                        progress.n_finished,
                        progress.best.map(|best| best.number),
                    ));
                    ControlFlow::Continue(())
                },
            )
            .unwrap();
        });
        let numbers: Vec<usize> = told.iter().map(|(record, ..)| record.number).collect();
        assert_eq!(numbers, (0..40).collect::<Vec<_>>(), "told in order");
        told
    };
    let one = with(1);
    assert!(
        one.iter()
            .any(|(record, ..)| matches!(record.outcome, Outcome::Pruned { .. }))
    );
    for n_threads in [2, 5] {
        assert_eq!(one, with(n_threads), "{n_threads} threads");
    }
}

#[test]
fn records_of_another_study_are_refused() {
    let mut study = folded_study(Pruner::default(), 4);
    run(&mut study, &folded, 12);
    let records: Vec<TrialRecord> = study.records().cloned().collect();
    let check = |study: Study, records: Vec<TrialRecord>, expected: &str| {
        let fault = study.resume(records).unwrap_err().to_string();
        assert!(fault.contains(expected), "{fault}");
    };
    let params = StudyParams {
        seed: 12,
        ..StudyParams::default()
    };
    let other_seed = Study::new(learner_space(), params.check(10).unwrap());
    check(other_seed, records.clone(), "but this study proposed");
    let other_space = Study::new(branin_space(), StudyParams::default().check(10).unwrap());
    check(other_space, records.clone(), "but this study proposed");
    let mut twice = records.clone();
    twice.push(records[3].clone());
    check(folded_study(Pruner::default(), 4), twice, "recorded twice");
    let mut gap = records;
    gap.remove(2);
    check(folded_study(Pruner::default(), 4), gap, "builds on trial 2");
}

#[test]
fn limits_progress_failures_and_cancellation() {
    let calls = AtomicUsize::new(0);
    let objective = |params: &Assignment, fold: usize| {
        calls.fetch_add(1, Ordering::Relaxed);
        match (params.number("depth")?, fold) {
            (depth, _) if depth < 4.0 => Err(Error::OneClass { n_rows: 3 }),
            (depth, 1) if depth > 12.0 => Ok(f64::NAN),
            _ => folded(params, fold),
        }
    };
    // A clock on which each call of the objective takes a second.
    let clock = || calls.load(Ordering::Relaxed) as f64;
    let mut study = folded_study(Pruner::None, 4);
    let limits = TuneLimits {
        n_trials: 1000,
        seconds: Some(200.0),
    };
    let mut last = None;
    let ended =
        tune(
            &mut study,
            &objective,
            limits,
            &clock,
            &mut |_, progress| {
                assert!(progress.left_s.is_some_and(|left| left
                    <= 200.0 - progress.elapsed_s + 1e-9
                    || left.abs() < 1e-9));
                last = progress.best.map(|best| best.number);
                ControlFlow::Continue(())
            },
        );
    assert_eq!(ended.unwrap(), Ended::Time);
    assert!((200..=205).contains(&calls.load(Ordering::Relaxed)));
    assert_eq!(last, study.best().map(|(best, _)| best.number));
    let fault = |record: &TrialRecord| match &record.outcome {
        Outcome::Failed { fault } => Some((record.fold_losses.len(), fault.clone())),
        _ => None,
    };
    let faults: Vec<_> = study.records().filter_map(fault).collect();
    assert!(
        faults
            .iter()
            .any(|(n, fault)| *n == 0 && fault.contains("same label")),
        "{faults:?}"
    );
    assert!(
        faults
            .iter()
            .any(|(n, fault)| *n == 1 && fault.contains("fold 1 is NaN")),
        "{faults:?}"
    );

    let cancelled = |_: &Assignment, _: usize| Err(Error::Cancelled);
    let limits = TuneLimits {
        n_trials: 8,
        seconds: None,
    };
    let end = tune(
        &mut folded_study(Pruner::None, 4),
        &cancelled,
        limits,
        &|| 0.0,
        &mut |_, _| ControlFlow::Continue(()),
    );
    assert!(matches!(end, Err(Error::Cancelled)));

    // All trials fail: still a study, without a best.
    let hopeless = |_: &Assignment, _: usize| Ok(f64::INFINITY);
    let mut study = folded_study(Pruner::None, 4);
    assert_eq!(run(&mut study, &hopeless, 20), Ended::Trials);
    assert!(study.best().is_none() && study.records().count() == 20);
}

#[test]
fn defaults_come_first_and_values_go_into_the_parameters() {
    let defaults = crate::XgboostParams::default();
    let space = SearchSpace::xgboost();
    let first = space.pick_from(&defaults).unwrap();
    assert_eq!(first.apply_to(&defaults).unwrap(), defaults);
    let params = StudyParams::default().check(3).unwrap();
    let mut study = Study::new(space.clone(), params)
        .start_with(std::slice::from_ref(&first))
        .unwrap();
    let batch = study.next_batch();
    assert_eq!(batch[0].params, first);
    let drawn = batch[1].params.apply_to(&defaults).unwrap();
    assert_ne!(drawn, defaults);
    assert!((2..=6).contains(&drawn.max_depth) && (0.01..=0.2).contains(&drawn.learning_rate));
    let logistic = SearchSpace::logistic();
    assert!(
        logistic
            .pick_from(&crate::LogisticParams::default())
            .is_ok()
    );
    let fault = drawn_into_logistic(&batch[1].params)
        .unwrap_err()
        .to_string();
    assert!(fault.contains("no parameter"), "{fault}");
    let outside = Assignment(
        [
            ("c".to_owned(), ParamValue::Float(1e9)),
            ("l1_ratio".to_owned(), ParamValue::Float(0.0)),
        ]
        .into(),
    );
    let params = StudyParams::default().check(3).unwrap();
    assert!(Study::new(logistic, params).start_with(&[outside]).is_err());
}

fn drawn_into_logistic(params: &Assignment) -> Result<crate::LogisticParams, Error> {
    params.apply_to(&crate::LogisticParams::default())
}

#[test]
fn spaces_are_read_from_files_and_checked() {
    let space: SearchSpace = serde_json::from_str(
        r#"{"c": {"kind": "float", "low": 0.001, "high": 100, "scale": "log"}, "depth": {"kind": "int", "low": 2, "high": 6}}"#,
    )
    .unwrap();
    assert_eq!(space.domains().count(), 2);
    let back: SearchSpace = serde_json::from_str(&serde_json::to_string(&space).unwrap()).unwrap();
    assert_eq!(space, back);
    for (domain, expected) in [
        (Domain::float(1.0, 1.0), "'low' below 'high'"),
        (Domain::log_float(0.0, 1.0), "positive bounds"),
        (Domain::float(0.0, f64::INFINITY), "finite bounds"),
        (
            Domain::Int {
                low: 0,
                high: 3,
                step: 0,
            },
            "'step' at least 1",
        ),
        (
            Domain::Grid {
                low: 0.0,
                high: 1.0,
                step: 2.0,
            },
            "'low' + 'step'",
        ),
        (
            Domain::Choice {
                values: vec![ParamValue::Flag(true); 2],
            },
            "two different values",
        ),
    ] {
        let fault = SearchSpace::new([("x".to_owned(), domain)])
            .unwrap_err()
            .to_string();
        assert!(fault.contains(expected) && fault.contains("'x'"), "{fault}");
    }
    assert!(SearchSpace::new([]).is_err());
    assert!(
        StudyParams {
            batch_size: 0,
            ..StudyParams::default()
        }
        .check(3)
        .is_err()
    );
    assert!(StudyParams::default().check(0).is_err());
}
