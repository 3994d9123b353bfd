//! Values of several columns that say the same thing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Values that always occur together because they are one fact: a customer without internet service
/// has `No internet service` in the column of every add-on. In rows where all of them hold, one
/// reason stands for all, with the sum of their points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SameSpec {
    /// The sentence, as in "no internet service".
    pub say: String,
    /// The value of each feature column or derived feature; two or more.
    #[serde(deserialize_with = "super::text::text_map")]
    pub values: BTreeMap<String, String>,
}
