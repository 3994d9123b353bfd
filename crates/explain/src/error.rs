//! Everything that can go wrong when a prediction is explained.

/// A fault in a model, in its groups or in a row.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The model cannot predict.
    #[error("cannot explain the model: {0}")]
    Model(#[from] churn_ensemble::Error),
    /// The groups do not cover the model's columns.
    #[error("the groups hold {found} columns, the model has {expected}: give one group each")]
    GroupCount {
        /// Columns of the model.
        expected: usize,
        /// Entries of the groups.
        found: usize,
    },
    /// A column belongs to a group that does not exist.
    #[error("matrix column {column} belongs to group {group}, but there are {n_groups} groups")]
    GroupRange {
        /// Column of the matrix.
        column: usize,
        /// Its group.
        group: u32,
        /// Number of groups.
        n_groups: usize,
    },
    /// Background values were asked for without a background.
    #[error("the background has no rows: give at least one row of the model's matrix")]
    NoBackground,
    /// This kind of model has no exact explanation here.
    #[error("this kind of model cannot be explained exactly: expected trees or a linear model")]
    Unsupported,
    /// Base plus contributions missed the margin: a fault of ours or an infinite input value.
    #[error(
        "row {row}: base and contributions miss the margin by {gap:e}, more than the tolerance; look for infinite values in the row"
    )]
    NotAdditive {
        /// The row, counted from 0; by its number in the data where the data are known.
        row: usize,
        /// How far they are apart, in log-odds.
        gap: f64,
    },
}
