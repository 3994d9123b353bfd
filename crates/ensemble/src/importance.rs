//! How much each column of the matrix matters to a model as a whole, from the model alone.

use serde::{Deserialize, Serialize};

use crate::{
    KeyPart, Node, Output, Predictor, SymmetricEnsemble, SymmetricParts, SymmetricSplit,
    TreeEnsemble,
};

/// How importances were measured. Figures of different kinds can't be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportanceKind {
    /// Mean decrease of Gini impurity (Breiman 2001), each tree counting the same, as in
    /// scikit-learn. Favours columns of many values.
    Impurity,
    /// Total gain of the splits on a column, as XGBoost reports it (`total_gain`).
    Gain,
    /// How much the prediction changes on average when a column's splits go the other way:
    /// `PredictionValuesChange` of CatBoost.
    PredictionChange,
}

impl ImportanceKind {
    /// Words for readers.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Impurity => "mean decrease of impurity",
            Self::Gain => "total gain of splits",
            Self::PredictionChange => "change of the prediction",
        }
    }
}

impl Predictor {
    /// Importance of each matrix column, summing to 1 (all 0 for a model without splits);
    /// `None` for models whose parts have no such figure: the coefficients of a linear model say
    /// more.
    #[must_use]
    pub fn importances(&self) -> Option<(ImportanceKind, Vec<f64>)> {
        if let Self::Trees(trees) = self {
            return Some(match trees.output() {
                Output::Share => (ImportanceKind::Impurity, impurity(trees)),
                Output::LogOdds => (ImportanceKind::PredictionChange, change(trees)),
            });
        }
        if let Self::Symmetric(symmetric) = self {
            return Some((
                ImportanceKind::PredictionChange,
                symmetric_change(symmetric),
            ));
        }
        None
    }
}

/// Scales to a sum of 1, unless all are 0.
pub(crate) fn normalize(values: &mut [f64]) {
    let total: f64 = values.iter().sum();
    if total > 0.0 {
        values.iter_mut().for_each(|value| *value /= total);
    }
}

/// Mean value of the leaves below each node, weighted by cover; children come after parents.
fn node_means(nodes: &[Node], leaf_value: impl Fn(usize) -> f64) -> Vec<f64> {
    let mut means = vec![0.0; nodes.len()];
    for (index, node) in nodes.iter().enumerate().rev() {
        means[index] = match node {
            Node::Leaf { .. } => leaf_value(index),
            Node::Split { left, right, .. } => {
                let children = [*left as usize, *right as usize];
                let covers = children.map(|child| f64::from(nodes[child].cover()));
                let total = covers[0] + covers[1];
                if total > 0.0 {
                    (covers[0] * means[children[0]] + covers[1] * means[children[1]]) / total
                } else {
                    f64::midpoint(means[children[0]], means[children[1]])
                }
            }
        };
    }
    means
}

/// Adds `worth(covers, means)` of every split of a tree to its column.
fn add_splits(
    trees: &TreeEnsemble,
    tree: usize,
    sums: &mut [f64],
    worth: impl Fn([f64; 2], [f64; 2]) -> f64,
) {
    let nodes = trees.tree(tree);
    let root = trees.root(tree);
    let means = node_means(&nodes, |index| trees.leaf_value(root + index));
    for node in &nodes {
        if let Node::Split {
            feature,
            left,
            right,
            ..
        } = node
        {
            let children = [*left as usize, *right as usize];
            let covers = children.map(|child| f64::from(nodes[child].cover()));
            let below = children.map(|child| means[child]);
            if let Some(sum) = sums.get_mut(*feature as usize) {
                *sum += worth(covers, below);
            }
        }
    }
}

/// Decrease of Gini impurity. With `p` the share of leavers, a node's impurity is `2 p (1 − p)`,
/// so a split takes away twice the spread of its children's shares around their mean.
fn impurity(trees: &TreeEnsemble) -> Vec<f64> {
    let mut mean = vec![0.0; trees.n_features()];
    for tree in 0..trees.n_trees() {
        let mut own = vec![0.0; mean.len()];
        add_splits(trees, tree, &mut own, spread);
        normalize(&mut own);
        for (mean, own) in mean.iter_mut().zip(own) {
            *mean += own;
        }
    }
    normalize(&mut mean);
    mean
}

fn change(trees: &TreeEnsemble) -> Vec<f64> {
    let mut sums = vec![0.0; trees.n_features()];
    for tree in 0..trees.n_trees() {
        let weight = f64::from(trees.weight(tree)).powi(2);
        add_splits(trees, tree, &mut sums, |covers, means| {
            weight * spread(covers, means)
        });
    }
    normalize(&mut sums);
    sums
}

/// Weighted sum of squares of two values around their weighted mean.
fn spread([w0, w1]: [f64; 2], [v0, v1]: [f64; 2]) -> f64 {
    let total = w0 + w1;
    if total > 0.0 {
        w0 * w1 / total * (v0 - v1).powi(2)
    } else {
        0.0
    }
}

/// Every level of a symmetric tree splits all of its leaves; a combination's worth is shared
/// evenly among its parts, as CatBoost does: a column that is in it twice gets two of them.
fn symmetric_change(symmetric: &SymmetricEnsemble) -> Vec<f64> {
    let parts = symmetric.parts();
    let mut sums = vec![0.0; symmetric.n_features()];
    for tree in &parts.trees {
        let (values, weights) = (&tree.leaf_values, &tree.leaf_weights);
        for (level, split) in tree.splits.iter().enumerate() {
            let bit = 1 << level;
            let pairs = (0..values.len()).filter(|leaf| leaf & bit == 0);
            let worth: f64 = pairs
                .map(|leaf| {
                    let other = leaf | bit;
                    spread(
                        [weights[leaf], weights[other]],
                        [values[leaf], values[other]],
                    )
                })
                .sum();
            let columns = columns_of(split, &parts);
            for &column in &columns {
                if let Some(sum) = sums.get_mut(column as usize) {
                    *sum += worth / columns.len() as f64;
                }
            }
        }
    }
    normalize(&mut sums);
    sums
}

/// The column of each part of what a split asks for.
fn columns_of(split: &SymmetricSplit, parts: &SymmetricParts) -> Vec<u32> {
    match split {
        SymmetricSplit::Above { column, .. } | SymmetricSplit::Is { column, .. } => vec![*column],
        SymmetricSplit::Statistic { statistic, .. } => {
            let table = parts.statistics[*statistic as usize].table;
            let key = &parts.tables[table as usize].key;
            key.iter().map(KeyPart::column).collect()
        }
    }
}
