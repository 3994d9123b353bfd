//! One tree.

use churn_ensemble::Node;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{
    bins::{Bins, ColumnBins},
    order::orders,
    out_of_bag::Votes,
    split::{Filled, Judge, Split, find},
    tally::Tally,
};

/// A node whose codes fit so many bytes is grown, with all below it, on a copy of them that stays in
/// the processor's second cache; most of a deep tree's levels lie below such nodes.
const COPY_BYTES: usize = 400_000;

/// Bins to a row above which the filled ones are listed first.
const BINS_A_ROW: usize = 2;

/// The sums over `rows` of where up to eight binary columns are 1: in registers, not in memory.
fn ones_of<'r, T: Tally>(
    columns: &[(usize, usize)],
    rows: impl Iterator<Item = (&'r [u8], T)>,
) -> [T; 8] {
    match columns.len() {
        1 => ones::<T, 1>(columns, rows),
        2 => ones::<T, 2>(columns, rows),
        3 => ones::<T, 3>(columns, rows),
        4 => ones::<T, 4>(columns, rows),
        5 => ones::<T, 5>(columns, rows),
        6 => ones::<T, 6>(columns, rows),
        7 => ones::<T, 7>(columns, rows),
        _ => ones::<T, 8>(columns, rows),
    }
}

fn ones<'r, T: Tally, const N: usize>(
    columns: &[(usize, usize)],
    rows: impl Iterator<Item = (&'r [u8], T)>,
) -> [T; 8] {
    let columns: [usize; N] = std::array::from_fn(|place| columns[place].0);
    let mut sums = [T::default(); N];
    for (codes, tally) in rows {
        for (sum, &column) in sums.iter_mut().zip(&columns) {
            sum.add(tally.if_one(codes[column]));
        }
    }
    let mut all = [T::default(); 8];
    all[..N].copy_from_slice(&sums);
    all
}

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
    /// Rows in the bag, ordered by node, with what each adds to a bin. Below a node with a copy
    /// they are rows of the copy.
    bagged: Rows<T>,
    /// Rows outside it, ordered by node.
    outside: Rows<()>,
    /// Codes of the rows of one node, row-major in the order its rows had then.
    copy: Vec<u8>,
    /// First bin of each column in `histogram`; each has one more for missing values.
    offsets: Vec<u32>,
    histogram: Vec<T>,
    /// Order of the categories by column, in this tree.
    orders: Vec<Vec<u8>>,
    /// All columns; a random draw is at the front.
    columns: Vec<u32>,
}

/// Rows, of which every node holds a range, each with something that goes where it goes.
#[derive(Default)]
struct Rows<T> {
    rows: Vec<(u32, T)>,
    buffer: Vec<(u32, T)>,
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
    /// Whether its rows in the bag are rows of the copy.
    is_copied: bool,
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
            bagged: Rows::default(),
            outside: Rows::default(),
            copy: Vec::new(),
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
            is_copied: false,
        }];
        // The last one first: all nodes below one with a copy come before any other.
        while let Some(mut next) = waiting.pop() {
            self.copy_if_worth(&mut next);
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
        self.bagged.rows.clear();
        self.outside.rows.clear();
        let mut total = T::default();
        for (row, &draws) in draws.iter().enumerate() {
            if draws == 0 {
                self.outside.rows.push((row as u32, ()));
                continue;
            }
            let weight = self.soil.weights.map_or(1.0, |weights| weights[row]);
            let tally = T::of_row(draws, weight, self.soil.labels[row]);
            total.add(tally);
            self.bagged.rows.push((row as u32, tally));
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
        for (place, &(row, ())) in self.outside.rows.iter().enumerate() {
            if place.is_multiple_of(2) {
                ordering.push(row);
            } else {
                voting.push((row, ()));
            }
        }
        self.orders = orders(bins, self.soil.labels, &ordering);
        self.outside.rows = voting;
    }

    /// Copies the codes of a node's rows when the node has become small and the data is not.
    fn copy_if_worth(&mut self, node: &mut Waiting<T>) {
        let bins = self.soil.bins;
        let n_columns = bins.columns.len();
        let rows = &mut self.bagged.rows[node.bagged.0..node.bagged.1];
        let n_bytes = rows.len() * n_columns;
        if node.is_copied || n_bytes > COPY_BYTES || bins.is_small() {
            return;
        }
        self.copy.clear();
        for (place, (row, _)) in rows.iter_mut().enumerate() {
            let codes = &bins.rows()[*row as usize * n_columns..][..n_columns];
            self.copy.extend_from_slice(codes);
            *row = place as u32;
        }
        node.is_copied = true;
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
                    self.filled(node, column),
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
        let by_row = if node.is_copied {
            Some(&self.copy[..])
        } else {
            bins.is_small().then(|| bins.rows())
        };
        let mut drawn: Vec<(usize, usize)> = Vec::with_capacity(end - start);
        let mut binary: Vec<(usize, usize)> = Vec::with_capacity(end - start);
        for &column in &self.columns[start..end] {
            let column = column as usize;
            if is_set(&node.constant, column) {
                continue;
            }
            let offset = self.offsets[column] as usize;
            if T::IS_EXACT && by_row.is_some() && bins.is_binary(column) {
                binary.push((column, offset));
                continue;
            }
            self.histogram[offset..=offset + bins.columns[column].n_bins()].fill(T::default());
            drawn.push((column, offset));
        }
        // In the order of the matrix a row's codes are read forwards.
        drawn.sort_unstable();
        let rows = &self.bagged.rows[node.bagged.0..node.bagged.1];
        if let Some(all) = by_row {
            for columns in binary.chunks(8) {
                let rows = rows
                    .iter()
                    .map(|&(row, tally)| (&all[row as usize * n_columns..][..n_columns], tally));
                let ones = ones_of(columns, rows);
                for (&(_, offset), ones) in columns.iter().zip(ones) {
                    self.histogram[offset] = node.total.without(ones);
                    self.histogram[offset + 1] = ones;
                    self.histogram[offset + 2] = T::default();
                }
            }
            if drawn.is_empty() {
                return;
            }
            for &(row, tally) in rows {
                let codes = &all[row as usize * n_columns..][..n_columns];
                for &(column, offset) in &drawn {
                    self.histogram[offset + usize::from(codes[column])].add(tally);
                }
            }
        } else {
            let drawn: Vec<(&[u8], usize)> = drawn
                .into_iter()
                .map(|(column, offset)| (bins.column(column), offset))
                .collect();
            for &(row, tally) in rows {
                for &(codes, offset) in &drawn {
                    self.histogram[offset + usize::from(codes[row as usize])].add(tally);
                }
            }
        }
    }

    /// The bins of a number that rows of a small node are in; `None` where looking at all is
    /// cheaper.
    fn filled(&self, node: &Waiting<T>, column: usize) -> Option<Filled> {
        let bins = self.soil.bins;
        let rows = &self.bagged.rows[node.bagged.0..node.bagged.1];
        let column_bins = &bins.columns[column];
        if !column_bins.is_numeric() || rows.len() * BINS_A_ROW > column_bins.n_bins() {
            return None;
        }
        let mut filled = Filled::default();
        if node.is_copied {
            let n_columns = bins.columns.len();
            let codes = &self.copy[column..];
            for &(row, _) in rows {
                filled.insert(codes[row as usize * n_columns]);
            }
        } else {
            let codes = bins.column(column);
            for &(row, _) in rows {
                filled.insert(codes[row as usize]);
            }
        }
        Some(filled)
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
        let codes = bins.column(column);
        let is_left = |row: u32| goes_left[usize::from(codes[row as usize])];
        let outside = self.outside.divide(node.outside, is_left);
        let bagged = if node.is_copied {
            let copy = &self.copy[column..];
            let is_left = |row: u32| goes_left[usize::from(copy[row as usize * n_columns])];
            self.bagged.divide(node.bagged, is_left)
        } else {
            self.bagged.divide(node.bagged, is_left)
        };
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
            is_copied: node.is_copied,
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
            for &(row, ()) in &self.outside.rows[node.outside.0..node.outside.1] {
                votes.add(row as usize, share);
            }
        }
    }
}

impl<T: Copy + Default> Rows<T> {
    fn make_room(&mut self) {
        let n_rows = self.rows.len().max(self.buffer.len());
        self.buffer.resize(n_rows, (0, T::default()));
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
            let left = usize::from(is_left(row.0));
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
