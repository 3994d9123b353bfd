//! Exact SHAP over trained models: how much each original column moved a customer's margin.
//!
//! [`Explainer`] is the main type. For every row, base value plus contributions equal the
//! served margin; this is checked on each row and cannot be switched off.
//!
//! ```
//! use churn_ensemble::{Linear, Predictor};
//! use churn_explain::Explainer;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let linear = Linear::new(-1.0, vec![0.5, 2.0, 1.0], vec![1.0, 0.0, 0.0])?;
//! // Matrix column 0 is original column 0; 1 and 2 are the levels of original column 1.
//! let explainer = Explainer::new(&Predictor::Linear(linear), &[0, 1, 1], 2)?;
//! let explanation = explainer.explain(&[3.0, 1.0, 0.0], 1)?;
//! assert_eq!(explanation.row(0), &[1.0, 2.0]);
//! assert_eq!(explanation.base + 1.0 + 2.0, explanation.margins[0]);
//! # Ok(())
//! # }
//! ```
//!
//! Speed: trees are cut into parts small enough to tabulate for every outcome of their tests,
//! so a row is explained by lookups (`parts`, `tables`); the tables of one explainer take at
//! most 128 MiB for values by group, and as much again for each other kind of values once it is
//! asked for. Trees past that are walked (`walk`, `pairs`), in memory that does not grow with the
//! tree.
//!
//! Trees: path-dependent TreeSHAP (Lundberg et al. 2020, "From local explanations to global
//! understanding with explainable AI for trees"), where a column that is not known follows
//! both branches in proportion to their training covers. Symmetric trees: the same, the last
//! split of a tree its root; a statistic of a combination is known once all of its columns
//! are, so values stay exact Shapley values of columns (CatBoost takes each combination for a
//! player of its own and splits its value evenly; without combinations the two agree, with
//! them the base and the sums do).
//! Linear models: coefficient times distance from the training mean. Blends: the values of the
//! members, added up with their weights. Values of matrix columns
//! are summed into the original column they were made from.
//!
//! [`Explainer::with_background`] gives background (interventional) values instead: a column
//! that is not known has the value of a row of a stored sample. [`Explainer::interactions`]
//! splits the values of either kind into what columns do alone and in pairs.
//!
//! What it deliberately does not do: sample, approximate, train, or know what a column means.
//! It sits in layer 1 above `churn-ensemble` and never imports a trainer.

mod blend;
mod error;
mod explainer;
mod explanation;
mod game;
mod interactions;
mod leaf;
mod linear;
mod memo;
mod pairs;
mod parts;
mod paths;
mod points;
mod quadrature;
mod row_keys;
mod shape;
mod symmetric;
mod symmetric_pairs;
mod tables;
mod tabulate;
mod trees;
mod view;
mod walk;

pub use error::Error;
pub use explainer::{Explainer, RowScratch};
pub use explanation::Explanation;
pub use interactions::Interactions;
pub use points::probability_points;
pub use tables::Work;
