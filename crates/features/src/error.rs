//! What can be wrong with a plan or with a table handed to it.

/// Most columns an error names one by one.
const SHOWN: usize = 10;

/// A fault of the feature layer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No column of the specification has the role `feature`.
    #[error(
        "specification '{spec}' has no feature columns; give at least one column the role 'feature'"
    )]
    NoFeatures {
        /// Name of the specification.
        spec: String,
    },
    /// Free text can't be a feature.
    #[error(
        "column '{column}' is text and can't be a feature; make it a category, or give it the role 'ignore'"
    )]
    TextFeature {
        /// The column.
        column: String,
    },
    /// There was no row to fit on.
    #[error("no training rows to fit the features on")]
    NoRows,
    /// The table lacks a column the plan was fitted on.
    #[error("column '{column}' is missing from the table; the features were fitted with it")]
    MissingColumn {
        /// The column.
        column: String,
    },
    /// A column of the table has another type than the plan was fitted on.
    #[error(
        "column '{column}' is not a {expected} as the features were fitted on; check the specification"
    )]
    ColumnType {
        /// The column.
        column: String,
        /// `number` or `category`.
        expected: &'static str,
    },
    /// Values that are no matrix.
    #[error("{n_values} values do not fill whole rows of {n_columns} columns")]
    Shape {
        /// Values given.
        n_values: usize,
        /// Columns asked for.
        n_columns: usize,
    },
    /// Plans that can't be one.
    #[error(
        "the feature plans can't be joined: {fault}; join plans fitted under one specification"
    )]
    Union {
        /// What is wrong.
        fault: String,
    },
    /// Columns of a model trained elsewhere can't be made from the specification.
    #[error(
        "{} of the model's {n_columns} columns can't be made: {}{}",
        faults.len(),
        faults.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("; "),
        if faults.len() > SHOWN { format!("; and {} more", faults.len() - SHOWN) } else { String::new() }
    )]
    Foreign {
        /// Columns the model expects.
        n_columns: usize,
        /// What is wrong with each and what to write in a map, a clause each.
        faults: Vec<String>,
    },
    /// A derived feature can't be computed from the columns it names.
    #[error("derived feature '{feature}': {fault}")]
    Derived {
        /// The derived feature.
        feature: String,
        /// What is wrong and what was expected.
        fault: String,
    },
}
