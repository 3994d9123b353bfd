//! All trees of an ensemble: tabulated where their parts are small, walked where they are not.

use std::sync::OnceLock;

use churn_ensemble::{Planes, Scratch, TreeEnsemble};
use rayon::prelude::*;

use crate::blend::BlendScratch;
use crate::leaf::LeafGame;
use crate::pairs::{Background, PairScratch, TreePairs};
use crate::parts::{Limits, Part, cut};
use crate::quadrature::Rules;
use crate::shape::Shape;
use crate::symmetric::SymmetricScratch;
use crate::tables::{TableScratch, Tables, Work, cells_into, places};
use crate::tabulate::{CellCounts, tabulate};
use crate::view::{By, View};
use crate::walk::{self, Ranks, WalkScratch};

/// Memory the tables of one view may take.
const MAX_TABLE_BYTES: usize = 128 << 20;
/// Cells of a part of several leaves; the first that keeps all tables within their memory is
/// taken. The more, the fewer parts a tree has.
const MAX_CELLS: [usize; 5] = [1024, 512, 256, 128, 64];
/// Cells of a part of one leaf: paths of up to 12 columns.
const MAX_LEAF_CELLS: usize = 1 << 12;
/// Background rows that are counted at once.
const COUNT_ROWS: usize = 4096;

/// The game of the trees of one ensemble, for original columns and for matrix columns.
#[derive(Debug)]
pub(crate) struct TreesGame {
    planes: Planes<i16>,
    shapes: Vec<Shape>,
    background: Option<Background>,
    /// By [`By`], then by [`Kind`].
    views: [[OnceLock<Prepared>; 2]; 2],
}

/// What one view needs.
#[derive(Debug)]
struct Prepared {
    tables: Tables,
    /// Trees past the tables, which are walked.
    walked: Vec<usize>,
    /// For the paths of those trees.
    rules: Rules,
    /// The same trees, where a background stands in.
    pairs: Option<TreePairs>,
}

/// Memory reused from block to block.
#[derive(Debug, Default)]
pub(crate) struct BlockScratch {
    ranks: Vec<i16>,
    sums: Vec<f64>,
    tables: TableScratch,
    walk: WalkScratch,
    pairs: PairScratch,
    pub(crate) symmetric: SymmetricScratch,
    pub(crate) predict: Scratch,
    pub(crate) blend: BlendScratch,
}

impl TreesGame {
    pub(crate) fn new(ensemble: &TreeEnsemble, background: Option<Background>) -> Self {
        let (planes, asks) = Planes::new(ensemble);
        let shapes = asks
            .iter()
            .enumerate()
            .map(|(tree, asks)| Shape::new(ensemble, tree, asks));
        Self {
            planes,
            shapes: shapes.collect(),
            background,
            views: Default::default(),
        }
    }

    /// The margin when nothing is known and covers stand in.
    pub(crate) fn expected(&self, ensemble: &TreeEnsemble) -> f64 {
        let base = f64::from(ensemble.base_margin());
        self.shapes
            .iter()
            .fold(base, |sum, shape| sum + shape.expected)
    }

    /// Prepares what `view` needs, if it has not been.
    pub(crate) fn prepare(&self, ensemble: &TreeEnsemble, by: By, view: &View) {
        self.prepared(ensemble, by, view);
    }

    /// What one row costs by tables.
    pub(crate) fn work(&self, ensemble: &TreeEnsemble, by: By, view: &View) -> Work {
        self.prepared(ensemble, by, view).tables.work()
    }

    fn prepared(&self, ensemble: &TreeEnsemble, by: By, view: &View) -> &Prepared {
        let cell = &self.views[by as usize][view.kind as usize];
        if let Some(prepared) = cell.get() {
            return prepared;
        }
        // Made outside of the cell: a thread that waits for others there may be handed work
        // that waits for the cell.
        let made = self.make(ensemble, view);
        cell.get_or_init(|| made)
    }

    /// Fills in the margins of a block of rows and adds their values to `out`, `n_groups` per
    /// row.
    pub(crate) fn explain_block(
        &self,
        ensemble: &TreeEnsemble,
        (by, view): (By, &View),
        rows: &[f32],
        margins: &mut [f64],
        scratch: &mut BlockScratch,
        out: &mut [f64],
    ) {
        let n_rows = margins.len();
        if n_rows == 0 {
            return;
        }
        let prepared = self.prepared(ensemble, by, view);
        let BlockScratch {
            ranks,
            sums,
            tables,
            walk,
            pairs: pair_scratch,
            ..
        } = scratch;
        self.planes.ranks_into(rows, n_rows, ranks);
        sums.clear();
        sums.resize((view.n_groups + 1) * n_rows, 0.0);
        let base = f64::from(ensemble.base_margin());
        sums[..n_rows].fill(base);
        if n_rows == 1 {
            prepared.tables.add_row(ranks, tables, sums);
        } else {
            prepared.tables.add_block(ranks, n_rows, tables, sums);
        }
        margins.copy_from_slice(&sums[..n_rows]);
        add_transposed(&sums[n_rows..], n_rows, view.n_groups, out);
        if prepared.walked.is_empty() {
            return;
        }
        let n_features = ensemble.n_features();
        for (margin, row) in margins.iter_mut().zip(rows.chunks_exact(n_features.max(1))) {
            *margin = ensemble.margin(row);
        }
        let ranks = Ranks { ranks, n_rows };
        match (&self.background, &prepared.pairs) {
            (Some(background), Some(pairs)) => {
                pairs.explain_block(ensemble, background, rows, view, pair_scratch, out);
            }
            _ => {
                for &tree in &prepared.walked {
                    let shape = &self.shapes[tree];
                    walk::add_values(shape, &prepared.rules, ranks, view, walk, out);
                }
            }
        }
    }

    /// Adds the interactions of different groups to `out`, `n_groups²` values per row.
    pub(crate) fn interactions_block(
        &self,
        ensemble: &TreeEnsemble,
        (by, view): (By, &View),
        rows: &[f32],
        scratch: &mut BlockScratch,
        out: &mut [f64],
    ) {
        let n_rows = rows.len() / ensemble.n_features().max(1);
        if n_rows == 0 {
            return;
        }
        let prepared = self.prepared(ensemble, by, view);
        let BlockScratch {
            ranks,
            sums,
            tables,
            ..
        } = scratch;
        self.planes.ranks_into(rows, n_rows, ranks);
        sums.clear();
        sums.resize(view.len() * n_rows, 0.0);
        prepared.tables.add_block(ranks, n_rows, tables, sums);
        let n_groups = view.n_groups;
        for (row, matrix) in out
            .chunks_exact_mut((n_groups * n_groups).max(1))
            .enumerate()
        {
            let mut pair = row;
            for other in 1..n_groups {
                for one in 0..other {
                    matrix[other * n_groups + one] += sums[pair];
                    matrix[one * n_groups + other] += sums[pair];
                    pair += n_rows;
                }
            }
        }
        let ranks = Ranks { ranks, n_rows };
        match (&self.background, &prepared.pairs) {
            (Some(background), Some(pairs)) => {
                pairs.interactions_block(ensemble, background, rows, view, out);
            }
            _ => {
                for &tree in &prepared.walked {
                    let shape = &self.shapes[tree];
                    walk::add_interactions(shape, &prepared.rules, ranks, view, out);
                }
            }
        }
    }

    fn make(&self, ensemble: &TreeEnsemble, view: &View) -> Prepared {
        let (parts, walked) = self.cut_all(view);
        let counts = self.background.as_ref().map(|background| {
            let counts = self.count(background, ensemble.n_features(), &parts);
            (counts, background.n_rows)
        });
        let pieces = parts.par_iter().enumerate();
        let pieces = pieces.map_init(LeafGame::default, |game, (index, part)| {
            let shape = &self.shapes[part.tree];
            let background = counts.as_ref().map(|(counts, n_rows)| CellCounts {
                counts: &counts[index],
                n_rows: *n_rows,
            });
            let slots = part.slots.iter();
            let columns: Vec<u32> = slots.map(|&slot| shape.columns[slot as usize]).collect();
            let places = places(view, &columns);
            let values = tabulate(part, shape, view, &places, background, game);
            (places, values)
        });
        let pieces: Vec<(Vec<u32>, Vec<f64>)> = pieces.collect();
        let mut tables = Tables::with_capacity(pieces.iter().map(|piece| piece.1.len()).sum());
        let mut pieces = pieces.iter();
        for of_tree in parts.chunk_by(|one, other| one.tree == other.tree) {
            for (part, (places, values)) in of_tree.iter().zip(pieces.by_ref()) {
                tables.push(part, places, values);
            }
            tables.end_run();
        }
        tables.finish(view.kind);
        let longest = walked.iter().map(|&tree| self.shapes[tree].most_steps);
        let longest = longest.max().unwrap_or(0);
        let has_pairs = self.background.is_some() && !walked.is_empty();
        Prepared {
            pairs: has_pairs.then(|| TreePairs::new(ensemble, &walked, longest)),
            rules: Rules::new(longest),
            tables,
            walked,
        }
    }

    /// The parts of all trees that are tabulated, and the trees that are not.
    fn cut_all(&self, view: &View) -> (Vec<Part>, Vec<usize>) {
        let mut best = (Vec::new(), Vec::new());
        for max_cells in MAX_CELLS {
            let limits = Limits {
                max_cells,
                max_leaf_cells: MAX_LEAF_CELLS,
            };
            let mut free_bytes = MAX_TABLE_BYTES;
            let (mut parts, mut walked, mut is_full) = (Vec::new(), Vec::new(), false);
            for (tree, shape) in self.shapes.iter().enumerate() {
                let n_values = |slots: &[u32]| self.n_places(view, tree, slots);
                let Some(cut) = cut(shape, tree, limits, n_values) else {
                    walked.push(tree);
                    continue;
                };
                let sizes = cut.iter().map(|part| part.n_cells * n_values(&part.slots));
                let n_bytes = sizes.sum::<usize>() * size_of::<f64>();
                if n_bytes <= free_bytes {
                    free_bytes -= n_bytes;
                    parts.extend(cut);
                } else {
                    is_full = true;
                    walked.push(tree);
                }
            }
            best = (parts, walked);
            if !is_full {
                break;
            }
        }
        best
    }

    fn n_places(&self, view: &View, tree: usize, slots: &[u32]) -> usize {
        let columns = slots
            .iter()
            .map(|&slot| self.shapes[tree].columns[slot as usize]);
        places(view, &columns.collect::<Vec<u32>>()).len()
    }

    /// How many background rows fall into every cell of every part.
    fn count(&self, background: &Background, n_features: usize, parts: &[Part]) -> Vec<Vec<u32>> {
        let mut counts: Vec<Vec<u32>> = parts.iter().map(|part| vec![0; part.n_cells]).collect();
        let mut ranks = Vec::new();
        for rows in background.rows.chunks((COUNT_ROWS * n_features).max(1)) {
            let n_rows = rows.len() / n_features.max(1);
            self.planes.ranks_into(rows, n_rows, &mut ranks);
            let pieces = parts.par_iter().zip(&mut counts);
            pieces.for_each_init(Vec::new, |cells, (part, counts)| {
                cells_into(part, &ranks, n_rows, cells);
                for &cell in &*cells {
                    counts[usize::from(cell)] += 1;
                }
            });
        }
        counts
    }
}

/// Adds columns of `n_rows` numbers to row-major `out`.
fn add_transposed(columns: &[f64], n_rows: usize, n_columns: usize, out: &mut [f64]) {
    // A cache line of each column at a time.
    const TILE: usize = 8;
    for first in (0..n_rows).step_by(TILE) {
        let last = n_rows.min(first + TILE);
        for column in 0..n_columns {
            for row in first..last {
                out[row * n_columns + column] += columns[column * n_rows + row];
            }
        }
    }
}
