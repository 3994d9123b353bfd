//! The feature plan: one definition of every feature, fitted on training rows, applied everywhere.
//!
//! A [`FeaturePlan`] says which features a dataset has and how a model family wants them
//! (one-hot or native categories, raw or standardised numbers). [`FeaturePlan::fit`] looks at
//! training rows only and gives a [`FittedPlan`]: plain data, stored inside every model.
//! [`FittedPlan::transform`] turns any table of the same specification into a [`Matrix`];
//! one row and a million go through the same code and give the same bits.
//!
//! ```
//! use std::sync::Arc;
//! use churn_features::{FeaturePlan, PlanParams};
//! use churn_schema::{DatasetSpec, Table};
//!
//! let spec = Arc::new(DatasetSpec::from_yaml(
//!     "format: 1\nname: toy\ncolumns:\n  - {name: id, kind: text, roles: [key]}\n  - {name: plan, kind: category, levels: [basic, pro]}\n  - {name: spend, kind: number}\n",
//!     "toy.yaml",
//! )?);
//! let rows: Vec<_> = [("a", "basic", 1.0), ("b", "pro", 3.0)]
//!     .map(|(id, plan, spend)| {
//!         [("id", id.into()), ("plan", plan.into()), ("spend", spend.into())]
//!             .map(|(name, value): (&str, serde_json::Value)| (name.to_owned(), value))
//!             .into()
//!     })
//!     .into();
//! let table = Table::from_rows(&spec, &rows).table;
//! let plan = FeaturePlan::new(spec, PlanParams::trees()).fit(&table)?;
//! let matrix = plan.transform(&table)?;
//! assert_eq!(matrix.row(1), &[0.0, 1.0, 3.0]); // plan=basic, plan=pro, spend
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What it deliberately does not do: read files (`churn-schema`), learn from the target, or know
//! any dataset's column by name. It sits in layer 1, on `churn-schema` alone.
#![expect(
    clippy::cast_possible_truncation,
    reason = "matrices are f32 by contract and level counts fit 32 bits; each cast is such a one"
)]

mod derive;
mod describe;
mod encode;
mod error;
mod fit;
mod foreign;
mod matrix;
mod plan;
mod transform;
mod union;
mod values;

pub use describe::{GroupTexts, ValueMatcher};
pub use error::Error;
pub use foreign::{Adopted, ColumnMap, ColumnSource, ForeignColumn};
pub use matrix::Matrix;
pub use plan::{
    CategoryEncoding, Encoding, FeaturePlan, FittedFeature, FittedPlan, Group, MatrixColumn,
    NumberScaling, PlanParams, Source,
};
