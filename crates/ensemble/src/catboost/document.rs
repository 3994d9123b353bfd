//! The JSON document CatBoost writes, as far as it matters here.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use crate::Error;

pub(super) fn parse(bytes: &[u8]) -> Result<Document, Error> {
    serde_json::from_slice(bytes).map_err(|fault| Error::Json {
        format: "CatBoost",
        line: fault.line(),
        column: fault.column(),
        fault: fault.to_string(),
    })
}

/// What is absent and what is `null` are the same to CatBoost.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[derive(Deserialize)]
pub(super) struct Document {
    pub(super) features_info: Features,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) ctr_data: BTreeMap<String, Table>,
    /// Absent in models of other grow policies, which have `trees`.
    pub(super) oblivious_trees: Option<Vec<Tree>>,
    pub(super) scale_and_bias: Option<(f64, Bias)>,
    pub(super) model_info: ModelInfo,
}

/// One number, or a list of one in newer versions.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Bias {
    One(f64),
    List(Vec<f64>),
}

#[derive(Deserialize)]
pub(super) struct ModelInfo {
    pub(super) params: Params,
    pub(super) class_params: Option<ClassParams>,
}

#[derive(Deserialize)]
pub(super) struct Params {
    pub(super) loss_function: LossFunction,
}

#[derive(Deserialize)]
pub(super) struct LossFunction {
    #[serde(rename = "type")]
    pub(super) name: String,
}

#[derive(Deserialize)]
pub(super) struct ClassParams {
    /// Texts, whole numbers or booleans.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) class_names: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
pub(super) struct Features {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) float_features: Vec<FloatFeature>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) categorical_features: Vec<CategoricalFeature>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) ctrs: Vec<Ctr>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) cat_features_hash: Vec<CategoryHash>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) text_features: Vec<IgnoredAny>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) embedding_features: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct FloatFeature {
    pub(super) feature_index: u32,
    pub(super) flat_feature_index: u32,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) feature_name: String,
    /// Those that splits use.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) borders: Vec<f64>,
    pub(super) nan_value_treatment: String,
}

#[derive(Deserialize)]
pub(super) struct CategoricalFeature {
    pub(super) feature_index: u32,
    pub(super) flat_feature_index: u32,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) feature_name: String,
    /// Hashes of single categories that splits ask for.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) values: Vec<i64>,
}

#[derive(Deserialize)]
pub(super) struct CategoryHash {
    pub(super) hash: u32,
    pub(super) value: String,
}

/// A target statistic ("categorical to real").
#[derive(Deserialize)]
pub(super) struct Ctr {
    /// The name of its table in `ctr_data`.
    pub(super) identifier: String,
    pub(super) elements: Vec<Element>,
    pub(super) ctr_type: String,
    pub(super) borders: Vec<f64>,
    pub(super) prior_numerator: f64,
    /// Spelled so in the files.
    #[serde(rename = "prior_denomerator")]
    pub(super) prior_denominator: f64,
    pub(super) scale: f64,
    pub(super) shift: f64,
    pub(super) target_border_idx: usize,
}

#[derive(Deserialize)]
#[serde(tag = "combination_element", rename_all = "snake_case")]
pub(super) enum Element {
    CatFeatureValue {
        cat_feature_index: u32,
    },
    FloatFeature {
        float_feature_index: u32,
        border: f64,
    },
    CatFeatureExactValue {
        cat_feature_index: u32,
        value: i64,
    },
}

#[derive(Deserialize)]
pub(super) struct Table {
    /// A hash as text and the counts of its bucket, over and over.
    pub(super) hash_map: Vec<HashItem>,
    pub(super) hash_stride: usize,
    pub(super) counter_denominator: f64,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum HashItem {
    Hash(String),
    Count(f64),
}

#[derive(Deserialize)]
pub(super) struct Tree {
    /// None in a tree of one leaf.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) splits: Vec<Split>,
    pub(super) leaf_values: Vec<f64>,
    pub(super) leaf_weights: Option<Vec<f64>>,
}

#[derive(Deserialize)]
#[serde(tag = "split_type")]
pub(super) enum Split {
    FloatFeature {
        float_feature_index: u32,
        border: f64,
    },
    OneHotFeature {
        cat_feature_index: u32,
        value: i64,
    },
    OnlineCtr {
        split_index: usize,
        border: f64,
    },
    /// Of text and embedding features.
    #[serde(other)]
    Unknown,
}
