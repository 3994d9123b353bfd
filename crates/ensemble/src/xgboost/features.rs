//! What the columns of a model file are: names, kinds and the texts of category codes.

use super::model::inner_model;
use super::value::{Value, fault};
use crate::{Error, FeatureKind, ImportedFeature, TreeEnsemble};

/// Most columns the matrix may have: the number alone must not allocate.
const MAX_COLUMNS: usize = 1 << 20;

/// The columns of the matrix `ensemble` expects.
pub(super) fn read(
    learner: &Value,
    ensemble: &TreeEnsemble,
) -> Result<Vec<ImportedFeature>, Error> {
    let n_features = ensemble.n_features();
    if n_features > MAX_COLUMNS {
        return Err(fault("learner_model_param.num_feature", "at most 2^20"));
    }
    let names = texts(learner, "feature_names", n_features)?;
    let kinds = texts(learner, "feature_types", n_features)?;
    let split_by_category = ensemble.category_columns();
    let levels = levels(inner_model(learner)?, n_features)?;
    let features = levels.into_iter().enumerate().map(|(place, levels)| {
        let declared = kinds.get(place).is_some_and(|kind| kind == "c");
        let is_category = declared || split_by_category[place] || !levels.is_empty();
        ImportedFeature {
            name: names
                .get(place)
                .cloned()
                .unwrap_or_else(|| format!("f{place}")),
            kind: if is_category {
                FeatureKind::Categorical { levels }
            } else {
                FeatureKind::Numeric
            },
        }
    });
    Ok(features.collect())
}

/// A list of one text per column, or an empty one where the file has none.
fn texts(learner: &Value, name: &str, n_features: usize) -> Result<Vec<String>, Error> {
    let expected = "a list of one text per column";
    if learner.find(name).is_none() {
        return Ok(Vec::new());
    }
    let items = learner.list(name)?;
    if !items.is_empty() && items.len() != n_features {
        return Err(fault(name, expected));
    }
    let text = |item: &Value| match item {
        Value::Text(text) => Ok(text.clone()),
        _ => Err(fault(name, expected)),
    };
    items.iter().map(text).collect()
}

/// The texts of the category codes of each column, in code order; empty where there are none.
fn levels(model: &Value, n_features: usize) -> Result<Vec<Vec<String>>, Error> {
    let none = vec![Vec::new(); n_features];
    let Some(containers) = model.find("cats") else {
        return Ok(none);
    };
    let encodings = containers.list("enc")?;
    if encodings.is_empty() {
        return Ok(none);
    }
    if encodings.len() != n_features {
        return Err(fault("cats.enc", "one entry per column"));
    }
    encodings.iter().map(read_levels).collect()
}

/// The categories of one column: texts end to end with their bounds, or plain numbers.
///
/// Texts with letters beyond ASCII count as unknown. XGBoost (up to 3.2 at least) counts letters
/// for bytes there, so its bounds are off and the last text is cut, and nothing tells such a file
/// from a sound one.
fn read_levels(encoding: &Value) -> Result<Vec<String>, Error> {
    if encoding.find("offsets").is_none() {
        return read_numbers(encoding);
    }
    let bounds = encoding.ints("offsets")?;
    let bytes: Vec<u8> = encoding
        .ints("values")?
        .into_iter()
        // Bytes above 127 may be written with a sign.
        .map(|byte| (byte & 0xff) as u8)
        .collect();
    if !bytes.is_ascii() {
        return Ok(Vec::new());
    }
    let level = |pair: &[i64]| {
        let start = usize::try_from(pair[0]).ok()?;
        let end = usize::try_from(pair[1]).ok()?;
        str::from_utf8(bytes.get(start..end)?)
            .ok()
            .map(str::to_owned)
    };
    bounds
        .windows(2)
        .map(|pair| level(pair).ok_or_else(|| fault("cats.enc", "texts within their bounds")))
        .collect()
}

fn read_numbers(encoding: &Value) -> Result<Vec<String>, Error> {
    match encoding.at("values")? {
        Value::Floats(floats) => Ok(floats.iter().map(ToString::to_string).collect()),
        Value::List(items) if items.iter().any(|item| matches!(item, Value::Float(_))) => {
            let numbers = encoding.floats("values")?;
            Ok(numbers.iter().map(ToString::to_string).collect())
        }
        _ => Ok(encoding
            .ints("values")?
            .iter()
            .map(ToString::to_string)
            .collect()),
    }
}
