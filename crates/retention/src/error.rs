//! What can be wrong with a playbook or with figures handed to this crate.

use std::fmt;

use churn_schema::Currency;

/// Every fault this crate reports; it never panics.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not YAML at all, so nothing inside it could be checked.
    #[error("{source_name}:{line}: not valid YAML: {message}")]
    Syntax {
        /// Name of the file, as given by the caller.
        source_name: String,
        /// Line, counted from 1; 0 when the parser gave no place.
        line: u64,
        /// What the parser said.
        message: String,
    },
    /// The YAML was read but says something a playbook can't mean; all faults at once.
    #[error("{}", list_faults(source_name, faults))]
    Invalid {
        /// Name of the file, as given by the caller.
        source_name: String,
        /// The faults, in order of their lines; never empty.
        faults: Vec<PlaybookFault>,
    },
    /// A segment is neither `column=value` nor a sound rule.
    #[error(
        "segment {text:?}: {faults}; expected column=value or a CEL expression such as column < 12"
    )]
    Segment {
        /// What was given.
        text: String,
        /// Everything that is wrong with it.
        faults: String,
    },
    /// Amounts of two currencies were put together.
    #[error(
        "amounts of one list must have one currency: expected {expected}, found {found}; convert before calling"
    )]
    MixedCurrency {
        /// Currency of the first amount.
        expected: Currency,
        /// The other one.
        found: Currency,
    },
    /// An input of a money figure lies outside its range.
    #[error("{what} must be {expected}, found {found}")]
    OutOfRange {
        /// Which input.
        what: &'static str,
        /// The range, in words.
        expected: &'static str,
        /// The offending value.
        found: f64,
    },
}

/// One fault of a playbook file, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaybookFault {
    /// Line in the file, counted from 1.
    pub line: u64,
    /// Which entry, such as `offers[2].cost.fixed`; empty for the file as a whole.
    pub path: String,
    /// What was expected, what was found, how to fix it.
    pub message: String,
}

impl fmt::Display for PlaybookFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}

fn list_faults(source_name: &str, faults: &[PlaybookFault]) -> String {
    let lines: Vec<String> = faults
        .iter()
        .map(|fault| format!("{source_name}:{}: {fault}", fault.line))
        .collect();
    lines.join("\n")
}
