//! One thing wrong with one place of the data: where it is, what was expected, how to fix it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How bad a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; nothing needs to be done.
    Info,
    /// The row is used, but look at it.
    Warning,
    /// The row (or the file) is not used.
    Error,
}

impl Severity {
    /// Lower-case word, as serialised.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// The closed list of fault kinds. Names are stable and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FaultCode {
    /// A row has more or fewer fields than the header.
    WrongFieldCount,
    /// A quoted field never ends.
    UnclosedQuote,
    /// Text follows a closing quote.
    BadQuoting,
    /// A field or a record is longer than allowed.
    TooLong,
    /// Bytes that are not valid in the stated encoding.
    BadEncoding,
    /// A NUL byte.
    NulByte,
    /// The file has a column the specification does not name.
    ExtraColumn,
    /// A header field is empty.
    EmptyColumnName,
    /// A header name that nobody needs occurs twice.
    DuplicateColumn,
    /// An optional column is not there.
    AbsentColumn,
    /// A required field is not in a JSON row, or a value has an unfitting JSON type.
    BadField,
    /// Text where a number is expected.
    NotANumber,
    /// `NaN`, infinity, or a number too large to hold.
    NotFinite,
    /// A fraction where a whole number is expected.
    NotAnInteger,
    /// Outside `min`..`max`.
    OutOfRange,
    /// Not a date.
    NotADate,
    /// A level that the domain does not list.
    UnknownCategory,
    /// The key is empty.
    MissingKey,
    /// The key occurred before.
    DuplicateKey,
    /// The target is empty where it is needed.
    MissingTarget,
    /// A row does not satisfy a check of the specification.
    CheckFailed,
    /// No row has a value in the column.
    NoValues,
    /// A number unlike those a model was trained on.
    Outlier,
}

impl FaultCode {
    /// Snake-case name, as serialised.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WrongFieldCount => "wrong_field_count",
            Self::UnclosedQuote => "unclosed_quote",
            Self::BadQuoting => "bad_quoting",
            Self::TooLong => "too_long",
            Self::BadEncoding => "bad_encoding",
            Self::NulByte => "nul_byte",
            Self::ExtraColumn => "extra_column",
            Self::EmptyColumnName => "empty_column_name",
            Self::DuplicateColumn => "duplicate_column",
            Self::AbsentColumn => "absent_column",
            Self::BadField => "bad_field",
            Self::NotANumber => "not_a_number",
            Self::NotFinite => "not_finite",
            Self::NotAnInteger => "not_an_integer",
            Self::OutOfRange => "out_of_range",
            Self::NotADate => "not_a_date",
            Self::UnknownCategory => "unknown_category",
            Self::MissingKey => "missing_key",
            Self::DuplicateKey => "duplicate_key",
            Self::MissingTarget => "missing_target",
            Self::CheckFailed => "check_failed",
            Self::NoValues => "no_values",
            Self::Outlier => "outlier",
        }
    }
}

impl fmt::Display for FaultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One fault. `Display` is one line; with `{:#}` the severity is left out, for use in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// How bad it is.
    pub severity: Severity,
    /// What kind it is.
    pub code: FaultCode,
    /// File (or request) it is in.
    pub file: String,
    /// Data row, counted from 1 without the header.
    pub row: Option<u64>,
    /// Line of the file, counted from 1 with the header; text files only.
    pub line: Option<u64>,
    /// Column name.
    pub column: Option<String>,
    /// The offending value, at most 80 characters.
    pub value: Option<String>,
    /// What was expected.
    pub expected: String,
    /// How to fix it.
    pub fix: String,
}

impl Fault {
    /// The warning that no row of `file` has a value in `column`: its feature says nothing there.
    #[must_use]
    pub fn no_values(file: &str, column: &str) -> Self {
        Self {
            severity: Severity::Warning,
            code: FaultCode::NoValues,
            file: file.to_owned(),
            row: None,
            line: None,
            column: Some(column.to_owned()),
            value: None,
            expected: "a value in at least one row".to_owned(),
            fix: "fill the column, or give it roles: [ignore] in the specification".to_owned(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            write!(f, "{}: ", self.severity.as_str())?;
        }
        f.write_str(&self.file)?;
        match (self.row, self.line) {
            (Some(row), Some(line)) => write!(f, ", row {row} (line {line})")?,
            (Some(row), None) => write!(f, ", row {row}")?,
            (None, Some(line)) => write!(f, ", line {line}")?,
            (None, None) => {}
        }
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.code)?;
        if let Some(value) = &self.value {
            write!(f, " {value:?}")?;
        }
        write!(f, ", expected {}; {}", self.expected, self.fix)
    }
}

/// The longest value shown in a fault, in characters.
pub(crate) const MAX_VALUE_CHARS: usize = 80;

/// Text of a raw value for a fault: lossy UTF-8, at most 80 characters.
pub(crate) fn shown_value(raw: &[u8]) -> String {
    // Four bytes per character at most, so this prefix is always enough.
    let prefix = raw.get(..MAX_VALUE_CHARS * 4).unwrap_or(raw);
    let text = String::from_utf8_lossy(prefix);
    if raw.len() == prefix.len() && text.chars().count() <= MAX_VALUE_CHARS {
        return text.into_owned();
    }
    let mut out: String = text.chars().take(MAX_VALUE_CHARS - 1).collect();
    out.push('…');
    out
}
