//! Values to bins, once per fit.

use rayon::prelude::*;

use crate::{Error, Samples};

/// Most bins of a column, not counting the one for missing values.
pub(super) const MAX_BINS: usize = 255;
/// Rows quantiles are taken from; more than these are sampled at even distances.
const MAX_QUANTILE_ROWS: usize = 200_000;
/// Columns a worker turns into codes at a time: values of a row lie beside each other.
const GROUP_COLUMNS: usize = 8;
/// Rows a worker turns from columns into rows at a time.
const GROUP_ROWS: usize = 4_096;
/// Codes of so many bytes stay in the processor's second cache.
const SMALL_BYTES: usize = 1 << 20;
/// Category codes lie below this; see [`churn_ensemble::MAX_CATEGORY`].
const MAX_CATEGORY: f32 = churn_ensemble::MAX_CATEGORY as f32;

/// What the bins of a column are.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ColumnBins {
    /// Bin `i` holds values below `cuts[i]` and not below `cuts[i - 1]`.
    Numeric {
        /// Strictly increasing.
        cuts: Vec<f32>,
    },
    /// Bin `i` holds the category codes `codes[i]`; only the last may hold several.
    Categorical {
        /// Codes by bin.
        codes: Vec<Vec<u32>>,
        /// Bin by code; [`MAX_BINS`] is no bin.
        bin_of: Vec<u8>,
    },
}

impl ColumnBins {
    /// Bins of values; the next number stands for missing.
    pub(super) fn n_bins(&self) -> usize {
        match self {
            Self::Numeric { cuts } => cuts.len() + 1,
            Self::Categorical { codes, .. } => codes.len(),
        }
    }

    pub(super) fn is_numeric(&self) -> bool {
        matches!(self, Self::Numeric { .. })
    }

    fn code(&self, value: f32) -> u8 {
        if value.is_nan() {
            return self.n_bins() as u8;
        }
        match self {
            Self::Numeric { cuts } => cuts.partition_point(|&cut| value >= cut) as u8,
            Self::Categorical { bin_of, .. } => bin_of[category(value) as usize],
        }
    }
}

/// The training matrix as bin numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bins {
    /// One per matrix column.
    pub(super) columns: Vec<ColumnBins>,
    pub(super) n_rows: usize,
    /// Column-major: the few columns a large node looks at are then read forwards.
    by_column: Vec<u8>,
    /// Row-major: a small node's rows are scattered, and one row's columns share a cache line or
    /// two.
    by_row: Vec<u8>,
    /// Columns of two bins and no missing value, as one-hot encoding makes them.
    is_binary: Vec<bool>,
}

impl Bins {
    /// Bins for the columns of `samples`.
    ///
    /// # Errors
    /// [`Error::NotFinite`] for an infinite value, [`Error::NotACategory`] for a value of a
    /// categorical column that is no code; missing (NaN) is fine.
    pub(super) fn new(samples: Samples<'_>) -> Result<Self, Error> {
        let matrix = samples.matrix;
        let (n_rows, n_columns) = (matrix.n_rows(), matrix.n_columns());
        check_values(samples)?;
        let columns: Vec<ColumnBins> = (0..n_columns)
            .into_par_iter()
            .map(|column| {
                let values = (0..n_rows).map(|row| matrix.values()[row * n_columns + column]);
                if samples.columns[column].categorical {
                    category_bins(values)
                } else {
                    let step = n_rows.div_ceil(MAX_QUANTILE_ROWS).max(1);
                    let sample = values.step_by(step).filter(|value| !value.is_nan());
                    ColumnBins::Numeric {
                        cuts: cuts(sample.collect()),
                    }
                }
            })
            .collect();
        let mut by_column = vec![0; n_rows * n_columns];
        by_column
            .par_chunks_mut((GROUP_COLUMNS * n_rows).max(1))
            .enumerate()
            .for_each(|(group, codes)| {
                let first = group * GROUP_COLUMNS;
                let width = codes.len() / n_rows;
                for (row, values) in matrix.values().chunks_exact(n_columns).enumerate() {
                    let values = &values[first..first + width];
                    for (place, (&value, column)) in
                        values.iter().zip(&columns[first..]).enumerate()
                    {
                        codes[place * n_rows + row] = column.code(value);
                    }
                }
            });
        let mut by_row = vec![0; n_rows * n_columns];
        by_row
            .par_chunks_mut((GROUP_ROWS * n_columns).max(1))
            .enumerate()
            .for_each(|(group, codes)| {
                let first = group * GROUP_ROWS;
                for (column, all) in by_column.chunks_exact(n_rows).enumerate() {
                    let slots = codes[column..].iter_mut().step_by(n_columns);
                    for (slot, &code) in slots.zip(&all[first..]) {
                        *slot = code;
                    }
                }
            });
        let is_binary = columns
            .iter()
            .zip(by_column.chunks_exact(n_rows.max(1)))
            .map(|(column, codes)| column.n_bins() == 2 && codes.iter().all(|&code| code < 2))
            .collect();
        Ok(Self {
            columns,
            n_rows,
            by_column,
            by_row,
            is_binary,
        })
    }

    /// Whether a column has two bins, 0 and 1, and no missing value.
    pub(super) fn is_binary(&self, column: usize) -> bool {
        self.is_binary[column]
    }

    /// The codes of a column, one per row.
    pub(super) fn column(&self, column: usize) -> &[u8] {
        &self.by_column[column * self.n_rows..][..self.n_rows]
    }

    /// The codes row by row, `n_rows × n_columns`.
    pub(super) fn rows(&self) -> &[u8] {
        &self.by_row
    }

    /// Whether all rows stay in the processor's cache.
    pub(super) fn is_small(&self) -> bool {
        self.by_row.len() <= SMALL_BYTES
    }
}

fn check_values(samples: Samples<'_>) -> Result<(), Error> {
    let n_columns = samples.matrix.n_columns().max(1);
    for (position, &value) in samples.matrix.values().iter().enumerate() {
        let is_bad_code = || {
            samples.columns[position % n_columns].categorical
                && !(0.0..MAX_CATEGORY).contains(&value)
        };
        if value.is_nan() || (value.is_finite() && !is_bad_code()) {
            continue;
        }
        let row = position / n_columns;
        let feature = samples.columns[position % n_columns].name.clone();
        return Err(if value.is_finite() {
            Error::NotACategory {
                row,
                feature,
                value,
            }
        } else {
            Error::NotFinite {
                row,
                feature,
                value,
            }
        });
    }
    Ok(())
}

/// Borders between bins: halfway between neighbours while every distinct value can have a bin of
/// its own, else so that bins hold about as many rows each.
fn cuts(mut values: Vec<f32>) -> Vec<f32> {
    values.sort_unstable_by(f32::total_cmp);
    let n_distinct = values.chunk_by(|a, b| a >= b).count();
    let border = |position: usize| {
        let (below, above) = (values[position - 1], values[position]);
        (below < above).then(|| between(below, above))
    };
    let mut cuts: Vec<f32> = if n_distinct <= MAX_BINS {
        (1..values.len()).filter_map(border).collect()
    } else {
        (1..MAX_BINS)
            .filter_map(|bin| {
                // The border after the run of equal values the quantile falls into.
                let quantile = values[bin * values.len() / MAX_BINS];
                let position = values.partition_point(|&value| value <= quantile);
                (position < values.len())
                    .then(|| border(position))
                    .flatten()
            })
            .collect()
    };
    cuts.dedup();
    cuts
}

/// A number above `below` and not above `above`.
fn between(below: f32, above: f32) -> f32 {
    let middle = f64::midpoint(f64::from(below), f64::from(above)) as f32;
    if middle > below { middle } else { above }
}

/// One bin per category, the commonest first; what has no room shares the last.
fn category_bins(values: impl Iterator<Item = f32>) -> ColumnBins {
    let mut counts: Vec<u64> = Vec::new();
    for value in values.filter(|value| !value.is_nan()) {
        let code = category(value) as usize;
        if code >= counts.len() {
            counts.resize(code + 1, 0);
        }
        counts[code] += 1;
    }
    let mut order: Vec<u32> = (0..counts.len() as u32)
        .filter(|&code| counts[code as usize] > 0)
        .collect();
    order.sort_by_key(|&code| (std::cmp::Reverse(counts[code as usize]), code));
    let mut codes: Vec<Vec<u32>> = Vec::new();
    let mut bin_of = vec![MAX_BINS as u8; counts.len()];
    for code in order {
        if codes.len() < MAX_BINS {
            codes.push(Vec::new());
        }
        let bin = codes.len() - 1;
        codes[bin].push(code);
        bin_of[code as usize] = bin as u8;
    }
    ColumnBins::Categorical { codes, bin_of }
}

fn category(value: f32) -> u32 {
    #[expect(
        clippy::cast_sign_loss,
        reason = "values were checked to be codes: at least 0"
    )]
    let code = value as u32;
    code
}

#[cfg(test)]
mod tests {
    use super::{ColumnBins, MAX_BINS, category_bins, cuts};

    #[test]
    fn few_values_get_a_bin_each() {
        assert_eq!(cuts(vec![3.0, 1.0, 1.0, 2.0]), [1.5, 2.5]);
        assert!(cuts(vec![4.0; 9]).is_empty() && cuts(vec![]).is_empty());
        let neighbours = [1.0_f32, 1.0_f32.next_up()];
        assert_eq!(cuts(neighbours.to_vec()), [neighbours[1]]);
        assert_eq!(cuts(vec![0.0, -0.0]), [] as [f32; 0], "equal numbers");
    }

    #[test]
    fn many_values_get_bins_of_equal_size_and_a_frequent_value_one_of_its_own() {
        let mut values: Vec<f32> = (0..51_000_u16).map(f32::from).collect();
        let borders = cuts(values.clone());
        assert_eq!(borders.len(), MAX_BINS - 1);
        assert!(borders.windows(2).all(|pair| pair[1] - pair[0] <= 202.0));
        values.extend(vec![7.0; 30_000]);
        let borders = cuts(values);
        assert!(borders.contains(&7.5) && borders.len() > 100);
        assert!(borders.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn rare_categories_share_the_last_bin() {
        let common = (0..300_u16).flat_map(|code| vec![f32::from(code); 300 - usize::from(code)]);
        let bins = category_bins(common);
        assert_eq!(bins.n_bins(), MAX_BINS);
        let ColumnBins::Categorical { codes, .. } = &bins else {
            panic!("categories stay categories")
        };
        assert_eq!(codes[0], [0]);
        assert_eq!(codes[MAX_BINS - 1], (254..300).collect::<Vec<u32>>());
        assert_eq!((bins.code(299.0), bins.code(f32::NAN)), (254, 255));
    }
}
