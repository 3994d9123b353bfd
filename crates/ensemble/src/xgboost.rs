//! Reading the model files of XGBoost, without XGBoost.

mod json;
mod model;
mod ubj;
mod value;

use crate::{Error, TreeEnsemble};

/// Reads a model saved as UBJSON (`.ubj`, the library's own default).
///
/// Boosters `gbtree` and `dart` with objective `binary:logistic` or `reg:logistic`, numeric
/// and categorical splits, parallel trees. Category codes are those of the training matrix:
/// a model trained from a data frame must be given the codes the frame had. Any bytes are
/// safe to hand over.
///
/// # Errors
/// [`Error::Syntax`] when it is no UBJSON, [`Error::Field`] when a field is absent,
/// [`Error::Unsupported`] for another objective or booster, [`Error::Tree`] when a tree does
/// not hold together.
pub fn read_ubj(bytes: &[u8]) -> Result<TreeEnsemble, Error> {
    model::read(&ubj::parse(bytes)?)
}

/// Reads a model saved as JSON, including the bare `-Infinity` and `NaN` the library writes.
/// Otherwise as [`read_ubj`].
///
/// # Errors
/// As [`read_ubj`], with JSON for UBJSON.
pub fn read_json(bytes: &[u8]) -> Result<TreeEnsemble, Error> {
    model::read(&json::parse(bytes)?)
}
