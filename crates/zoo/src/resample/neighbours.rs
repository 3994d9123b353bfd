//! Nearest neighbours among points with numbers and categories, by a tree of bounding boxes.
//!
//! A node splits where rows differ most: at the median of a number, or off the most frequent
//! level of a category. Its box holds the range of each number and, for each category, the level
//! all its rows share, if they do; the distance to the box is a lower bound for all rows in it.

use rayon::prelude::*;

/// Rows in a leaf, at most (more when they are all equal).
const LEAF: usize = 24;

/// Level of a box in which rows differ.
const MIXED: u32 = u32::MAX;

/// Rows as coordinates and codes. Squared distance: squared differences of the numbers, and the
/// cost of each category that differs.
pub(super) struct Points {
    numbers: Vec<f32>,
    codes: Vec<u32>,
    costs: Vec<f32>,
    n_numbers: usize,
    n_rows: usize,
}

impl Points {
    /// `numbers` is `n_rows × n_numbers`, `codes` is `n_rows × costs.len()`, both row-major.
    pub(super) fn new(
        numbers: Vec<f32>,
        codes: Vec<u32>,
        costs: Vec<f32>,
        n_numbers: usize,
        n_rows: usize,
    ) -> Self {
        Self {
            numbers,
            codes,
            costs,
            n_numbers,
            n_rows,
        }
    }

    /// The given rows, in the given order.
    pub(super) fn select(&self, rows: &[usize]) -> Self {
        let mut numbers = Vec::with_capacity(rows.len() * self.n_numbers);
        let mut codes = Vec::with_capacity(rows.len() * self.costs.len());
        for &row in rows {
            let (own_numbers, own_codes) = self.row(row);
            numbers.extend_from_slice(own_numbers);
            codes.extend_from_slice(own_codes);
        }
        Self {
            numbers,
            codes,
            costs: self.costs.clone(),
            n_numbers: self.n_numbers,
            n_rows: rows.len(),
        }
    }

    fn row(&self, row: usize) -> (&[f32], &[u32]) {
        let n_codes = self.costs.len();
        (
            &self.numbers[row * self.n_numbers..(row + 1) * self.n_numbers],
            &self.codes[row * n_codes..(row + 1) * n_codes],
        )
    }

    /// Squared distance of two rows.
    #[cfg(test)]
    pub(super) fn distance_of(&self, a: usize, b: usize) -> f32 {
        self.distance(self.row(a), self.row(b))
    }

    fn distance(&self, a: (&[f32], &[u32]), b: (&[f32], &[u32])) -> f32 {
        let numbers = a.0.iter().zip(b.0).map(|(x, y)| (x - y) * (x - y));
        let codes = a.1.iter().zip(b.1).zip(&self.costs);
        numbers.sum::<f32>()
            + codes
                .map(|((x, y), cost)| if x == y { 0.0 } else { *cost })
                .sum::<f32>()
    }
}

/// A tree over points; see the module.
pub(super) struct Tree {
    /// In tree order, so that a leaf is a stretch.
    points: Points,
    /// Row of each point as given.
    rows: Vec<u32>,
    nodes: Vec<Node>,
    /// Per node: least of each number, then most of each number.
    ranges: Vec<f32>,
    /// Per node: the level all rows share, or [`MIXED`].
    levels: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Node {
    start: u32,
    end: u32,
    /// First child, the second follows the first's subtree at `second`; 0 in a leaf.
    second: u32,
}

/// How to split a node.
#[derive(Clone, Copy)]
enum Split {
    /// At the median of a number.
    Number { index: usize },
    /// One level from the others.
    Level { index: usize, level: u32 },
    /// Levels up to this one from those above: for a category of many levels.
    UpTo { index: usize, level: u32 },
}

impl Split {
    /// Whether a row goes to the first child, for splits by category.
    fn is_first(self, codes: &[u32]) -> bool {
        match self {
            Self::Number { .. } => true,
            Self::Level { index, level } => codes[index] == level,
            Self::UpTo { index, level } => codes[index] <= level,
        }
    }
}

impl Tree {
    pub(super) fn new(points: Points) -> Self {
        let mut rows: Vec<u32> = (0..points.n_rows as u32).collect();
        let mut tree = Self {
            points: points.select(&[]),
            rows: Vec::new(),
            nodes: Vec::new(),
            ranges: Vec::new(),
            levels: Vec::new(),
        };
        tree.grow(&points, &mut rows, 0);
        let order: Vec<usize> = rows.iter().map(|&row| row as usize).collect();
        tree.points = points.select(&order);
        tree.rows = rows;
        tree
    }

    /// Adds the node of `rows`, which begin at `start` in tree order, and all below it.
    fn grow(&mut self, points: &Points, rows: &mut [u32], start: usize) {
        let node = self.nodes.len();
        self.nodes.push(Node {
            start: start as u32,
            end: (start + rows.len()) as u32,
            second: 0,
        });
        self.add_box(points, rows);
        if rows.len() <= LEAF {
            return;
        }
        let Some(split) = best_split(points, rows) else {
            return;
        };
        let cut = match split {
            Split::Number { index } => {
                let middle = rows.len() / 2;
                let value = |row: &u32| points.row(*row as usize).0[index];
                rows.select_nth_unstable_by(middle, |a, b| {
                    value(a).total_cmp(&value(b)).then(a.cmp(b))
                });
                middle
            }
            Split::Level { .. } | Split::UpTo { .. } => {
                let first = |row: u32| split.is_first(points.row(row as usize).1);
                rows.sort_unstable_by_key(|&row| (!first(row), row));
                rows.partition_point(|&row| first(row))
            }
        };
        let (first, second) = rows.split_at_mut(cut);
        self.grow(points, first, start);
        self.nodes[node].second = self.nodes.len() as u32;
        self.grow(points, second, start + cut);
    }

    fn add_box(&mut self, points: &Points, rows: &[u32]) {
        let n = points.n_numbers;
        let base = self.ranges.len();
        self.ranges.extend(std::iter::repeat_n(f32::INFINITY, n));
        self.ranges
            .extend(std::iter::repeat_n(f32::NEG_INFINITY, n));
        let first_codes = points.row(rows.first().map_or(0, |&row| row as usize)).1;
        let level_base = self.levels.len();
        self.levels.extend_from_slice(first_codes);
        for &row in rows {
            let (numbers, codes) = points.row(row as usize);
            for (index, &x) in numbers.iter().enumerate() {
                self.ranges[base + index] = self.ranges[base + index].min(x);
                self.ranges[base + n + index] = self.ranges[base + n + index].max(x);
            }
            for (index, &code) in codes.iter().enumerate() {
                if self.levels[level_base + index] != code {
                    self.levels[level_base + index] = MIXED;
                }
            }
        }
    }

    /// The `k` nearest rows to each row of the tree, itself excluded, nearest first,
    /// `n_rows × k`. Of rows at the same distance any may come, but always the same.
    pub(super) fn nearest_to_own(&self, k: usize) -> Vec<u32> {
        let places: Vec<usize> = (0..self.rows.len()).collect();
        let mut found = vec![0; self.rows.len() * k];
        for (place, nearest) in self.nearest(&places, k).chunks_exact(k).enumerate() {
            let row = self.rows[place] as usize;
            found[row * k..(row + 1) * k].copy_from_slice(nearest);
        }
        found
    }

    /// The same for the given rows of the tree only, in their order.
    pub(super) fn nearest_to(&self, rows: &[usize], k: usize) -> Vec<u32> {
        let mut place_of = vec![0; self.rows.len()];
        self.rows
            .iter()
            .enumerate()
            .for_each(|(place, &row)| place_of[row as usize] = place);
        let places: Vec<usize> = rows.iter().map(|&row| place_of[row]).collect();
        self.nearest(&places, k)
    }

    fn nearest(&self, places: &[usize], k: usize) -> Vec<u32> {
        let mut found = vec![0; places.len() * k];
        found
            .par_chunks_mut(k * 256)
            .zip(places.par_chunks(256))
            .for_each(|(found, places)| {
                let mut best = Vec::with_capacity(k + 1);
                let mut stack = Vec::new();
                for (found, &place) in found.chunks_exact_mut(k).zip(places) {
                    self.search(place, k, &mut best, &mut stack);
                    for (slot, &(_, other)) in found.iter_mut().zip(&best) {
                        *slot = self.rows[other as usize];
                    }
                }
            });
        found
    }

    /// Fills `best` with the squared distance and place of the `k` points nearest to `place`.
    fn search(
        &self,
        place: usize,
        k: usize,
        best: &mut Vec<(f32, u32)>,
        stack: &mut Vec<(f32, u32)>,
    ) {
        let query = self.points.row(place);
        best.clear();
        stack.clear();
        stack.push((0.0, 0));
        while let Some((bound, index)) = stack.pop() {
            let worst = if best.len() == k {
                best[k - 1].0
            } else {
                f32::INFINITY
            };
            if bound >= worst {
                continue;
            }
            let node = self.nodes[index as usize];
            if node.second == 0 {
                self.search_leaf(node, place, query, k, best);
                continue;
            }
            let (a, b) = (index + 1, node.second);
            let (to_a, to_b) = (self.bound(a, query), self.bound(b, query));
            // The nearer child is taken from the stack first.
            if to_a <= to_b {
                stack.extend([(to_b, b), (to_a, a)]);
            } else {
                stack.extend([(to_a, a), (to_b, b)]);
            }
        }
    }

    fn search_leaf(
        &self,
        node: Node,
        place: usize,
        query: (&[f32], &[u32]),
        k: usize,
        best: &mut Vec<(f32, u32)>,
    ) {
        for other in node.start as usize..node.end as usize {
            if other == place {
                continue;
            }
            let distance = self.points.distance(query, self.points.row(other));
            if best.len() == k {
                if distance >= best[k - 1].0 {
                    continue;
                }
                best.pop();
            }
            let rank = best.partition_point(|&(nearer, _)| nearer <= distance);
            best.insert(rank, (distance, other as u32));
        }
    }

    /// No row of the node is nearer to `query` than this, squared.
    fn bound(&self, node: u32, query: (&[f32], &[u32])) -> f32 {
        let (n, n_codes) = (self.points.n_numbers, self.points.costs.len());
        let ranges = &self.ranges[node as usize * 2 * n..(node as usize + 1) * 2 * n];
        let (least, most) = ranges.split_at(n);
        let levels = &self.levels[node as usize * n_codes..(node as usize + 1) * n_codes];
        let outside = query
            .0
            .iter()
            .zip(least)
            .zip(most)
            .map(|((&x, &low), &high)| {
                let gap = (low - x).max(x - high).max(0.0);
                gap * gap
            });
        let differing =
            query
                .1
                .iter()
                .zip(levels)
                .zip(&self.points.costs)
                .map(|((&code, &level), &cost)| {
                    if level == code || level == MIXED {
                        0.0
                    } else {
                        cost
                    }
                });
        outside.sum::<f32>() + differing.sum::<f32>()
    }
}

/// The split along which two random rows differ most, in mean squared distance; `None` when all
/// rows are equal.
fn best_split(points: &Points, rows: &[u32]) -> Option<Split> {
    // Up to this many rows, evenly spread, are enough to choose by.
    let stride = rows.len().div_ceil(512);
    let sample: Vec<u32> = rows.iter().step_by(stride).copied().collect();
    let mut best = choose_split(points, &sample);
    if best.is_none() && stride > 1 {
        best = choose_split(points, rows);
    }
    best
}

fn choose_split(points: &Points, rows: &[u32]) -> Option<Split> {
    let n = rows.len() as f64;
    let mut best: (f64, Option<Split>) = (0.0, None);
    for index in 0..points.n_numbers {
        let values = || {
            rows.iter()
                .map(|&row| f64::from(points.row(row as usize).0[index]))
        };
        let mean = values().sum::<f64>() / n;
        let spread = 2.0 * values().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        let varies = values().any(|x| x.total_cmp(&values().next().unwrap_or(x)).is_ne());
        if varies && spread > best.0 {
            best = (spread, Some(Split::Number { index }));
        }
    }
    let mut levels = Vec::with_capacity(rows.len());
    for (index, &cost) in points.costs.iter().enumerate() {
        levels.clear();
        levels.extend(rows.iter().map(|&row| points.row(row as usize).1[index]));
        levels.sort_unstable();
        let mut most = (0, 0);
        let mut same = 0.0;
        for run in levels.chunk_by(|a, b| a == b) {
            same += (run.len() as f64 / n).powi(2);
            if run.len() > most.0 {
                most = (run.len(), run[0]);
            }
        }
        let spread = f64::from(cost) * (1.0 - same);
        if most.0 < rows.len() && spread > best.0 {
            let split = if most.0 * 4 < rows.len() {
                let level = levels[levels.len() / 2];
                Split::UpTo { index, level }
            } else {
                let level = most.1;
                Split::Level { index, level }
            };
            best = (spread, Some(split));
        }
    }
    best.1
}
