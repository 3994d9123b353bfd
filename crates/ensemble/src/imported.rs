//! A model that was trained elsewhere, and the matrix it expects.

use serde::{Deserialize, Serialize};

use crate::Predictor;

/// What a reader of foreign model files gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Imported {
    /// The model.
    pub predictor: Predictor,
    /// The matrix columns it expects, in order.
    pub features: Vec<ImportedFeature>,
    /// The class whose probability it predicts, where the file names it.
    pub positive_class: Option<String>,
    /// Boosting rounds left out because the file names an earlier one as the best; 0 otherwise.
    pub n_rounds_left_out: usize,
}

/// One column of the matrix a foreign model expects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedFeature {
    /// The name the trainer knew it by.
    pub name: String,
    /// What its values are.
    pub kind: FeatureKind,
}

/// What the values of a matrix column are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureKind {
    /// Numbers; NaN is missing.
    Numeric,
    /// Category codes; NaN is missing or unknown.
    Categorical {
        /// The text of each code, in code order, as far as the model tells texts apart;
        /// empty where the file knows codes alone.
        levels: Vec<String>,
    },
}
