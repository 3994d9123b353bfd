//! Symmetric (oblivious) trees: every level of a tree asks one question, so a row's leaf is
//! the number its answers spell.

mod check;
mod compile;
mod parts;
mod predict;

use serde::{Deserialize, Serialize};

pub(crate) use predict::SymmetricScratch;

pub use check::{MAX_SYMMETRIC_DEPTH, MAX_TREE_COLUMNS};
pub use parts::{
    KeyPart, Statistic, StatisticTable, SymmetricColumn, SymmetricParts, SymmetricSplit,
    SymmetricTree,
};

use crate::Error;
use compile::Compiled;

/// A sum of symmetric trees, `scale × Σ leaf + bias` in log-odds, as CatBoost trains them:
/// numbers against borders, single categories, and statistics of the target by category or by
/// a combination of categories and conditions (Prokhorenkova et al. 2018).
///
/// A row is the feature matrix's: numbers, and category codes where the column is
/// [`SymmetricColumn::Categorical`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SymmetricParts", into = "SymmetricParts")]
pub struct SymmetricEnsemble {
    columns: Vec<SymmetricColumn>,
    tables: Vec<StatisticTable>,
    statistics: Vec<Statistic>,
    /// Splits of all trees.
    splits: Vec<SymmetricSplit>,
    /// First split of each tree, and the number of splits at the end.
    split_offsets: Vec<u32>,
    /// First leaf of each tree, and the number of leaves at the end.
    leaf_offsets: Vec<u32>,
    leaf_values: Vec<f64>,
    leaf_weights: Vec<f64>,
    scale: f64,
    bias: f64,
    /// The same splits in the form that predicts.
    compiled: Compiled,
}

impl SymmetricEnsemble {
    /// An ensemble of checked parts.
    ///
    /// # Errors
    /// [`Error::Tree`] names the first tree (its "node" is the split) that does not hold
    /// together, [`Error::Unsound`] and [`Error::Shape`] speak of columns, tables and
    /// statistics.
    pub fn new(parts: SymmetricParts) -> Result<Self, Error> {
        check::check(&parts)?;
        let compiled = Compiled::new(&parts)?;
        let mut ensemble = Self {
            columns: parts.columns,
            tables: parts.tables,
            statistics: parts.statistics,
            splits: Vec::new(),
            split_offsets: vec![0],
            leaf_offsets: vec![0],
            leaf_values: Vec::new(),
            leaf_weights: Vec::new(),
            scale: parts.scale,
            bias: parts.bias,
            compiled,
        };
        for tree in parts.trees {
            ensemble.splits.extend(tree.splits);
            ensemble.leaf_values.extend(tree.leaf_values);
            ensemble.leaf_weights.extend(tree.leaf_weights);
            ensemble.split_offsets.push(ensemble.splits.len() as u32);
            ensemble
                .leaf_offsets
                .push(ensemble.leaf_values.len() as u32);
        }
        Ok(ensemble)
    }

    /// A copy of everything it is made of.
    #[must_use]
    pub fn parts(&self) -> SymmetricParts {
        let tree = |tree| SymmetricTree {
            splits: self.splits(tree).to_vec(),
            leaf_values: self.leaf_values(tree).to_vec(),
            leaf_weights: self.leaf_weights(tree).to_vec(),
        };
        SymmetricParts {
            columns: self.columns.clone(),
            tables: self.tables.clone(),
            statistics: self.statistics.clone(),
            trees: (0..self.n_trees()).map(tree).collect(),
            scale: self.scale,
            bias: self.bias,
        }
    }

    /// Number of columns of the matrix it was trained on.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.columns.len()
    }

    /// What each matrix column holds.
    #[must_use]
    pub fn columns(&self) -> &[SymmetricColumn] {
        &self.columns
    }

    /// Number of trees.
    #[must_use]
    pub fn n_trees(&self) -> usize {
        self.leaf_offsets.len() - 1
    }

    /// Factor on the sum of leaf values.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// Added after scaling, in log-odds.
    #[must_use]
    pub fn bias(&self) -> f64 {
        self.bias
    }

    /// The splits of a tree; bit `i` of a leaf index is the answer to split `i`.
    #[must_use]
    pub fn splits(&self, tree: usize) -> &[SymmetricSplit] {
        &self.splits[self.split_offsets[tree] as usize..self.split_offsets[tree + 1] as usize]
    }

    /// The values of a tree's leaves, before scale and bias.
    #[must_use]
    pub fn leaf_values(&self, tree: usize) -> &[f64] {
        &self.leaf_values[self.leaf_offsets[tree] as usize..self.leaf_offsets[tree + 1] as usize]
    }

    /// The training weight that reached each leaf of a tree.
    #[must_use]
    pub fn leaf_weights(&self, tree: usize) -> &[f64] {
        &self.leaf_weights[self.leaf_offsets[tree] as usize..self.leaf_offsets[tree + 1] as usize]
    }

    /// The distinct matrix columns a split looks at, increasing: one, or those of a
    /// combination.
    #[must_use]
    pub fn columns_of(&self, split: &SymmetricSplit) -> Vec<u32> {
        let mut columns = match split {
            SymmetricSplit::Above { column, .. } | SymmetricSplit::Is { column, .. } => {
                return vec![*column];
            }
            SymmetricSplit::Statistic { statistic, .. } => {
                let table = self.statistics[*statistic as usize].table;
                let key = &self.tables[table as usize].key;
                key.iter().map(KeyPart::column).collect::<Vec<u32>>()
            }
        };
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// Checks once more everything the constructor checks.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn check(&self) -> Result<(), Error> {
        check::check(&self.parts())
    }

    /// Memory the arrays take, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        let hashes = |column: &SymmetricColumn| match column {
            SymmetricColumn::Numeric { .. } => 0,
            SymmetricColumn::Categorical { hashes } => size_of_val(hashes.as_slice()),
        };
        let table = |table: &StatisticTable| {
            size_of_val(table.key.as_slice())
                + size_of_val(table.hashes.as_slice())
                + size_of_val(table.good.as_slice())
                + size_of_val(table.total.as_slice())
        };
        size_of::<Self>()
            + size_of_val(self.columns.as_slice())
            + self.columns.iter().map(hashes).sum::<usize>()
            + size_of_val(self.tables.as_slice())
            + self.tables.iter().map(table).sum::<usize>()
            + size_of_val(self.statistics.as_slice())
            + size_of_val(self.splits.as_slice())
            + size_of_val(self.split_offsets.as_slice())
            + size_of_val(self.leaf_offsets.as_slice())
            + size_of_val(self.leaf_values.as_slice())
            + size_of_val(self.leaf_weights.as_slice())
            + self.compiled.size_bytes()
    }
}

impl From<SymmetricEnsemble> for SymmetricParts {
    fn from(ensemble: SymmetricEnsemble) -> Self {
        ensemble.parts()
    }
}

impl TryFrom<SymmetricParts> for SymmetricEnsemble {
    type Error = Error;

    fn try_from(parts: SymmetricParts) -> Result<Self, Error> {
        Self::new(parts)
    }
}
