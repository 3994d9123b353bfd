//! Reading the model files of CatBoost, without CatBoost.

mod document;
mod model;

use crate::{Error, Imported};

/// Reads a model saved as JSON (`save_model(path, format="json", pool=pool)`).
///
/// Symmetric trees of a binary classifier (losses `Logloss` and `CrossEntropy`) over numbers
/// with missing values, single categories, and target statistics of categories and of their
/// combinations with categories and conditions. The margin equals the library's
/// `RawFormulaVal` bit for bit. The codes of a categorical column are the places of its texts
/// in [`crate::FeatureKind::Categorical`]; a text that is not listed is handed over as NaN,
/// which the model takes for a category it has never seen. Any bytes are safe to hand over.
///
/// # Errors
/// [`Error::Json`] when it is no JSON or not CatBoost's, [`Error::Field`] when parts of it
/// point nowhere, [`Error::Unsupported`] for another loss, another kind of tree, or text and
/// embedding features, [`Error::Tree`] when a tree does not hold together.
pub fn read_json(bytes: &[u8]) -> Result<Imported, Error> {
    model::read(&document::parse(bytes)?)
}
