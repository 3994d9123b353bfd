//! Reading the model files of LightGBM, without LightGBM.

mod text;
mod tree;

use crate::{Error, FeatureKind, Imported, ImportedFeature, Predictor, TreeEnsemble};

/// Reads a model saved as text (`save_model(path)`).
///
/// Binary objectives (`binary`, `cross_entropy`), numeric splits with every treatment of
/// missing values (none, zero, NaN), categorical splits. The margin equals the library's raw
/// score bit for bit; where `sigmoid` is not 1 it is that many times the raw score, so that
/// it is log-odds. A category code is a whole number of 0 or more, or NaN; codes of data
/// frames are the places of their texts in [`FeatureKind::Categorical`]. Any bytes are safe
/// to hand over.
///
/// # Errors
/// [`Error::Syntax`] when it is not the text of such a model, [`Error::Field`] when a field is
/// absent or of another kind, [`Error::Unsupported`] for other objectives, averaged (`rf`)
/// and linear trees, [`Error::Tree`] when a tree does not hold together.
pub fn read_text(bytes: &[u8]) -> Result<Imported, Error> {
    let document = text::Document::parse(bytes)?;
    let sigmoid = sigmoid(&document)?;
    let features = features(&document)?;
    let trees: Vec<_> = (document.trees.iter().enumerate())
        .map(|(tree_idx, fields)| tree::read(tree_idx, fields, sigmoid))
        .collect::<Result<_, _>>()?;
    let (nodes, leaf_values): (Vec<_>, Vec<_>) = trees.into_iter().unzip();
    let n_features = features.len();
    let ensemble = TreeEnsemble::with_leaf_values(n_features, 0.0, &nodes, vec![], &leaf_values)?;
    Ok(Imported {
        predictor: Predictor::Trees(ensemble),
        features,
        positive_class: None,
        n_rounds_left_out: 0,
    })
}

/// The factor that turns a raw score into log-odds; refuses what is no binary classifier.
fn sigmoid(document: &text::Document<'_>) -> Result<f64, Error> {
    let header = &document.header;
    for (name, expected) in [("num_class", "1"), ("num_tree_per_iteration", "1")] {
        let found = header.text(name)?;
        if found != expected {
            return Err(unsupported(
                "number of classes",
                found,
                "a binary objective",
            ));
        }
    }
    if header.has("average_output") {
        return Err(unsupported("boosting", "rf", "gbdt, dart or goss"));
    }
    let objective = header.text("objective")?;
    let mut words = objective.split_ascii_whitespace();
    match words.next() {
        Some("cross_entropy") => Ok(1.0),
        Some("binary") => {
            let factor = words.find_map(|word| word.strip_prefix("sigmoid:"));
            let factor: Option<f64> = factor.map_or(Some(1.0), |factor| factor.parse().ok());
            let factor = factor.filter(|&factor| factor > 0.0 && factor.is_finite());
            factor.ok_or_else(|| text::fault("objective", "a sigmoid above 0"))
        }
        _ => Err(unsupported(
            "objective",
            objective,
            "binary or cross_entropy",
        )),
    }
}

/// The columns of the matrix: names, and the texts of category codes where a data frame had
/// them.
fn features(document: &text::Document<'_>) -> Result<Vec<ImportedFeature>, Error> {
    let names: Vec<&str> = document.header.text("feature_names")?.split(' ').collect();
    let infos: Vec<&str> = document.header.text("feature_infos")?.split(' ').collect();
    let last: Vec<usize> = document.header.numbers("max_feature_idx")?;
    if last[..] != [names.len() - 1] || infos.len() != names.len() {
        return Err(text::fault("feature_infos", "one entry per feature name"));
    }
    // A feature that was constant in training has the info `none` either way.
    let listed = document.categorical_features(names.len());
    let is_categorical = |place: usize, info: &str| match &listed {
        Some(listed) => listed.contains(&place),
        None => !(info.starts_with('[') || info == "none"),
    };
    let categorical: Vec<usize> = (0..names.len())
        .filter(|&place| is_categorical(place, infos[place]))
        .collect();
    let mut levels = document.pandas_levels()?;
    if levels.len() != categorical.len() {
        levels = vec![Vec::new(); categorical.len()];
    }
    let mut features: Vec<ImportedFeature> = names
        .iter()
        .map(|name| ImportedFeature {
            name: (*name).to_owned(),
            kind: FeatureKind::Numeric,
        })
        .collect();
    for (place, levels) in categorical.into_iter().zip(levels) {
        features[place].kind = FeatureKind::Categorical { levels };
    }
    Ok(features)
}

fn unsupported(what: &'static str, found: &str, expected: &'static str) -> Error {
    Error::Unsupported {
        what,
        found: found.to_owned(),
        expected,
    }
}
