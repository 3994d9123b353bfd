//! A plan for a model that was trained elsewhere: where each column its matrix has comes from.
//!
//! Nothing is fitted: how columns were made is read from their names, or from a [`ColumnMap`].
//! What comes out is an ordinary [`FittedPlan`], so training and serving, ours and others', stay
//! one definition of each feature.

mod map;
mod names;
mod plan;
mod resolve;

use churn_schema::DatasetSpec;

use crate::{Error, FittedPlan};

pub use map::{ColumnMap, ColumnSource};

/// One column of the matrix that a model trained elsewhere expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignColumn {
    /// The name its trainer knew it by.
    pub name: String,
    /// For a column of category codes the text of each code, in code order, or an empty list
    /// when the file does not say; `None` for a column of numbers.
    pub levels: Option<Vec<String>>,
    /// Whether the model looks at it at all.
    pub is_used: bool,
    /// Whether a blank in its name stays one; LightGBM writes `_` instead.
    pub keeps_blanks: bool,
}

/// How foreign columns are made from a specification.
#[derive(Debug, Clone, PartialEq)]
pub struct Adopted {
    /// The features, in the order of the specification.
    pub plan: FittedPlan,
    /// For each foreign column its column in the plan's matrix; `None` for one that the model
    /// never looks at and that has no source.
    pub places: Vec<Option<u32>>,
    /// What a reader should know: names taken loosely, missing values left as they are.
    pub notes: Vec<String>,
}

impl FittedPlan {
    /// The plan whose matrix a model over `columns` can be served with.
    ///
    /// A column is found in `map`, or by its name: that of a column or derived feature
    /// (`tenure`), or of a column and one of its levels as one-hot encoders write it
    /// (`Contract_Two year`, `Contract=Two year`, `encoder__Contract_Two year`), blanks and
    /// punctuation aside where that is not ambiguous. Missing numbers stay missing unless `map`
    /// says otherwise, whatever the specification fills in: nothing is known of how the training
    /// rows were filled. A missing category is 0 in every one-hot column and a missing code.
    ///
    /// # Errors
    /// [`Error::Foreign`] with every column that can't be made, what was expected and what to
    /// write in a map.
    pub fn adopt(
        spec: &DatasetSpec,
        columns: &[ForeignColumn],
        map: &ColumnMap,
    ) -> Result<Adopted, Error> {
        let resolved = resolve::resolve(spec, columns, map)?;
        plan::build(spec, columns, resolved)
    }
}
