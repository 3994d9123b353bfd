//! Symmetric trees: a row's SHAP values in a tree depend on its leaf alone, so they are a row
//! of a table.
//!
//! The game of a tree: when matrix columns `S` are known, a split whose columns all lie in `S`
//! sends the row to its own side, any other split sends it both ways in proportion to the
//! training weight. The splits of one level are one question, and the last split is the
//! root, as in CatBoost. So the game is a function of the set of *known splits*, and with
//! `m(T)` its Harsanyi dividend for a set of splits `T`, knowing `T` means knowing the union
//! `U(T)` of their columns: the Shapley value of a column is the sum of `m(T) / |U(T)|` over
//! the sets `T` whose union holds it (Harsanyi 1963). For a leaf all `2ᵈ` dividends come out
//! of `d` rounds of two-point butterflies over its tree, the alternating sum included.
//!
//! Where a background stands in, a split that is not known has the answer of a background row,
//! and what counts of the background is how many of its rows fall into each leaf: known splits
//! `T` give `Σ over patterns q of the rest of share(q) × leaf(the row's T, q)`, whose dividends
//! are alternating sums. So a background of any size is as fast. Only where a split looks at
//! several columns at once ([`crate::symmetric_pairs`]) does a row of both have an answer that
//! neither has, and such trees are walked.

use churn_ensemble::{Scratch, SymmetricEnsemble};
use rayon::prelude::*;

use crate::interactions::add_pair;
use crate::memo::Memo;
use crate::pairs::Background;
use crate::symmetric_pairs::SymmetricPairs;
use crate::trees::BlockScratch;
use crate::view::View;

/// Trees of up to this depth are tabulated in advance, deeper ones leaf by leaf when a row
/// first reaches the leaf, or walked where a background stands in.
const MAX_TABLE_DEPTH: usize = 8;
/// Memory all tables together, and the memo of all trees together, may take.
const MAX_TABLE_BYTES: usize = 64 << 20;
const MAX_MEMO_BYTES: usize = 64 << 20;

/// Explains the trees of a symmetric ensemble.
#[derive(Debug)]
pub(crate) struct SymmetricTrees {
    trees: Vec<SymmetricTree>,
    /// Trees whose leaves do not tell all about a background row.
    pairs: Option<SymmetricPairs>,
    /// The margin when nothing is known.
    pub(crate) base: f64,
}

#[derive(Debug)]
struct SymmetricTree {
    /// The distinct matrix columns the splits look at: the tree's slots.
    columns: Vec<u32>,
    /// The slots of each split, as bits.
    slots: Vec<u128>,
    stand_in: StandIn,
    /// Leaf values in log-odds, scale included.
    leaves: Vec<f64>,
    known: Known,
}

/// What a split does that is not known.
#[derive(Debug)]
enum StandIn {
    /// The share of training weight that answers yes, by node; the root is 1, and node `h`
    /// has the children `2h` (no) and `2h + 1` (yes).
    Training(Vec<f64>),
    /// The share of background rows in each leaf.
    Background(Vec<f64>),
}

/// The values of leaves, one per slot.
#[derive(Debug)]
enum Known {
    All(Vec<f64>),
    Some(Memo),
    /// The tree is walked.
    None,
}

/// Memory reused from block to block.
#[derive(Debug, Default)]
pub(crate) struct SymmetricScratch {
    places: Vec<usize>,
    keys: Vec<u64>,
}

/// What the values of all leaves of a tree are worked out from.
struct TreeGame {
    /// The slots of every set of splits together.
    unions: Vec<u128>,
    /// At `known << depth | pattern`: the share of background rows with this pattern of
    /// answers to the splits that are not known. Empty where training weights stand in.
    marginals: Vec<f64>,
}

impl SymmetricTrees {
    /// Prepares all trees: `background` stands in for what is not known, or without one the
    /// training weights.
    pub(crate) fn new(ensemble: &SymmetricEnsemble, background: Option<Background>) -> Self {
        let shares = background.as_ref().map(|each| leaf_shares(ensemble, each));
        let mut trees: Vec<SymmetricTree> = (0..ensemble.n_trees())
            .map(|tree| {
                let shares = shares.as_ref().map(|shares| shares[tree].clone());
                SymmetricTree::new(ensemble, tree, shares)
            })
            .collect();
        let walked = trees.iter().enumerate();
        let walked = walked.filter(|(_, tree)| matches!(tree.known, Known::None));
        let walked: Vec<usize> = walked.map(|(tree, _)| tree).collect();
        let pairs = background
            .filter(|_| !walked.is_empty())
            .map(|background| SymmetricPairs::new(ensemble, background, walked));
        let base = trees
            .iter()
            .fold(ensemble.bias(), |base, tree| base + tree.expected());
        let mut table_bytes = 0;
        let memo_bytes = MAX_MEMO_BYTES / trees.len().max(1);
        let tabulated = trees.iter_mut();
        for tree in tabulated.filter(|tree| !matches!(tree.known, Known::None)) {
            let n_bytes = tree.leaves.len() * tree.columns.len() * size_of::<f64>();
            table_bytes += n_bytes;
            if tree.slots.len() > MAX_TABLE_DEPTH || table_bytes > MAX_TABLE_BYTES {
                table_bytes -= n_bytes;
                tree.known = Known::Some(Memo::new(tree.columns.len(), memo_bytes));
            }
        }
        trees.par_iter_mut().for_each(SymmetricTree::tabulate);
        Self { trees, pairs, base }
    }

    /// Fills in the margins of a block of rows and adds their values to `out`, one per group
    /// of `view`.
    pub(crate) fn explain_block(
        &self,
        ensemble: &SymmetricEnsemble,
        rows: &[f32],
        margins: &mut [f64],
        view: &View,
        scratch: &mut BlockScratch,
        out: &mut [f64],
    ) {
        let (groups, n_groups) = (&view.groups, view.n_groups);
        margins.fill(0.0);
        let BlockScratch {
            predict, symmetric, ..
        } = scratch;
        let SymmetricScratch { places, keys } = symmetric;
        ensemble.visit_leaves(rows, margins.len(), predict, |first, tree, leaves| {
            let values = ensemble.leaf_values(tree);
            for (sum, &leaf) in margins[first..].iter_mut().zip(leaves) {
                *sum += values[usize::from(leaf)];
            }
            let tree = &self.trees[tree];
            places.clear();
            places.extend(
                tree.columns
                    .iter()
                    .map(|&column| groups[column as usize] as usize),
            );
            let out = &mut out[first * n_groups..];
            tree.add_values(leaves, places, keys, n_groups, out);
        });
        for margin in margins {
            *margin = ensemble.scale() * *margin + ensemble.bias();
        }
        if let Some(pairs) = &self.pairs {
            pairs.explain_block(ensemble, rows, view, out);
        }
    }

    /// Adds the interactions of different groups to `out`, `n_groups²` values per row.
    pub(crate) fn interactions_block(
        &self,
        ensemble: &SymmetricEnsemble,
        rows: &[f32],
        view: &View,
        out: &mut [f64],
    ) {
        let (groups, n_groups) = (&view.groups, view.n_groups);
        let n_values = n_groups * n_groups;
        let n_rows = out.len() / n_values.max(1);
        let (mut dividends, mut values) = (Vec::new(), Vec::new());
        if let Some(pairs) = &self.pairs {
            pairs.interactions_block(ensemble, rows, view, out);
        }
        let scratch = &mut Scratch::default();
        ensemble.visit_leaves(rows, n_rows, scratch, |first, tree, leaves| {
            let tree = &self.trees[tree];
            if matches!(tree.known, Known::None) {
                return;
            }
            let game = tree.game();
            let n_slots = tree.columns.len();
            let place = |slot: usize| groups[tree.columns[slot] as usize] as usize;
            for (row_idx, &leaf) in (first..).zip(leaves) {
                values.clear();
                values.resize(n_slots * n_slots, 0.0);
                tree.interactions_into(usize::from(leaf), &game, &mut dividends, &mut values);
                let matrix = &mut out[row_idx * n_values..(row_idx + 1) * n_values];
                for one in 0..n_slots {
                    for other in one + 1..n_slots {
                        let value = values[one * n_slots + other];
                        add_pair(matrix, n_groups, (place(one), place(other)), value);
                    }
                }
            }
        });
    }
}

impl SymmetricTree {
    fn new(ensemble: &SymmetricEnsemble, tree: usize, background: Option<Vec<f64>>) -> Self {
        let splits = ensemble.splits(tree);
        let of_splits: Vec<Vec<u32>> = splits.iter().map(|s| ensemble.columns_of(s)).collect();
        let mut columns = of_splits.concat();
        columns.sort_unstable();
        columns.dedup();
        // A checked ensemble has at most 128 columns in a tree.
        let bit = |column: &u32| 1 << columns.binary_search(column).unwrap_or_default();
        let slots = of_splits
            .iter()
            .map(|of_split| of_split.iter().map(bit).fold(0, std::ops::BitOr::bitor))
            .collect();
        let scale = ensemble.scale();
        let is_told_by_leaves =
            splits.len() <= MAX_TABLE_DEPTH && of_splits.iter().all(|columns| columns.len() < 2);
        let known = if background.is_some() && !is_told_by_leaves {
            Known::None
        } else {
            Known::All(Vec::new())
        };
        Self {
            stand_in: match background {
                Some(shares) => StandIn::Background(shares),
                None => StandIn::Training(shares(ensemble.leaf_weights(tree))),
            },
            slots,
            columns,
            leaves: ensemble
                .leaf_values(tree)
                .iter()
                .map(|value| scale * value)
                .collect(),
            known,
        }
    }

    /// The mean of the leaves under what stands in.
    fn expected(&self) -> f64 {
        match &self.stand_in {
            StandIn::Training(shares) => {
                let mut dividends = Vec::new();
                self.training_dividends_into(0, shares, &mut dividends);
                dividends.first().copied().unwrap_or_default()
            }
            StandIn::Background(shares) => {
                let leaves = self.leaves.iter().zip(shares);
                leaves.map(|(value, share)| value * share).sum()
            }
        }
    }

    fn tabulate(&mut self) {
        let n_slots = self.columns.len();
        let mut values = vec![0.0; self.leaves.len() * n_slots];
        if !matches!(self.known, Known::All(_)) || n_slots == 0 {
            return;
        }
        let game = self.game();
        let mut dividends = Vec::new();
        for (leaf, out) in values.chunks_mut(n_slots).enumerate() {
            self.values_into(leaf, &game, &mut dividends, out);
        }
        self.known = Known::All(values);
    }

    fn add_values(
        &self,
        leaves: &[u16],
        places: &[usize],
        keys: &mut Vec<u64>,
        n_groups: usize,
        out: &mut [f64],
    ) {
        let mut add = |row_idx: usize, values: &[f64]| {
            let row_out = &mut out[row_idx * n_groups..(row_idx + 1) * n_groups];
            for (&place, value) in places.iter().zip(values) {
                row_out[place] += value;
            }
        };
        let n_slots = self.columns.len();
        match &self.known {
            Known::All(values) => {
                for (row_idx, &leaf) in leaves.iter().enumerate() {
                    let start = usize::from(leaf) * n_slots;
                    add(row_idx, &values[start..start + n_slots]);
                }
            }
            Known::Some(memo) => {
                keys.clear();
                keys.extend(leaves.iter().map(|&leaf| u64::from(leaf)));
                memo.add_all(keys, &mut add, || {
                    let (game, mut dividends) = (self.game(), Vec::new());
                    move |key| {
                        let mut values = vec![0.0; n_slots];
                        let leaf = usize::try_from(key).unwrap_or_default();
                        self.values_into(leaf, &game, &mut dividends, &mut values);
                        values.into_boxed_slice()
                    }
                });
            }
            Known::None => {}
        }
    }

    /// What does not depend on the leaf.
    fn game(&self) -> TreeGame {
        let mut unions = vec![0; self.leaves.len()];
        for set in 1..unions.len() {
            let rest = set & (set - 1);
            unions[set] = unions[rest] | self.slots[set.trailing_zeros() as usize];
        }
        let marginals = match &self.stand_in {
            StandIn::Training(_) => Vec::new(),
            StandIn::Background(shares) => marginals(shares),
        };
        TreeGame { unions, marginals }
    }

    /// The SHAP values of one leaf into `out`, one per slot.
    fn values_into(&self, leaf: usize, game: &TreeGame, dividends: &mut Vec<f64>, out: &mut [f64]) {
        self.dividends_into(leaf, game, dividends);
        out.fill(0.0);
        for (&dividend, &union) in dividends.iter().zip(&game.unions).skip(1) {
            let part = dividend / f64::from(union.count_ones());
            let mut rest = union;
            while rest != 0 {
                out[rest.trailing_zeros() as usize] += part;
                rest &= rest - 1;
            }
        }
    }

    /// The interactions of one leaf into `out`, at the place of two slots, the lower first:
    /// half the sum of `m(T) / (|U(T)| − 1)` over the sets whose union holds both.
    fn interactions_into(
        &self,
        leaf: usize,
        game: &TreeGame,
        dividends: &mut Vec<f64>,
        out: &mut [f64],
    ) {
        self.dividends_into(leaf, game, dividends);
        for (&dividend, &union) in dividends.iter().zip(&game.unions) {
            let n_known = union.count_ones();
            if n_known < 2 {
                continue;
            }
            let part = 0.5 * dividend / f64::from(n_known - 1);
            let mut ones = union;
            while ones != 0 {
                let one = ones.trailing_zeros() as usize;
                ones &= ones - 1;
                let mut others = ones;
                while others != 0 {
                    out[one * self.columns.len() + others.trailing_zeros() as usize] += part;
                    others &= others - 1;
                }
            }
        }
    }

    /// The dividend of every set of splits, for a row in `leaf`.
    fn dividends_into(&self, leaf: usize, game: &TreeGame, dividends: &mut Vec<f64>) {
        match &self.stand_in {
            StandIn::Training(shares) => self.training_dividends_into(leaf, shares, dividends),
            StandIn::Background(_) => self.background_dividends_into(leaf, game, dividends),
        }
    }

    /// The same where background rows stand in: the value of every set of known splits, and
    /// from those the alternating sums.
    fn background_dividends_into(&self, leaf: usize, game: &TreeGame, dividends: &mut Vec<f64>) {
        let n_leaves = self.leaves.len();
        dividends.clear();
        for (known, marginals) in game.marginals.chunks_exact(n_leaves).enumerate() {
            let unknown = (n_leaves - 1) & !known;
            let (mut value, mut pattern) = (0.0, unknown);
            loop {
                value += marginals[pattern] * self.leaves[leaf & known | pattern];
                if pattern == 0 {
                    break;
                }
                pattern = (pattern - 1) & unknown;
            }
            dividends.push(value);
        }
        for split in 0..self.slots.len() {
            let bit = 1 << split;
            for set in (0..n_leaves).filter(|set| set & bit != 0) {
                dividends[set] -= dividends[set ^ bit];
            }
        }
    }

    /// The same where training weights stand in.
    ///
    /// Before round `i`, an index has the bits of a node's path from split `i` up, and below
    /// them a set of splits; the entry is the dividend of that set at that node.
    fn training_dividends_into(&self, leaf: usize, shares: &[f64], dividends: &mut Vec<f64>) {
        dividends.clear();
        dividends.extend_from_slice(&self.leaves);
        let n_leaves = self.leaves.len();
        for split in 0..self.slots.len() {
            let (bit, yes) = (1 << split, leaf >> split & 1 == 1);
            for start in (0..n_leaves).step_by(2 * bit) {
                let share = shares[(n_leaves | start) >> (split + 1)];
                let (no_half, yes_half) = dividends[start..start + 2 * bit].split_at_mut(bit);
                for (no, with) in no_half.iter_mut().zip(yes_half) {
                    let step = *with - *no;
                    // Known less unknown; exact where all weight is on the row's own side.
                    *with = if yes {
                        (1.0 - share) * step
                    } else {
                        -share * step
                    };
                    *no += share * step;
                }
            }
        }
    }
}

/// The share that answers yes at every inner node. A node nothing reached counts as even.
fn shares(leaf_weights: &[f64]) -> Vec<f64> {
    let n_leaves = leaf_weights.len();
    let mut weights = vec![0.0; n_leaves];
    weights.extend_from_slice(leaf_weights);
    let mut shares = vec![0.5; n_leaves];
    for node in (1..n_leaves).rev() {
        weights[node] = weights[2 * node] + weights[2 * node + 1];
        if weights[node] > 0.0 {
            shares[node] = weights[2 * node + 1] / weights[node];
        }
    }
    shares
}

/// The share of background rows in each leaf, by tree.
fn leaf_shares(ensemble: &SymmetricEnsemble, background: &Background) -> Vec<Vec<f64>> {
    let n_leaves = |tree| ensemble.leaf_values(tree).len();
    let mut shares: Vec<Vec<f64>> = (0..ensemble.n_trees())
        .map(|tree| vec![0.0; n_leaves(tree)])
        .collect();
    let (rows, n_rows) = (&background.rows, background.n_rows);
    ensemble.visit_leaves(rows, n_rows, &mut Scratch::default(), |_, tree, leaves| {
        for &leaf in leaves {
            shares[tree][usize::from(leaf)] += 1.0;
        }
    });
    #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
    let n_rows = n_rows as f64;
    for share in shares.iter_mut().flatten() {
        *share /= n_rows;
    }
    shares
}

/// The shares of all patterns of answers to the splits outside of every known set, from the
/// shares of full patterns: known splits are summed over.
fn marginals(shares: &[f64]) -> Vec<f64> {
    let n = shares.len();
    let mut marginals = vec![0.0; n * n];
    marginals[..n].copy_from_slice(shares);
    for known in 1..n {
        let bit = known & known.wrapping_neg();
        let (before, after) = marginals.split_at_mut(known * n);
        let before = &before[(known ^ bit) * n..][..n];
        for pattern in (0..n).filter(|pattern| pattern & known == 0) {
            after[pattern] = before[pattern] + before[pattern | bit];
        }
    }
    marginals
}
