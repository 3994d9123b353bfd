//! Cross-validation: everything that learns, learns inside the fold.

use churn_features::FeaturePlan;
use churn_schema::Table;
use rayon::prelude::*;

use crate::{
    Error, Fitted, OutOfBagEstimate, Rounds, Samples, Trainer,
    folds::{Fold, stratified_split},
    repeats::repeats,
    seed::derive_seed,
};

/// Part of a fold's training rows that early stopping judges on.
const EARLY_STOP_SHARE: f64 = 0.15;
/// Early stopping takes turns, with other rows to judge on, until it has judged on so many: on a
/// few hundred rows where the loss is least is mostly chance.
const JUDGED_ROWS: f64 = 4000.0;
/// Most turns.
const MAX_TURNS: u64 = 5;

/// What one fold gave.
#[derive(Debug, Clone)]
pub struct FoldResult {
    /// Repeat, from 0.
    pub repeat: usize,
    /// Number within the repeat, from 0.
    pub index: usize,
    /// Rows held out.
    pub held_out: Vec<usize>,
    /// Log-odds of each held-out row, from a model that never saw it.
    pub margins: Vec<f64>,
    /// The same on the model's own scale (a share for a forest): what combinations add up.
    pub own_margins: Vec<f64>,
    /// Rounds early stopping chose, for families with rounds.
    pub n_rounds: Option<usize>,
}

/// Fits `trainer` once per fold, features included, and predicts the rows held out.
///
/// A family with rounds first finds their number by early stopping on a stratified 15 % of the
/// fold's training rows, on few rows as the mean over several such parts, then is refitted on all
/// of them with that number. Folds run in parallel; results come in fold order whatever the number
/// of threads. `done` is called once per fold.
///
/// # Errors
/// The first fold's fault, in fold order.
pub fn cross_validate(
    trainer: &dyn Trainer,
    plan: &FeaturePlan,
    table: &Table,
    labels: &[bool],
    folds: &[Fold],
    seed: u64,
    done: &(dyn Fn() + Sync),
) -> Result<Vec<FoldResult>, Error> {
    let results: Vec<Result<FoldResult, Error>> = folds
        .par_iter()
        .enumerate()
        .map(|(number, fold)| {
            let fold_seed = derive_seed(seed, "fold fit", number as u64);
            let result = run_fold(trainer, plan, table, labels, fold, fold_seed);
            done();
            result
        })
        .collect();
    results.into_iter().collect()
}

fn run_fold(
    trainer: &dyn Trainer,
    plan: &FeaturePlan,
    table: &Table,
    labels: &[bool],
    fold: &Fold,
    seed: u64,
) -> Result<FoldResult, Error> {
    let plan = plan.fit(&table.select(&fold.split.train))?;
    let matrix = plan.transform(table)?;
    let train_matrix = matrix.select(&fold.split.train);
    let train_labels: Vec<bool> = fold.split.train.iter().map(|&row| labels[row]).collect();
    let samples = Samples {
        matrix: &train_matrix,
        columns: &plan.columns,
        labels: &train_labels,
        weights: None,
    };
    let n_rounds = if trainer.has_rounds() {
        Some(find_rounds(trainer, samples, seed)?)
    } else {
        None
    };
    let fitted = trainer.fit(samples, Rounds::Exactly(n_rounds), seed)?;
    let held_out = matrix.select(&fold.split.held_out);
    let mut own_margins = vec![0.0; held_out.n_rows()];
    fitted
        .predictor
        .margins_into(held_out.values(), &mut own_margins)?;
    let log_odds = own_margins
        .iter()
        .map(|&own| fitted.predictor.log_odds(own));
    let margins = log_odds.collect();
    Ok(FoldResult {
        repeat: fold.repeat,
        index: fold.index,
        held_out: fold.split.held_out.clone(),
        margins,
        own_margins,
        n_rounds,
    })
}

/// The number of rounds early stopping ends at: the mean over its turns.
fn find_rounds(trainer: &dyn Trainer, samples: Samples<'_>, seed: u64) -> Result<usize, Error> {
    let n_turns = n_turns(samples.labels.len());
    let groups = repeats(samples.matrix);
    let mut sum = 0;
    for turn in 0..n_turns {
        let fitted = fit_until_best(trainer, samples, groups.as_deref(), (seed, turn))?;
        sum += fitted.n_rounds.unwrap_or(1) as u64;
    }
    let mean = (sum as f64 / n_turns as f64).round();
    Ok((mean as usize).max(1))
}

fn n_turns(n_rows: usize) -> u64 {
    let n_judged = EARLY_STOP_SHARE * n_rows as f64;
    ((JUDGED_ROWS / n_judged).ceil() as u64).clamp(1, MAX_TURNS)
}

/// Fits on most of `samples` and stops early on the rest, which is another part in every `turn`.
/// `groups` of equal rows stay on one side.
pub(crate) fn fit_until_best(
    trainer: &dyn Trainer,
    samples: Samples<'_>,
    groups: Option<&[usize]>,
    (seed, turn): (u64, u64),
) -> Result<Fitted, Error> {
    let part_seed = derive_seed(seed, "early stopping", turn);
    let mut split = stratified_split(samples.labels, EARLY_STOP_SHARE, part_seed)?;
    if let Some(groups) = groups {
        split = split.with_groups_whole(groups);
    }
    let part = |rows: &[usize]| {
        let labels: Vec<bool> = rows.iter().map(|&row| samples.labels[row]).collect();
        (samples.matrix.select(rows), labels)
    };
    let (fit_matrix, fit_labels) = part(&split.train);
    let (judge_matrix, judge_labels) = part(&split.held_out);
    let of = |matrix, labels| Samples {
        matrix,
        labels,
        columns: samples.columns,
        weights: None,
    };
    trainer.fit(
        of(&fit_matrix, &fit_labels),
        Rounds::UntilBestOn(of(&judge_matrix, &judge_labels)),
        seed,
    )
}

/// Fits on every row of `table`: features and predictor, and a forest's judgement of itself.
/// Rounds are the median over `folds`, or found anew when these are those of other parameters
/// (`None`).
///
/// # Errors
/// As the trainer and the plan.
pub fn fit_final(
    trainer: &dyn Trainer,
    plan: &FeaturePlan,
    table: &Table,
    labels: &[bool],
    folds: Option<&[FoldResult]>,
    seed: u64,
) -> Result<(churn_features::FittedPlan, Fitted, Option<OutOfBagEstimate>), Error> {
    let plan = plan.fit(table)?;
    let matrix = plan.transform(table)?;
    let samples = Samples {
        matrix: &matrix,
        columns: &plan.columns,
        labels,
        weights: None,
    };
    let rounds = match folds {
        Some(folds) => median_rounds(folds),
        None if trainer.has_rounds() => {
            let seed = derive_seed(seed, "final rounds", 0);
            Some(find_rounds(trainer, samples, seed)?)
        }
        None => None,
    };
    let rounds = Rounds::Exactly(rounds);
    let (fitted, own) = trainer.fit_kept(samples, rounds, derive_seed(seed, "final fit", 0))?;
    Ok((plan, fitted, own))
}

/// Median of the rounds the folds chose; the lower one of two.
fn median_rounds(folds: &[FoldResult]) -> Option<usize> {
    let mut rounds: Vec<usize> = folds.iter().filter_map(|fold| fold.n_rounds).collect();
    rounds.sort_unstable();
    rounds.get(rounds.len().saturating_sub(1) / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn early_stopping_takes_turns_until_it_has_judged_on_enough_rows() {
        let turns = [1, 4_000, 5_634, 13_000, 27_000, 1_000_000].map(n_turns);
        assert_eq!(turns, [5, 5, 5, 3, 1, 1]);
    }
}
