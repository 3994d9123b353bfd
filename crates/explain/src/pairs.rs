//! Background values of trees, one background row at a time: the general algorithm.
//!
//! In the game of a customer `x` and a background row `b`, a known column has the customer's
//! value and any other the background row's. A leaf is reached when the columns `X`, whose
//! conditions `x` alone satisfies, are known and the columns `B`, whose conditions `b` alone
//! satisfies, are not. The Shapley value of such a game is `(|X| − 1)! |B|! / (|X| + |B|)!` for a
//! column of `X` and less `|X|! (|B| − 1)! / (|X| + |B|)!` for one of `B`, so one walk that takes both ways
//! where the two rows part gives the values of all columns (Lundberg et al. 2020, algorithm
//! 3). The mean over the background is taken in its order.

use churn_ensemble::{Node, TreeEnsemble};

use crate::interactions::add_pair;
use crate::view::View;

/// Some trees of an ensemble.
#[derive(Debug)]
pub(crate) struct TreePairs {
    trees: Vec<PairTree>,
    weights: GameWeights,
}

/// Memory reused from row to row.
#[derive(Debug, Default)]
pub(crate) struct PairScratch {
    sides: Vec<Side>,
    values: Vec<f64>,
}

/// The rows that stand in for what is not known; at least one.
#[derive(Debug)]
pub(crate) struct Background {
    pub(crate) rows: Vec<f32>,
    pub(crate) n_rows: usize,
}

/// One tree, its columns numbered from 0.
#[derive(Debug)]
struct PairTree {
    root: usize,
    columns: Vec<u32>,
    nodes: Vec<PairNode>,
}

#[derive(Debug, Clone, Copy)]
enum PairNode {
    Leaf(f64),
    Split {
        slot: usize,
        left: usize,
        right: usize,
    },
}

/// Whose value a column has on the way to a leaf.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Side {
    /// The two rows have not parted over the column.
    Both,
    Customer,
    Background,
}

/// The weights of a game by the number of columns on each side.
#[derive(Debug)]
pub(crate) struct GameWeights {
    stride: usize,
    /// `(a − 1)! b! / (a + b)!` at `a × stride + b`; 0 for no `a`.
    ours: Vec<f64>,
}

impl GameWeights {
    /// Weights for up to `most` columns.
    pub(crate) fn new(most: usize) -> Self {
        let stride = most + 1;
        let mut ours = vec![0.0; stride * stride];
        for b in 0..stride {
            for a in 1..stride {
                ours[a * stride + b] = if a == 1 {
                    1.0 / float(b + 1)
                } else {
                    ours[(a - 1) * stride + b] * float(a - 1) / float(a + b)
                };
            }
        }
        Self { stride, ours }
    }

    /// The value of each of `a` columns that must be known, where `b` others must not be.
    pub(crate) fn known(&self, a: usize, b: usize) -> f64 {
        self.ours[a * self.stride + b]
    }

    /// Less the value of each of the `b` columns.
    pub(crate) fn unknown(&self, a: usize, b: usize) -> f64 {
        self.known(b, a)
    }

    /// The interaction value of two columns on the given sides.
    pub(crate) fn pair(&self, sides: (Side, Side), a: usize, b: usize) -> f64 {
        0.5 * match sides {
            (Side::Customer, Side::Customer) => self.known(a - 1, b),
            (Side::Background, Side::Background) => self.unknown(a, b - 1),
            _ => -self.known(a, b - 1),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of columns and rows")]
fn float(count: usize) -> f64 {
    count as f64
}

impl TreePairs {
    /// Prepares the given trees of `ensemble`, whose paths ask of at most `most_steps` columns.
    pub(crate) fn new(ensemble: &TreeEnsemble, trees: &[usize], most_steps: usize) -> Self {
        let trees: Vec<PairTree> = trees
            .iter()
            .map(|&tree| PairTree::new(ensemble, tree))
            .collect();
        Self {
            weights: GameWeights::new(most_steps),
            trees,
        }
    }

    /// Adds the contributions of row-major `rows` to `out`, `n_groups` values per row.
    pub(crate) fn explain_block(
        &self,
        ensemble: &TreeEnsemble,
        background: &Background,
        rows: &[f32],
        view: &View,
        scratch: &mut PairScratch,
        out: &mut [f64],
    ) {
        let (groups, n_groups) = (&view.groups, view.n_groups);
        let n_background = background.n_rows;
        let PairScratch { sides, values } = scratch;
        self.for_each_tree(ensemble, background, rows, sides, |walk, tree, row_idx| {
            values.clear();
            values.resize(tree.columns.len(), 0.0);
            for background in 0..n_background {
                walk.background = background;
                walk.shares(0, 0, 0, values);
            }
            let row_out = &mut out[row_idx * n_groups..(row_idx + 1) * n_groups];
            for (&column, value) in tree.columns.iter().zip(&*values) {
                row_out[groups[column as usize] as usize] += value / float(n_background);
            }
        });
    }

    /// Adds the interactions of different groups to `out`, `n_groups²` values per row.
    pub(crate) fn interactions_block(
        &self,
        ensemble: &TreeEnsemble,
        background: &Background,
        rows: &[f32],
        view: &View,
        out: &mut [f64],
    ) {
        let (groups, n_groups) = (&view.groups, view.n_groups);
        let n_background = background.n_rows;
        let mut sides = Vec::new();
        self.for_each_tree(
            ensemble,
            background,
            rows,
            &mut sides,
            |walk, tree, row_idx| {
                let n_slots = tree.columns.len();
                let mut values = vec![0.0; n_slots * n_slots];
                for background in 0..n_background {
                    walk.background = background;
                    walk.pairs(0, &mut Vec::new(), &mut values);
                }
                let matrix =
                    &mut out[row_idx * n_groups * n_groups..(row_idx + 1) * n_groups * n_groups];
                let place = |slot: usize| groups[tree.columns[slot] as usize] as usize;
                for one in 0..n_slots {
                    for other in 0..n_slots {
                        let value = values[one * n_slots + other] / float(n_background);
                        add_pair(matrix, n_groups, (place(one), place(other)), value);
                    }
                }
            },
        );
    }

    /// Calls `visit` with a fresh walk for every tree and row.
    fn for_each_tree(
        &self,
        ensemble: &TreeEnsemble,
        background: &Background,
        rows: &[f32],
        sides: &mut Vec<Side>,
        mut visit: impl FnMut(&mut Walk<'_>, &PairTree, usize),
    ) {
        let n_features = ensemble.n_features();
        for tree in &self.trees {
            // Every walk closes again what it opened.
            sides.clear();
            sides.resize(tree.columns.len(), Side::Both);
            for (row_idx, row) in rows.chunks_exact(n_features.max(1)).enumerate() {
                let mut walk = Walk {
                    weights: &self.weights,
                    ensemble,
                    tree,
                    row,
                    others: &background.rows,
                    background: 0,
                    sides,
                };
                visit(&mut walk, tree, row_idx);
            }
        }
    }
}

/// One customer on the way through one tree beside one background row.
struct Walk<'a> {
    weights: &'a GameWeights,
    ensemble: &'a TreeEnsemble,
    tree: &'a PairTree,
    row: &'a [f32],
    others: &'a [f32],
    background: usize,
    sides: &'a mut [Side],
}

/// Where a walk goes on.
enum Next {
    Leaf(f64),
    One(usize),
    Part {
        slot: usize,
        customer: usize,
        background: usize,
    },
}

impl Walk<'_> {
    fn next(&self, node: usize) -> Next {
        let (slot, left, right) = match self.tree.nodes[node] {
            PairNode::Leaf(value) => return Next::Leaf(value),
            PairNode::Split { slot, left, right } => (slot, left, right),
        };
        let child = |row: &[f32]| {
            if self.ensemble.goes_left(self.tree.root + node, row) {
                left
            } else {
                right
            }
        };
        let customer = || child(self.row);
        let n_features = self.ensemble.n_features();
        let start = self.background * n_features;
        let background = || child(&self.others[start..start + n_features]);
        match self.sides[slot] {
            Side::Customer => Next::One(customer()),
            Side::Background => Next::One(background()),
            Side::Both => {
                let (customer, background) = (customer(), background());
                if customer == background {
                    return Next::One(customer);
                }
                Next::Part {
                    slot,
                    customer,
                    background,
                }
            }
        }
    }

    /// Adds the values of the leaves below `node`, which `a` columns of the customer and `b`
    /// of the background led to; returns what each of the `a` gets and each of the `b` loses.
    fn shares(&mut self, node: usize, a: usize, b: usize, values: &mut [f64]) -> (f64, f64) {
        match self.next(node) {
            Next::Leaf(value) => {
                let weights = self.weights;
                (value * weights.known(a, b), value * weights.unknown(a, b))
            }
            Next::One(child) => self.shares(child, a, b, values),
            Next::Part {
                slot,
                customer,
                background,
            } => {
                self.sides[slot] = Side::Customer;
                let ours = self.shares(customer, a + 1, b, values);
                self.sides[slot] = Side::Background;
                let theirs = self.shares(background, a, b + 1, values);
                self.sides[slot] = Side::Both;
                values[slot] += ours.0 - theirs.1;
                (ours.0 + theirs.0, ours.1 + theirs.1)
            }
        }
    }

    /// Adds the interactions of the leaves below `node`, at the places of their slots, the
    /// earlier first.
    fn pairs(&mut self, node: usize, parted: &mut Vec<usize>, values: &mut [f64]) {
        match self.next(node) {
            Next::Leaf(value) => {
                let customer = |slot: &&usize| self.sides[**slot] == Side::Customer;
                let a = parted.iter().filter(customer).count();
                let b = parted.len() - a;
                for (place, &one) in parted.iter().enumerate() {
                    for &other in &parted[place + 1..] {
                        let sides = (self.sides[one], self.sides[other]);
                        let weight = self.weights.pair(sides, a, b);
                        values[one * self.sides.len() + other] += value * weight;
                    }
                }
            }
            Next::One(child) => self.pairs(child, parted, values),
            Next::Part {
                slot,
                customer,
                background,
            } => {
                parted.push(slot);
                self.sides[slot] = Side::Customer;
                self.pairs(customer, parted, values);
                self.sides[slot] = Side::Background;
                self.pairs(background, parted, values);
                self.sides[slot] = Side::Both;
                parted.pop();
            }
        }
    }
}

impl PairTree {
    fn new(ensemble: &TreeEnsemble, tree: usize) -> Self {
        let nodes = ensemble.tree(tree);
        let (root, weight) = (ensemble.root(tree), f64::from(ensemble.weight(tree)));
        let column = |node: &Node| match node {
            Node::Split { feature, .. } => Some(*feature),
            Node::Leaf { .. } => None,
        };
        let mut columns: Vec<u32> = nodes.iter().filter_map(column).collect();
        columns.sort_unstable();
        columns.dedup();
        let node = |(index, node): (usize, &Node)| match node {
            Node::Leaf { .. } => PairNode::Leaf(ensemble.leaf_value(root + index) * weight),
            Node::Split {
                feature,
                left,
                right,
                ..
            } => PairNode::Split {
                slot: columns.binary_search(feature).unwrap_or_default(),
                left: *left as usize,
                right: *right as usize,
            },
        };
        Self {
            nodes: nodes.iter().enumerate().map(node).collect(),
            root,
            columns,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::GameWeights;

    #[test]
    fn weights_are_those_of_the_definition() {
        let factorial = |k: usize| (1..=k).map(|k| k as f64).product::<f64>();
        let weights = GameWeights::new(12);
        for a in 0..=6 {
            for b in 0..=6 {
                let of = |a: usize, b: usize| match a {
                    0 => 0.0,
                    _ => factorial(a - 1) * factorial(b) / factorial(a + b),
                };
                assert!((weights.known(a, b) - of(a, b)).abs() < 1e-15);
                assert!((weights.unknown(a, b) - of(b, a)).abs() < 1e-15);
            }
        }
    }
}
