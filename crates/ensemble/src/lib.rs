//! Trained models as data: trees, symmetric trees, linear models and blends of them.
//!
//! [`Predictor`] is the main type: a margin from a row of the feature matrix, in log-odds or
//! (forests) as a share, as its [`Output`] says. It is read from what a trainer wrote
//! ([`xgboost::read_ubj`]), stored with serde, and needs no trainer and no C++ to serve.
//! [`catboost::read_json`] and [`lightgbm::read_text`] read models trained elsewhere, with the
//! columns and category codes they expect ([`Imported`]); [`read_foreign`] tells the formats
//! apart. [`Calibrator`] turns log-odds into a probability, [`IntervalTable`] says how far that
//! may be off.
//!
//! ```
//! use churn_ensemble::{Calibrator, Linear, Predictor};
//!
//! # fn main() -> Result<(), churn_ensemble::Error> {
//! let model = Predictor::Linear(Linear::new(-1.0, vec![0.5, 2.0], vec![1.0, 0.0])?);
//! let margin = model.margin(&[3.0, f32::NAN]); // a missing value counts as its mean
//! assert_eq!(margin, -1.0 + 0.5 * 3.0);
//! assert!((Calibrator::Identity.apply(margin) - 0.622_459).abs() < 1e-6);
//! # Ok(())
//! # }
//! ```
//!
//! What it deliberately does not do: train, explain (`churn-explain`), build features or
//! touch a file. It sits in layer 1 and knows nothing of customers.

#![expect(
    clippy::cast_possible_truncation,
    reason = "f32 arithmetic is repeated on purpose"
)]

mod blend;
mod calibrator;
pub mod catboost;
mod error;
mod foreign;
mod importance;
mod imported;
mod interval_table;
pub mod lightgbm;
mod linear;
mod number;
mod output;
mod predictor;
mod rewire;
mod scratch;
mod symmetric;
mod trees;
pub mod xgboost;

pub use blend::{Blend, BlendMember};
pub use calibrator::Calibrator;
pub use error::Error;
pub use foreign::{Foreign, Library, read_foreign};
pub use importance::ImportanceKind;
pub use imported::{FeatureKind, Imported, ImportedFeature};
pub use interval_table::{IntervalCovers, IntervalTable};
pub use linear::Linear;
pub use output::Output;
pub use predictor::Predictor;
pub use scratch::Scratch;
pub use symmetric::{
    KeyPart, MAX_SYMMETRIC_DEPTH, MAX_TREE_COLUMNS, Statistic, StatisticTable, SymmetricColumn,
    SymmetricEnsemble, SymmetricParts, SymmetricSplit, SymmetricTree,
};
pub use trees::{Ask, MAX_CATEGORY, MAX_DEPTH, Node, Planes, Rank, Test, TreeEnsemble};
