//! One question asked of many rows at once.
//!
//! Walking a tree row by row waits at every node for a branch the processor cannot guess.
//! Asking each node's question of a whole column instead has no branch, and the compiler turns
//! it into vector instructions. The leaf then follows from bits: every test that sends a row
//! right rules out the leaves on the left, and the first leaf left over is the row's
//! (Lucchese et al. 2015, "QuickScorer").

use super::node::set_contains;
use super::{CATEGORICAL, DEFAULT_LEFT, FEATURE, TreeEnsemble, ZERO, ZERO_MISSING};

/// Trees with more leaves than bits of a word are walked.
const MAX_LEAVES: usize = u32::BITS as usize;

/// Rows of a feature matrix, turned to lie column by column.
#[derive(Debug, Default)]
pub struct ColumnBlock {
    values: Vec<f32>,
    n_rows: usize,
}

impl ColumnBlock {
    /// Takes over row-major `rows` of `n_features` values each, in place of what it held.
    pub fn fill(&mut self, rows: &[f32], n_features: usize) {
        self.n_rows = rows.len() / n_features.max(1);
        self.values.clear();
        self.values.resize(rows.len(), 0.0);
        for (row_idx, row) in rows.chunks_exact(n_features.max(1)).enumerate() {
            for (column, &value) in row.iter().enumerate() {
                self.values[column * self.n_rows + row_idx] = value;
            }
        }
    }

    /// The values of one column, one per row.
    fn column(&self, column: usize) -> &[f32] {
        &self.values[column * self.n_rows..(column + 1) * self.n_rows]
    }
}

/// The leaves of a tree and what each test says about them.
#[derive(Default)]
pub(super) struct LeafBits {
    /// Split nodes by their number among all nodes, with the bits of the leaves that stay
    /// possible when the test sends a row right.
    splits: Vec<(usize, u32)>,
    /// Leaf values in order, as f64.
    leaves: Vec<f64>,
    /// Leaves before each node of the tree.
    leaves_before: Vec<u32>,
}

impl LeafBits {
    /// Takes over tree `tree`; false when it has too many leaves.
    pub(super) fn read(&mut self, ensemble: &TreeEnsemble, tree: usize) -> bool {
        let root = ensemble.offsets[tree] as usize;
        let nodes = &ensemble.nodes[root..ensemble.offsets[tree + 1] as usize];
        self.splits.clear();
        self.leaves.clear();
        self.leaves_before.clear();
        for (index, node) in nodes.iter().enumerate() {
            self.leaves_before.push(self.leaves.len() as u32);
            if node.left == 0 {
                self.leaves.push(ensemble.leaf_value(root + index));
            }
        }
        if self.leaves.len() > MAX_LEAVES {
            return false;
        }
        // Nodes are in preorder, so the leaves on a split's left are those between its children.
        for (index, node) in nodes.iter().enumerate().filter(|(_, node)| node.left != 0) {
            let first = self.leaves_before[index];
            let end = self.leaves_before[node.right as usize - root];
            let on_the_left = ((1_u64 << end) - (1_u64 << first)) as u32;
            self.splits.push((root + index, !on_the_left));
        }
        true
    }

    /// Adds `weight ×` the leaf each row reaches to `out`. `possible` is reused memory.
    pub(super) fn add_leaves(
        &self,
        ensemble: &TreeEnsemble,
        block: &ColumnBlock,
        weight: f64,
        possible: &mut Vec<u32>,
        out: &mut [f64],
    ) {
        possible.clear();
        possible.resize(out.len(), u32::MAX);
        for &(node, if_right) in &self.splits {
            ensemble.ask(node, block, possible, |possible, goes_left| {
                *possible &= if_right | u32::from(goes_left).wrapping_neg();
            });
        }
        for (slot, possible) in out.iter_mut().zip(possible) {
            *slot += self.leaves[possible.trailing_zeros() as usize] * weight;
        }
    }
}

impl TreeEnsemble {
    /// Tells for every row of `block` whether it takes the left branch of a split, by the
    /// split's number among all nodes; `out` has one entry per row.
    pub fn ask<T>(
        &self,
        node: usize,
        block: &ColumnBlock,
        out: &mut [T],
        tell: impl Fn(&mut T, bool),
    ) {
        let node = &self.nodes[node];
        let values = block.column((node.feature & FEATURE) as usize);
        let rows = out.iter_mut().zip(values);
        let missing_left = node.feature & DEFAULT_LEFT != 0;
        if node.feature & CATEGORICAL != 0 {
            let set = self.set(node.number.to_bits());
            for (slot, &value) in rows {
                let goes_left = if value.is_nan() {
                    missing_left
                } else {
                    !set_contains(set, value)
                };
                tell(slot, goes_left);
            }
        } else if node.feature & ZERO_MISSING != 0 {
            for (slot, &value) in rows {
                let is_missing = value.is_nan() || value.abs() <= ZERO;
                let goes_left = if is_missing {
                    missing_left
                } else {
                    value < node.number
                };
                tell(slot, goes_left);
            }
        } else if missing_left {
            #[expect(
                clippy::neg_cmp_op_on_partial_ord,
                reason = "a missing value (NaN) fails every comparison and is to go left"
            )]
            rows.for_each(|(slot, value)| tell(slot, !(*value >= node.number)));
        } else {
            rows.for_each(|(slot, value)| tell(slot, *value < node.number));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{Node, Test, TreeEnsemble};

    /// A tree in preorder with a leaf wherever `shape` runs out or says so.
    fn grow(shape: &[(bool, u8, bool, bool)], depth: u32) -> Vec<Node> {
        fn add(
            nodes: &mut Vec<Node>,
            shape: &mut std::slice::Iter<'_, (bool, u8, bool, bool)>,
            depth: u32,
        ) {
            let index = nodes.len();
            let next = if depth == 0 { None } else { shape.next() };
            let Some(&(true, number, default_left, categorical)) = next else {
                let value = (index as f32).mul_add(0.37, -1.0);
                nodes.push(Node::Leaf { value, cover: 1.0 });
                return;
            };
            let test = if categorical {
                Test::NotIn(vec![u32::from(number % 4), 3])
            } else {
                let threshold = f32::from(number % 5) - 1.5;
                if number > 200 {
                    Test::LessUnlessZero(threshold)
                } else {
                    Test::Less(threshold)
                }
            };
            nodes.push(Node::Split {
                feature: u32::from(number % 3),
                test,
                default_left,
                left: 0,
                right: 0,
                cover: 2.0,
            });
            let first = nodes.len() as u32;
            add(nodes, shape, depth - 1);
            let second = nodes.len() as u32;
            add(nodes, shape, depth - 1);
            if let Node::Split { left, right, .. } = &mut nodes[index] {
                (*left, *right) = (first, second);
            }
        }
        let mut nodes = Vec::new();
        add(&mut nodes, &mut shape.iter(), depth);
        nodes
    }

    proptest! {
        #[test]
        fn a_block_of_rows_gets_the_bits_of_each_row(
            shapes in prop::collection::vec(
                prop::collection::vec((prop::bool::weighted(0.8), any::<u8>(), any::<bool>(), any::<bool>()), 0..80), 1..4),
            cells in prop::collection::vec(prop_oneof![
                Just(f32::NAN), Just(f32::INFINITY), Just(-0.0_f32), -3.0..4.0_f32, (0..4_u8).prop_map(f32::from),
            ], 3..600),
        ) {
            let trees: Vec<_> = shapes.iter().map(|shape| grow(shape, 6)).collect();
            let weights = (0..trees.len()).map(|tree| 1.0 - tree as f32 * 0.3).collect();
            let ensemble = TreeEnsemble::new(3, 0.25, &trees, weights).unwrap();
            let n_rows = cells.len() / 3;
            let mut margins = vec![0.0; n_rows];
            ensemble.margins_into(&cells[..n_rows * 3], &mut margins);
            for (row, margin) in cells.chunks_exact(3).zip(&margins) {
                prop_assert_eq!(ensemble.margin(row).to_bits(), margin.to_bits(), "{:?}", row);
            }
        }
    }
}
