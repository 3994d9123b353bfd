//! The values of a tree's leaves.

use rayon::prelude::*;

use super::{
    CatboostParams,
    fold::{Fold, Split},
    projection::BucketStore,
    quantized::Quantized,
    search::answered,
};

/// A leaf's Newton steps end when a step is smaller, in log-odds before shrinkage.
const SMALLEST_STEP: f64 = 1e-7;
/// No step is larger. From odds of 1 none is above 2 anyway; it stops rows of which the model is
/// wrongly certain from throwing a leaf far off.
const LARGEST_STEP: f64 = 4.0;
/// From so many rows on leaves are worked out in parallel.
const PARALLEL_ROWS: usize = 50_000;

/// The leaf of every position of a fold.
pub(super) fn leaves_of(
    fold: &Fold,
    data: &Quantized,
    splits: &[Split],
    store: &mut BucketStore,
) -> Vec<u16> {
    let mut leaves = vec![0_u16; fold.n_rows()];
    let mut place = |bit: usize| {
        let (bytes, answers) = answered(&splits[bit], data, fold, store);
        (bytes, answers.map(|answer| u16::from(answer) << bit))
    };
    // Two splits at a time halve the way over the leaves.
    for bit in (0..splits.len()).step_by(2) {
        let (bytes, answers) = place(bit);
        if bit + 1 == splits.len() {
            for (leaf, &byte) in leaves.iter_mut().zip(bytes.iter()) {
                *leaf |= answers[usize::from(byte)];
            }
            continue;
        }
        let (next_bytes, next_answers) = place(bit + 1);
        let both = bytes.iter().zip(next_bytes.iter());
        for (leaf, (&byte, &next)) in leaves.iter_mut().zip(both) {
            *leaf |= answers[usize::from(byte)] | next_answers[usize::from(next)];
        }
    }
    leaves
}

/// Value (log-odds, before shrinkage) and training weight of each leaf.
pub(super) struct LeafValues {
    pub(super) values: Vec<f64>,
    pub(super) weights: Vec<f64>,
}

/// Newton steps on the log loss of the first `body` positions, each with the L2 penalty, as
/// CatBoost does it.
pub(super) fn estimate(
    fold: &Fold,
    odds: &[f64],
    leaves: &[u16],
    n_leaves: usize,
    body: usize,
    params: &CatboostParams,
) -> LeafValues {
    let grouped = Grouped::new(fold, &odds[..body], &leaves[..body], n_leaves);
    let one =
        |leaf: usize| grouped.newton(leaf, params.l2_leaf_reg, params.leaf_estimation_iterations);
    let values: Vec<f64> = if body >= PARALLEL_ROWS {
        (0..n_leaves).into_par_iter().map(one).collect()
    } else {
        (0..n_leaves).map(one).collect()
    };
    LeafValues {
        values,
        weights: grouped.total,
    }
}

/// Rows of a leaf beside each other.
struct Grouped {
    starts: Vec<usize>,
    odds: Vec<f64>,
    weights: Option<Vec<f64>>,
    /// Weight of the leavers of each leaf.
    good: Vec<f64>,
    /// Weight of all rows of each leaf.
    total: Vec<f64>,
}

impl Grouped {
    fn new(fold: &Fold, odds: &[f64], leaves: &[u16], n_leaves: usize) -> Self {
        let mut starts = vec![0_usize; n_leaves + 1];
        for &leaf in leaves {
            starts[usize::from(leaf) + 1] += 1;
        }
        for leaf in 0..n_leaves {
            starts[leaf + 1] += starts[leaf];
        }
        let mut next = starts.clone();
        let mut grouped = Self {
            odds: vec![0.0; odds.len()],
            weights: fold.weights.as_ref().map(|_| vec![0.0; odds.len()]),
            good: vec![0.0; n_leaves],
            total: vec![0.0; n_leaves],
            starts,
        };
        for (position, (&leaf, &odds)) in leaves.iter().zip(odds).enumerate() {
            let leaf = usize::from(leaf);
            let place = next[leaf];
            next[leaf] += 1;
            grouped.odds[place] = odds;
            let mut weight = 1.0;
            if let (Some(weights), Some(all)) = (&fold.weights, &mut grouped.weights) {
                weight = f64::from(weights[position]);
                all[place] = weight;
            }
            grouped.good[leaf] += f64::from(fold.labels[position]) * weight;
            grouped.total[leaf] += weight;
        }
        grouped
    }

    fn newton(&self, leaf: usize, l2: f64, n_steps: usize) -> f64 {
        let range = self.starts[leaf]..self.starts[leaf + 1];
        if range.is_empty() {
            return 0.0;
        }
        let odds = &self.odds[range.clone()];
        let weights = self.weights.as_ref().map(|weights| &weights[range]);
        let mut value = 0.0_f64;
        for _ in 0..n_steps {
            let (expected, variance) = match weights {
                None => moments(odds, value.exp()),
                Some(weights) => weighted_moments(odds, weights, value.exp()),
            };
            let step = (self.good[leaf] - expected) / (variance + l2 + 1e-30);
            let step = step.clamp(-LARGEST_STEP, LARGEST_STEP);
            value += step;
            if step.abs() < SMALLEST_STEP {
                break;
            }
        }
        value
    }
}

/// Sums of `p` and `p (1 - p)` over odds that are all multiplied by `factor`. Four sums side by
/// side let the processor overlap the divisions.
fn moments(odds: &[f64], factor: f64) -> (f64, f64) {
    let share = |odds: f64| {
        let odds = odds * factor;
        odds / (1.0 + odds)
    };
    let (mut first, mut second) = ([0.0; 4], [0.0; 4]);
    let chunks = odds.chunks_exact(4);
    let rest = chunks.remainder();
    for chunk in chunks {
        for lane in 0..4 {
            let p = share(chunk[lane]);
            first[lane] += p;
            second[lane] += p * p;
        }
    }
    for &odds in rest {
        let p = share(odds);
        first[0] += p;
        second[0] += p * p;
    }
    let first: f64 = first.iter().sum();
    (first, first - second.iter().sum::<f64>())
}

fn weighted_moments(odds: &[f64], weights: &[f64], factor: f64) -> (f64, f64) {
    let (mut expected, mut variance) = (0.0, 0.0);
    for (&odds, &weight) in odds.iter().zip(weights) {
        let odds = odds * factor;
        let p = odds / (1.0 + odds);
        expected += weight * p;
        variance += weight * p * (1.0 - p);
    }
    (expected, variance)
}
