//! Reading the fields of one map of a playbook, noting every fault and going on.

use serde_saphyr::Spanned;

use crate::document::{Node, Tree};
use crate::error::PlaybookFault;
use crate::nearest::find_nearest;

/// Faults noted so far.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<PlaybookFault>);

impl Faults {
    pub(crate) fn note(&mut self, line: u64, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(PlaybookFault {
            line,
            path: path.into(),
            message: message.into(),
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The faults in the order of the file.
    pub(crate) fn into_sorted(mut self) -> Vec<PlaybookFault> {
        self.0
            .sort_by(|a, b| (a.line, &a.path).cmp(&(b.line, &b.path)));
        self.0
    }
}

/// A range a number of a playbook must lie in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Range {
    /// From 0 up.
    NotNegative,
    /// From 0 to 1.
    Share,
}

impl Range {
    fn holds(self, number: f64) -> bool {
        number.is_finite()
            && match self {
                Range::NotNegative => number >= 0.0,
                Range::Share => (0.0..=1.0).contains(&number),
            }
    }

    fn words(self) -> &'static str {
        match self {
            Range::NotNegative => "a number of at least 0",
            Range::Share => "a share from 0 to 1 (0.2 means 20 %)",
        }
    }
}

/// One map of the file.
pub(crate) struct Section<'a> {
    pub(crate) path: String,
    pub(crate) line: u64,
    entries: &'a [(Spanned<String>, Node)],
}

impl<'a> Section<'a> {
    /// Opens a node as a map and notes keys that are not in `known`; `None` (noted) if it is no map.
    pub(crate) fn open(
        node: &'a Node,
        path: &str,
        known: &[&str],
        faults: &mut Faults,
    ) -> Option<Self> {
        let line = node.referenced.line();
        let Tree::Map(entries) = &node.value else {
            let keys = known.join(", ");
            faults.note(
                line,
                path,
                format!(
                    "expected a map with the keys {keys}; found {}",
                    node.value.kind()
                ),
            );
            return None;
        };
        for (key, _) in entries {
            if !known.contains(&key.value.as_str()) {
                let hint = match find_nearest(&key.value, known.iter().copied()) {
                    Some(name) => format!("did you mean {name:?}?"),
                    None => format!("known keys are {}", known.join(", ")),
                };
                faults.note(
                    key.referenced.line(),
                    path,
                    format!("unknown key {:?}; {hint}", key.value),
                );
            }
        }
        Some(Section {
            path: path.to_owned(),
            line,
            entries,
        })
    }

    /// Path of a key of this map, for messages.
    pub(crate) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// The node under a key, unless absent or empty.
    pub(crate) fn find(&self, key: &str) -> Option<&'a Node> {
        self.entries
            .iter()
            .find(|(name, _)| name.value == key)
            .map(|(_, node)| node)
            .filter(|node| node.value != Tree::Null)
    }

    /// As [`Section::find`], but an absent key is a fault, with words that say what it is for.
    pub(crate) fn require(
        &self,
        key: &str,
        purpose: &str,
        faults: &mut Faults,
    ) -> Option<&'a Node> {
        let node = self.find(key);
        if node.is_none() {
            faults.note(
                self.line,
                self.path_of(key),
                format!("missing; expected {purpose}"),
            );
        }
        node
    }

    /// Text under a key that must be there and not be blank.
    pub(crate) fn require_text(
        &self,
        key: &str,
        purpose: &str,
        faults: &mut Faults,
    ) -> Option<String> {
        let node = self.require(key, purpose, faults)?;
        self.read_text(key, node, purpose, faults)
    }

    /// Text under a key that may be absent.
    pub(crate) fn find_text(
        &self,
        key: &str,
        purpose: &str,
        faults: &mut Faults,
    ) -> Option<String> {
        let node = self.find(key)?;
        self.read_text(key, node, purpose, faults)
    }

    fn read_text(
        &self,
        key: &str,
        node: &Node,
        purpose: &str,
        faults: &mut Faults,
    ) -> Option<String> {
        match &node.value {
            Tree::Text(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            other => {
                let found = other.kind();
                faults.note(
                    node.referenced.line(),
                    self.path_of(key),
                    format!("expected {purpose}, as text; found {found}"),
                );
                None
            }
        }
    }

    /// A number under a key that may be absent.
    pub(crate) fn find_number(&self, key: &str, range: Range, faults: &mut Faults) -> Option<f64> {
        let node = self.find(key)?;
        match node.value {
            Tree::Number(number) if range.holds(number) => Some(number),
            _ => {
                let found = node.value.kind();
                faults.note(
                    node.referenced.line(),
                    self.path_of(key),
                    format!("expected {}, found {found}", range.words()),
                );
                None
            }
        }
    }

    /// A number under a key that must be there.
    pub(crate) fn require_number(
        &self,
        key: &str,
        range: Range,
        faults: &mut Faults,
    ) -> Option<f64> {
        self.require(key, range.words(), faults)?;
        self.find_number(key, range, faults)
    }
}
