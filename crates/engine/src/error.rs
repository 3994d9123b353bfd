//! What can go wrong while serving.

use std::path::PathBuf;

/// A fault of a serving use case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Settings could not be read.
    #[error(transparent)]
    Config(#[from] churn_config::Error),
    /// The store or the registry failed.
    #[error(transparent)]
    Registry(#[from] churn_registry::Error),
    /// The address of the blob store is wrong.
    #[error(transparent)]
    Store(#[from] churn_store::Error),
    /// A model could not predict.
    #[error(transparent)]
    Model(#[from] churn_ensemble::Error),
    /// The data can't be read or was refused.
    #[error(transparent)]
    Data(#[from] churn_schema::Error),
    /// Features could not be made.
    #[error(transparent)]
    Features(#[from] churn_features::Error),
    /// Explanations could not be made.
    #[error(transparent)]
    Explain(#[from] churn_explain::Error),
    /// The playbook is unsound.
    #[error(transparent)]
    Playbook(#[from] churn_retention::Error),
    /// A file could not be written; what was there before is unchanged.
    #[error("can't write {path}: {source}; {hint}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
        /// What to do.
        hint: &'static str,
    },
    /// A file could not be read.
    #[error("can't read {path}: {source}; {}", churn_store::read_hint(source))]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// Output and input are the same file.
    #[error("output {path} is the input file; give another path with -o")]
    OutputIsInput {
        /// The file.
        path: PathBuf,
    },
    /// Refused rows would be written over the input or over the scored ones.
    #[error("quarantine {path} is the {what} file; give another path with --quarantine")]
    QuarantineIs {
        /// The file.
        path: PathBuf,
        /// `input` or `output`.
        what: &'static str,
    },
    /// A table could not be written as Parquet.
    #[error("can't write {path} as Parquet: {fault}")]
    Parquet {
        /// The file.
        path: PathBuf,
        /// The library's words.
        fault: String,
    },
    /// Explained rows could not be laid out as Parquet.
    #[error("can't lay out the contributions as Parquet: {fault}")]
    Encode {
        /// The library's words.
        fault: String,
    },
    /// The probability is not a number between 0 and 1: the model or a feature is broken.
    #[error(
        "row {row}: the model gave {value} instead of a probability; verify the model with 'churn models verify'"
    )]
    NotAProbability {
        /// Data row, from 1.
        row: u64,
        /// What came out.
        value: f64,
    },
    /// The customer asked for is not in the file.
    #[error("customer '{key}' is not in {path}{hint}")]
    UnknownCustomer {
        /// The key.
        key: String,
        /// The file.
        path: PathBuf,
        /// A rejected row of that key, or nothing.
        hint: String,
    },
    /// The model has no key column, so customers can't be looked up.
    #[error("dataset '{dataset}' has no key column; use --row with the customer's values instead")]
    NoKey {
        /// Name of the specification.
        dataset: String,
    },
    /// More rows were refused than the caller puts up with; no scored file was written.
    #[error(
        "{n_rejected} of {n_rows} rows of {input} were refused, more than {} % of them; nothing was written but {rejected}, which tells why: mend the rows, or raise --max-rejected",
        limit * 100.0
    )]
    TooManyRejected {
        /// The file.
        input: PathBuf,
        /// Rows refused.
        n_rejected: u64,
        /// Rows read.
        n_rows: u64,
        /// The limit, a share.
        limit: f64,
        /// The quarantine.
        rejected: PathBuf,
    },
    /// No row of a file belongs to the segment, or the file has no good row.
    #[error(
        "no customer to explain among {n_read} rows of {path}{}; give another --segment or file",
        segment.as_ref().map(|s| format!(" in the segment {s:?}")).unwrap_or_default()
    )]
    EmptySegment {
        /// The file.
        path: PathBuf,
        /// The segment's rule.
        segment: Option<String>,
        /// Rows read.
        n_read: u64,
    },
    /// No row to explain against.
    #[error("no good row to explain against in {path}; give another file")]
    NoBackground {
        /// The file.
        path: PathBuf,
    },
    /// The model has no such column or derived feature.
    #[error("the model has no feature '{feature}'; it has {}", known.join(", "))]
    UnknownFeature {
        /// What was asked for.
        feature: String,
        /// All there are.
        known: Vec<String>,
    },
    /// The scorer was made without reasons.
    #[error("this scorer was made without reasons; ask for at least one")]
    Unexplained,
    /// A row was refused.
    #[error("the row was refused: {faults}")]
    RowRefused {
        /// Its faults.
        faults: String,
    },
}

impl Error {
    /// Whether the data is at fault, rather than the program, the settings or the machine.
    #[must_use]
    pub fn is_data_refused(&self) -> bool {
        match self {
            Self::Data(fault) => fault.is_data_refused(),
            Self::RowRefused { .. }
            | Self::UnknownCustomer { .. }
            | Self::TooManyRejected { .. }
            | Self::EmptySegment { .. } => true,
            _ => false,
        }
    }

    /// A write fault with the hint that fits its cause.
    pub(crate) fn write(path: &std::path::Path, source: std::io::Error) -> Self {
        let hint = churn_store::write_hint(&source);
        Self::Write {
            path: path.to_owned(),
            source,
            hint,
        }
    }
}
