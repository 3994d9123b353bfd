//! Putting an ensemble together from nodes that nobody has checked yet.

use super::node::words_of;
use super::ranked::OnceRanked;
use super::{
    CATEGORICAL, DEFAULT_LEFT, FEATURE, MAX_CATEGORY, Node, Packed, Test, TreeEnsemble,
    ZERO_MISSING,
};
use crate::{Error, Output};

/// Longest path from a root to a leaf that is accepted, in splits.
pub const MAX_DEPTH: usize = 512;

/// Most words all category sets together may take (64 MiB): a few bytes of a hostile file
/// can name a category that needs megabytes.
const MAX_SET_WORDS: usize = 16 << 20;

impl TreeEnsemble {
    /// An ensemble of `trees`, each a list of nodes whose first is the root, over a matrix of
    /// `n_features` columns. `weights` holds one factor per tree, or is empty when all are 1.
    /// Nodes are renumbered in preorder; those no path reaches are left out.
    ///
    /// # Errors
    /// [`Error::Tree`] names the first node that does not hold together (a child out of
    /// range or with two parents, a feature past the end, a number that is not finite, a
    /// path past [`MAX_DEPTH`]); [`Error::Unsound`] and [`Error::Shape`] speak of the whole.
    pub fn new(
        n_features: usize,
        base_margin: f32,
        trees: &[Vec<Node>],
        weights: Vec<f32>,
    ) -> Result<Self, Error> {
        Self::with_leaf_values(n_features, base_margin, trees, weights, &[])
    }

    /// As [`Self::new`], with leaf values that f32 does not hold: entry `i` of a tree's list
    /// is the value of its node `i`, and means nothing at a split. An empty slice leaves the
    /// values of the nodes.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_leaf_values(
        n_features: usize,
        base_margin: f32,
        trees: &[Vec<Node>],
        weights: Vec<f32>,
        leaf_values: &[Vec<f64>],
    ) -> Result<Self, Error> {
        let n_features = u32::try_from(n_features)
            .ok()
            .filter(|&count| count <= FEATURE);
        let Some(n_features) = n_features else {
            return Err(unsound("it has too many features"));
        };
        if !base_margin.is_finite() || weights.iter().any(|weight| !weight.is_finite()) {
            return Err(unsound("the base margin or a weight is not finite"));
        }
        if !weights.is_empty() && weights.len() != trees.len() {
            let (expected, found) = (trees.len(), weights.len());
            return Err(Error::Shape {
                what: "the weights of the trees",
                expected,
                found,
            });
        }
        if trees.iter().map(Vec::len).sum::<usize>() >= u32::MAX as usize {
            return Err(unsound("it has too many nodes"));
        }
        let lists = trees.iter().zip(leaf_values);
        let fit = leaf_values.is_empty()
            || (leaf_values.len() == trees.len()
                && lists
                    .into_iter()
                    .all(|(nodes, values)| nodes.len() == values.len()));
        if !fit {
            return Err(unsound("it needs one leaf value per node"));
        }
        let mut ensemble = Self {
            n_features,
            base_margin,
            output: Output::LogOdds,
            offsets: vec![0],
            weights,
            nodes: Vec::new(),
            covers: Vec::new(),
            wide_leaves: Vec::new(),
            set_words: Vec::new(),
            set_offsets: vec![0],
            ranked: OnceRanked::default(),
        };
        for (tree, nodes) in trees.iter().enumerate() {
            ensemble
                .push_tree(nodes, leaf_values.get(tree).map(Vec::as_slice))
                .map_err(|(node, fault)| Error::Tree { tree, node, fault })?;
        }
        let is_narrow = |value: &f64| f64::from(*value as f32).to_bits() == value.to_bits();
        if ensemble.wide_leaves.iter().all(is_narrow) {
            ensemble.wide_leaves = Vec::new();
        }
        Ok(ensemble)
    }

    fn push_tree(
        &mut self,
        nodes: &[Node],
        leaf_values: Option<&[f64]>,
    ) -> Result<(), (usize, &'static str)> {
        if nodes.is_empty() {
            return Err((0, "the tree has no nodes"));
        }
        let mut seen = vec![false; nodes.len()];
        // Node, depth, and the packed parent that waits to learn where its right child is.
        let mut pending = vec![(0_usize, 0_usize, None)];
        while let Some((index, depth, right_of)) = pending.pop() {
            let node = nodes
                .get(index)
                .ok_or((index, "a child lies outside the tree"))?;
            if std::mem::replace(&mut seen[index], true) {
                return Err((index, "the node has two parents or lies on a cycle"));
            }
            if depth > MAX_DEPTH {
                return Err((index, "the path is deeper than 512 splits"));
            }
            let place = self.nodes.len() as u32;
            if let Some(parent) = right_of {
                let parent: &mut Packed = &mut self.nodes[parent as usize];
                parent.right = place;
            }
            let mut packed = self.pack(node, place).map_err(|fault| (index, fault))?;
            if let Some(values) = leaf_values {
                let mut value = 0.0;
                if let Node::Leaf { .. } = node {
                    value = values[index];
                    packed.number = value as f32;
                    if !packed.number.is_finite() {
                        return Err((index, "the leaf value is not finite"));
                    }
                }
                self.wide_leaves.push(value);
            }
            self.nodes.push(packed);
            self.covers.push(node.cover());
            if let Node::Split { left, right, .. } = node {
                pending.push((*right as usize, depth + 1, Some(place)));
                pending.push((*left as usize, depth + 1, None));
            }
        }
        self.offsets.push(self.nodes.len() as u32);
        Ok(())
    }

    fn pack(&mut self, node: &Node, place: u32) -> Result<Packed, &'static str> {
        if !(node.cover().is_finite() && node.cover() >= 0.0) {
            return Err("the cover is negative or not finite");
        }
        match node {
            Node::Leaf { value, .. } => {
                if !value.is_finite() {
                    return Err("the leaf value is not finite");
                }
                Ok(Packed {
                    feature: 0,
                    number: *value,
                    left: 0,
                    right: 0,
                })
            }
            Node::Split {
                feature,
                test,
                default_left,
                ..
            } => {
                if *feature >= self.n_features {
                    return Err("the split asks for a column the matrix does not have");
                }
                let default = if *default_left { DEFAULT_LEFT } else { 0 };
                let (kind, number) = match test {
                    Test::Less(threshold) | Test::LessUnlessZero(threshold)
                        if threshold.is_nan() =>
                    {
                        return Err("the threshold is not a number");
                    }
                    Test::Less(threshold) => (0, *threshold),
                    Test::LessUnlessZero(threshold) => (ZERO_MISSING, *threshold),
                    Test::NotIn(codes) => (CATEGORICAL, f32::from_bits(self.push_set(codes)?)),
                };
                // In preorder the left child is the next node; the right one is filled in
                // when it is reached.
                Ok(Packed {
                    feature: feature | default | kind,
                    number,
                    left: place + 1,
                    right: 0,
                })
            }
        }
    }

    fn push_set(&mut self, codes: &[u32]) -> Result<u32, &'static str> {
        let largest = codes.iter().max().copied().unwrap_or(0);
        if largest >= MAX_CATEGORY {
            return Err("a category code is 2^24 or more");
        }
        if self.set_words.len() + largest as usize / 32 >= MAX_SET_WORDS {
            return Err("the category sets take more than 64 MiB");
        }
        self.set_words.extend(words_of(codes));
        self.set_offsets.push(self.set_words.len() as u32);
        Ok((self.set_offsets.len() - 2) as u32)
    }
}

fn unsound(fault: &'static str) -> Error {
    Error::Unsound {
        part: "the tree part",
        fault,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Node, Test, TreeEnsemble};
    use super::MAX_DEPTH;

    fn leaf(value: f32) -> Node {
        Node::Leaf { value, cover: 1.0 }
    }

    fn split(left: u32, right: u32, test: Test) -> Node {
        Node::Split {
            feature: 0,
            test,
            default_left: true,
            left,
            right,
            cover: 2.0,
        }
    }

    #[track_caller]
    fn refused(nodes: Vec<Node>, expected: &str) {
        let fault = TreeEnsemble::new(1, 0.0, &[nodes], vec![])
            .unwrap_err()
            .to_string();
        assert!(fault.contains(expected), "{fault}");
    }

    #[test]
    fn trees_that_do_not_hold_together_are_refused() {
        let less = || Test::Less(0.0);
        refused(vec![], "no nodes");
        refused(vec![split(1, 2, less()), leaf(0.0)], "outside the tree");
        refused(vec![split(1, 1, less()), leaf(0.0)], "two parents");
        refused(vec![split(1, 0, less()), leaf(0.0)], "cycle");
        refused(vec![leaf(f32::NAN)], "leaf value");
        refused(
            vec![split(1, 2, Test::Less(f32::NAN)), leaf(0.0), leaf(1.0)],
            "threshold",
        );
        refused(
            vec![
                split(1, 2, Test::NotIn(vec![1 << 24])),
                leaf(0.0),
                leaf(1.0),
            ],
            "2^24",
        );
        refused(
            vec![Node::Leaf {
                value: 0.0,
                cover: -1.0,
            }],
            "cover",
        );
        let past_end = Node::Split {
            feature: 1,
            test: less(),
            default_left: false,
            left: 1,
            right: 2,
            cover: 1.0,
        };
        refused(vec![past_end, leaf(0.0), leaf(1.0)], "column");
        let chain = (0..=MAX_DEPTH as u32)
            .flat_map(|level| [split(2 * level + 1, 2 * level + 2, less()), leaf(0.0)])
            .chain([leaf(0.0)]);
        refused(chain.collect(), "deeper");
        assert!(TreeEnsemble::new(1, 0.0, &[vec![leaf(1.0)]], vec![1.0, 2.0]).is_err());
    }

    #[test]
    fn nodes_are_renumbered_and_orphans_dropped() {
        let nodes = vec![
            split(3, 1, Test::NotIn(vec![2])),
            leaf(1.0),
            leaf(9.0),
            leaf(-1.0),
        ];
        let ensemble = TreeEnsemble::new(1, 0.5, &[nodes], vec![]).unwrap();
        let expected = vec![split(1, 2, Test::NotIn(vec![2])), leaf(-1.0), leaf(1.0)];
        assert_eq!(ensemble.tree(0), expected);
        assert!(ensemble.check().is_ok());
        assert!((ensemble.margin(&[2.0]) - 1.5).abs() < 1e-12);
        assert!((ensemble.margin(&[f32::NAN]) + 0.5).abs() < 1e-12);
    }

    #[test]
    fn hostile_sets_cannot_fill_the_memory() {
        let tree = vec![
            split(1, 2, Test::NotIn(vec![(1 << 24) - 1])),
            leaf(0.0),
            leaf(1.0),
        ];
        let fault = TreeEnsemble::new(1, 0.0, &vec![tree; 40], vec![]).unwrap_err();
        assert!(fault.to_string().contains("64 MiB"), "{fault}");
    }
}
