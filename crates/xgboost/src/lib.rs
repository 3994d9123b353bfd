//! Thin, safe bindings to libxgboost: the C library that trains gradient boosted trees.
//!
//! The library is opened at run time from a path the caller hands over ([`Library::open`]),
//! so nothing here needs a C++ compiler and a program without the file still starts.
//! [`Booster`] is the main type: it is trained one round at a time over [`DMatrix`] values,
//! which lets the caller decide when to stop.
//!
//! ```no_run
//! use churn_xgboost::{Booster, DMatrix, FeatureType, Library, PredictKind};
//!
//! # fn main() -> Result<(), churn_xgboost::Error> {
//! let library = Library::open("libxgboost.so".as_ref())?;
//! let rows = [0.0_f32, f32::NAN, 1.0, 2.0];
//! let train = DMatrix::from_dense(&library, &rows, 4, 1, &[FeatureType::Numeric])?
//!     .with_labels(&[0.0, 0.0, 1.0, 1.0])?;
//! let params = [("objective".to_owned(), "binary:logistic".to_owned())];
//! let mut booster = Booster::new(&library, &params, &[&train])?;
//! for round in 0..10 {
//!     booster.update(round, &train)?;
//! }
//! let probabilities = booster.predict(&train, PredictKind::Probability, (0, 0))?;
//! assert_eq!(probabilities.len(), 4);
//! # Ok(())
//! # }
//! ```
//!
//! What it deliberately does not do: choose parameters, stop early, read model files
//! (`churn-ensemble` does, without the library) or serve. It sits in layer 1 beside the
//! trainers that call it, and is the only crate of the workspace with `unsafe` code.

mod booster;
mod dmatrix;
mod error;
mod ffi;
mod library;

pub use booster::{Booster, PredictKind};
pub use dmatrix::{DMatrix, FeatureType};
pub use error::Error;
pub use library::Library;
