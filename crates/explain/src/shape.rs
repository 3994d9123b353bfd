//! One tree in the form it is explained by: comparisons of ranks, shares and leaf values.

use churn_ensemble::{Ask, Node, TreeEnsemble};

/// The nodes of one tree in preorder, the left child of a split right behind it.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) nodes: Vec<ShapeNode>,
    /// The distinct matrix columns the tree asks for, increasing: its slots.
    pub(crate) columns: Vec<u32>,
    /// The mean of the tree under its covers.
    pub(crate) expected: f64,
    /// Most distinct columns on the path to a leaf.
    pub(crate) most_steps: usize,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum ShapeNode {
    /// A leaf's value times the tree's weight.
    Leaf(f64),
    Split(ShapeSplit),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct ShapeSplit {
    pub(crate) ask: Ask<i16>,
    /// The split's column among the tree's.
    pub(crate) slot: u32,
    /// The right child.
    pub(crate) right: u32,
    /// Share of the training cover that goes left.
    pub(crate) left_share: f64,
}

impl Shape {
    pub(crate) fn new(ensemble: &TreeEnsemble, tree: usize, asks: &[Ask<i16>]) -> Self {
        let nodes = ensemble.tree(tree);
        let (root, weight) = (ensemble.root(tree), f64::from(ensemble.weight(tree)));
        let mut columns: Vec<u32> = nodes
            .iter()
            .filter_map(|node| match node {
                Node::Split { feature, .. } => Some(*feature),
                Node::Leaf { .. } => None,
            })
            .collect();
        columns.sort_unstable();
        columns.dedup();
        let mut asks = asks.iter();
        let mut shape = Self {
            nodes: Vec::with_capacity(nodes.len()),
            columns,
            expected: 0.0,
            most_steps: 0,
        };
        for (index, node) in nodes.iter().enumerate() {
            let node = match node {
                Node::Leaf { .. } => ShapeNode::Leaf(ensemble.leaf_value(root + index) * weight),
                Node::Split {
                    feature,
                    left,
                    right,
                    ..
                } => {
                    let slot = shape.columns.binary_search(feature).unwrap_or_default();
                    ShapeNode::Split(ShapeSplit {
                        ask: asks.next().copied().unwrap_or(Ask { plane: 0, least: 0 }),
                        slot: u32::try_from(slot).unwrap_or_default(),
                        right: *right,
                        left_share: left_share(&nodes[*left as usize], &nodes[*right as usize]),
                    })
                }
            };
            shape.nodes.push(node);
        }
        let mut counts = vec![0_usize; shape.columns.len()];
        shape.measure(0, 1.0, 0, &mut counts);
        shape
    }

    /// Adds up the mean and finds the longest path below `node`.
    fn measure(&mut self, node: usize, share: f64, n_steps: usize, counts: &mut [usize]) {
        match self.nodes[node] {
            ShapeNode::Leaf(value) => {
                self.expected += value * share;
                self.most_steps = self.most_steps.max(n_steps);
            }
            ShapeNode::Split(split) => {
                let slot = split.slot as usize;
                let n_steps = n_steps + usize::from(counts[slot] == 0);
                counts[slot] += 1;
                self.measure(node + 1, share * split.left_share, n_steps, counts);
                let right_share = share * (1.0 - split.left_share);
                self.measure(split.right as usize, right_share, n_steps, counts);
                counts[slot] -= 1;
            }
        }
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
