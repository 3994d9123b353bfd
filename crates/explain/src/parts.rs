//! Trees cut into parts small enough to tabulate.
//!
//! A part is all leaves below one node. What it gives a row depends on the answers to the
//! part's own splits and on whether the row satisfies the steps that lead to the part, each
//! at most a handful of outcomes. A *cell* is one combination of outcomes, and a row's cell is
//! a sum of one number per comparison it passes, so a part is tabulated cell by cell and looked
//! up without a branch.

use crate::paths::{RankRange, Step, extended};
use crate::shape::{Shape, ShapeNode};

/// Most numbers in the table of one part, so that keys fit `u16`.
pub(crate) const MAX_PART_VALUES: usize = 1 << 16;

/// The leaves below one node of a tree.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) tree: usize,
    pub(crate) node: usize,
    /// The way to the node.
    pub(crate) steps: Vec<Step>,
    pub(crate) outcomes: Vec<Outcomes>,
    pub(crate) n_cells: usize,
    /// The distinct slots of the part, increasing.
    pub(crate) slots: Vec<u32>,
}

/// The outcomes of one plane that a part tells apart: `bounds.len() + 1` ranges of ranks
/// within the range that leads to the part, and everything outside of that.
#[derive(Debug, Clone)]
pub(crate) struct Outcomes {
    pub(crate) range: RankRange,
    /// Increasing, within the range.
    pub(crate) bounds: Vec<i16>,
    /// Cells from one outcome to the next.
    pub(crate) stride: usize,
}

impl Outcomes {
    /// Number of outcomes; the one outside comes last.
    pub(crate) fn len(&self) -> usize {
        let outside = self.range.has_low() || self.range.has_high();
        self.bounds.len() + 1 + usize::from(outside)
    }

    /// The ranks of an outcome, or `None` for the outside.
    pub(crate) fn ranks(&self, outcome: usize) -> Option<(i16, i16)> {
        if outcome > self.bounds.len() {
            return None;
        }
        let low = match outcome.checked_sub(1) {
            Some(before) => self.bounds[before],
            None => self.range.low,
        };
        let high = self.bounds.get(outcome).copied();
        Some((low, high.unwrap_or(self.range.high)))
    }
}

/// How large parts may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Cells of a part of several leaves.
    pub(crate) max_cells: usize,
    /// Cells of a part of one leaf, which can't be cut any further.
    pub(crate) max_leaf_cells: usize,
}

/// Cuts a tree into the fewest parts within the limits, from the left; `None` when a leaf on
/// its own is past them. `n_values` says how many numbers a cell of so many slots takes.
pub(crate) fn cut(
    shape: &Shape,
    tree: usize,
    limits: Limits,
    n_values: impl Fn(&[u32]) -> usize,
) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut pending = vec![(0_usize, shape.nodes.len(), Vec::new())];
    while let Some((node, end, steps)) = pending.pop() {
        let is_leaf = node + 1 == end;
        let max_cells = if is_leaf {
            limits.max_leaf_cells
        } else {
            limits.max_cells
        };
        if let Some(part) = part(shape, tree, (node, end), &steps, max_cells)
            && part.n_cells * n_values(&part.slots) <= MAX_PART_VALUES
        {
            parts.push(part);
            continue;
        }
        let ShapeNode::Split(split) = &shape.nodes[node] else {
            return None;
        };
        let right = split.right as usize;
        pending.push((right, end, extended(&steps, split, false)));
        pending.push((node + 1, right, extended(&steps, split, true)));
    }
    Some(parts)
}

/// The leaves of nodes `node..end`, if their cells are at most `max_cells`.
fn part(
    shape: &Shape,
    tree: usize,
    (node, end): (usize, usize),
    steps: &[Step],
    max_cells: usize,
) -> Option<Part> {
    let mut slots: Vec<u32> = steps.iter().map(|step| step.slot).collect();
    let mut outcomes: Vec<Outcomes> = steps
        .iter()
        .flat_map(|step| &step.ranges)
        .map(|&range| Outcomes {
            range,
            bounds: Vec::new(),
            stride: 0,
        })
        .collect();
    let mut n_cells = cells(&outcomes)?;
    for node in &shape.nodes[node..end] {
        let ShapeNode::Split(split) = node else {
            continue;
        };
        slots.push(split.slot);
        add_bound(&mut outcomes, split.ask.plane, split.ask.least);
        n_cells = cells(&outcomes)?;
        if n_cells > max_cells {
            return None;
        }
    }
    if n_cells > max_cells {
        return None;
    }
    let mut stride = 1;
    for each in &mut outcomes {
        each.stride = stride;
        stride *= each.len();
    }
    slots.sort_unstable();
    slots.dedup();
    Some(Part {
        tree,
        node,
        steps: steps.to_vec(),
        outcomes,
        n_cells,
        slots,
    })
}

fn cells(outcomes: &[Outcomes]) -> Option<usize> {
    let mut lengths = outcomes.iter().map(Outcomes::len);
    lengths.try_fold(1_usize, usize::checked_mul)
}

fn add_bound(outcomes: &mut Vec<Outcomes>, plane: u32, least: i16) {
    let Some(each) = outcomes.iter_mut().find(|each| each.range.plane == plane) else {
        outcomes.push(Outcomes {
            range: RankRange {
                plane,
                low: i16::MIN,
                high: i16::MAX,
            },
            bounds: vec![least],
            stride: 0,
        });
        return;
    };
    // A bound at or past the end of the range changes no answer within it.
    if least <= each.range.low || least >= each.range.high {
        return;
    }
    if let Err(place) = each.bounds.binary_search(&least) {
        each.bounds.insert(place, least);
    }
}
