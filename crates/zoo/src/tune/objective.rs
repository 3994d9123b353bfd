//! The usual objective: log loss on inner folds.

use churn_features::{FeaturePlan, Matrix, MatrixColumn};
use churn_schema::Table;
use rayon::prelude::*;

use crate::{
    Error, Fold, Rounds, Samples, Trainer, cross_validate::fit_until_best, logistic::softplus,
    repeats::repeats, seed::derive_seed,
};

/// Inner folds with their features made once, for the many fits of a study.
///
/// Features are fitted on each fold's training rows alone. Memory: one matrix of all rows per
/// fold. Hand it training rows only: what will test the tuned model must not be in `table`.
pub struct FoldObjective {
    folds: Vec<Part>,
}

struct Part {
    columns: Vec<MatrixColumn>,
    train: Matrix,
    train_labels: Vec<bool>,
    /// Equal rows among the training rows.
    groups: Option<Vec<usize>>,
    held_out: Matrix,
    held_out_labels: Vec<bool>,
}

impl FoldObjective {
    /// Makes the features of every fold. `plan` must be in the form the family wants
    /// ([`Trainer::plan_params`]); parameters that change that form can't be searched with it.
    ///
    /// # Errors
    /// As [`FeaturePlan::fit`] and [`churn_features::FittedPlan::transform`].
    pub fn prepare(
        plan: &FeaturePlan,
        table: &Table,
        labels: &[bool],
        folds: &[Fold],
    ) -> Result<Self, Error> {
        let part = |fold: &Fold| -> Result<Part, Error> {
            let plan = plan.fit(&table.select(&fold.split.train))?;
            let matrix = plan.transform(table)?;
            let of = |rows: &[usize]| rows.iter().map(|&row| labels[row]).collect();
            let train = matrix.select(&fold.split.train);
            Ok(Part {
                groups: repeats(&train),
                train,
                train_labels: of(&fold.split.train),
                held_out: matrix.select(&fold.split.held_out),
                held_out_labels: of(&fold.split.held_out),
                columns: plan.columns,
            })
        };
        let folds: Vec<Result<Part, Error>> = folds.par_iter().map(part).collect();
        Ok(Self {
            folds: folds.into_iter().collect::<Result<_, _>>()?,
        })
    }

    /// Folds.
    #[must_use]
    pub fn n_folds(&self) -> usize {
        self.folds.len()
    }

    /// Mean log loss, in nats, of `trainer` on the rows fold `fold` holds out.
    ///
    /// A family with rounds stops early on a part of the fold's training rows and, unlike in
    /// [`crate::cross_validate`], is not refitted on all of them: that would double the cost of a
    /// trial and hardly change which one is best.
    ///
    /// # Errors
    /// As the trainer; [`Error::Tuning`] when there is no such fold.
    pub fn loss(&self, trainer: &dyn Trainer, fold: usize, seed: u64) -> Result<f64, Error> {
        let part = self.folds.get(fold).ok_or_else(|| Error::Tuning {
            fault: format!("there is no fold {fold}, only {}", self.folds.len()),
        })?;
        let samples = Samples {
            matrix: &part.train,
            columns: &part.columns,
            labels: &part.train_labels,
            weights: None,
        };
        let seed = derive_seed(seed, "tuning fit", fold as u64);
        let fitted = if trainer.has_rounds() {
            fit_until_best(trainer, samples, part.groups.as_deref(), (seed, 0))?
        } else {
            trainer.fit(samples, Rounds::Exactly(None), seed)?
        };
        let mut margins = vec![0.0; part.held_out.n_rows()];
        fitted
            .predictor
            .margins_into(part.held_out.values(), &mut margins)?;
        let losses = margins.iter().zip(&part.held_out_labels);
        let sum: f64 = losses
            .map(|(&margin, &left)| {
                let log_odds = fitted.predictor.log_odds(margin);
                softplus(if left { -log_odds } else { log_odds })
            })
            .sum();
        Ok(sum / margins.len().max(1) as f64)
    }
}
