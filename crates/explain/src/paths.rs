//! What the way to a node asks of each column.

use crate::shape::{Shape, ShapeNode, ShapeSplit};

/// What a path asks of one column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    /// The column among the tree's.
    pub(crate) slot: u32,
    /// Share of the cover that satisfies the conditions.
    pub(crate) share: f64,
    /// The ranks that satisfy them, one range per plane of the column.
    pub(crate) ranges: Vec<RankRange>,
}

/// The ranks from `low` up to, not including, `high`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RankRange {
    pub(crate) plane: u32,
    pub(crate) low: i16,
    pub(crate) high: i16,
}

impl RankRange {
    /// All ranks of a plane; ranks lie between 0 and 32,000.
    fn all(plane: u32) -> Self {
        Self {
            plane,
            low: i16::MIN,
            high: i16::MAX,
        }
    }

    /// Whether something lies below the range.
    pub(crate) fn has_low(&self) -> bool {
        self.low > i16::MIN
    }

    /// Whether something lies above the range.
    pub(crate) fn has_high(&self) -> bool {
        self.high < i16::MAX
    }
}

/// `steps` with one branch more, merged into the column's step where it has one.
pub(crate) fn extended(steps: &[Step], split: &ShapeSplit, goes_left: bool) -> Vec<Step> {
    let mut steps = steps.to_vec();
    let place = steps.iter().position(|step| step.slot == split.slot);
    let place = place.unwrap_or_else(|| {
        steps.push(Step {
            slot: split.slot,
            share: 1.0,
            ranges: Vec::new(),
        });
        steps.len() - 1
    });
    let step = &mut steps[place];
    let (plane, least) = (split.ask.plane, split.ask.least);
    let range = step.ranges.iter().position(|range| range.plane == plane);
    let range = range.unwrap_or_else(|| {
        step.ranges.push(RankRange::all(plane));
        step.ranges.len() - 1
    });
    let range = &mut step.ranges[range];
    if goes_left {
        step.share *= split.left_share;
        range.high = range.high.min(least);
    } else {
        step.share *= 1.0 - split.left_share;
        range.low = range.low.max(least);
    }
    steps
}

/// Calls `visit` with the value and the whole path of every leaf below `node`, from the left;
/// `steps` lead to the node.
pub(crate) fn for_each_leaf(
    shape: &Shape,
    node: usize,
    steps: &[Step],
    visit: &mut impl FnMut(f64, &[Step]),
) {
    match &shape.nodes[node] {
        ShapeNode::Leaf(value) => visit(*value, steps),
        ShapeNode::Split(split) => {
            for_each_leaf(shape, node + 1, &extended(steps, split, true), visit);
            let right = split.right as usize;
            for_each_leaf(shape, right, &extended(steps, split, false), visit);
        }
    }
}
