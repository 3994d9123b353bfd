//! One tree.

use churn_ensemble::Node;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{
    bins::{Bins, ColumnBins},
    order::orders,
    out_of_bag::Votes,
    split::{Judge, Split, find},
    tally::Tally,
};

/// Rows whose cache misses overlap while histograms are filled.
const BATCH_ROWS: usize = 16;

/// What all trees of a forest share.
pub(super) struct Soil<'a> {
    pub(super) bins: &'a Bins,
    pub(super) labels: &'a [bool],
    pub(super) weights: Option<&'a [f32]>,
    pub(super) judge: Judge,
    /// All columns in an order that does not depend on their order in the matrix.
    pub(super) columns: Vec<u32>,
    /// Columns each split chooses from.
    pub(super) n_drawn: usize,
    pub(super) max_depth: usize,
    /// Least distinct rows of a node that is split.
    pub(super) min_split_rows: usize,
    /// Where rows a tree did not see leave its vote, when anyone asks.
    pub(super) votes: Option<&'a Votes>,
}

/// A grown tree.
pub(super) struct Tree {
    /// Root first; leaves hold the share of leavers.
    pub(super) nodes: Vec<Node>,
    /// Weighted Gini decrease by column, as a share of the tree's weight.
    pub(super) importances: Vec<f64>,
}

/// Memory one worker uses for one tree after the other.
pub(super) struct Grower<'a, T> {
    soil: &'a Soil<'a>,
    /// What each row adds to a bin; nothing for rows outside the bag.
    tallies: Vec<T>,
    /// Rows in the bag, then rows outside it, each part ordered by node.
    bagged: Rows,
    outside: Rows,
    /// First bin of each column in `histogram`; each has one more for missing values.
    offsets: Vec<u32>,
    histogram: Vec<T>,
    /// Order of the categories by column, in this tree.
    orders: Vec<Vec<u8>>,
    /// All columns; a random draw is at the front.
    columns: Vec<u32>,
}

/// Rows, of which every node holds a range.
#[derive(Default)]
struct Rows {
    rows: Vec<u32>,
    buffer: Vec<u32>,
}

/// A node that waits to be grown.
struct Waiting<T> {
    node: usize,
    depth: usize,
    bagged: (usize, usize),
    outside: (usize, usize),
    total: T,
    /// One bit per column: no split on it can tell two of the rows apart.
    constant: Vec<u64>,
}

impl<'a, T: Tally> Grower<'a, T> {
    pub(super) fn new(soil: &'a Soil<'a>) -> Self {
        let mut offsets = Vec::with_capacity(soil.bins.columns.len());
        let mut n_bins = 0;
        for column in &soil.bins.columns {
            offsets.push(n_bins as u32);
            n_bins += column.n_bins() + 1;
        }
        Self {
            soil,
            tallies: Vec::new(),
            bagged: Rows::default(),
            outside: Rows::default(),
            offsets,
            histogram: vec![T::default(); n_bins],
            orders: Vec::new(),
            columns: Vec::new(),
        }
    }

    /// Grows a tree on as many rows as there are, drawn with replacement. The result depends on
    /// `seed` and the data alone.
    pub(super) fn grow(&mut self, seed: u64) -> Tree {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let total = self.draw_rows(&mut rng);
        let n_columns = self.soil.bins.columns.len();
        self.columns.clone_from(&self.soil.columns);
        let mut tree = Tree {
            nodes: vec![placeholder()],
            importances: vec![0.0; n_columns],
        };
        let weight = self.soil.judge.weights(total).total();
        let mut waiting = vec![Waiting {
            node: 0,
            depth: 0,
            bagged: (0, self.bagged.rows.len()),
            outside: (0, self.outside.rows.len()),
            total,
            constant: vec![0; n_columns.div_ceil(64)],
        }];
        while let Some(mut next) = waiting.pop() {
            match self.find_split(&mut next, &mut rng) {
                Some((column, split)) => {
                    let before = self.soil.judge.weights(next.total).impurity();
                    // The halves of the impurities cancel here.
                    tree.importances[column] += 2.0 * (before - split.impurity) / weight;
                    let children = self.divide(next, column, &split, &mut tree.nodes);
                    waiting.extend(children);
                }
                None => self.end(&next, &mut tree.nodes),
            }
        }
        tree
    }

    fn draw_rows(&mut self, rng: &mut ChaCha8Rng) -> T {
        let n_rows = self.soil.bins.n_rows;
        let mut draws = vec![0_u32; n_rows];
        for _ in 0..n_rows {
            draws[rng.random_range(0..n_rows)] += 1;
        }
        self.tallies.clear();
        self.bagged.rows.clear();
        self.outside.rows.clear();
        let mut total = T::default();
        for (row, &draws) in draws.iter().enumerate() {
            if draws == 0 {
                self.tallies.push(T::default());
                self.outside.rows.push(row as u32);
                continue;
            }
            let weight = self.soil.weights.map_or(1.0, |weights| weights[row]);
            let tally = T::of_row(draws, weight, self.soil.labels[row]);
            total.add(tally);
            self.tallies.push(tally);
            self.bagged.rows.push(row as u32);
        }
        self.order_categories();
        if self.soil.votes.is_none() {
            self.outside.rows.clear();
        }
        self.bagged.make_room();
        self.outside.make_room();
        total
    }

    /// Orders categories by every second row outside the bag. Those rows then have no vote, or
    /// the out-of-bag estimate would know its own answers.
    fn order_categories(&mut self) {
        let bins = self.soil.bins;
        if bins.columns.iter().all(ColumnBins::is_numeric) {
            self.orders = vec![Vec::new(); bins.columns.len()];
            return;
        }
        let (mut ordering, mut voting) = (Vec::new(), Vec::new());
        for (place, &row) in self.outside.rows.iter().enumerate() {
            if place.is_multiple_of(2) {
                ordering.push(row);
            } else {
                voting.push(row);
            }
        }
        self.orders = orders(bins, self.soil.labels, &ordering);
        self.outside.rows = voting;
    }

    /// The best split among the columns drawn; when all of these are constant, more are drawn
    /// until one is not.
    fn find_split(
        &mut self,
        node: &mut Waiting<T>,
        rng: &mut ChaCha8Rng,
    ) -> Option<(usize, Split<T>)> {
        let weights = self.soil.judge.weights(node.total);
        let n_rows = node.total.n_rows() as usize;
        let is_pure = weights.stayed <= 0.0 || weights.left <= 0.0;
        if is_pure || node.depth == self.soil.max_depth || n_rows < self.soil.min_split_rows {
            return None;
        }
        let mut best: Option<(usize, Split<T>)> = None;
        let mut is_any_varied = false;
        let (mut start, mut end) = (0, self.soil.n_drawn);
        while start < self.columns.len() {
            for place in start..end {
                let other = rng.random_range(place..self.columns.len());
                self.columns.swap(place, other);
            }
            self.fill(node, start, end);
            for place in start..end {
                let column = self.columns[place] as usize;
                if is_set(&node.constant, column) {
                    continue;
                }
                let found = find(
                    &self.soil.bins.columns[column],
                    &self.orders[column],
                    &self.histogram[self.offsets[column] as usize..],
                    node.total,
                    &self.soil.judge,
                );
                if found.is_constant {
                    node.constant[column / 64] |= 1 << (column % 64);
                    continue;
                }
                is_any_varied = true;
                if let Some(split) = found.split
                    && best
                        .as_ref()
                        .is_none_or(|(_, best)| split.impurity < best.impurity)
                {
                    best = Some((column, split));
                }
            }
            if is_any_varied {
                break;
            }
            (start, end) = (end, end + 1);
            end = end.min(self.columns.len());
        }
        best
    }

    /// Fills the histograms of the columns drawn at places `start..end`.
    fn fill(&mut self, node: &Waiting<T>, start: usize, end: usize) {
        let bins = self.soil.bins;
        let n_columns = bins.columns.len();
        let mut drawn: Vec<(usize, usize)> = Vec::with_capacity(end - start);
        for &column in &self.columns[start..end] {
            let column = column as usize;
            if !is_set(&node.constant, column) {
                let offset = self.offsets[column] as usize;
                self.histogram[offset..=offset + bins.columns[column].n_bins()].fill(T::default());
                drawn.push((column, offset));
            }
        }
        // In the order of the matrix a row's codes are read forwards.
        drawn.sort_unstable();
        let mut tallies = [T::default(); BATCH_ROWS];
        for batch in self.bagged.rows[node.bagged.0..node.bagged.1].chunks(BATCH_ROWS) {
            // A node's rows lie scattered in memory. Asking for a few at once lets their cache
            // misses overlap, which at a million rows halves the time.
            let mut touched = 0;
            for (tally, &row) in tallies.iter_mut().zip(batch) {
                let row = row as usize;
                *tally = self.tallies[row];
                touched ^= bins.codes[row * n_columns] ^ bins.codes[(row + 1) * n_columns - 1];
            }
            std::hint::black_box(touched);
            for (&tally, &row) in tallies.iter().zip(batch) {
                let row = row as usize;
                let codes = &bins.codes[row * n_columns..(row + 1) * n_columns];
                for &(column, offset) in &drawn {
                    self.histogram[offset + usize::from(codes[column])].add(tally);
                }
            }
        }
    }

    /// Turns a node into a split; its children wait, the left one on top.
    fn divide(
        &mut self,
        node: Waiting<T>,
        column: usize,
        split: &Split<T>,
        nodes: &mut Vec<Node>,
    ) -> [Waiting<T>; 2] {
        let bins = self.soil.bins;
        let column_bins = &bins.columns[column];
        let goes_left = split.place.table(column_bins.n_bins(), split.default_left);
        let n_columns = bins.columns.len();
        let code = |row: u32| bins.codes[row as usize * n_columns + column];
        let is_left = |row: u32| goes_left[usize::from(code(row))];
        let bagged = self.bagged.divide(node.bagged, is_left);
        let outside = self.outside.divide(node.outside, is_left);
        let left = nodes.len();
        nodes[node.node] = Node::Split {
            feature: column as u32,
            test: split.place.test(column_bins),
            default_left: split.default_left,
            left: left as u32,
            right: left as u32 + 1,
            cover: self.soil.judge.weights(node.total).total() as f32,
        };
        nodes.extend([placeholder(), placeholder()]);
        let child = |node_idx, bagged, outside, total, constant| Waiting {
            node: node_idx,
            depth: node.depth + 1,
            bagged,
            outside,
            total,
            constant,
        };
        let right_total = node.total.without(split.left);
        [
            child(
                left + 1,
                (bagged, node.bagged.1),
                (outside, node.outside.1),
                right_total,
                node.constant.clone(),
            ),
            child(
                left,
                (node.bagged.0, bagged),
                (node.outside.0, outside),
                split.left,
                node.constant,
            ),
        ]
    }

    fn end(&self, node: &Waiting<T>, nodes: &mut [Node]) {
        let weights = self.soil.judge.weights(node.total);
        let total = weights.total();
        let share = weights.left / total;
        nodes[node.node] = Node::Leaf {
            value: share as f32,
            cover: total as f32,
        };
        if let Some(votes) = self.soil.votes {
            for &row in &self.outside.rows[node.outside.0..node.outside.1] {
                votes.add(row as usize, share);
            }
        }
    }
}

impl Rows {
    fn make_room(&mut self) {
        self.buffer
            .resize(self.rows.len().max(self.buffer.len()), 0);
    }

    /// Moves the rows of a range that go left to its front, keeping the order on both sides;
    /// gives where the right side starts.
    fn divide(&mut self, range: (usize, usize), is_left: impl Fn(u32) -> bool) -> usize {
        let rows = &mut self.rows[range.0..range.1];
        let (mut n_left, mut n_right) = (0, 0);
        for place in 0..rows.len() {
            let row = rows[place];
            // Both are written and one is kept: a branch here would be a coin toss.
            rows[n_left] = row;
            self.buffer[n_right] = row;
            let left = usize::from(is_left(row));
            n_left += left;
            n_right += 1 - left;
        }
        rows[n_left..].copy_from_slice(&self.buffer[..n_right]);
        range.0 + n_left
    }
}

fn is_set(bits: &[u64], place: usize) -> bool {
    bits[place / 64] >> (place % 64) & 1 == 1
}

fn placeholder() -> Node {
    Node::Leaf {
        value: 0.0,
        cover: 0.0,
    }
}
