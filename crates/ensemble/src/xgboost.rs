//! Reading the model files of XGBoost, without XGBoost.

mod features;
mod json;
mod model;
mod ubj;
mod value;

use crate::{Error, Imported, TreeEnsemble, importance::normalize};

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

/// Total gain of the splits on each of `n_columns` matrix columns of a model saved as UBJSON,
/// summing to 1 (all 0 for a model without splits): what the library reports as `total_gain`.
///
/// # Errors
/// [`Error::Syntax`] when it is no UBJSON, [`Error::Field`] when the trees tell no gains.
pub fn gains_ubj(bytes: &[u8], n_columns: usize) -> Result<Vec<f64>, Error> {
    let mut gains = model::gains(&ubj::parse(bytes)?, n_columns)?;
    normalize(&mut gains);
    Ok(gains)
}

/// Reads a model that was trained elsewhere and saved as UBJSON, with what it expects of its
/// columns.
///
/// Columns have the names of the training data frame, or `f0`, `f1`, ... without one. The texts
/// of category codes are those the file stores (XGBoost 3.1 and later, ASCII alone: others it stores
/// wrongly); without them the levels are empty. Where early stopping has noted a best iteration, only the rounds up to it are kept,
/// as the library's own classifier predicts.
///
/// # Errors
/// As [`read_ubj`].
pub fn import_ubj(bytes: &[u8]) -> Result<Imported, Error> {
    model::import(&ubj::parse(bytes)?)
}

/// As [`import_ubj`], saved as JSON.
///
/// # Errors
/// As [`read_json`].
pub fn import_json(bytes: &[u8]) -> Result<Imported, Error> {
    model::import(&json::parse(bytes)?)
}
