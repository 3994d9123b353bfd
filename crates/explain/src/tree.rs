//! One tree as the paths to its leaves, and the SHAP values of its node tests' outcomes.
//!
//! A leaf is reached when every column on its path satisfies its conditions. When columns
//! `S` are known, the leaf weighs `Π over S of o × Π over the rest of z`, with `o` 1 where
//! the row satisfies the column's conditions (else 0), and `z` the share of training cover
//! that did. The Shapley value of column `i` for such a product is
//! `value × (o_i − z_i) × ∫ over 0..1 of Π over j ≠ i of (t·o_j + (1 − t)·z_j) dt`,
//! because `∫ tˢ(1 − t)ᵈ⁻¹⁻ˢ dt = s!(d − 1 − s)!/d!` is the Shapley weight of `s` known
//! columns. The integrand is a polynomial, so a Gauss-Legendre rule gives it exactly, and
//! with no division: deep paths and empty branches are as safe as any other.

use std::ops::Range;

use churn_ensemble::{ColumnBlock, Node, TreeEnsemble};

use crate::quadrature::{Point, gauss_legendre};

/// A leaf table holds `2ᵈ × d` values; longer paths use the integral each time.
const MAX_TABLE_COLUMNS: usize = 10;

/// The paths of one tree, in flat arrays.
#[derive(Debug)]
pub(crate) struct TreePaths {
    root: usize,
    /// The split nodes, by number in the tree; outcomes are bits in this order.
    splits: Vec<u32>,
    /// The distinct matrix columns the tree asks for, increasing: its slots.
    pub(crate) columns: Vec<u32>,
    leaves: Vec<Leaf>,
    steps: Vec<Step>,
    conditions: Vec<Condition>,
    /// Quadrature rules by number of points.
    rules: Vec<Vec<Point>>,
    /// Values of tabulated leaves, by pattern of satisfied steps.
    tables: Vec<f64>,
    /// The mean of the tree under its covers, in log-odds.
    pub(crate) expected: f64,
}

#[derive(Debug)]
struct Leaf {
    value: f64,
    steps: Range<usize>,
    /// Where the leaf's table starts, if it has one.
    table: Option<usize>,
}

/// What the path to a leaf asks of one column.
#[derive(Debug)]
struct Step {
    slot: usize,
    /// Share of the cover that satisfies the conditions.
    share: f64,
    conditions: Range<usize>,
}

/// Outcomes that must hold, among the 64 of one word.
#[derive(Debug, Clone, Copy)]
struct Condition {
    word: usize,
    mask: u64,
    wanted: u64,
}

/// A step while its path is still followed.
#[derive(Debug, Clone)]
struct OpenStep {
    slot: usize,
    share: f64,
    conditions: Vec<Condition>,
}

/// Memory reused from row to row.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    satisfied: Vec<bool>,
    prefix: Vec<f64>,
    values: Vec<f64>,
}

impl TreePaths {
    /// The paths of tree `tree_idx`, leaf values times the tree's weight.
    pub(crate) fn new(ensemble: &TreeEnsemble, tree_idx: usize) -> Self {
        let nodes = ensemble.tree(tree_idx);
        let weight = f64::from(ensemble.weight(tree_idx));
        let mut columns: Vec<u32> = nodes.iter().filter_map(split_column).collect();
        columns.sort_unstable();
        columns.dedup();
        let mut paths = Self {
            root: ensemble.root(tree_idx),
            splits: Vec::new(),
            columns,
            leaves: Vec::new(),
            steps: Vec::new(),
            conditions: Vec::new(),
            rules: Vec::new(),
            tables: Vec::new(),
            expected: 0.0,
        };
        let mut pending = vec![(0_usize, Vec::<OpenStep>::new())];
        while let Some((index, steps)) = pending.pop() {
            match &nodes[index] {
                Node::Leaf { .. } => {
                    let value = ensemble.leaf_value(paths.root + index);
                    paths.push_leaf(value * weight, steps);
                }
                Node::Split {
                    feature,
                    left,
                    right,
                    ..
                } => {
                    let split = paths.splits.len();
                    paths.splits.push(u32::try_from(index).unwrap_or(u32::MAX));
                    let slot = paths.columns.binary_search(feature).unwrap_or_default();
                    let (left, right) = (*left as usize, *right as usize);
                    let left_share = left_share(&nodes[left], &nodes[right]);
                    let branch = |share, goes_left| {
                        extended(&steps, slot, share, Condition::new(split, goes_left))
                    };
                    pending.push((right, branch(1.0 - left_share, false)));
                    pending.push((left, branch(left_share, true)));
                }
            }
        }
        paths
    }

    /// Number of splits, the bits of an outcome list.
    pub(crate) fn n_splits(&self) -> usize {
        self.splits.len()
    }

    /// Bytes that [`Self::tabulate`] would add.
    pub(crate) fn table_bytes(&self) -> usize {
        let lengths = self.leaves.iter().map(|leaf| leaf.steps.len());
        let n_values = lengths.filter(|&n_steps| n_steps <= MAX_TABLE_COLUMNS);
        n_values
            .map(|n_steps| (n_steps << n_steps) * size_of::<f64>())
            .sum()
    }

    /// Works out the values of every pattern of satisfied steps of every leaf in advance.
    pub(crate) fn tabulate(&mut self) {
        let mut scratch = Scratch::default();
        let mut tables = Vec::with_capacity(self.table_bytes() / size_of::<f64>());
        for leaf_idx in 0..self.leaves.len() {
            let n_steps = self.leaves[leaf_idx].steps.len();
            if n_steps > MAX_TABLE_COLUMNS {
                continue;
            }
            let start = tables.len();
            for pattern in 0..1_usize << n_steps {
                scratch.satisfied.clear();
                scratch
                    .satisfied
                    .extend((0..n_steps).map(|step| pattern >> step & 1 == 1));
                self.integrate(&self.leaves[leaf_idx], &mut scratch);
                tables.extend_from_slice(&scratch.values);
            }
            self.leaves[leaf_idx].table = Some(start);
        }
        self.tables = tables;
    }

    /// The outcome of every split for `row`: a set bit is left, 64 to a word.
    pub(crate) fn outcomes_into(
        &self,
        ensemble: &TreeEnsemble,
        row: &[f32],
        outcomes: &mut Vec<u64>,
    ) {
        outcomes.clear();
        outcomes.extend(self.splits.chunks(64).map(|splits| {
            splits.iter().enumerate().fold(0, |word, (bit, &split)| {
                let goes_left = ensemble.goes_left(self.root + split as usize, row);
                word | u64::from(goes_left) << bit
            })
        }));
    }

    /// As [`Self::outcomes_into`] for all rows of a block and a tree of at most 64 splits.
    pub(crate) fn keys(
        &self,
        ensemble: &TreeEnsemble,
        block: &ColumnBlock,
        n_rows: usize,
    ) -> Vec<u64> {
        let mut keys = vec![0; n_rows];
        for (bit, &split) in self.splits.iter().enumerate() {
            let node = self.root + split as usize;
            ensemble.ask(node, block, &mut keys, |key, goes_left| {
                *key |= u64::from(goes_left) << bit;
            });
        }
        keys
    }

    /// Adds the SHAP values of the given outcomes to `out`, one entry per slot.
    pub(crate) fn add_values(&self, outcomes: &[u64], scratch: &mut Scratch, out: &mut [f64]) {
        for leaf in &self.leaves {
            let steps = &self.steps[leaf.steps.clone()];
            let satisfied = steps.iter().map(|step| self.is_satisfied(step, outcomes));
            let values = if let Some(table) = leaf.table {
                let pattern = satisfied
                    .enumerate()
                    .fold(0, |pattern, (place, is_satisfied)| {
                        pattern | usize::from(is_satisfied) << place
                    });
                let start = table + pattern * steps.len();
                &self.tables[start..start + steps.len()]
            } else {
                scratch.satisfied.clear();
                scratch.satisfied.extend(satisfied);
                self.integrate(leaf, scratch);
                &scratch.values
            };
            for (step, value) in steps.iter().zip(values) {
                out[step.slot] += value;
            }
        }
    }

    /// Adds the interactions of the given outcomes to `out`, `n_slots²` values: those of two
    /// slots at the place of the two in the order of a path.
    pub(crate) fn add_interactions(
        &self,
        outcomes: &[u64],
        scratch: &mut Scratch,
        out: &mut [f64],
    ) {
        for leaf in &self.leaves {
            let steps = &self.steps[leaf.steps.clone()];
            scratch.satisfied.clear();
            let satisfied = steps.iter().map(|step| self.is_satisfied(step, outcomes));
            scratch.satisfied.extend(satisfied);
            self.integrate_pairs(leaf, scratch, out);
        }
    }

    fn is_satisfied(&self, step: &Step, outcomes: &[u64]) -> bool {
        let conditions = &self.conditions[step.conditions.clone()];
        conditions
            .iter()
            .all(|each| (outcomes[each.word] ^ each.wanted) & each.mask == 0)
    }

    fn push_leaf(&mut self, value: f64, path: Vec<OpenStep>) {
        self.expected += path
            .iter()
            .fold(value, |product, step| product * step.share);
        // The integrand has degree d − 1; n points are exact up to 2n − 1.
        let n_points = path.len().div_ceil(2);
        for missing in self.rules.len()..=n_points {
            self.rules.push(gauss_legendre(missing));
        }
        let first = self.steps.len();
        for open in path {
            let start = self.conditions.len();
            self.conditions.extend(open.conditions);
            let conditions = start..self.conditions.len();
            self.steps.push(Step {
                slot: open.slot,
                share: open.share,
                conditions,
            });
        }
        self.leaves.push(Leaf {
            value,
            steps: first..self.steps.len(),
            table: None,
        });
    }

    /// Adds the interactions of a leaf's steps for `scratch.satisfied`:
    /// `½ × value × (o_i − z_i) × (o_j − z_j) × ∫ Π over k ≠ i, j of (t·o_k + (1 − t)·z_k) dt`.
    fn integrate_pairs(&self, leaf: &Leaf, scratch: &mut Scratch, out: &mut [f64]) {
        let Scratch {
            satisfied, prefix, ..
        } = scratch;
        let steps = &self.steps[leaf.steps.clone()];
        let away = |place: usize| {
            let known = if satisfied[place] { 1.0 } else { 0.0 };
            known - steps[place].share
        };
        for point in &self.rules[steps.len().div_ceil(2)] {
            let factor = |place: usize| {
                let share = steps[place].share;
                share + point.position * away(place)
            };
            // From the back: the product of all later factors.
            prefix.clear();
            prefix.resize(steps.len() + 1, 1.0);
            for place in (0..steps.len()).rev() {
                prefix[place] = prefix[place + 1] * factor(place);
            }
            let mut before = 0.5 * leaf.value * point.weight;
            for one in 0..steps.len() {
                let mut product = before * away(one);
                for other in one + 1..steps.len() {
                    let pair = steps[one].slot * self.columns.len() + steps[other].slot;
                    out[pair] += product * away(other) * prefix[other + 1];
                    product *= factor(other);
                }
                before *= factor(one);
            }
        }
    }

    /// The values of a leaf's steps for `scratch.satisfied`, into `scratch.values`.
    fn integrate(&self, leaf: &Leaf, scratch: &mut Scratch) {
        let Scratch {
            satisfied,
            prefix,
            values,
        } = scratch;
        let steps = &self.steps[leaf.steps.clone()];
        values.clear();
        values.resize(steps.len(), 0.0);
        for point in &self.rules[steps.len().div_ceil(2)] {
            let factor = |place: usize| {
                let known = if satisfied[place] {
                    point.position
                } else {
                    0.0
                };
                known + (1.0 - point.position) * steps[place].share
            };
            prefix.clear();
            let mut product = point.weight;
            for place in 0..steps.len() {
                prefix.push(product);
                product *= factor(place);
            }
            let mut suffix = 1.0;
            for place in (0..steps.len()).rev() {
                values[place] += prefix[place] * suffix;
                suffix *= factor(place);
            }
        }
        for ((value, step), &is_satisfied) in values.iter_mut().zip(steps).zip(&*satisfied) {
            let known = if is_satisfied { 1.0 } else { 0.0 };
            *value *= leaf.value * (known - step.share);
        }
    }
}

impl Condition {
    fn new(split: usize, goes_left: bool) -> Self {
        let bit = split % 64;
        Self {
            word: split / 64,
            mask: 1 << bit,
            wanted: u64::from(goes_left) << bit,
        }
    }
}

fn split_column(node: &Node) -> Option<u32> {
    match node {
        Node::Split { feature, .. } => Some(*feature),
        Node::Leaf { .. } => None,
    }
}

/// The share of cover that goes left. The two shares sum to 1 exactly, which the rounded
/// covers of a file do not; a split nothing reached counts as even.
fn left_share(left: &Node, right: &Node) -> f64 {
    let (left, right) = (f64::from(left.cover()), f64::from(right.cover()));
    if left + right > 0.0 {
        left / (left + right)
    } else {
        0.5
    }
}

/// `steps` with one more condition, merged into the column's step where it has one.
fn extended(steps: &[OpenStep], slot: usize, share: f64, condition: Condition) -> Vec<OpenStep> {
    let mut steps = steps.to_vec();
    let Some(step) = steps.iter_mut().find(|step| step.slot == slot) else {
        steps.push(OpenStep {
            slot,
            share,
            conditions: vec![condition],
        });
        return steps;
    };
    step.share *= share;
    match step
        .conditions
        .iter_mut()
        .find(|each| each.word == condition.word)
    {
        Some(each) => {
            each.mask |= condition.mask;
            each.wanted |= condition.wanted;
        }
        None => step.conditions.push(condition),
    }
    steps
}

#[cfg(test)]
mod tests {
    use churn_ensemble::{Node, Test, TreeEnsemble};

    use super::{Scratch, TreePaths};

    /// A full tree of `depth` levels that asks column `level % n_columns` at each level.
    fn full_tree(depth: u32, n_columns: u32) -> TreeEnsemble {
        let n_nodes = (1_u32 << (depth + 1)) - 1;
        let node = |place: u32| {
            let level = (place + 1).ilog2();
            let cover = f32::from(u8::try_from(place * 7 % 13 + 1).unwrap());
            let value = f32::from(u8::try_from(place * 5 % 11).unwrap()) - 4.0;
            if level == depth {
                return Node::Leaf { value, cover };
            }
            Node::Split {
                feature: level % n_columns,
                test: Test::Less(value),
                default_left: false,
                left: 2 * place + 1,
                right: 2 * place + 2,
                cover,
            }
        };
        let nodes: Vec<Node> = (0..n_nodes).map(node).collect();
        TreeEnsemble::new(n_columns as usize, 0.0, &[nodes], vec![]).unwrap()
    }

    #[test]
    fn tables_hold_the_same_bits_as_the_integral() {
        for (depth, n_columns) in [(1, 1), (3, 2), (5, 5), (7, 4)] {
            let ensemble = full_tree(depth, n_columns);
            let plain = TreePaths::new(&ensemble, 0);
            let mut tabulated = TreePaths::new(&ensemble, 0);
            tabulated.tabulate();
            let (mut scratch, mut outcomes) = (Scratch::default(), Vec::new());
            for step in 0..40_u8 {
                let row: Vec<f32> = (0..n_columns)
                    .map(|column| f32::from(step * 3 % (7 + u8::try_from(column).unwrap())) - 4.0)
                    .collect();
                plain.outcomes_into(&ensemble, &row, &mut outcomes);
                let mut values = [vec![0.0; n_columns as usize], vec![0.0; n_columns as usize]];
                plain.add_values(&outcomes, &mut scratch, &mut values[0]);
                tabulated.add_values(&outcomes, &mut scratch, &mut values[1]);
                let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&values[0]), bits(&values[1]), "depth {depth}, {row:?}");
                let gap = plain.expected + values[0].iter().sum::<f64>() - ensemble.margin(&row);
                assert!(gap.abs() < 1e-12, "depth {depth}, {row:?}: {gap:e}");
            }
        }
    }
}
