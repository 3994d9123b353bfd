//! Tuning: the search for parameters, by tree-structured Parzen estimators with pruning.
//!
//! A [`SearchSpace`] says which parameters may take which values. A [`Study`] proposes trials in
//! batches of fixed size, says after each fold whether a trial is worth finishing, and keeps the
//! records. [`tune`] drives it: the trials of a batch run beside each other, proposals and
//! verdicts depend on *completed batches* only, so the number of threads changes nothing, and a
//! study [rebuilt](Study::resume) from its stored [`TrialRecord`]s goes on exactly as if it had
//! never stopped. [`FoldObjective`] is the usual thing to minimise: log loss on inner folds.
//!
//! ```
//! use std::ops::ControlFlow;
//! use churn_zoo::tune::{Domain, SearchSpace, Study, StudyParams, TuneLimits, tune};
//!
//! let space = SearchSpace::new([
//!     ("x".to_owned(), Domain::float(-4.0, 4.0)),
//!     ("rate".to_owned(), Domain::log_float(1e-3, 1.0)),
//! ])?;
//! let mut study = Study::new(space, StudyParams::default().check(1)?);
//! let limits = TuneLimits { n_trials: 40, seconds: None };
//! tune(
//!     &mut study,
//!     &|params, _fold| Ok(params.number("x")?.powi(2) + params.number("rate")?.ln().abs()),
//!     limits,
//!     &|| 0.0, // seconds since the start, from whoever owns the clock
//!     &mut |_record, _progress| ControlFlow::Continue(()), // store the record, show progress
//! )?;
//! assert!(study.best().is_some_and(|(_, loss)| loss < 1.0));
//! # Ok::<(), churn_zoo::Error>(())
//! ```
//!
//! The sampler is the estimator of Optuna 5: one Gaussian kernel per earlier trial
//! over all parameters at once (Bergstra et al. 2011; Falkner et al. 2018; Watanabe 2023), with
//! its defaults (a tenth of the trials, at most 25, count as good; 24 candidates; a flat prior).
//! Trials of the same batch count as bad while they run ("constant liar"), so a batch spreads
//! out; the first [`StudyParams::n_startup`] trials are a Latin hypercube.
//!
//! Why our own: of the crates on offer, `tpe` (0.3) is well kept but holds one parameter's
//! density ratio only (no joint kernels, grids, pruned or running trials: that is most of this
//! module); `optimizer` (1.0) has samplers and pruners, but decides by the order in which trials
//! happen to end, so that two threads do not repeat, and runs parallel trials on an async runtime
//! that this layer must not see.
//!
//! Sources: Bergstra, Bardenet, Bengio and Kégl, "Algorithms for hyper-parameter optimization"
//! (2011); Golovin et al., "Google Vizier" (2017) for the median rule; Li et al., "Hyperband"
//! (2018) and "A system for massively parallel hyperparameter tuning" (2020).

mod drive;
mod objective;
mod parzen;
mod propose;
mod pruner;
mod record;
mod space;
mod study;
#[cfg(test)]
mod tests;

pub use drive::{Ended, Progress, TuneLimits, tune};
pub use objective::FoldObjective;
pub use pruner::{Pruner, Verdict};
pub use record::{Outcome, TrialRecord};
pub use space::{Assignment, Domain, ParamValue, Scale, SearchSpace};
pub use study::{Study, StudyParams, Trial, ValidStudyParams};
