//! Parts of trees, tabulated: what a row gets is looked up and added.

use std::hint::black_box;
use std::ops::Range;

use crate::parts::Part;
use crate::row_keys::{RowKeys, Step};
use crate::view::{Kind, View};

/// Numbers that a key can point at.
const KEY_RANGE: usize = 1 << 16;

/// The tables of all parts, in the order in which they are added.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    parts: Vec<TablePart>,
    tests: Vec<KeyTest>,
    /// Where the numbers of a cell count.
    places: Vec<u32>,
    /// The numbers of all parts, and [`KEY_RANGE`] more, so that a key never points past them.
    values: Vec<f64>,
    /// Runs of parts whose keys are worked out together.
    runs: Vec<Run>,
    columns: Vec<RunColumn>,
    sources: Vec<Source>,
    /// The keys of a single row; none where they would take too much memory.
    row_keys: Option<RowKeys>,
}

/// Parts that follow each other.
#[derive(Debug)]
struct Run {
    parts: Range<usize>,
    columns: Range<usize>,
}

/// One place and the parts of a run that add to it.
#[derive(Debug)]
struct RunColumn {
    place: u32,
    sources: Range<usize>,
}

/// A number of a part's cells.
#[derive(Debug, Clone, Copy)]
struct Source {
    /// The part within its run.
    part: u32,
    /// Where the number of the first cell is.
    first: usize,
}

/// Where a part's pieces lie in [`Tables`].
#[derive(Debug)]
struct TablePart {
    tests: Range<usize>,
    places: Range<usize>,
    values: Range<usize>,
    /// The key of a row that passes no test.
    first_key: u16,
}

/// A comparison and what passing it adds to a row's key, the first number of its cell.
#[derive(Debug, Clone, Copy)]
struct KeyTest {
    plane: u32,
    least: i16,
    step: u16,
}

/// What it takes to explain one row by tables: the least an implementation of the same plan
/// could do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Comparisons of ranks.
    pub n_comparisons: usize,
    /// Numbers looked up and added.
    pub n_additions: usize,
    /// Sums read and written: an addition to a place shares them with others of its tree.
    pub n_sums: usize,
    /// Memory of all tables, in bytes.
    pub table_bytes: usize,
}

/// Memory reused from block to block.
#[derive(Debug, Default)]
pub(crate) struct TableScratch {
    keys: Vec<u16>,
}

impl Tables {
    /// No tables yet, with room for so many numbers.
    pub(crate) fn with_capacity(n_values: usize) -> Self {
        Self {
            values: Vec::with_capacity(n_values + KEY_RANGE),
            ..Self::default()
        }
    }

    /// Appends a part with its numbers, as many to a cell as it has places.
    pub(crate) fn push(&mut self, part: &Part, places: &[u32], values: &[f64]) {
        let (first_test, first_place) = (self.tests.len(), self.places.len());
        let first_value = self.values.len();
        let first_key = push_tests(part, places.len(), &mut self.tests);
        self.places.extend_from_slice(places);
        self.values.extend_from_slice(values);
        self.parts.push(TablePart {
            tests: first_test..self.tests.len(),
            places: first_place..self.places.len(),
            values: first_value..self.values.len(),
            first_key,
        });
    }

    /// What one row costs.
    pub(crate) fn work(&self) -> Work {
        Work {
            n_comparisons: self.tests.len(),
            n_additions: self.sources.len(),
            n_sums: self.columns.len(),
            table_bytes: size_of_val(self.values.as_slice()),
        }
    }

    /// Ends a run: the parts pushed since the last one.
    pub(crate) fn end_run(&mut self) {
        let first = self.runs.last().map_or(0, |run| run.parts.end);
        let parts = first..self.parts.len();
        let mut sources: Vec<(u32, Source)> = Vec::new();
        for (index, part) in (0..).zip(&self.parts[parts.clone()]) {
            let places = self.places[part.places.clone()].iter();
            sources.extend(places.zip(part.values.start..).map(|(&place, first)| {
                let source = Source { part: index, first };
                (place, source)
            }));
        }
        // Stable: the parts that add to a place stay in order.
        sources.sort_by_key(|&(place, _)| place);
        let first_column = self.columns.len();
        for same in sources.chunk_by(|one, other| one.0 == other.0) {
            let first = self.sources.len();
            self.sources.extend(same.iter().map(|&(_, source)| source));
            self.columns.push(RunColumn {
                place: same[0].0,
                sources: first..self.sources.len(),
            });
        }
        self.runs.push(Run {
            parts,
            columns: first_column..self.columns.len(),
        });
    }

    /// Makes the tables ready once all runs have ended; for [`Self::add_row`] too if they are of
    /// values.
    pub(crate) fn finish(&mut self, kind: Kind) {
        self.values.resize(self.values.len() + KEY_RANGE, 0.0);
        if kind == Kind::Pairs {
            return;
        }
        let first = self.parts.iter().map(|part| part.first_key).collect();
        let tests = self.parts.iter().enumerate().flat_map(|(part, piece)| {
            let tests = self.tests[piece.tests.clone()].iter();
            tests.map(move |test| {
                let by = test.step;
                (test.plane, test.least, Step { part, by })
            })
        });
        self.row_keys = RowKeys::new(first, tests.collect());
    }

    /// Adds what each row gets to `out`, one column of `n_rows` numbers per place; `ranks` are
    /// those of [`churn_ensemble::Planes::ranks_into`].
    pub(crate) fn add_block(
        &self,
        ranks: &[i16],
        n_rows: usize,
        scratch: &mut TableScratch,
        out: &mut [f64],
    ) {
        let keys = &mut scratch.keys;
        for run in &self.runs {
            let parts = &self.parts[run.parts.clone()];
            keys.clear();
            for part in parts {
                keys.resize(keys.len() + n_rows, part.first_key);
            }
            for (keys, part) in keys.chunks_exact_mut(n_rows).zip(parts) {
                add_keys(&self.tests[part.tests.clone()], ranks, keys);
            }
            for column in &self.columns[run.columns.clone()] {
                let first = column.place as usize * n_rows;
                let sums = &mut out[first..first + n_rows];
                self.add_sources(&self.sources[column.sources.clone()], keys, sums);
            }
        }
    }

    /// Adds the numbers of some sources to one column, source by source.
    fn add_sources(&self, sources: &[Source], keys: &[u16], sums: &mut [f64]) {
        let n_rows = sums.len();
        let keys = |source: &Source| {
            let first = source.part as usize * n_rows;
            &keys[first..first + n_rows]
        };
        // Four at a time, so that a sum is read and written once for four additions.
        for sources in sources.chunks(4) {
            match sources {
                [a] => {
                    let a = (self.table(a), keys(a));
                    for (sum, &key) in sums.iter_mut().zip(a.1) {
                        *sum += a.0[usize::from(key)];
                    }
                }
                [a, b] => {
                    let (a, b) = ((self.table(a), keys(a)), (self.table(b), keys(b)));
                    for ((sum, &one), &two) in sums.iter_mut().zip(a.1).zip(b.1) {
                        *sum = *sum + a.0[usize::from(one)] + b.0[usize::from(two)];
                    }
                }
                [a, b, c] => {
                    let (a, b) = ((self.table(a), keys(a)), (self.table(b), keys(b)));
                    let c = (self.table(c), keys(c));
                    let keys = a.1.iter().zip(b.1).zip(c.1);
                    for (sum, ((&one, &two), &three)) in sums.iter_mut().zip(keys) {
                        let two = *sum + a.0[usize::from(one)] + b.0[usize::from(two)];
                        *sum = two + c.0[usize::from(three)];
                    }
                }
                [a, b, c, d, ..] => {
                    let (a, b) = ((self.table(a), keys(a)), (self.table(b), keys(b)));
                    let (c, d) = ((self.table(c), keys(c)), (self.table(d), keys(d)));
                    let keys = a.1.iter().zip(b.1).zip(c.1.iter().zip(d.1));
                    for (sum, ((&one, &two), (&three, &four))) in sums.iter_mut().zip(keys) {
                        let two = *sum + a.0[usize::from(one)] + b.0[usize::from(two)];
                        *sum = two + c.0[usize::from(three)] + d.0[usize::from(four)];
                    }
                }
                [] => {}
            }
        }
    }

    /// The numbers a key can point at from a source on; an array, since no `u16` is past it.
    fn table(&self, source: &Source) -> &[f64; KEY_RANGE] {
        const NONE: &[f64; KEY_RANGE] = &[0.0; KEY_RANGE];
        let values = &self.values[source.first..];
        // Never past the end: `finish` appended as many numbers.
        values.first_chunk().unwrap_or(NONE)
    }

    /// Adds what a single row gets to `out`, with the bits of [`Self::add_block`]; of tables of
    /// values, whose place 0 is the margin.
    pub(crate) fn add_row(&self, ranks: &[i16], scratch: &mut TableScratch, out: &mut [f64]) {
        // Keys first, so that the processor fetches the cells of many parts at a time.
        match &self.row_keys {
            Some(row_keys) => row_keys.keys_into(ranks, &mut scratch.keys),
            None => self.ask_row(ranks, &mut scratch.keys),
        }
        // Margins next, which alone need no places: nothing but reads of far cells, of which many
        // are under way at a time. The last number of a cell may be in another line of memory.
        let cells = || {
            let keys = scratch.keys.iter().copied().map(usize::from);
            self.parts.iter().zip(keys).map(|(part, key)| {
                let first = part.values.start + key;
                (part, &self.values[first..first + part.places.len()])
            })
        };
        let (mut margin, mut last) = (out[0], 0.0);
        for (_, values) in cells() {
            margin += values[0];
            last += values[values.len() - 1];
        }
        out[0] = margin;
        black_box(last);
        for (part, values) in cells() {
            let places = &self.places[part.places.clone()];
            for (&place, value) in places.iter().zip(values).skip(1) {
                out[place as usize] += value;
            }
        }
    }

    /// The key of each part for a row, test by test.
    fn ask_row(&self, ranks: &[i16], keys: &mut Vec<u16>) {
        keys.clear();
        keys.extend(self.parts.iter().map(|part| {
            let tests = self.tests[part.tests.clone()].iter();
            tests.fold(part.first_key, |key, test| {
                let passes = ranks[test.plane as usize] >= test.least;
                key.wrapping_add(u16::from(passes).wrapping_neg() & test.step)
            })
        }));
    }
}

/// The cell of each of `n_rows` rows in a part, in place of what `cells` held.
pub(crate) fn cells_into(part: &Part, ranks: &[i16], n_rows: usize, cells: &mut Vec<u16>) {
    let mut tests = Vec::new();
    let first = push_tests(part, 1, &mut tests);
    cells.clear();
    cells.resize(n_rows, first);
    add_keys(&tests, ranks, cells);
}

/// Adds what the passed tests add to the keys of a block of rows.
fn add_keys(tests: &[KeyTest], ranks: &[i16], keys: &mut [u16]) {
    for test in tests {
        let first = test.plane as usize * keys.len();
        let ranks = &ranks[first..first + keys.len()];
        for (key, &rank) in keys.iter_mut().zip(ranks) {
            // No branch: all bits where the test is passed, else none.
            let mask = u16::from(rank >= test.least).wrapping_neg();
            *key = key.wrapping_add(mask & test.step);
        }
    }
}

/// The tests that lead to a row's cell, each cell of `n_places` numbers; returns the key of a
/// row that passes none.
fn push_tests(part: &Part, n_places: usize, tests: &mut Vec<KeyTest>) -> u16 {
    let mut first_key = 0_usize;
    for each in &part.outcomes {
        let unit = each.stride * n_places;
        let outside = each.bounds.len() + 1;
        let range = each.range;
        let is_empty = range.low >= range.high;
        let mut outcome = if range.has_low() || is_empty {
            outside
        } else {
            0
        };
        first_key += outcome * unit;
        if is_empty {
            continue;
        }
        let mut push = |least: i16, next: usize| {
            // Steps back wrap around and come out right in the sum.
            let step = (next * unit).wrapping_sub(outcome * unit) & usize::from(u16::MAX);
            tests.push(KeyTest {
                plane: range.plane,
                least,
                step: u16::try_from(step).unwrap_or_default(),
            });
            outcome = next;
        };
        if range.has_low() {
            push(range.low, 0);
        }
        for (place, &bound) in each.bounds.iter().enumerate() {
            push(bound, place + 1);
        }
        if range.has_high() {
            push(range.high, outside);
        }
    }
    u16::try_from(first_key).unwrap_or_default()
}

/// Where the numbers of a part's cells count: for values the margin comes first, then the
/// groups, each one further; for pairs the pairs.
pub(crate) fn places(view: &View, columns: &[u32]) -> Vec<u32> {
    let places = view.places(columns);
    match view.kind {
        Kind::Values => {
            let groups = places.into_iter().map(|place| place + 1);
            std::iter::once(0).chain(groups).collect()
        }
        Kind::Pairs => places,
    }
}
