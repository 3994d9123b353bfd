//! All trees of an ensemble: what a block of rows gets from each of them.

use churn_ensemble::{ColumnBlock, TreeEnsemble};

use crate::interactions::add_pair;
use crate::memo::Memo;
use crate::tree::{Scratch, TreePaths};

/// Memory all leaf tables together may take; trees past it work their leaves out row by row.
const MAX_TABLE_BYTES: usize = 64 << 20;
/// Trees with at most this many splits get the values of all their outcomes in advance.
const MAX_LISTED_SPLITS: usize = 8;
/// Memory these lists may take together; trees past it use a memo.
const MAX_LIST_BYTES: usize = 32 << 20;
/// Memory the memo of one tree, and of all trees together, may take.
const MAX_MEMO_BYTES: (usize, usize) = (256 << 10, 64 << 20);
/// Outcomes of a tree with at most this many splits make a memo key.
const MAX_KEY_SPLITS: usize = 64;

/// The trees of one ensemble, prepared; made once, used for any number of rows.
#[derive(Debug, Default)]
pub(crate) struct TreesExplainer {
    trees: Vec<TreeExplainer>,
}

#[derive(Debug)]
struct TreeExplainer {
    paths: TreePaths,
    known: Known,
}

/// Where a tree's values come from, given the outcomes of its splits.
#[derive(Debug)]
enum Known {
    /// Values by outcomes, all of them: as many in a row as the tree has slots.
    All(Vec<f64>),
    /// Values of the outcomes met so far.
    Met(Memo),
    /// Nothing is kept: the outcomes do not fit a key.
    None,
}

impl TreesExplainer {
    /// The base (the margin when nothing is known) and the prepared trees.
    pub(crate) fn new(ensemble: &TreeEnsemble) -> (f64, Self) {
        let mut base = f64::from(ensemble.base_margin());
        let (mut table_bytes, mut list_bytes) = (0, 0);
        let memo_bytes = MAX_MEMO_BYTES
            .0
            .min(MAX_MEMO_BYTES.1 / ensemble.n_trees().max(1));
        let trees = (0..ensemble.n_trees()).map(|tree_idx| {
            let mut paths = TreePaths::new(ensemble, tree_idx);
            base += paths.expected;
            table_bytes += paths.table_bytes();
            if table_bytes <= MAX_TABLE_BYTES {
                paths.tabulate();
            }
            let (n_splits, n_slots) = (paths.n_splits(), paths.columns.len());
            let known = if n_splits == 0 || n_splits > MAX_KEY_SPLITS {
                Known::None
            } else if n_splits <= MAX_LISTED_SPLITS && list_bytes <= MAX_LIST_BYTES {
                list_bytes += (n_slots << n_splits) * size_of::<f64>();
                Known::All(list_values(&paths))
            } else {
                Known::Met(Memo::new(n_slots, memo_bytes))
            };
            TreeExplainer { paths, known }
        });
        let trees = trees.collect();
        (base, Self { trees })
    }

    /// Adds the contributions of row-major `rows` to `out`, summed by `groups` as in
    /// [`crate::Explainer::new`]; `n_groups` values per row.
    pub(crate) fn explain_block(
        &self,
        ensemble: &TreeEnsemble,
        rows: &[f32],
        groups: &[u32],
        n_groups: usize,
        out: &mut [f64],
    ) {
        let n_features = ensemble.n_features();
        let mut columns = ColumnBlock::default();
        columns.fill(rows, n_features);
        let rows: Vec<&[f32]> = rows.chunks_exact(n_features.max(1)).collect();
        let block = Block {
            ensemble,
            rows: &rows,
            columns: &columns,
        };
        let (mut scratch, mut targets) = (Scratch::default(), Vec::new());
        for tree in &self.trees {
            targets.clear();
            let slots = tree.paths.columns.iter();
            targets.extend(slots.map(|&column| groups[column as usize] as usize));
            tree.explain_block(&block, &mut scratch, |row_idx, values| {
                let row_out = &mut out[row_idx * n_groups..(row_idx + 1) * n_groups];
                for (&target, value) in targets.iter().zip(values) {
                    row_out[target] += value;
                }
            });
        }
    }
}

impl TreesExplainer {
    /// Adds the interactions of different groups to `out`, `n_groups²` values per row.
    pub(crate) fn interactions_block(
        &self,
        ensemble: &TreeEnsemble,
        rows: &[f32],
        groups: &[u32],
        n_groups: usize,
        out: &mut [f64],
    ) {
        let n_features = ensemble.n_features();
        let (mut scratch, mut outcomes, mut values) = (Scratch::default(), Vec::new(), Vec::new());
        for TreeExplainer { paths, .. } in &self.trees {
            let n_slots = paths.columns.len();
            let place = |slot: usize| groups[paths.columns[slot] as usize] as usize;
            let matrices = out.chunks_exact_mut((n_groups * n_groups).max(1));
            for (row, matrix) in rows.chunks_exact(n_features.max(1)).zip(matrices) {
                values.clear();
                values.resize(n_slots * n_slots, 0.0);
                paths.outcomes_into(ensemble, row, &mut outcomes);
                paths.add_interactions(&outcomes, &mut scratch, &mut values);
                for one in 0..n_slots {
                    for other in 0..n_slots {
                        let value = values[one * n_slots + other];
                        add_pair(matrix, n_groups, (place(one), place(other)), value);
                    }
                }
            }
        }
    }
}

/// Rows in both layouts.
struct Block<'a> {
    ensemble: &'a TreeEnsemble,
    rows: &'a [&'a [f32]],
    columns: &'a ColumnBlock,
}

impl Block<'_> {
    fn keys(&self, paths: &TreePaths) -> Vec<u64> {
        paths.keys(self.ensemble, self.columns, self.rows.len())
    }
}

impl TreeExplainer {
    /// Calls `add` once per row with the tree's values, one per slot.
    fn explain_block(
        &self,
        block: &Block<'_>,
        scratch: &mut Scratch,
        mut add: impl FnMut(usize, &[f64]),
    ) {
        let n_slots = self.paths.columns.len();
        match &self.known {
            Known::All(values) => {
                for (row_idx, key) in block.keys(&self.paths).into_iter().enumerate() {
                    // There are at most 2^8 outcomes, so the key always fits.
                    let start = usize::try_from(key).unwrap_or_default() * n_slots;
                    add(row_idx, &values[start..start + n_slots]);
                }
            }
            Known::Met(memo) => memo.add_all(&block.keys(&self.paths), &mut add, || {
                |key| {
                    let mut values = vec![0.0; n_slots];
                    self.paths.add_values(&[key], scratch, &mut values);
                    values.into_boxed_slice()
                }
            }),
            Known::None => {
                let (mut values, mut outcomes) = (vec![0.0; n_slots], Vec::new());
                for (row_idx, row) in block.rows.iter().enumerate() {
                    values.fill(0.0);
                    self.paths.outcomes_into(block.ensemble, row, &mut outcomes);
                    self.paths.add_values(&outcomes, scratch, &mut values);
                    add(row_idx, &values);
                }
            }
        }
    }
}

/// The values of every possible list of outcomes, in order.
fn list_values(paths: &TreePaths) -> Vec<f64> {
    let n_slots = paths.columns.len();
    let mut scratch = Scratch::default();
    let mut values = vec![0.0; n_slots << paths.n_splits()];
    for (key, values) in (0..).zip(values.chunks_exact_mut(n_slots)) {
        paths.add_values(&[key], &mut scratch, values);
    }
    values
}
