//! What expressions may say about the columns of a data set.

use std::collections::{BTreeMap, BTreeSet};

use crate::nearest::find_nearest;

/// What a column holds, as far as expressions care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    Number,
    Text,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) kind: ColumnKind,
    /// Known levels of a text column; empty when not limited.
    pub(crate) levels: Vec<String>,
}

/// The columns of a data set by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Columns {
    usable: BTreeMap<String, Column>,
    /// Columns no rule may read, each with the reason.
    refused: BTreeMap<String, &'static str>,
    /// Names that can be a reason without being a column of the source.
    reasons: BTreeSet<String>,
}

impl Columns {
    pub(crate) fn insert(&mut self, name: &str, column: Column) {
        self.usable.insert(name.to_owned(), column);
    }

    pub(crate) fn refuse(&mut self, name: &str, reason: &'static str) {
        self.refused.insert(name.to_owned(), reason);
    }

    pub(crate) fn insert_reason(&mut self, name: &str) {
        self.reasons.insert(name.to_owned());
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Column> {
        self.usable.get(name)
    }

    /// Whether the name can stand in a list of reasons.
    pub(crate) fn is_reason(&self, name: &str) -> bool {
        self.usable.contains_key(name) || self.reasons.contains(name)
    }

    /// Why a name can't be used, with the name most likely meant among the columns and `others`.
    pub(crate) fn describe_unknown(&self, name: &str, others: &[&str]) -> String {
        if let Some(reason) = self.refused.get(name) {
            return format!("column {name:?} can't be used: {reason}");
        }
        let candidates = self
            .usable
            .keys()
            .map(String::as_str)
            .chain(others.iter().copied());
        match find_nearest(name, candidates) {
            Some(nearest) => format!("unknown column {name:?}; did you mean {nearest:?}?"),
            None => {
                format!("unknown column {name:?}; expected a column of the data set, spelled alike")
            }
        }
    }
}
