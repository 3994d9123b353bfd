//! One comparison made for many rows at once.
//!
//! Walking a tree row by row waits at every node for a branch the processor cannot guess.
//! Here every split of a tree is asked of a whole block of rows, as a comparison of ranks
//! ([`super::planes`]) in single bytes, which the compiler turns into vector instructions.
//! A row stands at the first leaf of the node it has reached. Splits come in preorder, so one
//! whose first leaf is where the row stands is the next on its way, and going right moves it
//! past the leaves on the left; any other split is not on its way and leaves it alone.
//!
//! A tree of very many leaves is walked instead, by several rows at a time and without a branch
//! to guess, so that the processor fetches the nodes of one row while it waits for another's.

use std::ops::Range;
use std::sync::OnceLock;

use super::{Ask, Node, Planes, TreeEnsemble};

/// Trees with more leaves than places of a byte are walked.
const MAX_LEAVES: usize = 1 << 8;
/// Rows that walk side by side.
const WALKERS: usize = 16;
/// Trees whose leaves are added together: a sum is read and written once for all of them.
const TOGETHER: usize = 4;

/// All trees of an ensemble as lists of comparisons.
#[derive(Debug, Clone)]
pub(super) struct RankedTrees {
    planes: Planes<i8>,
    trees: Vec<RankedTree>,
    moves: Vec<Move>,
    nodes: Vec<WalkNode>,
    /// Leaves times the weight of their tree, of walked trees one number for every node, and
    /// [`MAX_LEAVES`] more numbers, so that a place never points past them.
    leaves: Vec<f64>,
}

#[derive(Debug, Clone)]
enum RankedTree {
    Asked {
        moves: Range<usize>,
        first_leaf: usize,
    },
    Walked {
        nodes: Range<usize>,
        first_leaf: usize,
    },
}

/// A split: rows that stand at `first` and whose rank is at least `least` move by `step`.
#[derive(Debug, Clone, Copy)]
struct Move {
    plane: u32,
    least: i8,
    first: u8,
    step: u8,
}

/// A node of a walked tree: rows whose rank is at least `least` go to `right`, others to
/// `left`, both counted from the root; at a leaf both are the leaf itself.
#[derive(Debug, Clone, Copy)]
struct WalkNode {
    plane: u32,
    left: u32,
    right: u32,
    least: i8,
}

/// Memory reused from block to block.
#[derive(Debug, Default)]
pub(crate) struct RankScratch {
    ranks: Vec<i8>,
    places: Vec<u8>,
}

/// [`RankedTrees`] made when first asked for. They follow from the trees, so they do not count
/// when ensembles are compared.
#[derive(Debug, Clone, Default)]
pub(super) struct OnceRanked(OnceLock<RankedTrees>);

impl PartialEq for OnceRanked {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl OnceRanked {
    pub(super) fn get(&self, ensemble: &TreeEnsemble) -> &RankedTrees {
        self.0.get_or_init(|| RankedTrees::new(ensemble))
    }
}

impl RankedTrees {
    fn new(ensemble: &TreeEnsemble) -> Self {
        let (planes, asks) = Planes::new(ensemble);
        let mut ranked = Self {
            planes,
            trees: Vec::with_capacity(asks.len()),
            moves: Vec::new(),
            nodes: Vec::new(),
            leaves: Vec::new(),
        };
        for (tree, asks) in asks.iter().enumerate() {
            ranked.push(ensemble, tree, asks);
        }
        ranked.leaves.extend([0.0; MAX_LEAVES]);
        ranked
    }

    fn push(&mut self, ensemble: &TreeEnsemble, tree: usize, asks: &[Ask<i8>]) {
        let nodes = ensemble.tree(tree);
        let (root, weight) = (ensemble.root(tree), f64::from(ensemble.weight(tree)));
        let first_leaf = self.leaves.len();
        let value = |place: usize| ensemble.leaf_value(root + place) * weight;
        self.trees.push(match moves_of(&nodes, asks) {
            Some(moves) => {
                let first = self.moves.len();
                self.moves.extend(moves);
                let is_leaf = |place: &usize| matches!(nodes[*place], Node::Leaf { .. });
                let places = (0..nodes.len()).filter(is_leaf);
                self.leaves.extend(places.map(value));
                RankedTree::Asked {
                    moves: first..self.moves.len(),
                    first_leaf,
                }
            }
            None => {
                let first = self.nodes.len();
                self.nodes.extend(walk_nodes(&nodes, asks));
                self.leaves.extend((0..nodes.len()).map(value));
                RankedTree::Walked {
                    nodes: first..self.nodes.len(),
                    first_leaf,
                }
            }
        });
    }

    /// Adds what every tree gives to `sums`, one per row of row-major `rows`, tree by tree in
    /// order.
    pub(super) fn add_leaves(&self, rows: &[f32], scratch: &mut RankScratch, sums: &mut [f64]) {
        let n_rows = sums.len();
        let RankScratch { ranks, places } = scratch;
        self.planes.ranks_into(rows, n_rows, ranks);
        places.resize(TOGETHER * n_rows, 0);
        let mut trees = self.trees.as_slice();
        while let Some(tree) = trees.first() {
            if let RankedTree::Walked { nodes, first_leaf } = tree {
                let nodes = &self.nodes[nodes.clone()];
                walk(nodes, &self.leaves[*first_leaf..], ranks, sums);
                trees = &trees[1..];
                continue;
            }
            let mut n_together = 0;
            let mut leaves = [self.leaves_from(0); TOGETHER];
            for (tree, places) in trees.iter().zip(places.chunks_exact_mut(n_rows)) {
                let RankedTree::Asked { moves, first_leaf } = tree else {
                    break;
                };
                places.fill(0);
                for each in &self.moves[moves.clone()] {
                    let first = each.plane as usize * n_rows;
                    each.apply(&ranks[first..first + n_rows], places);
                }
                leaves[n_together] = self.leaves_from(*first_leaf);
                n_together += 1;
            }
            add(&leaves[..n_together], places, sums);
            trees = &trees[n_together..];
        }
    }

    /// The leaves a place can point at from one on; an array, since no byte is past it.
    fn leaves_from(&self, first: usize) -> &[f64; MAX_LEAVES] {
        const NONE: &[f64; MAX_LEAVES] = &[0.0; MAX_LEAVES];
        // Never past the end: as many numbers were appended.
        self.leaves[first..].first_chunk().unwrap_or(NONE)
    }
}

impl Move {
    fn apply(self, ranks: &[i8], places: &mut [u8]) {
        for (place, &rank) in places.iter_mut().zip(ranks) {
            // No branch: all bits where the row moves, else none.
            let moves = u8::from(*place == self.first) & u8::from(rank >= self.least);
            *place = place.wrapping_add(moves.wrapping_neg() & self.step);
        }
    }
}

/// The splits of a tree in preorder; `None` when it has too many leaves.
fn moves_of(nodes: &[Node], asks: &[Ask<i8>]) -> Option<Vec<Move>> {
    let mut n_leaves = 0_usize;
    let mut leaves_before = Vec::with_capacity(nodes.len());
    for node in nodes {
        leaves_before.push(n_leaves);
        n_leaves += usize::from(matches!(node, Node::Leaf { .. }));
    }
    if n_leaves > MAX_LEAVES {
        return None;
    }
    let splits = nodes.iter().enumerate().filter_map(|(place, node)| {
        let Node::Split { right, .. } = node else {
            return None;
        };
        Some((leaves_before[place], leaves_before[*right as usize]))
    });
    let moves = splits.zip(asks).map(|((first, right), ask)| {
        Some(Move {
            plane: ask.plane,
            least: ask.least,
            first: u8::try_from(first).ok()?,
            step: u8::try_from(right - first).ok()?,
        })
    });
    moves.collect()
}

/// The nodes of a tree as they are walked.
fn walk_nodes(nodes: &[Node], asks: &[Ask<i8>]) -> Vec<WalkNode> {
    let mut asks = asks.iter();
    let node = |(place, node): (u32, &Node)| {
        let at_leaf = WalkNode {
            plane: 0,
            left: place,
            right: place,
            least: i8::MAX,
        };
        let Node::Split { left, right, .. } = node else {
            return at_leaf;
        };
        asks.next().map_or(at_leaf, |ask| WalkNode {
            plane: ask.plane,
            left: *left,
            right: *right,
            least: ask.least,
        })
    };
    (0..).zip(nodes).map(node).collect()
}

/// Adds the leaf each row reaches to its sum, `values` being those of all nodes.
fn walk(nodes: &[WalkNode], values: &[f64], ranks: &[i8], sums: &mut [f64]) {
    let n_rows = sums.len();
    for (group, sums) in sums.chunks_mut(WALKERS).enumerate() {
        let first = group * WALKERS;
        let mut places = [0_u32; WALKERS];
        let places = &mut places[..sums.len()];
        loop {
            let mut moved = 0;
            for (row, place) in (first..).zip(&mut *places) {
                let node = nodes[*place as usize];
                let goes_right = ranks[node.plane as usize * n_rows + row] >= node.least;
                // No branch: the way to the right where it is taken, else none.
                let turn = (node.left ^ node.right) & u32::from(goes_right).wrapping_neg();
                let next = node.left ^ turn;
                moved |= next ^ *place;
                *place = next;
            }
            if moved == 0 {
                break;
            }
        }
        for (sum, &place) in sums.iter_mut().zip(&*places) {
            *sum += values[place as usize];
        }
    }
}

/// Adds one leaf of each list to every sum, the lists in order; `places` holds one place per
/// row, list after list.
fn add(lists: &[&[f64; MAX_LEAVES]], places: &[u8], sums: &mut [f64]) {
    let n_rows = sums.len();
    let places = |list: usize| &places[list * n_rows..(list + 1) * n_rows];
    if let [a, b, c, d] = lists {
        let first = places(0).iter().zip(places(1));
        let second = places(2).iter().zip(places(3));
        for (sum, ((&one, &two), (&three, &four))) in sums.iter_mut().zip(first.zip(second)) {
            let half = *sum + a[usize::from(one)] + b[usize::from(two)];
            *sum = half + c[usize::from(three)] + d[usize::from(four)];
        }
        return;
    }
    for (list, leaves) in lists.iter().enumerate() {
        for (sum, &place) in sums.iter_mut().zip(places(list)) {
            *sum += leaves[usize::from(place)];
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{Node, Test, TreeEnsemble};

    /// A tree in preorder with a leaf wherever `shape` runs out or says so.
    fn grow(shape: &[(bool, u8, bool, bool)], depth: u32) -> Vec<Node> {
        fn add(
            nodes: &mut Vec<Node>,
            shape: &mut std::slice::Iter<'_, (bool, u8, bool, bool)>,
            depth: u32,
        ) {
            let index = nodes.len();
            let next = if depth == 0 { None } else { shape.next() };
            let Some(&(true, number, default_left, categorical)) = next else {
                let value = (index as f32).mul_add(0.37, -1.0);
                nodes.push(Node::Leaf { value, cover: 1.0 });
                return;
            };
            let test = if categorical {
                Test::NotIn(vec![u32::from(number % 4), 3])
            } else {
                let threshold = f32::from(number % 5) - 1.5;
                if number > 200 {
                    Test::LessUnlessZero(threshold)
                } else {
                    Test::Less(threshold)
                }
            };
            nodes.push(Node::Split {
                feature: u32::from(number % 3),
                test,
                default_left,
                left: 0,
                right: 0,
                cover: 2.0,
            });
            let first = nodes.len() as u32;
            add(nodes, shape, depth - 1);
            let second = nodes.len() as u32;
            add(nodes, shape, depth - 1);
            if let Node::Split { left, right, .. } = &mut nodes[index] {
                (*left, *right) = (first, second);
            }
        }
        let mut nodes = Vec::new();
        add(&mut nodes, &mut shape.iter(), depth);
        nodes
    }

    /// The block's margins are those of single rows, bit by bit.
    fn check(trees: &[Vec<Node>], cells: &[f32]) {
        let weights = (0..trees.len()).map(|tree| 1.0 - tree as f32 * 0.3);
        let ensemble = TreeEnsemble::new(3, 0.25, trees, weights.collect()).unwrap();
        let n_rows = cells.len() / 3;
        let mut margins = vec![0.0; n_rows];
        let mut scratch = super::RankScratch::default();
        ensemble.margins_with(&cells[..n_rows * 3], &mut margins, &mut scratch);
        for (row, margin) in cells.chunks_exact(3).zip(&margins) {
            assert_eq!(
                ensemble.margin(row).to_bits(),
                margin.to_bits(),
                "{row:?}, {n_rows} rows"
            );
        }
    }

    proptest! {
        #[test]
        fn a_block_of_rows_gets_the_bits_of_each_row(
            shapes in prop::collection::vec(
                prop::collection::vec((prop::bool::weighted(0.8), any::<u8>(), any::<bool>(), any::<bool>()), 0..300), 1..7),
            cells in prop::collection::vec(prop_oneof![
                Just(f32::NAN), Just(f32::INFINITY), Just(-0.0_f32), -3.0..4.0_f32, (0..4_u8).prop_map(f32::from),
            ], 3..600),
        ) {
            let trees: Vec<_> = shapes.iter().map(|shape| grow(shape, 9)).collect();
            check(&trees, &cells);
        }
    }

    #[test]
    fn trees_of_any_number_of_leaves_get_the_bits_of_each_row() {
        let cells: Vec<f32> = (0..3 * 1100_u16)
            .map(|place| match place * 7 % 31 {
                0 => f32::NAN,
                value => f32::from(value) / 4.0 - 3.0,
            })
            .collect();
        let tree = |n_splits: usize| {
            let split = |place: usize| {
                (
                    true,
                    (place * 37 % 256) as u8,
                    place.is_multiple_of(3),
                    place.is_multiple_of(5),
                )
            };
            let shape: Vec<_> = (0..n_splits).map(split).collect();
            grow(&shape, 10)
        };
        // Around the bits of a word and the places of a byte, walked trees first, last and between.
        let sizes = [0, 1, 31, 32, 63, 64, 127, 255, 256, 700, 3, 300, 255];
        let trees: Vec<Vec<Node>> = sizes.map(tree).to_vec();
        for n_trees in 0..=trees.len() {
            check(&trees[..n_trees], &cells);
            check(&trees[trees.len() - n_trees..], &cells[..3 * 100]);
        }
    }
}
