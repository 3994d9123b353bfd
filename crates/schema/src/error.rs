//! Everything that can go wrong with a whole input; faults of single rows are [`crate::Fault`]s.

use std::path::PathBuf;

use crate::Fault;
use crate::spec::SpecFault;

/// A failure that stops work on one input.
///
/// Bad rows never end up here: they are quarantined as [`crate::RejectedRow`] and reading goes on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened or read.
    #[error("cannot read {path}: {source}; check that the file exists and may be read", path = path.display())]
    Io {
        /// The file named by the caller.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A directory was given where a file was expected.
    #[error("{path} is a directory; name one CSV or Parquet file", path = path.display())]
    IsDirectory {
        /// The path named by the caller.
        path: PathBuf,
    },
    /// The file holds no bytes, or only blank lines.
    #[error("{path} is empty; a header line with column names is expected", path = path.display())]
    EmptyFile {
        /// The file named by the caller.
        path: PathBuf,
    },
    /// The file has a header and not a single usable data row.
    #[error("{path} has no usable data row{}", no_rows(*n_rejected, first.as_deref()), path = path.display())]
    NoRows {
        /// The file named by the caller.
        path: PathBuf,
        /// How many rows were there but rejected.
        n_rejected: u64,
        /// What is wrong with the first of them.
        first: Option<Box<Fault>>,
    },
    /// The text is UTF-16, which is not read.
    #[error("{path} is UTF-16 text; save it as UTF-8 or run: iconv -f UTF-16 -t UTF-8 {path} > utf8.csv", path = path.display())]
    Utf16 {
        /// The file named by the caller.
        path: PathBuf,
    },
    /// The file is of a kind that is not read (a spreadsheet, an archive).
    #[error("{path} is {kind}; export the table as CSV or Parquet", path = path.display())]
    UnsupportedFormat {
        /// The file named by the caller.
        path: PathBuf,
        /// What the file looks like, in words.
        kind: &'static str,
    },
    /// The header is one single name, most likely because of another delimiter.
    #[error("{path} has one column when split at {expected:?}, it looks separated by {found:?}; set csv.delimiter: {found:?} in the specification", path = path.display())]
    WrongDelimiter {
        /// The file named by the caller.
        path: PathBuf,
        /// The delimiter of the specification.
        expected: char,
        /// The delimiter the header seems to use.
        found: char,
    },
    /// More columns than allowed.
    #[error("{path} has {n_columns} columns, at most {limit} are read; take out those that nobody needs", path = path.display())]
    TooManyColumns {
        /// The file named by the caller.
        path: PathBuf,
        /// Columns in the header.
        n_columns: usize,
        /// The limit of [`crate::ReadOptions::max_columns`].
        limit: usize,
    },
    /// Columns the specification needs are not in the header.
    #[error("{path} lacks the columns {}; {hint}", columns.join(", "), path = path.display())]
    MissingColumns {
        /// The file named by the caller.
        path: PathBuf,
        /// The names that are needed and absent.
        columns: Vec<String>,
        /// What could fix it, naming similar columns if there are any.
        hint: String,
    },
    /// Two header fields carry the name of one specified column.
    #[error("{path} has more than one column named {}; rename or remove the repeated ones", columns.join(", "), path = path.display())]
    DuplicateColumns {
        /// The file named by the caller.
        path: PathBuf,
        /// The names that occur more than once.
        columns: Vec<String>,
    },
    /// The header line cannot be read.
    #[error("{path}: the header line cannot be read, {detail}", path = path.display())]
    BadHeader {
        /// The file named by the caller.
        path: PathBuf,
        /// What is wrong with it and how to fix it.
        detail: String,
    },
    /// A compressed file ends early or is damaged.
    #[error("{path}: the gzip data is truncated or damaged after {n_rows} rows ({source}); copy the file again", path = path.display())]
    BrokenGzip {
        /// The file named by the caller.
        path: PathBuf,
        /// Complete data rows before the damage.
        n_rows: u64,
        /// What the decoder said.
        source: std::io::Error,
    },
    /// A Parquet file cannot be decoded.
    #[error("{path}: not a readable Parquet file ({detail}); copy or write the file again", path = path.display())]
    BrokenParquet {
        /// The file named by the caller.
        path: PathBuf,
        /// What the decoder said.
        detail: String,
    },
    /// A Parquet column has a type that cannot stand for a cell.
    #[error("{path}: column {column} has the Parquet type {found}, expected numbers, text, booleans or dates", path = path.display())]
    UnsupportedColumnType {
        /// The file named by the caller.
        path: PathBuf,
        /// The column.
        column: String,
        /// Its Arrow type.
        found: String,
    },
    /// The specification has faults; all of them are listed.
    #[error("the specification {source_name} has {}:{}", count_of(faults.len()), list_faults(source_name, faults))]
    Spec {
        /// File name or other origin of the text.
        source_name: String,
        /// Every fault found.
        faults: Vec<SpecFault>,
    },
    /// No specification can be inferred.
    #[error("cannot infer a specification from {path}: {reason}", path = path.display())]
    NotInferable {
        /// The file named by the caller.
        path: PathBuf,
        /// Why, and what would help.
        reason: String,
    },
    /// Tables of different specifications cannot be joined.
    #[error(
        "tables follow different specifications ({left} and {right}); read them with one specification"
    )]
    SpecMismatch {
        /// Fingerprint of the first table's specification.
        left: String,
        /// Fingerprint of the differing one.
        right: String,
    },
    /// No table at all was given where one is needed.
    #[error("no table given; at least one is needed to know the specification")]
    NoTables,
    /// The columnar library refused an array; this is a fault of this crate.
    #[error("internal table error: {0}")]
    Arrow(#[from] arrow_schema::ArrowError),
    /// A number is not a probability.
    #[error("{value} is not a probability; expected a number from 0 to 1")]
    InvalidProbability {
        /// The refused number.
        value: f64,
    },
    /// A number is not usable as log-odds.
    #[error("{value} is not a margin; expected a finite number")]
    InvalidMargin {
        /// The refused number.
        value: f64,
    },
    /// An amount cannot be held in minor units.
    #[error(
        "{amount} is not an amount of money; expected a finite number within +/- 9e16 minor units"
    )]
    InvalidMoney {
        /// The refused amount in major units.
        amount: f64,
    },
    /// A currency code is not three capital letters.
    #[error("{code:?} is not a currency code; expected three capital letters as in USD (ISO 4217)")]
    InvalidCurrency {
        /// The refused text.
        code: String,
    },
}

impl Error {
    /// Whether the data is at fault, rather than the machine, a path or a specification.
    #[must_use]
    pub fn is_data_refused(&self) -> bool {
        !matches!(
            self,
            Self::Io { .. }
                | Self::IsDirectory { .. }
                | Self::Spec { .. }
                | Self::SpecMismatch { .. }
                | Self::NoTables
                | Self::Arrow(_)
        )
    }
}

fn no_rows(n_rejected: u64, first: Option<&Fault>) -> String {
    match first {
        Some(fault) => format!(", all {n_rejected} were refused; first: {fault:#}"),
        None => ": nothing follows the header; add the rows".to_owned(),
    }
}

fn count_of(n_faults: usize) -> String {
    match n_faults {
        1 => "a fault".to_owned(),
        n => format!("{n} faults"),
    }
}

fn list_faults(source_name: &str, faults: &[SpecFault]) -> String {
    let mut out = String::new();
    for fault in faults {
        out.push_str("\n  ");
        out.push_str(source_name);
        if let Some((line, column)) = fault.position {
            out.push_str(&format!(":{line}:{column}"));
        }
        out.push_str(": ");
        out.push_str(&fault.message);
    }
    out
}
