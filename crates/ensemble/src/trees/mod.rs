//! Ensembles of binary trees in flat arrays.

mod build;
mod node;
mod planes;
mod predict;
mod ranked;
mod stored;

use serde::{Deserialize, Serialize};

pub use build::MAX_DEPTH;
pub use node::{MAX_CATEGORY, Node, Test};
pub use planes::{Ask, Planes, Rank};

use ranked::OnceRanked;
pub(crate) use ranked::RankScratch;
use stored::Stored;

use crate::{Error, Output};

/// A sum of binary trees: `base margin + Σ weight × leaf`, in log-odds or, where
/// [`Self::with_output`] says so, a share.
///
/// Every value of this type holds together: [`TreeEnsemble::new`] and reading with serde both
/// refuse parts that do not. Nodes of a tree are numbered in preorder from its root, left
/// child first, so every child comes after its parent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct TreeEnsemble {
    n_features: u32,
    base_margin: f32,
    output: Output,
    /// First node of each tree, and the number of nodes at the end: `n_trees + 1` entries.
    offsets: Vec<u32>,
    /// One factor per tree (dart, forests), or empty when all are 1.
    weights: Vec<f32>,
    nodes: Vec<Packed>,
    /// Sum of training hessians (or weights) that reached each node.
    covers: Vec<f32>,
    /// Leaf values in f64, one entry per node, or empty when f32 holds them all.
    wide_leaves: Vec<f64>,
    /// Words of all category sets, one bit per category that goes right.
    set_words: Vec<u32>,
    /// First word of each set, and the number of words at the end.
    set_offsets: Vec<u32>,
    /// The same trees for blocks of rows, made when first asked for.
    ranked: OnceRanked,
}

/// A node in sixteen bytes. `left == 0` marks a leaf: node 0 is a root and nobody's child.
#[derive(Debug, Clone, Copy)]
struct Packed {
    /// Column, with [`DEFAULT_LEFT`], [`CATEGORICAL`] and [`ZERO_MISSING`] above it.
    feature: u32,
    /// Threshold, leaf value, or the index of a category set in its bits.
    number: f32,
    left: u32,
    right: u32,
}

const DEFAULT_LEFT: u32 = 1 << 31;
const CATEGORICAL: u32 = 1 << 30;
const ZERO_MISSING: u32 = 1 << 29;
const FEATURE: u32 = ZERO_MISSING - 1;
/// Where [`ZERO_MISSING`] is set, numbers no further from 0 than this are missing.
const ZERO: f32 = 1e-35;

impl PartialEq for Packed {
    fn eq(&self, other: &Self) -> bool {
        // By bits: a set index can be any pattern, also one that reads as NaN.
        (self.feature, self.number.to_bits(), self.left, self.right)
            == (
                other.feature,
                other.number.to_bits(),
                other.left,
                other.right,
            )
    }
}

impl TreeEnsemble {
    /// Number of columns of the matrix it was trained on.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.n_features as usize
    }

    /// Number of trees.
    #[must_use]
    pub fn n_trees(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Number of nodes of all trees.
    #[must_use]
    pub fn n_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// The same trees with a margin that means `output`; a new ensemble adds up log-odds.
    ///
    /// # Errors
    /// [`Error::Unsound`] when shares are asked for and a leaf lies outside 0..=1 or a weight
    /// is negative.
    pub fn with_output(mut self, output: Output) -> Result<Self, Error> {
        let is_leaf_off = |node: &Packed| node.left == 0 && !(0.0..=1.0).contains(&node.number);
        let is_off =
            self.weights.iter().any(|&weight| weight < 0.0) || self.nodes.iter().any(is_leaf_off);
        if output == Output::Share && is_off {
            return Err(Error::Unsound {
                part: "the tree part",
                fault: "a leaf or weight can't be part of a mean of shares",
            });
        }
        self.output = output;
        Ok(self)
    }

    /// What the margin means.
    #[must_use]
    pub fn output(&self) -> Output {
        self.output
    }

    /// The margin before any tree, on the scale of [`Self::output`].
    #[must_use]
    pub fn base_margin(&self) -> f32 {
        self.base_margin
    }

    /// The factor on a tree's leaf values: 1 but for dart and forests.
    #[must_use]
    pub fn weight(&self, tree: usize) -> f32 {
        self.weights.get(tree).copied().unwrap_or(1.0)
    }

    /// Number of a tree's root among all nodes; node `i` of the tree is that plus `i`.
    #[must_use]
    pub fn root(&self, tree: usize) -> usize {
        self.offsets[tree] as usize
    }

    /// The value of a leaf in f64, before the tree's weight, by its number among all nodes.
    #[must_use]
    pub fn leaf_value(&self, node: usize) -> f64 {
        match self.wide_leaves.get(node) {
            Some(&value) => value,
            None => f64::from(self.nodes[node].number),
        }
    }

    /// Whether `row` takes the left branch of a split, by its number among all nodes.
    #[must_use]
    pub fn goes_left(&self, node: usize, row: &[f32]) -> bool {
        self.branch_left(&self.nodes[node], row)
    }

    /// A copy of one tree, its nodes in preorder, children by their number in the tree.
    #[must_use]
    pub fn tree(&self, tree: usize) -> Vec<Node> {
        let root = self.offsets[tree];
        (root..self.offsets[tree + 1])
            .map(|index| self.unpack(index as usize, root))
            .collect()
    }

    /// Checks once more everything the constructor checks.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn check(&self) -> Result<(), Error> {
        let trees: Vec<_> = (0..self.n_trees()).map(|tree| self.tree(tree)).collect();
        Self::with_leaf_values(
            self.n_features(),
            self.base_margin,
            &trees,
            self.weights.clone(),
            &self.leaf_values(),
        )?
        .with_output(self.output)
        .map(drop)
    }

    /// Memory the arrays take, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        size_of::<Self>()
            + size_of_val(self.nodes.as_slice())
            + size_of_val(self.covers.as_slice())
            + size_of_val(self.wide_leaves.as_slice())
            + size_of_val(self.offsets.as_slice())
            + size_of_val(self.weights.as_slice())
            + size_of_val(self.set_words.as_slice())
            + size_of_val(self.set_offsets.as_slice())
    }

    /// The values of every tree's nodes where f32 does not hold them; else nothing.
    fn leaf_values(&self) -> Vec<Vec<f64>> {
        if self.wide_leaves.is_empty() {
            return Vec::new();
        }
        let bounds = self.offsets.windows(2);
        bounds
            .map(|bounds| self.wide_leaves[bounds[0] as usize..bounds[1] as usize].to_vec())
            .collect()
    }

    fn unpack(&self, index: usize, root: u32) -> Node {
        let packed = self.nodes[index];
        let cover = self.covers[index];
        if packed.left == 0 {
            return Node::Leaf {
                value: packed.number,
                cover,
            };
        }
        let test = if packed.feature & CATEGORICAL != 0 {
            Test::NotIn(node::codes_of(self.set(packed.number.to_bits())))
        } else if packed.feature & ZERO_MISSING != 0 {
            Test::LessUnlessZero(packed.number)
        } else {
            Test::Less(packed.number)
        };
        Node::Split {
            feature: packed.feature & FEATURE,
            test,
            default_left: packed.feature & DEFAULT_LEFT != 0,
            left: packed.left - root,
            right: packed.right - root,
            cover,
        }
    }

    fn set(&self, index: u32) -> &[u32] {
        let index = index as usize;
        &self.set_words[self.set_offsets[index] as usize..self.set_offsets[index + 1] as usize]
    }
}
