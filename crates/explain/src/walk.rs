//! Trees past the tables under the training cover: one walk for many rows at once.
//!
//! The Shapley value of step `i` of a leaf is
//! `value × (o_i − z_i) × ∫ over 0..1 of Π over j ≠ i of (t·o_j + (1 − t)·z_j) dt`, with `o` 1
//! where the row satisfies the step (else 0) and `z` the share of cover that does, because
//! `∫ tˢ(1 − t)ᵈ⁻¹⁻ˢ dt = s!(d − 1 − s)!/d!` is the Shapley weight of `s` known columns. A
//! Gauss-Legendre rule of half as many points as the longest path has steps gives the integral
//! exactly. The walk carries the product at each point down and sums it up again, so a tree
//! costs nodes × points, as in Yu et al. 2022 ("Linear TreeShap"), and no memory but one such
//! product per level. It goes everywhere whatever the row, so a handful of rows walk side by
//! side.

use crate::paths::{Step, for_each_leaf};
use crate::quadrature::{Point, Rules};
use crate::shape::{Shape, ShapeNode, ShapeSplit};
use crate::view::View;

/// Rows that walk side by side, and where there are few.
const LANES: usize = 16;
const FEW_LANES: usize = 4;

/// Ranks of a block of rows, plane after plane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ranks<'a> {
    pub(crate) ranks: &'a [i16],
    pub(crate) n_rows: usize,
}

impl Ranks<'_> {
    fn goes_right(&self, split: &ShapeSplit, row: usize) -> bool {
        self.ranks[split.ask.plane as usize * self.n_rows + row] >= split.ask.least
    }

    fn satisfies(&self, step: &Step, row: usize) -> bool {
        step.ranges.iter().all(|range| {
            let rank = self.ranks[range.plane as usize * self.n_rows + row];
            (range.low..range.high).contains(&rank)
        })
    }
}

/// Memory reused from tree to tree, by the number of rows that walk side by side.
#[derive(Debug, Default)]
pub(crate) struct WalkScratch {
    alone: Levels<1>,
    few: Levels<FEW_LANES>,
    many: Levels<LANES>,
}

/// Adds the contributions of one tree to `out`, `view.n_groups` per row.
pub(crate) fn add_values(
    shape: &Shape,
    rules: &Rules,
    ranks: Ranks<'_>,
    view: &View,
    scratch: &mut WalkScratch,
    out: &mut [f64],
) {
    let rule = rules.of(shape.most_steps);
    let WalkScratch { alone, few, many } = scratch;
    let mut first = 0;
    while first < ranks.n_rows {
        // Lanes never mix, so a row gets the same bits in company and alone.
        let n_left = ranks.n_rows - first;
        first += if n_left == 1 {
            walk(shape, ranks, rule, first, view, alone, out)
        } else if n_left < LANES / 2 {
            walk(shape, ranks, rule, first, view, few, out)
        } else {
            walk(shape, ranks, rule, first, view, many, out)
        };
    }
}

/// Walks with up to `N` rows from `first` on; returns how many they were.
fn walk<const N: usize>(
    shape: &Shape,
    ranks: Ranks<'_>,
    rule: &[Point],
    first: usize,
    view: &View,
    levels: &mut Levels<N>,
    out: &mut [f64],
) -> usize {
    let n_rows = N.min(ranks.n_rows - first);
    levels.start(shape, rule);
    let last = ranks.n_rows - 1;
    let mut walk = Walk {
        shape,
        ranks,
        rule,
        // Past the last row the last one walks again; its numbers are not used.
        rows: std::array::from_fn(|lane| last.min(first + lane)),
        levels,
    };
    walk.visit(0, 0);
    for (slot, values) in levels.values.iter().enumerate() {
        let group = view.groups[shape.columns[slot] as usize] as usize;
        for (row, value) in (first..first + n_rows).zip(values) {
            out[row * view.n_groups + group] += value;
        }
    }
    n_rows
}

/// The last branch taken at a column.
#[derive(Debug, Clone, Copy)]
struct Branch<const N: usize> {
    level: usize,
    share: f64,
    /// By row all bits where it satisfies every split of the column so far, else none: a
    /// choice between two numbers is then one of bits, for all points and without a branch.
    satisfied: [u64; N],
}

/// Rows on the way through one tree.
struct Walk<'a, const N: usize> {
    shape: &'a Shape,
    ranks: Ranks<'a>,
    rule: &'a [Point],
    rows: [usize; N],
    levels: &'a mut Levels<N>,
}

/// What is known on the way. Level `l` of `products`, `sums` and `rests` holds one entry per
/// point, each with one number per row.
#[derive(Debug, Default)]
struct Levels<const N: usize> {
    /// The weight of the point times the factors of the steps on the way.
    products: Vec<[f64; N]>,
    /// Sum of value times product over the leaves below.
    sums: Vec<[f64; N]>,
    /// Less the same over the leaves past a deeper branch of the same column.
    rests: Vec<[f64; N]>,
    branches: Vec<Branch<N>>,
    values: Vec<[f64; N]>,
}

impl<const N: usize> Levels<N> {
    /// Makes everything as it is at the root of a tree.
    fn start(&mut self, shape: &Shape, rule: &[Point]) {
        let none = Branch {
            level: 0,
            share: 1.0,
            satisfied: [u64::MAX; N],
        };
        let n_slots = shape.columns.len();
        self.products.clear();
        self.products
            .extend(rule.iter().map(|point| [point.weight; N]));
        for zeros in [&mut self.sums, &mut self.rests] {
            zeros.clear();
            zeros.resize(rule.len(), [0.0; N]);
        }
        self.branches.clear();
        self.branches.resize(n_slots, none);
        self.values.clear();
        self.values.resize(n_slots, [0.0; N]);
    }
}

impl<const N: usize> Walk<'_, N> {
    /// Fills in the sums of `level`, that of `node`.
    fn visit(&mut self, node: usize, level: usize) {
        let n_points = self.rule.len();
        let here = level * n_points..(level + 1) * n_points;
        match self.shape.nodes[node] {
            ShapeNode::Leaf(value) => {
                let products = &self.levels.products[here.clone()];
                for (sums, products) in self.levels.sums[here].iter_mut().zip(products) {
                    for (sum, product) in sums.iter_mut().zip(products) {
                        *sum = value * product;
                    }
                }
            }
            ShapeNode::Split(split) => {
                if self.levels.products.len() <= here.end {
                    self.levels.products.resize(here.end + n_points, [0.0; N]);
                    self.levels.sums.resize(here.end + n_points, [0.0; N]);
                    self.levels.rests.resize(here.end + n_points, [0.0; N]);
                }
                self.levels.sums[here].fill([0.0; N]);
                self.branch(&split, node + 1, level, true);
                self.branch(&split, split.right as usize, level, false);
            }
        }
    }

    /// Takes one branch of the split at `level`.
    fn branch(&mut self, split: &ShapeSplit, child: usize, level: usize, goes_left: bool) {
        let slot = split.slot as usize;
        let before = self.levels.branches[slot];
        let share = if goes_left {
            split.left_share
        } else {
            1.0 - split.left_share
        };
        let mut branch = Branch {
            level: level + 1,
            share: before.share * share,
            satisfied: before.satisfied,
        };
        for (satisfied, &row) in branch.satisfied.iter_mut().zip(&self.rows) {
            let goes_on = self.ranks.goes_right(split, row) != goes_left;
            *satisfied &= u64::from(goes_on).wrapping_neg();
        }
        self.descend(level, share, &before, &branch);
        self.levels.branches[slot] = branch;
        self.visit(child, level + 1);
        self.levels.branches[slot] = before;
        self.ascend(level, slot, &before, &branch);
    }

    /// The products of the level below, from those of `level`.
    fn descend(&mut self, level: usize, share: f64, before: &Branch<N>, branch: &Branch<N>) {
        let n_points = self.rule.len();
        let (above, below) = self.levels.products.split_at_mut((level + 1) * n_points);
        let above = &above[level * n_points..];
        let points = self.rule.iter().zip(above).zip(below);
        for ((point, above), below) in points {
            let t = point.position;
            let old = t + (1.0 - t) * before.share;
            let still = (t + (1.0 - t) * branch.share) / old;
            let no_more = (1.0 - t) * branch.share / old;
            for lane in 0..N {
                let missed = chosen(before.satisfied[lane], no_more, share);
                below[lane] = above[lane] * chosen(branch.satisfied[lane], still, missed);
            }
        }
        let start = (level + 1) * n_points;
        self.levels.rests[start..start + n_points].fill([0.0; N]);
    }

    /// Takes the sums of the level below up to `level` and to the column's values.
    fn ascend(&mut self, level: usize, slot: usize, before: &Branch<N>, branch: &Branch<N>) {
        let n_points = self.rule.len();
        let (above, below) = self.levels.sums.split_at_mut((level + 1) * n_points);
        let above = &mut above[level * n_points..];
        let start = (level + 1) * n_points;
        let mut integrals = [0.0; N];
        for (index, point) in self.rule.iter().enumerate() {
            let t = point.position;
            let known = 1.0 / (t + (1.0 - t) * branch.share);
            // A branch nobody took has no factor, and its leaves give nothing.
            let unknown = if branch.share > 0.0 {
                1.0 / ((1.0 - t) * branch.share)
            } else {
                0.0
            };
            let (above, below) = (&mut above[index], &below[index]);
            let rests = &self.levels.rests[start + index];
            for (lane, integral) in integrals.iter_mut().enumerate() {
                let inverse = chosen(branch.satisfied[lane], known, unknown);
                *integral += (below[lane] + rests[lane]) * inverse;
                above[lane] += below[lane];
            }
        }
        if before.level > 0 {
            let first = before.level * n_points;
            for (rests, below) in self.levels.rests[first..first + n_points]
                .iter_mut()
                .zip(below)
            {
                for lane in 0..N {
                    rests[lane] -= below[lane];
                }
            }
        }
        for (lane, integral) in integrals.iter().enumerate() {
            let known = chosen(branch.satisfied[lane], 1.0, 0.0);
            self.levels.values[slot][lane] += (known - branch.share) * integral;
        }
    }
}

/// The first number where `mask` has all bits, the second where it has none.
fn chosen(mask: u64, one: f64, other: f64) -> f64 {
    f64::from_bits((one.to_bits() & mask) | (other.to_bits() & !mask))
}

/// Adds the interactions of one tree to `out`, `view.n_groups²` numbers per row, leaf by leaf:
/// `½ × value × (o_i − z_i) × (o_j − z_j) × ∫ Π over k ≠ i, j of (t·o_k + (1 − t)·z_k) dt`.
pub(crate) fn add_interactions(
    shape: &Shape,
    rules: &Rules,
    ranks: Ranks<'_>,
    view: &View,
    out: &mut [f64],
) {
    let n_values = view.n_groups * view.n_groups;
    let (mut away, mut after) = (Vec::new(), Vec::new());
    for_each_leaf(shape, 0, &[], &mut |value, steps| {
        let rule = rules.of(steps.len());
        let group = |step: &Step| view.groups[shape.columns[step.slot as usize] as usize] as usize;
        for (row, matrix) in out.chunks_exact_mut(n_values.max(1)).enumerate() {
            away.clear();
            away.extend(steps.iter().map(|step| {
                let known = if ranks.satisfies(step, row) { 1.0 } else { 0.0 };
                known - step.share
            }));
            for point in rule {
                let factor = |place: usize| steps[place].share + point.position * away[place];
                after.clear();
                after.resize(steps.len() + 1, 1.0);
                for place in (0..steps.len()).rev() {
                    after[place] = after[place + 1] * factor(place);
                }
                let mut before = 0.5 * value * point.weight;
                for one in 0..steps.len() {
                    let mut product = before * away[one];
                    for other in one + 1..steps.len() {
                        let pair = (group(&steps[one]), group(&steps[other]));
                        let part = product * away[other] * after[other + 1];
                        crate::interactions::add_pair(matrix, view.n_groups, pair, part);
                        product *= factor(other);
                    }
                    before *= factor(one);
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use churn_ensemble::{Node, Planes, Test, TreeEnsemble};

    use super::{Ranks, WalkScratch, add_interactions, add_values};
    use crate::quadrature::Rules;
    use crate::shape::Shape;
    use crate::trees::{BlockScratch, TreesGame};
    use crate::view::{By, Kind, View};

    /// A full tree of `depth` levels that asks column `level % n_columns` at each level.
    fn full_tree(depth: u32, n_columns: u32) -> TreeEnsemble {
        let n_nodes = (1_u32 << (depth + 1)) - 1;
        let node = |place: u32| {
            let level = (place + 1).ilog2();
            // Some branches were taken by nobody.
            let cover = f32::from(u8::try_from(place * 7 % 5).unwrap());
            let value = f32::from(u8::try_from(place * 5 % 11).unwrap()) - 4.0;
            if level == depth {
                return Node::Leaf { value, cover };
            }
            Node::Split {
                feature: level % n_columns,
                test: Test::Less(value),
                default_left: place.is_multiple_of(3),
                left: 2 * place + 1,
                right: 2 * place + 2,
                cover,
            }
        };
        let nodes: Vec<Node> = (0..n_nodes).map(node).collect();
        TreeEnsemble::new(n_columns as usize, 0.0, &[nodes], vec![]).unwrap()
    }

    #[test]
    fn the_walk_gives_what_the_tables_give() {
        for (depth, n_columns) in [(0, 1), (1, 1), (3, 2), (5, 5), (7, 4), (8, 8)] {
            let ensemble = full_tree(depth, n_columns);
            let (planes, asks) = Planes::new(&ensemble);
            let shape = Shape::new(&ensemble, 0, &asks[0]);
            let view = |kind| View {
                groups: (0..n_columns).collect(),
                n_groups: n_columns as usize,
                kind,
            };
            let n_rows = 37;
            let cell = |place: u32| match place * 7 % 13 {
                0 => f32::NAN,
                value => value as f32 - 5.5,
            };
            let rows: Vec<f32> = (0..n_rows * n_columns).map(cell).collect();
            let n_rows = n_rows as usize;
            let mut ranks = Vec::new();
            planes.ranks_into(&rows, n_rows, &mut ranks);
            let ranks = Ranks {
                ranks: &ranks,
                n_rows,
            };
            let game = TreesGame::new(&ensemble, None);
            let mut scratch = BlockScratch::default();
            let (values, pairs) = (view(Kind::Values), view(Kind::Pairs));
            let n_values = n_rows * n_columns as usize;
            let mut margins = vec![0.0; n_rows];
            let mut walked = vec![0.0; n_values];
            let mut tabulated = walked.clone();
            let rules = Rules::new(shape.most_steps);
            let mut levels = WalkScratch::default();
            add_values(&shape, &rules, ranks, &values, &mut levels, &mut walked);
            let by = (By::Columns, &values);
            game.explain_block(
                &ensemble,
                by,
                &rows,
                &mut margins,
                &mut scratch,
                &mut tabulated,
            );
            let mut walked_pairs = vec![0.0; n_values * n_columns as usize];
            let mut tabulated_pairs = walked_pairs.clone();
            add_interactions(&shape, &rules, ranks, &pairs, &mut walked_pairs);
            let by = (By::Columns, &pairs);
            game.interactions_block(&ensemble, by, &rows, &mut scratch, &mut tabulated_pairs);
            let walked = walked.iter().chain(&walked_pairs);
            for (one, other) in walked.zip(tabulated.iter().chain(&tabulated_pairs)) {
                assert!(
                    (one - other).abs() < 1e-13,
                    "depth {depth}: {one} != {other}"
                );
            }
            for (row, margin) in rows.chunks(n_columns as usize).zip(margins) {
                assert_eq!(ensemble.margin(row).to_bits(), margin.to_bits());
            }
        }
    }
}
