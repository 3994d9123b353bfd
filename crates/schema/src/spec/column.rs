//! What one column of the data is: kind, roles, domain, range, missing values, words for people.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Actionable, Wording};

/// One column of a [`crate::DatasetSpec`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnSpec {
    /// Header name, matched exactly.
    pub name: String,
    /// Words for sentences, as in "monthly charges"; the name if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Type of the values.
    pub kind: ColumnKind,
    /// What the column is used for; `[feature]` if absent.
    #[serde(default = "default_roles")]
    pub roles: Vec<Role>,
    /// Unit of a number, as in "months".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Domain of a category, in the order used for display and encoding.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<String>,
    /// A category whose levels are learned from the training data (many levels).
    #[serde(default, skip_serializing_if = "is_false")]
    pub open: bool,
    /// Smallest allowed number, inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest allowed number, inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// What the feature plan does about missing values; `keep` if absent.
    #[serde(default)]
    pub missing: MissingStrategy,
    /// Target only: the level that means "left".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<String>,
    /// Sentence template with `{label}` and `{value}`; `{label} is {value}` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phrase: Option<String>,
    /// Whole sentences for single values, in place of `phrase`: `{"No": no tech support}`.
    #[serde(
        default,
        deserialize_with = "super::text::text_map",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub say: BTreeMap<String, String>,
    /// The sentence for a missing value; `{label} is not known` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say_missing: Option<String>,
    /// Whether, and to what, we can change the column for a customer; not at all if absent.
    #[serde(default, skip_serializing_if = "Actionable::is_absent")]
    pub actionable: Actionable,
    /// Why the column is ignored, for readers of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl ColumnSpec {
    /// A feature column with every optional setting absent.
    #[must_use]
    pub fn new(name: impl Into<String>, kind: ColumnKind) -> Self {
        Self {
            name: name.into(),
            label: None,
            kind,
            roles: default_roles(),
            unit: None,
            levels: Vec::new(),
            open: false,
            min: None,
            max: None,
            missing: MissingStrategy::Keep,
            positive: None,
            phrase: None,
            say: BTreeMap::new(),
            say_missing: None,
            actionable: Actionable::default(),
            reason: None,
        }
    }

    /// Whether the column has `role`.
    #[must_use]
    pub fn has_role(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// The words for sentences: the label, or the name.
    #[must_use]
    pub fn label(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.name)
    }

    /// How the column is spoken of: `phrase`, `say` and `say_missing`, with their defaults.
    #[must_use]
    pub fn wording(&self) -> Wording {
        let template = self.phrase.as_deref().unwrap_or("{label} is {value}");
        let wording = Wording::new(template, self.label());
        wording.with_sentences(&self.say, self.say_missing.as_deref())
    }

    /// Whether values are held as numbers.
    #[must_use]
    pub fn is_numeric(&self) -> bool {
        matches!(self.kind, ColumnKind::Integer | ColumnKind::Number)
    }
}

/// Type of the values of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Whole numbers up to 2^53.
    Integer,
    /// Finite numbers with a decimal point.
    Number,
    /// One of a set of levels.
    Category,
    /// ISO dates or times, read as UTC when no offset is given.
    Date,
    /// Free text.
    Text,
}

impl ColumnKind {
    /// Lower-case word, as in YAML.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Category => "category",
            Self::Date => "date",
            Self::Text => "text",
        }
    }
}

/// What a column is used for; a column may have several roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Names the customer; unique.
    Key,
    /// Says who left.
    Target,
    /// May be used by models.
    Feature,
    /// Groups whose treatment is compared (fairness); a feature only if also listed as one.
    Protected,
    /// Money the customer brings per month.
    Revenue,
    /// When the row was true.
    Timestamp,
    /// Not read at all.
    Ignore,
}

impl Role {
    /// Lower-case word, as in YAML.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Target => "target",
            Self::Feature => "feature",
            Self::Protected => "protected",
            Self::Revenue => "revenue",
            Self::Timestamp => "timestamp",
            Self::Ignore => "ignore",
        }
    }
}

/// What the feature plan puts in place of a missing value. Tables always keep it missing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MissingStrategy {
    /// Leave it missing; tree models handle it themselves.
    #[default]
    Keep,
    /// A fixed value.
    Constant {
        /// The value: a number, or a level of the domain.
        value: ConstantValue,
    },
    /// Median of the training rows; numbers only.
    Median,
    /// Most frequent level (or number) of the training rows.
    MostFrequent,
    /// A level of its own; categories only.
    OwnLevel,
}

impl MissingStrategy {
    /// The strategy in words for reports.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Keep => "kept as missing".to_owned(),
            Self::Constant { value } => format!("replaced by {}", value.text()),
            Self::Median => "replaced by the training median".to_owned(),
            Self::MostFrequent => "replaced by the most frequent training value".to_owned(),
            Self::OwnLevel => "a level of its own".to_owned(),
        }
    }
}

/// A number or a text in the specification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ConstantValue {
    /// A number.
    Number(f64),
    /// A level.
    Text(String),
}

impl ConstantValue {
    /// The number, also when it was written as text.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok().filter(|x: &f64| x.is_finite()),
        }
    }

    /// The value as text; whole numbers without a decimal point.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Number(number) => format!("{number}"),
            Self::Text(text) => text.clone(),
        }
    }
}

fn default_roles() -> Vec<Role> {
    vec![Role::Feature]
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}
