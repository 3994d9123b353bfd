//! From the document of a model file to an ensemble.

use std::collections::BTreeMap;

use super::features;
use super::value::{Value, fault};
use crate::{Error, Imported, Node, Predictor, Test, TreeEnsemble};

/// Reads the ensemble out of a parsed model file.
pub(super) fn read(document: &Value) -> Result<TreeEnsemble, Error> {
    read_first(document, usize::MAX)
}

/// Reads the ensemble and its columns, up to the best round where the file names one.
pub(super) fn import(document: &Value) -> Result<Imported, Error> {
    let learner = document.at("learner")?;
    let best = match learner.text("attributes.best_iteration") {
        Ok(text) => {
            let expected = "a whole number";
            let round: Option<usize> = text.trim_matches('"').parse().ok();
            Some(round.ok_or_else(|| fault("learner.attributes.best_iteration", expected))?)
        }
        Err(_) => None,
    };
    let n_rounds = best.map_or(usize::MAX, |round| round.saturating_add(1));
    let kept = read_first(document, n_rounds)?;
    let n_all = rounds(inner_model(learner)?)?;
    let features = features::read(learner, &kept)?;
    Ok(Imported {
        predictor: Predictor::Trees(kept),
        features,
        positive_class: None,
        n_rounds_left_out: n_all.saturating_sub(n_rounds),
    })
}

/// The part that holds the trees; older dart files wrap it once more.
pub(super) fn inner_model(learner: &Value) -> Result<&Value, Error> {
    let booster = learner.at("gradient_booster")?;
    booster.find("gbtree").unwrap_or(booster).at("model")
}

/// Trees of one round.
fn trees_per_round(model: &Value) -> Result<usize, Error> {
    let path = "gbtree_model_param.num_parallel_tree";
    match model.text(path) {
        Ok(text) => {
            let count = text.parse().ok().filter(|&count| count > 0);
            count.ok_or_else(|| fault(path, "a whole number above 0"))
        }
        Err(_) => Ok(1),
    }
}

fn rounds(model: &Value) -> Result<usize, Error> {
    Ok(model.list("trees")?.len() / trees_per_round(model)?)
}

/// Reads the first `n_rounds` rounds.
fn read_first(document: &Value, n_rounds: usize) -> Result<TreeEnsemble, Error> {
    let learner = document.at("learner")?;
    let objective = learner.text("objective.name")?;
    if !matches!(objective, "binary:logistic" | "reg:logistic") {
        return Err(unsupported(
            "objective",
            objective,
            "binary:logistic or reg:logistic",
        ));
    }
    for count in ["num_class", "num_target"] {
        let found = learner
            .text(&format!("learner_model_param.{count}"))
            .unwrap_or("1");
        if !matches!(found, "0" | "1") {
            return Err(unsupported(count, found, "0 or 1: one margin per row"));
        }
    }
    let booster = learner.at("gradient_booster")?;
    let name = booster.text("name")?;
    if !matches!(name, "gbtree" | "dart") {
        return Err(unsupported("booster", name, "gbtree or dart"));
    }
    let model = inner_model(learner)?;
    let n_trees = n_rounds.saturating_mul(trees_per_round(model)?);
    let trees: Vec<_> = (model.list("trees")?.iter())
        .take(n_trees)
        .enumerate()
        .map(|(tree_idx, tree)| read_tree(tree_idx, tree))
        .collect::<Result<_, _>>()?;
    let mut weights = match (booster.find("weight_drop"), model.find("weight_drop")) {
        (Some(_), _) => booster.floats("weight_drop")?,
        (None, Some(_)) => model.floats("weight_drop")?,
        (None, None) => Vec::new(),
    };
    weights.truncate(n_trees);
    let n_features = learner.text("learner_model_param.num_feature")?;
    let n_features = n_features
        .parse()
        .map_err(|_| fault("learner.learner_model_param.num_feature", "a whole number"))?;
    let base_margin = base_margin(learner.text("learner_model_param.base_score")?)?;
    TreeEnsemble::new(n_features, base_margin, &trees, weights)
}

/// Sum of the gains of the splits on each column.
pub(super) fn gains(document: &Value, n_columns: usize) -> Result<Vec<f64>, Error> {
    let booster = document.at("learner.gradient_booster")?;
    let inner = booster.find("gbtree").unwrap_or(booster);
    let mut gains = vec![0.0; n_columns];
    for tree in inner.at("model")?.list("trees")? {
        let lefts = tree.ints("left_children")?;
        let n_nodes = lefts.len();
        let columns = same_length("split_indices", tree.ints("split_indices")?, n_nodes)?;
        let losses = same_length("loss_changes", tree.floats("loss_changes")?, n_nodes)?;
        let splits = lefts.into_iter().zip(columns).zip(losses);
        for ((_, column), gain) in splits.filter(|((left, _), _)| *left != -1) {
            let place = usize::try_from(column).ok();
            if let Some(sum) = place.and_then(|place| gains.get_mut(place)) {
                *sum += f64::from(gain);
            }
        }
    }
    Ok(gains)
}

/// The offset on the margin of a base score like `[6.315E-1]` or `5E-1`, a probability.
fn base_margin(text: &str) -> Result<f32, Error> {
    let bare = text.trim().trim_start_matches('[').trim_end_matches(']');
    let score: Option<f32> = bare.parse().ok().filter(|score| (0.0..1.0).contains(score));
    let score = score.filter(|&score| score > 0.0).ok_or_else(|| {
        fault(
            "learner.learner_model_param.base_score",
            "a probability between 0 and 1",
        )
    })?;
    // In f32 and in this order, as the library does it.
    Ok(-(1.0 / score - 1.0).ln())
}

fn read_tree(tree_idx: usize, tree: &Value) -> Result<Vec<Node>, Error> {
    let lefts = tree.ints("left_children")?;
    let n_nodes = lefts.len();
    let columns = Columns {
        rights: same_length("right_children", tree.ints("right_children")?, n_nodes)?,
        features: same_length("split_indices", tree.ints("split_indices")?, n_nodes)?,
        numbers: same_length(
            "split_conditions",
            tree.floats("split_conditions")?,
            n_nodes,
        )?,
        defaults: same_length("default_left", tree.ints("default_left")?, n_nodes)?,
        covers: same_length("sum_hessian", tree.floats("sum_hessian")?, n_nodes)?,
        kinds: match tree.find("split_type") {
            Some(_) => same_length("split_type", tree.ints("split_type")?, n_nodes)?,
            None => vec![0; n_nodes],
        },
        lefts,
    };
    let mut categories = read_categories(tree)?;
    (0..n_nodes)
        .map(|index| {
            columns
                .node(index, &mut categories)
                .map_err(|fault| Error::Tree {
                    tree: tree_idx,
                    node: index,
                    fault,
                })
        })
        .collect()
}

/// The arrays of one tree, all of one length.
struct Columns {
    lefts: Vec<i64>,
    rights: Vec<i64>,
    features: Vec<i64>,
    numbers: Vec<f32>,
    defaults: Vec<i64>,
    covers: Vec<f32>,
    kinds: Vec<i64>,
}

impl Columns {
    fn node(
        &self,
        index: usize,
        categories: &mut BTreeMap<i64, Vec<u32>>,
    ) -> Result<Node, &'static str> {
        let (number, cover) = (self.numbers[index], self.covers[index]);
        if self.lefts[index] == -1 {
            return Ok(Node::Leaf {
                value: number,
                cover,
            });
        }
        let test = match self.kinds[index] {
            0 => Test::Less(number),
            1 => {
                let codes = categories.remove(&(index as i64));
                Test::NotIn(codes.ok_or("the categorical split has no categories")?)
            }
            _ => return Err("the split is neither numeric nor categorical"),
        };
        let child = |value: i64| u32::try_from(value).map_err(|_| "a child lies outside the tree");
        Ok(Node::Split {
            feature: u32::try_from(self.features[index])
                .map_err(|_| "the split asks for a column the matrix does not have")?,
            test,
            default_left: self.defaults[index] != 0,
            left: child(self.lefts[index])?,
            right: child(self.rights[index])?,
            cover,
        })
    }
}

/// The categories that go right, by node.
fn read_categories(tree: &Value) -> Result<BTreeMap<i64, Vec<u32>>, Error> {
    if tree.find("categories_nodes").is_none() {
        return Ok(BTreeMap::new());
    }
    let nodes = tree.ints("categories_nodes")?;
    let segments = same_length(
        "categories_segments",
        tree.ints("categories_segments")?,
        nodes.len(),
    )?;
    let sizes = same_length(
        "categories_sizes",
        tree.ints("categories_sizes")?,
        nodes.len(),
    )?;
    let codes = tree.ints("categories")?;
    let mut total = 0_usize;
    let mut sets = BTreeMap::new();
    for ((node, segment), size) in nodes.into_iter().zip(segments).zip(sizes) {
        let range = usize::try_from(segment)
            .ok()
            .zip(usize::try_from(size).ok());
        let set = range
            .and_then(|(start, length)| codes.get(start..start.checked_add(length)?))
            .ok_or_else(|| fault("categories_segments", "a range of categories"))?;
        // Segments that overlap could name the same codes over and over.
        total += set.len();
        if total > codes.len() {
            return Err(fault("categories_sizes", "the lengths of separate ranges"));
        }
        let set: Result<Vec<u32>, _> = set.iter().map(|&code| u32::try_from(code)).collect();
        sets.insert(
            node,
            set.map_err(|_| fault("categories", "a list of codes of 0 or more"))?,
        );
    }
    Ok(sets)
}

fn same_length<T>(name: &str, values: Vec<T>, n_nodes: usize) -> Result<Vec<T>, Error> {
    if values.len() == n_nodes {
        Ok(values)
    } else {
        Err(fault(name, "as long as the other lists of its tree"))
    }
}

fn unsupported(what: &'static str, found: &str, expected: &'static str) -> Error {
    Error::Unsupported {
        what,
        found: found.to_owned(),
        expected,
    }
}
