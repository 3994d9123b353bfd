//! What can go wrong while training.

/// A fault of the zoo.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter is out of its range.
    #[error("{algorithm}: parameter '{parameter}' is {value}; expected {expected}")]
    Parameter {
        /// Algorithm the parameter belongs to.
        algorithm: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// What was given.
        value: String,
        /// The range.
        expected: &'static str,
    },
    /// All labels are equal.
    #[error(
        "all {n_rows} training rows have the same label; a model needs rows of customers who left and of customers who stayed"
    )]
    OneClass {
        /// Rows.
        n_rows: usize,
    },
    /// Too few rows of one class for the folds asked for.
    #[error(
        "the rarer class has {found} rows; at least {needed} are needed to {purpose}; give more rows or ask for fewer folds"
    )]
    TooFewRows {
        /// Rows of the rarer class.
        found: usize,
        /// Rows needed.
        needed: usize,
        /// What they are needed for.
        purpose: String,
    },
    /// A value the algorithm can't take.
    #[error("row {row}, feature '{feature}': {value} is not a finite number")]
    NotFinite {
        /// Row of the matrix.
        row: usize,
        /// Matrix column.
        feature: String,
        /// The value.
        value: f32,
    },
    /// A value of a categorical column that is no code.
    #[error(
        "row {row}, feature '{feature}': {value} is not a category code; expected a whole number from 0 to 16777215 or a missing value"
    )]
    NotACategory {
        /// Row of the matrix.
        row: usize,
        /// Matrix column.
        feature: String,
        /// The value.
        value: f32,
    },
    /// A sample weight that can't be used.
    #[error("row {row}: the weight is {value}; expected a finite number above 0")]
    Weight {
        /// Row of the matrix.
        row: usize,
        /// The weight.
        value: f32,
    },
    /// The optimiser did not reach its tolerance.
    #[error(
        "logistic regression did not converge in {iterations} iterations (last step {step:e}); raise 'max_iterations' or use a smaller 'c'"
    )]
    NotConverged {
        /// Iterations done.
        iterations: usize,
        /// Size of the last step.
        step: f64,
    },
    /// More matrix columns than the linear solver holds in memory.
    #[error(
        "logistic regression got {n_columns} matrix columns, more than {limit}; ignore some columns or raise 'min_level_rows' so that rare levels are pooled"
    )]
    TooWide {
        /// Columns.
        n_columns: usize,
        /// The limit.
        limit: usize,
    },
    /// XGBoost is asked for and its library was not loaded.
    #[error("xgboost is asked for, but its library was not loaded")]
    NoLibrary,
    /// Features could not be made.
    #[error(transparent)]
    Features(#[from] churn_features::Error),
    /// A metric could not be computed.
    #[error(transparent)]
    Metrics(#[from] churn_metrics::Error),
    /// The native library failed.
    #[error(transparent)]
    Xgboost(#[from] churn_xgboost::Error),
    /// A trained model could not be read back.
    #[error(transparent)]
    Ensemble(#[from] churn_ensemble::Error),
    /// Folds given by the user don't fit the data.
    #[error("folds: {fault}")]
    Folds {
        /// What is wrong and how to fix it.
        fault: String,
    },
    /// A search space, a study or its stored trials are unsound.
    #[error("tuning: {fault}")]
    Tuning {
        /// What is wrong and how to fix it.
        fault: String,
    },
    /// Families can't be combined the way asked for.
    #[error("combination: {fault}")]
    Combination {
        /// What is wrong and how to fix it.
        fault: String,
    },
    /// Rows can't be resampled the way asked for.
    #[error("resampling: {fault}")]
    Resampling {
        /// What is wrong and how to fix it.
        fault: String,
    },
    /// Work was cancelled.
    #[error("cancelled")]
    Cancelled,
}

impl Error {
    /// Whether the fault is of one family on these data, so that the others can go on without it.
    #[must_use]
    pub fn is_of_one_family(&self) -> bool {
        matches!(
            self,
            Self::NotConverged { .. } | Self::TooWide { .. } | Self::Resampling { .. }
        )
    }
}
