//! A reader's own word on where columns come from.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// Sources by foreign column name, as a YAML file says them.
///
/// ```yaml
/// f0: {column: tenure}
/// f1: {column: Contract, level: Two year}
/// f2: {column: PaymentMethod, categories: [Mailed check, Electronic check]}
/// f3: {column: Partner, values: {"No": 0, "Yes": 1}}
/// f4: {column: TotalCharges, missing: 0}
/// ```
pub type ColumnMap = BTreeMap<String, ColumnSource>;

/// Where one foreign column comes from.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnSource {
    /// Column or derived feature of the specification.
    pub column: String,
    /// The column is 1 where the source has this level, else 0; `(missing)` for no value.
    #[serde(default, deserialize_with = "text")]
    pub level: Option<String>,
    /// The column holds the place of the source's level in this list.
    #[serde(default, deserialize_with = "texts")]
    pub categories: Option<Vec<String>>,
    /// The column holds this number for each level of the source.
    #[serde(default)]
    pub values: Option<BTreeMap<String, f64>>,
    /// What a missing value counts as: a number, or for `categories` one of them.
    #[serde(default, deserialize_with = "text")]
    pub missing: Option<String>,
}

/// A level may look like a number or a truth value.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

impl Scalar {
    fn into_text(self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Text(value) => value,
        }
    }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<Scalar>::deserialize(deserializer)?.map(Scalar::into_text))
}

fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let list = Option::<Vec<Scalar>>::deserialize(deserializer)?;
    Ok(list.map(|list| list.into_iter().map(Scalar::into_text).collect()))
}
