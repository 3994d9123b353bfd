//! Rows in, leaves and margins out.

use super::compile::{ByteSplit, NONE, Source, n_below};
use super::{KeyPart, SymmetricColumn, SymmetricEnsemble};
use crate::Scratch;

/// Rows that go through all trees together: their bytes and leaves stay in cache. It cannot
/// change a result: every row sums its leaves in tree order.
const BLOCK_ROWS: usize = 128;

/// Memory reused from block to block.
#[derive(Debug, Default)]
pub(crate) struct SymmetricScratch {
    hashes: Vec<Option<u64>>,
    buckets: Vec<u32>,
    bytes: Vec<u8>,
}

impl SymmetricEnsemble {
    /// The margin (log-odds) of one row, `scale × Σ leaf + bias` in f64. NaN and columns past
    /// the end of `row` are missing.
    #[must_use]
    pub fn margin(&self, row: &[f32]) -> f64 {
        self.margin_with(row, &mut Scratch::default())
    }

    /// As [`Self::margin`], in memory that is used again.
    pub(crate) fn margin_with(&self, row: &[f32], scratch: &mut Scratch) -> f64 {
        let mut sum = 0.0;
        self.visit_block(row, 1, &mut scratch.symmetric, |tree, leaves| {
            sum += self.leaf_values(tree)[usize::from(leaves[0])];
        });
        self.scale * sum + self.bias
    }

    /// Calls `visit` with every tree in order and the leaf each row reaches in it, for rows
    /// (row-major, `n_rows × n_features`) in blocks: block after block, each with its first
    /// row, the tree, and one leaf index per row of the block.
    pub fn visit_leaves(
        &self,
        rows: &[f32],
        n_rows: usize,
        scratch: &mut Scratch,
        mut visit: impl FnMut(usize, usize, &[u16]),
    ) {
        let n_features = self.n_features();
        for first in (0..n_rows).step_by(BLOCK_ROWS) {
            let last = n_rows.min(first + BLOCK_ROWS);
            let block = &rows[first * n_features..last * n_features];
            let scratch = &mut scratch.symmetric;
            self.visit_block(block, last - first, scratch, |tree, leaves| {
                visit(first, tree, leaves)
            });
        }
    }

    /// The answer of one row to a split of a tree, by its place in [`Self::splits`]. NaN and
    /// columns past the end of `row` are missing.
    #[must_use]
    pub fn answer(&self, tree: usize, split: usize, row: &[f32]) -> bool {
        let split = &self.compiled.splits[self.split_offsets[tree] as usize + split];
        let plane = &self.compiled.planes[split.plane as usize];
        let (start, len) = (plane.start as usize, plane.len as usize);
        let bin = |place: u32| {
            let bins = &self.compiled.bins[start..start + len];
            bins.get(place as usize).copied().unwrap_or(plane.otherwise)
        };
        let byte = match plane.source {
            Source::Number(column) => {
                let value = value_at(row, column);
                if value.is_nan() {
                    plane.otherwise
                } else {
                    n_below(&self.compiled.borders[start..start + len], value)
                }
            }
            Source::Code(column) => bin(code_of(value_at(row, column))),
            Source::Bucket(combination) => {
                let combination = &self.compiled.combinations[combination as usize];
                let key = &self.compiled.keys[combination.key as usize];
                bin(self
                    .hash(key, row)
                    .map_or(NONE, |hash| combination.bucket(hash)))
            }
        };
        byte ^ split.flip >= split.least
    }

    /// The margins of many rows, row-major; the lengths were checked by the caller.
    pub(crate) fn margins_with(&self, rows: &[f32], out: &mut [f64], scratch: &mut Scratch) {
        out.fill(0.0);
        let n_rows = out.len();
        self.visit_leaves(rows, n_rows, scratch, |first, tree, leaves| {
            let values = self.leaf_values(tree);
            for (sum, &leaf) in out[first..].iter_mut().zip(leaves) {
                *sum += values[usize::from(leaf)];
            }
        });
        for margin in out {
            *margin = self.scale * *margin + self.bias;
        }
    }

    fn visit_block(
        &self,
        rows: &[f32],
        n_rows: usize,
        scratch: &mut SymmetricScratch,
        mut visit: impl FnMut(usize, &[u16]),
    ) {
        self.fill_bytes(rows, n_rows, scratch);
        let bytes = &scratch.bytes;
        let mut leaves = [0_u16; BLOCK_ROWS];
        let leaves = &mut leaves[..n_rows];
        for tree in 0..self.n_trees() {
            let splits = self.split_offsets[tree] as usize..self.split_offsets[tree + 1] as usize;
            if let [leaf] = leaves {
                *leaf = leaf_of(&self.compiled.splits[splits], bytes);
                visit(tree, leaves);
                continue;
            }
            leaves.fill(0);
            for (bit, split) in self.compiled.splits[splits].iter().enumerate() {
                let start = split.plane as usize * n_rows;
                for (leaf, byte) in leaves.iter_mut().zip(&bytes[start..start + n_rows]) {
                    *leaf |= u16::from(byte ^ split.flip >= split.least) << bit;
                }
            }
            visit(tree, leaves);
        }
    }

    /// The bytes of all planes, plane after plane.
    fn fill_bytes(&self, rows: &[f32], n_rows: usize, scratch: &mut SymmetricScratch) {
        let compiled = &self.compiled;
        // At least 1, so that a model without columns has rows too.
        let n_features = self.n_features();
        let row = |row_idx: usize| &rows[(row_idx * n_features).min(rows.len())..];
        self.fill_buckets(&row, n_rows, scratch);
        let SymmetricScratch { buckets, bytes, .. } = scratch;
        bytes.clear();
        bytes.reserve(compiled.planes.len() * n_rows);
        for plane in &compiled.planes {
            let range = plane.start as usize..(plane.start + plane.len) as usize;
            match plane.source {
                Source::Number(column) => {
                    let borders = &compiled.borders[range];
                    bytes.extend((0..n_rows).map(|row_idx| {
                        let value = value_at(row(row_idx), column);
                        if value.is_nan() {
                            plane.otherwise
                        } else {
                            n_below(borders, value)
                        }
                    }));
                }
                Source::Code(column) => {
                    let bins = &compiled.bins[range];
                    bytes.extend((0..n_rows).map(|row_idx| {
                        let code = code_of(value_at(row(row_idx), column));
                        bins.get(code as usize).copied().unwrap_or(plane.otherwise)
                    }));
                }
                Source::Bucket(combination) => {
                    let bins = &compiled.bins[range];
                    let start = combination as usize * n_rows;
                    bytes.extend(buckets[start..start + n_rows].iter().map(|&bucket| {
                        bins.get(bucket as usize)
                            .copied()
                            .unwrap_or(plane.otherwise)
                    }));
                }
            }
        }
    }

    /// The bucket of every row in every combination, combination after combination.
    fn fill_buckets<'a>(
        &self,
        row: &impl Fn(usize) -> &'a [f32],
        n_rows: usize,
        scratch: &mut SymmetricScratch,
    ) {
        let compiled = &self.compiled;
        let SymmetricScratch {
            hashes, buckets, ..
        } = scratch;
        hashes.clear();
        buckets.clear();
        for key in &compiled.keys {
            hashes.extend((0..n_rows).map(|row_idx| self.hash(key, row(row_idx))));
        }
        for combination in &compiled.combinations {
            let start = combination.key as usize * n_rows;
            let bucket = |hash: &Option<u64>| hash.map_or(NONE, |hash| combination.bucket(hash));
            buckets.extend(hashes[start..start + n_rows].iter().map(bucket));
        }
    }

    /// The hash of a row's bucket, or `None` where a category is unknown.
    fn hash(&self, key: &[KeyPart], row: &[f32]) -> Option<u64> {
        let mut hash = 0;
        for part in key {
            let value = value_at(row, part.column());
            let mixed = match (part, &self.columns[part.column() as usize]) {
                (KeyPart::Category { .. }, SymmetricColumn::Categorical { hashes }) => {
                    *hashes.get(code_of(value) as usize)?
                }
                (KeyPart::Is { hash, .. }, SymmetricColumn::Categorical { hashes }) => {
                    u32::from(hashes.get(code_of(value) as usize) == Some(hash))
                }
                (KeyPart::Above { border, .. }, SymmetricColumn::Numeric { missing_passes }) => {
                    u32::from(value > *border || (value.is_nan() && *missing_passes))
                }
                // The constructor refused a part that does not fit its column.
                _ => return None,
            };
            hash = KeyPart::mixed_into(hash, mixed);
        }
        Some(hash)
    }
}

/// The leaf of a single row: the same answers without the loop over rows.
fn leaf_of(splits: &[ByteSplit], bytes: &[u8]) -> u16 {
    let answers = splits.iter().enumerate().map(|(bit, split)| {
        let byte = bytes[split.plane as usize];
        u16::from(byte ^ split.flip >= split.least) << bit
    });
    answers.fold(0, |leaf, answer| leaf | answer)
}

fn value_at(row: &[f32], column: u32) -> f32 {
    row.get(column as usize).copied().unwrap_or(f32::NAN)
}

/// The code a value stands for; [`NONE`] where it is none.
fn code_of(value: f32) -> u32 {
    if value >= 0.0 {
        // Saturates: a value past u32 is past every table too.
        #[expect(clippy::cast_sign_loss, reason = "checked: not negative, not NaN")]
        let code = value as u32;
        code
    } else {
        NONE
    }
}
