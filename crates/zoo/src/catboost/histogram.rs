//! Sums of gradients and weights by leaf and byte, in whole numbers.
//!
//! A row's gradient and weight are rounded to whole numbers and packed into one u64: the gradient
//! in the upper half, the weight in the lower. Adding rows is one addition each; sums are exact,
//! so their order cannot matter, and the sums of one child are the parent's less the other's.

use std::sync::Arc;

use super::fold::Source;

/// Sum of absolute gradients, and of weights, in whole numbers: no partial sum reaches 2^31.
const RANGE: f64 = (1_u64 << 30) as f64;

/// What one whole number is worth.
#[derive(Debug, Clone, Copy)]
pub(super) struct Units {
    pub(super) gradient: f64,
    pub(super) weight: f64,
}

impl Units {
    /// Packs the rows of all sums.
    pub(super) fn pack(gradients: &[f64], weights: &[f64]) -> (Self, Vec<u64>) {
        let span = |values: &[f64]| {
            let sum: f64 = values.iter().map(|x| x.abs()).sum();
            if sum > 0.0 { RANGE / sum } else { 1.0 }
        };
        let (per_gradient, per_weight) = (span(gradients), span(weights));
        let packed = gradients
            .iter()
            .zip(weights)
            .map(|(gradient, weight)| {
                let gradient = nearest(gradient * per_gradient);
                let weight = nearest(weight * per_weight);
                ((gradient << 32) + weight).cast_unsigned()
            })
            .collect();
        let units = Self {
            gradient: 1.0 / per_gradient,
            weight: 1.0 / per_weight,
        };
        (units, packed)
    }

    pub(super) fn gradient(self, sum: u64) -> f64 {
        f64::from(((sum >> 32) as u32).cast_signed()) * self.gradient
    }

    pub(super) fn weight(self, sum: u64) -> f64 {
        f64::from((sum as u32).cast_signed()) * self.weight
    }
}

/// The whole number nearest to a number below 2^51, ties to even: beyond 2^52 doubles have no
/// fractions left, so adding and taking away such a number rounds. Unlike `round_ties_even` it is
/// no call.
fn nearest(number: f64) -> i64 {
    const SHIFT: f64 = 6_755_399_441_055_744.0; // 1.5 * 2^52
    ((number + SHIFT) - SHIFT) as i64
}

/// Rows grouped by node. With `n_roots` roots, node `root + n_roots × leaf` holds the rows of one
/// root in one leaf.
pub(super) struct Partition {
    pub(super) rows: Vec<u32>,
    pub(super) packed: Vec<u64>,
    pub(super) ranges: Vec<(usize, usize)>,
}

impl Partition {
    /// Sends the rows whose byte is answered with 1 to new nodes behind the old ones. Returns
    /// whether any node was cut in two.
    pub(super) fn split(&mut self, bytes: &[u8], answers: &[u8; 256]) -> bool {
        let n_nodes = self.ranges.len();
        let largest = self.ranges.iter().map(|range| range.1 - range.0).max();
        let mut aside = vec![(0_u32, 0_u64); largest.unwrap_or(0)];
        let mut cut = false;
        for node in 0..n_nodes {
            let (start, end) = self.ranges[node];
            let rows = &mut self.rows[start..end];
            let packed = &mut self.packed[start..end];
            // Every row is written to both sides and counted on one: nothing for the processor to
            // guess.
            let (mut n_kept, mut n_aside) = (0, 0);
            for k in 0..rows.len() {
                let (row, sum) = (rows[k], packed[k]);
                let leaves = usize::from(answers[usize::from(bytes[row as usize])] == 1);
                rows[n_kept] = row;
                packed[n_kept] = sum;
                aside[n_aside] = (row, sum);
                n_kept += 1 - leaves;
                n_aside += leaves;
            }
            for (k, &(row, sum)) in aside[..n_aside].iter().enumerate() {
                rows[n_kept + k] = row;
                packed[n_kept + k] = sum;
            }
            let keep = start + n_kept;
            self.ranges[node] = (start, keep);
            self.ranges.push((keep, end));
            cut |= start < keep && keep < end;
        }
        cut
    }
}

/// The sums of one source of bytes in every node, kept from level to level of a tree.
pub(super) struct Tracked {
    pub(super) source: Source,
    pub(super) bytes: Arc<[u8]>,
    pub(super) n_codes: usize,
    /// Node-major.
    sums: Vec<u64>,
}

impl Tracked {
    /// `room` is used again for the sums.
    pub(super) fn new(
        source: Source,
        bytes: Arc<[u8]>,
        n_codes: usize,
        mut room: Vec<u64>,
    ) -> Self {
        room.clear();
        Self {
            source,
            bytes,
            n_codes,
            sums: room,
        }
    }

    /// The memory of the sums, to use again.
    pub(super) fn into_room(self) -> Vec<u64> {
        self.sums
    }

    /// The sums of a node by code.
    pub(super) fn node(&self, node: usize) -> &[u64] {
        &self.sums[node * self.n_codes..(node + 1) * self.n_codes]
    }

    /// Brings the sums up to date with `partition`: from scratch, or from its level before.
    pub(super) fn update(&mut self, partition: &Partition) {
        let n_nodes = partition.ranges.len();
        let n_known = self.sums.len() / self.n_codes;
        if n_known * 2 != n_nodes && n_known != n_nodes {
            self.sums.clear();
        }
        self.sums.resize(n_nodes * self.n_codes, 0);
        if n_known * 2 == n_nodes {
            let (old, new) = self.sums.split_at_mut(n_known * self.n_codes);
            let nodes = old
                .chunks_exact_mut(self.n_codes)
                .zip(new.chunks_exact_mut(self.n_codes));
            for (node, (old, new)) in nodes.enumerate() {
                let stay = partition.ranges[node];
                let leave = partition.ranges[node + n_known];
                if leave.0 == leave.1 {
                    // The new node is empty and its sums are 0 already.
                    continue;
                }
                if leave.1 - leave.0 <= stay.1 - stay.0 {
                    count(&self.bytes, partition, leave, new);
                    for (old, new) in old.iter_mut().zip(new.iter()) {
                        *old = old.wrapping_sub(*new);
                    }
                } else {
                    count(&self.bytes, partition, stay, new);
                    for (old, new) in old.iter_mut().zip(new.iter_mut()) {
                        (*old, *new) = (*new, old.wrapping_sub(*new));
                    }
                }
            }
        } else if n_known != n_nodes {
            for (node, sums) in self.sums.chunks_exact_mut(self.n_codes).enumerate() {
                count(&self.bytes, partition, partition.ranges[node], sums);
            }
        }
    }
}

/// Adds the rows of a node to its sums, which are 0.
///
/// Neighbours of the same code would wait for each other's sum, so that every other row goes into
/// sums of its own; they are whole numbers, and their order cannot matter.
fn count(bytes: &[u8], partition: &Partition, range: (usize, usize), sums: &mut [u64]) {
    let rows = &partition.rows[range.0..range.1];
    let packed = &partition.packed[range.0..range.1];
    let mut beside = [0_u64; 256];
    let beside = &mut beside[..sums.len().min(256)];
    let (rows, packed) = (rows.chunks_exact(2), packed.chunks_exact(2));
    let rest = rows.remainder().iter().zip(packed.remainder());
    for (rows, packed) in rows.zip(packed) {
        let slot = &mut sums[usize::from(bytes[rows[0] as usize])];
        *slot = slot.wrapping_add(packed[0]);
        let slot = &mut beside[usize::from(bytes[rows[1] as usize])];
        *slot = slot.wrapping_add(packed[1]);
    }
    for (&row, &sum) in rest {
        let slot = &mut sums[usize::from(bytes[row as usize])];
        *slot = slot.wrapping_add(sum);
    }
    for (slot, beside) in sums.iter_mut().zip(beside) {
        *slot = slot.wrapping_add(*beside);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_from_the_parent_equal_sums_from_rows() {
        let bytes: Arc<[u8]> = (0..200_u32).map(|k| (k * 7 % 5) as u8).collect();
        let gradients: Vec<f64> = (0..200).map(|k| f64::from(k % 11) / 7.0 - 0.6).collect();
        let weights = vec![1.0; 200];
        let (units, packed) = Units::pack(&gradients, &weights);
        let mut partition = Partition {
            rows: (0..200).collect(),
            packed,
            ranges: vec![(0, 200)],
        };
        let tracked = || Tracked::new(Source::Number(0), Arc::clone(&bytes), 5, Vec::new());
        let mut kept = tracked();
        kept.update(&partition);
        for modulus in [3_u32, 2] {
            let split: Vec<u8> = (0..200).map(|k| u8::from(k % modulus == 0)).collect();
            let answers = std::array::from_fn(|byte| u8::from(byte == 1));
            assert!(partition.split(&split, &answers));
            kept.update(&partition);
            let mut fresh = tracked();
            fresh.update(&partition);
            assert_eq!(kept.sums, fresh.sums);
        }
        let sum: u64 = (0..5).fold(0, |sum: u64, k| sum.wrapping_add(kept.node(0)[k]));
        let expected: f64 = (0..200)
            .filter(|k| k % 3 != 0 && k % 2 != 0)
            .map(|k| gradients[k])
            .sum();
        assert!((units.gradient(sum) - expected).abs() < 1e-6);
    }
}
