//! What can go wrong while learning.

use std::path::PathBuf;

/// A fault of a learning use case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Serving parts failed.
    #[error(transparent)]
    Engine(#[from] churn_engine::Error),
    /// The data can't be read or was refused.
    #[error(transparent)]
    Data(#[from] churn_schema::Error),
    /// A model can't be put over the columns it is to be served with.
    #[error(transparent)]
    Ensemble(#[from] churn_ensemble::Error),
    /// Training failed.
    #[error(transparent)]
    Zoo(#[from] churn_zoo::Error),
    /// Features could not be made.
    #[error(transparent)]
    Features(#[from] churn_features::Error),
    /// A metric could not be computed.
    #[error(transparent)]
    Metrics(#[from] churn_metrics::Error),
    /// The registry failed.
    #[error(transparent)]
    Registry(#[from] churn_registry::Error),
    /// The native library can't be used.
    #[error(transparent)]
    Xgboost(#[from] churn_xgboost::Error),
    /// Settings are wrong or a file they name is absent.
    #[error(transparent)]
    Config(#[from] churn_config::Error),
    /// The specification says nothing about who left.
    #[error(
        "specification '{spec}' has no target column; give the column that says who left the role 'target' and its 'positive' level"
    )]
    NoTarget {
        /// Name of the specification.
        spec: String,
    },
    /// Too many rows were refused to trust the rest.
    #[error(
        "{n_rejected} of {n_rows} rows of {path} were refused ({share:.1} %), more than the {limit:.1} % that 'max_rejected_share' allows; first: {first}; run 'churn validate' for all of them"
    )]
    TooManyRejected {
        /// The file.
        path: PathBuf,
        /// Rows refused.
        n_rejected: u64,
        /// Rows read.
        n_rows: u64,
        /// Share refused, in percent.
        share: f64,
        /// The limit, in percent.
        limit: f64,
        /// The first fault.
        first: String,
    },
    /// No good row is left.
    #[error("{path} has no usable rows{detail}")]
    NoRows {
        /// The file.
        path: PathBuf,
        /// Why, or nothing.
        detail: String,
    },
    /// A configuration file is unsound.
    #[error("{path}: {fault}")]
    BadConfig {
        /// The file.
        path: PathBuf,
        /// All faults.
        fault: String,
    },
    /// The training settings do not fit the specification.
    #[error("training settings: {fault}")]
    BadSettings {
        /// All faults.
        fault: String,
    },
    /// A file could not be read.
    #[error("can't read {path}: {source}; {}", churn_engine::read_hint(source))]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// A policy that is not in the file.
    #[error("no selection preset '{name}'; known are {known}")]
    UnknownPreset {
        /// The name given.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A folds or holdout file does not fit the data.
    #[error("{path}: {fault}")]
    BadFolds {
        /// The file.
        path: PathBuf,
        /// What is wrong and how to fix it.
        fault: String,
    },
    /// The data knows the answer already.
    #[error("training refused, the data leaks: {}", findings.join("; "))]
    Leakage {
        /// What was found, a sentence each.
        findings: Vec<String>,
    },
    /// A model file of another library can't be served.
    #[error("{} is not imported: {fault}", path.display())]
    Import {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and how to fix it.
        fault: String,
    },
    /// A model can't be made again here.
    #[error("{version} can't be reproduced: {why}")]
    NotReproducible {
        /// The version.
        version: String,
        /// What is lacking.
        why: String,
    },
}

/// A fault of a YAML file in one line: where, then what.
pub(crate) fn yaml_fault(fault: &serde_saphyr::Error) -> String {
    let text = fault.without_snippet().to_string();
    let first = text.lines().next().unwrap_or_default();
    // The library repeats the position inside its message; ours stands before it.
    let what = first.rfind(" at line ").map_or(first, |cut| &first[..cut]);
    let what = what
        .trim_end_matches([',', ':'])
        .replace("invalid u64", "expected a whole number")
        .replace("invalid u32", "expected a whole number")
        .replace("invalid usize", "expected a whole number")
        .replace(
            "unexpected end of input",
            "the file is empty or ends too early",
        );
    match fault.location() {
        Some(place) => format!("line {}, column {}: {what}", place.line(), place.column()),
        None => what,
    }
}

impl Error {
    /// Whether the fault is of one family on these data, so that the others can go on without it.
    pub(crate) fn is_of_one_family(&self) -> bool {
        matches!(self, Self::Zoo(fault) if fault.is_of_one_family())
    }

    /// Whether the data is at fault, rather than the program, the settings or the machine.
    #[must_use]
    pub fn is_data_refused(&self) -> bool {
        match self {
            Self::Data(fault) => fault.is_data_refused(),
            Self::Engine(fault) => fault.is_data_refused(),
            Self::Leakage { .. }
            | Self::TooManyRejected { .. }
            | Self::NoRows { .. }
            | Self::BadFolds { .. } => true,
            // Labels of one kind only: nothing can be judged on such rows.
            Self::Metrics(fault) => matches!(fault, churn_metrics::Error::SingleClass { .. }),
            Self::Zoo(fault) => matches!(
                fault,
                churn_zoo::Error::OneClass { .. }
                    | churn_zoo::Error::TooFewRows { .. }
                    | churn_zoo::Error::Folds { .. }
                    | churn_zoo::Error::TooWide { .. }
                    | churn_zoo::Error::Metrics(churn_metrics::Error::SingleClass { .. })
            ),
            _ => false,
        }
    }
}
