//! The zoo: trainers behind one interface, and everything needed to compare them honestly.
//!
//! A [`Trainer`] is a family with checked parameters ([`LogisticParams::check`],
//! [`ForestParams::check`], [`XgboostParams::check`], [`CatboostParams::check`]).
//! [`cross_validate`] fits it once per [`Fold`], features included;
//! [`weigh`] turns the out-of-fold margins into [`Evidence`]: calibrated, thresholded, with
//! intervals; a [`SelectionPolicy`] chooses between candidates and writes its reasons down.
//! [`tune`] searches a family's parameters. [`combine_folds`] and [`assemble`] make one candidate
//! more out of several: a blend or a stack, with weights fitted out of fold.
//!
//! ```
//! use churn_zoo::stratified_folds;
//!
//! let labels: Vec<bool> = (0..100).map(|row| row % 4 == 0).collect();
//! let folds = stratified_folds(&labels, 5, 2, 42)?;
//! assert_eq!(folds.len(), 10);
//! assert_eq!(folds[0].split.held_out.len(), 20);
//! # Ok::<(), churn_zoo::Error>(())
//! ```
//!
//! Everything depends on its arguments and the seed alone: the same data, parameters and seed
//! give the same bytes at any number of threads.
//!
//! What it deliberately does not do: read files, know the time, store anything, explain anything.
//! It sits in layer 1, on `churn-ensemble`, `churn-features`, `churn-metrics` and `churn-xgboost`.
#![expect(
    clippy::cast_possible_truncation,
    reason = "row and column counts fit every width they are cast to"
)]

mod baseline;
mod calibrate;
mod catboost;
mod combine;
mod compare;
mod cross_validate;
mod error;
mod evidence;
mod folds;
mod forest;
mod intervals;
mod logistic;
mod repeats;
pub mod resample;
mod seed;
mod selection;
mod threshold;
mod trainer;
pub mod tune;
mod xgboost;

pub use baseline::OneRule;
pub use calibrate::{CalibrationChoice, CalibratorKind};
pub use catboost::{BoostingType, BootstrapType, Catboost, CatboostParams, ScoreFunction};
pub use combine::{
    Combination, Member, MemberMargins, Weights, assemble, combine_all, combine_folds,
};
pub use compare::{Comparison, Contestant, Ground, row_profits};
pub use cross_validate::{FoldResult, cross_validate, fit_final};
pub use error::Error;
pub use evidence::{Evidence, FoldScore, OutOfFoldRows, Rows, profit_at, weigh};
pub use folds::{Fold, Split, folds_from_assignments, stratified_folds, stratified_split};
pub use forest::{FeatureRule, FittedForest, Forest, ForestParams, MaxFeatures};
pub use logistic::{ClassWeight, Logistic, LogisticParams};
pub use seed::derive_seed;
pub use selection::{Candidate, Decision, Gate, GateResult, Limits, SelectionPolicy, Standing};
pub use threshold::{Economics, ThresholdPolicy, choose_threshold};
pub use trainer::{Algorithm, Fitted, OutOfBagEstimate, Rounds, Samples, Trainer};
pub use xgboost::{Xgboost, XgboostParams};
