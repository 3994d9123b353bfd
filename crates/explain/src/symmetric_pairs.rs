//! Background values of symmetric trees, one background row at a time.
//!
//! The game is that of [`crate::pairs`]: a known column has the customer's value, any other
//! the background row's. A statistic of a combination is that of the mixed row, which neither
//! row may have on its own; so where a split's answer depends on columns whose side is open,
//! the walk opens one of them to both sides and asks again.

use churn_ensemble::SymmetricEnsemble;

use crate::interactions::add_pair;
use crate::pairs::{Background, GameWeights, Side};
use crate::view::View;

/// Some trees of an ensemble, the background rows, and the columns of all splits.
#[derive(Debug)]
pub(crate) struct SymmetricPairs {
    trees: Vec<usize>,
    /// By tree and split: the matrix columns it looks at.
    columns: Vec<Vec<Vec<u32>>>,
    background: Background,
    weights: GameWeights,
}

impl SymmetricPairs {
    /// Prepares the given trees of `ensemble`.
    pub(crate) fn new(
        ensemble: &SymmetricEnsemble,
        background: Background,
        trees: Vec<usize>,
    ) -> Self {
        let of_tree = |tree| {
            let splits = ensemble.splits(tree).iter();
            splits.map(|split| ensemble.columns_of(split)).collect()
        };
        let columns: Vec<Vec<Vec<u32>>> = (0..ensemble.n_trees()).map(of_tree).collect();
        let of_splits = columns
            .iter()
            .map(|splits| splits.iter().map(Vec::len).sum());
        let most: usize = of_splits.max().unwrap_or(0);
        Self {
            weights: GameWeights::new(most.min(ensemble.n_features())),
            trees,
            columns,
            background,
        }
    }

    /// Adds the contributions of row-major `rows` to `out`, `n_groups` values per row.
    pub(crate) fn explain_block(
        &self,
        ensemble: &SymmetricEnsemble,
        rows: &[f32],
        view: &View,
        out: &mut [f64],
    ) {
        let outs = out.chunks_exact_mut(view.n_groups.max(1));
        self.for_each(ensemble, rows, outs, |leaf, row_out| {
            for &column in leaf.parted {
                let (a, b) = leaf.counts;
                let weight = match leaf.sides[column as usize] {
                    Side::Customer => self.weights.known(a, b),
                    _ => -self.weights.unknown(a, b),
                };
                row_out[view.groups[column as usize] as usize] += leaf.value * weight;
            }
        });
    }

    /// Adds the interactions of different groups to `out`, `n_groups²` values per row.
    pub(crate) fn interactions_block(
        &self,
        ensemble: &SymmetricEnsemble,
        rows: &[f32],
        view: &View,
        out: &mut [f64],
    ) {
        let outs = out.chunks_exact_mut((view.n_groups * view.n_groups).max(1));
        self.for_each(ensemble, rows, outs, |leaf, matrix| {
            let (a, b) = leaf.counts;
            let place = |column: u32| view.groups[column as usize] as usize;
            for (index, &one) in leaf.parted.iter().enumerate() {
                for &other in &leaf.parted[index + 1..] {
                    let sides = (leaf.sides[one as usize], leaf.sides[other as usize]);
                    let value = leaf.value * self.weights.pair(sides, a, b);
                    add_pair(matrix, view.n_groups, (place(one), place(other)), value);
                }
            }
        });
    }

    /// Calls `visit` with every leaf that a mixed row reaches, and the row's part of the
    /// output.
    fn for_each<'a>(
        &self,
        ensemble: &SymmetricEnsemble,
        rows: &[f32],
        outs: impl Iterator<Item = &'a mut [f64]>,
        mut visit: impl FnMut(&MixedLeaf<'_>, &mut [f64]),
    ) {
        let n_features = ensemble.n_features();
        #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
        let share = ensemble.scale() / self.background.n_rows as f64;
        for (row, row_out) in rows.chunks_exact(n_features.max(1)).zip(outs) {
            let mut walk = Walk {
                ensemble,
                columns: &self.columns,
                row,
                background: &[],
                mixed: vec![0.0; n_features],
                sides: vec![Side::Both; n_features],
                parted: Vec::new(),
                share,
            };
            for background in self.background.rows.chunks_exact(n_features.max(1)) {
                walk.background = background;
                for &tree in &self.trees {
                    // A column no side was chosen for has the customer's value.
                    walk.mixed.copy_from_slice(row);
                    let n_splits = ensemble.splits(tree).len();
                    walk.visit(tree, n_splits, 0, &mut |leaf| visit(leaf, row_out));
                }
            }
        }
    }
}

/// A leaf and the columns that led to it.
struct MixedLeaf<'a> {
    /// In log-odds, over the number of background rows.
    value: f64,
    /// Columns whose side was chosen.
    parted: &'a [u32],
    sides: &'a [Side],
    /// Columns of the customer and of the background among them.
    counts: (usize, usize),
}

/// One customer and one background row on the way through one tree.
struct Walk<'a> {
    ensemble: &'a SymmetricEnsemble,
    columns: &'a [Vec<Vec<u32>>],
    row: &'a [f32],
    background: &'a [f32],
    mixed: Vec<f32>,
    sides: Vec<Side>,
    parted: Vec<u32>,
    share: f64,
}

impl Walk<'_> {
    /// Visits the leaves whose upper bits, from `n_splits` on, are those of `leaf`.
    fn visit(
        &mut self,
        tree: usize,
        n_splits: usize,
        leaf: usize,
        tell: &mut impl FnMut(&MixedLeaf<'_>),
    ) {
        let Some(split) = n_splits.checked_sub(1) else {
            let customer = |column: &&u32| self.sides[**column as usize] == Side::Customer;
            let a = self.parted.iter().filter(customer).count();
            tell(&MixedLeaf {
                value: self.ensemble.leaf_values(tree)[leaf] * self.share,
                parted: &self.parted,
                sides: &self.sides,
                counts: (a, self.parted.len() - a),
            });
            return;
        };
        let open: Vec<u32> = self.columns[tree][split]
            .iter()
            .copied()
            .filter(|&column| self.is_open(column))
            .collect();
        match self.only_answer(tree, split, &open) {
            Some(answer) => {
                self.visit(tree, split, leaf | usize::from(answer) << split, tell);
            }
            // An answer that differs depends on a column, so one is open.
            None => self.part(open[0], &mut |walk| {
                walk.visit(tree, n_splits, leaf, &mut *tell);
            }),
        }
    }

    /// Whether no side was chosen for a column over which the two rows may differ.
    fn is_open(&self, column: u32) -> bool {
        let column = column as usize;
        let (ours, theirs) = (self.row[column], self.background[column]);
        let same = ours.to_bits() == theirs.to_bits() || (ours.is_nan() && theirs.is_nan());
        !same && self.sides[column] == Side::Both
    }

    /// The answer to a split where it is the same on whatever side the open columns are.
    fn only_answer(&mut self, tree: usize, split: usize, open: &[u32]) -> Option<bool> {
        let answer = |walk: &Self| walk.ensemble.answer(tree, split, &walk.mixed);
        let first = answer(self);
        let mut same = true;
        for set in 1..1_u64 << open.len() {
            for (bit, &column) in open.iter().enumerate() {
                let from = if set >> bit & 1 == 1 {
                    self.background
                } else {
                    self.row
                };
                self.mixed[column as usize] = from[column as usize];
            }
            same = answer(self) == first;
            if !same {
                break;
            }
        }
        for &column in open {
            self.mixed[column as usize] = self.row[column as usize];
        }
        same.then_some(first)
    }

    /// Takes a column to both sides in turn.
    fn part(&mut self, column: u32, go_on: &mut dyn FnMut(&mut Self)) {
        let place = column as usize;
        self.parted.push(column);
        for (side, value) in [
            (Side::Background, self.background[place]),
            (Side::Customer, self.row[place]),
        ] {
            self.sides[place] = side;
            self.mixed[place] = value;
            go_on(self);
        }
        self.sides[place] = Side::Both;
        self.parted.pop();
    }
}
