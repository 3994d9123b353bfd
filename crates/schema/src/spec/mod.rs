//! The dataset specification: what the columns of a table are and mean.

mod actionable;
mod checks;
mod column;
mod derived;
mod emit;
mod fingerprint;
mod rules;
mod same;
mod text;
mod wording;
mod words_rules;
mod yaml;

pub(crate) use fingerprint::hex;

use serde::{Deserialize, Serialize};

pub use actionable::Actionable;
pub use checks::{CheckSeverity, CheckSpec, Condition, Consequence};
pub use column::{ColumnKind, ColumnSpec, ConstantValue, MissingStrategy, Role};
pub use derived::DerivedSpec;
pub use rules::SpecFault;
pub use same::SameSpec;
pub use wording::Wording;

use crate::Currency;

/// The format number this version writes and reads.
pub const SPEC_FORMAT: u32 = 1;

/// What the columns of one kind of table are; the single place where a data set is described.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetSpec {
    /// Version of this file format: [`SPEC_FORMAT`].
    pub format: u32,
    /// Short name of the data set.
    pub name: String,
    /// What a row is and where the data comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How text files are written.
    #[serde(default)]
    pub csv: CsvDialect,
    /// Texts that mean "no value", compared after trimming; the empty text always does.
    #[serde(default)]
    pub missing_tokens: Vec<String>,
    /// Currency of all money columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Largest share of rejected rows that training tolerates, 0 to 1; 0.05 if absent.
    #[serde(default = "default_max_rejected_share")]
    pub max_rejected_share: f64,
    /// How revenue becomes value; no money figures if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<ValueSpec>,
    /// The columns, in the order used for features.
    pub columns: Vec<ColumnSpec>,
    /// Features computed from other columns of the row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub derived: Vec<DerivedSpec>,
    /// Consistency checks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckSpec>,
    /// Values of several columns that say the same thing, for reasons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub same: Vec<SameSpec>,
}

/// How a text file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CsvDialect {
    /// The character between fields; one ASCII character, `,` if absent.
    #[serde(default = "default_delimiter")]
    pub delimiter: char,
    /// The encoding of the text; UTF-8 if absent.
    #[serde(default)]
    pub encoding: Encoding,
}

impl Default for CsvDialect {
    fn default() -> Self {
        Self {
            delimiter: default_delimiter(),
            encoding: Encoding::Utf8,
        }
    }
}

/// The encoding of a text file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// Windows code page 1252, a superset of Latin-1; every byte is valid.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

/// How the revenue column becomes the value of keeping a customer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueSpec {
    /// Share of revenue kept after costs, above 0 and at most 1.
    pub margin: f64,
    /// Months of revenue that count, above 0.
    pub horizon_months: f64,
}

impl DatasetSpec {
    /// An empty specification to fill in; [`Self::check`] says what is still lacking.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            format: SPEC_FORMAT,
            name: name.into(),
            description: None,
            csv: CsvDialect::default(),
            missing_tokens: Vec::new(),
            currency: None,
            max_rejected_share: default_max_rejected_share(),
            value: None,
            columns: Vec::new(),
            derived: Vec::new(),
            checks: Vec::new(),
            same: Vec::new(),
        }
    }

    /// The column named `name`.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&ColumnSpec> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The column that names the customer.
    #[must_use]
    pub fn key(&self) -> Option<&ColumnSpec> {
        self.with_role(Role::Key)
    }

    /// The column that says who left.
    #[must_use]
    pub fn target(&self) -> Option<&ColumnSpec> {
        self.with_role(Role::Target)
    }

    /// The column of monthly revenue.
    #[must_use]
    pub fn revenue(&self) -> Option<&ColumnSpec> {
        self.with_role(Role::Revenue)
    }

    /// The column that dates the row.
    #[must_use]
    pub fn timestamp(&self) -> Option<&ColumnSpec> {
        self.with_role(Role::Timestamp)
    }

    /// Columns models may use, in specification order.
    pub fn features(&self) -> impl Iterator<Item = &ColumnSpec> {
        self.columns
            .iter()
            .filter(|column| column.has_role(Role::Feature))
    }

    /// Columns whose groups are compared for fairness, in specification order.
    pub fn protected(&self) -> impl Iterator<Item = &ColumnSpec> {
        self.columns
            .iter()
            .filter(|column| column.has_role(Role::Protected))
    }

    fn with_role(&self, role: Role) -> Option<&ColumnSpec> {
        self.columns.iter().find(|column| column.has_role(role))
    }
}

fn default_delimiter() -> char {
    ','
}

fn default_max_rejected_share() -> f64 {
    0.05
}
