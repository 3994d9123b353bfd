//! Rows in, margins out.

use super::node::set_contains;
use super::ranked::RankScratch;
use super::{CATEGORICAL, DEFAULT_LEFT, FEATURE, Packed, TreeEnsemble, ZERO, ZERO_MISSING};

/// Rows that go through one tree before the next tree is touched, so that their ranks stay in
/// cache. It cannot change a result: every row sums its leaves in tree order.
const BLOCK_ROWS: usize = 512;
/// Fewer rows are walked one by one: asking every split costs more than it saves.
const MIN_BLOCK_ROWS: usize = 24;

impl TreeEnsemble {
    /// The margin of one row, on the scale of [`Self::output`], summed in f64: the margin that is served, and the
    /// one SHAP values add up to. NaN and columns past the end of `row` are missing.
    #[must_use]
    pub fn margin(&self, row: &[f32]) -> f64 {
        let mut margin = f64::from(self.base_margin);
        for tree in 0..self.n_trees() {
            margin += self.leaf_value(self.leaf(tree, row)) * f64::from(self.weight(tree));
        }
        margin
    }

    /// The margins of many rows, row-major; the lengths were checked by the caller. Every row
    /// gets the bits of [`Self::margin`].
    pub(crate) fn margins_with(&self, rows: &[f32], out: &mut [f64], scratch: &mut RankScratch) {
        let n_features = self.n_features();
        if out.len() < MIN_BLOCK_ROWS || n_features == 0 {
            for (row_idx, margin) in out.iter_mut().enumerate() {
                *margin = self.margin(&rows[row_idx * n_features..(row_idx + 1) * n_features]);
            }
            return;
        }
        out.fill(f64::from(self.base_margin));
        let ranked = self.ranked.get(self);
        let blocks = rows.chunks(BLOCK_ROWS * n_features);
        for (block, rows) in out.chunks_mut(BLOCK_ROWS).zip(blocks) {
            ranked.add_leaves(rows, scratch, block);
        }
    }

    /// The margin in XGBoost's own arithmetic: f32, leaves in order. Equal to the library's
    /// margin bit for bit.
    #[must_use]
    pub fn margin_f32(&self, row: &[f32]) -> f32 {
        (0..self.n_trees()).fold(self.base_margin, |margin, tree| {
            let leaf = self.nodes[self.leaf(tree, row)].number;
            // Multiplying by 1 keeps every bit, so plain boosting needs no case of its own.
            margin + self.weight(tree) * leaf
        })
    }

    /// The probability in XGBoost's own arithmetic. Equal to the library's bit for bit.
    #[must_use]
    pub fn probability_f32(&self, row: &[f32]) -> f32 {
        // The small term is the library's own; in f32 it vanishes beside 1.
        1.0 / ((-self.margin_f32(row)).min(88.7).exp() + 1.0 + 1e-16)
    }

    /// The leaf `row` reaches in a tree, by its number among all nodes.
    fn leaf(&self, tree: usize, row: &[f32]) -> usize {
        let mut index = self.offsets[tree] as usize;
        loop {
            let node = &self.nodes[index];
            if node.left == 0 {
                return index;
            }
            index = if self.branch_left(node, row) {
                node.left as usize
            } else {
                node.right as usize
            };
        }
    }

    #[inline]
    pub(super) fn branch_left(&self, node: &Packed, row: &[f32]) -> bool {
        let value = row
            .get((node.feature & FEATURE) as usize)
            .copied()
            .unwrap_or(f32::NAN);
        if value.is_nan() {
            node.feature & DEFAULT_LEFT != 0
        } else if node.feature & (CATEGORICAL | ZERO_MISSING) == 0 {
            value < node.number
        } else if node.feature & ZERO_MISSING != 0 {
            if value.abs() <= ZERO {
                node.feature & DEFAULT_LEFT != 0
            } else {
                value < node.number
            }
        } else {
            !set_contains(self.set(node.number.to_bits()), value)
        }
    }
}
