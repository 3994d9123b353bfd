//! What is ours to change about a customer.

use serde::{Deserialize, Serialize};

/// Whether, and to what, we can change a column for a customer.
///
/// In YAML `actionable: true` for any allowed value, or the list of values we can bring. Suggested
/// changes only ever touch columns marked so, and only to values an offer of the playbook brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Actionable {
    /// Any value the column allows, or not at all.
    Any(bool),
    /// These levels only.
    To(#[serde(deserialize_with = "super::text::texts")] Vec<String>),
}

impl Default for Actionable {
    fn default() -> Self {
        Self::Any(false)
    }
}

impl Actionable {
    /// Whether the column is not ours to change.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        *self == Self::Any(false)
    }

    /// Whether we can bring a customer to this value.
    #[must_use]
    pub fn allows(&self, value: &str) -> bool {
        match self {
            Self::Any(any) => *any,
            Self::To(levels) => levels.iter().any(|level| level == value),
        }
    }
}
