//! The order of a column's categories in one tree.

use super::bins::{Bins, ColumnBins};

/// Rows of the average customer added to each category, so that a few rows do not carry it to an
/// end of the order.
const PRIOR_ROWS: f64 = 10.0;

/// For each categorical column its bins by share of leavers among `rows`; nothing for numbers.
///
/// The rows must be outside the tree's bag. Sorted by the very rows a split is judged on, a
/// column of hundreds of categories that mean nothing beats every other column: with 747 service
/// areas that cost 0.03 of AUC on Cell2Cell.
pub(super) fn orders(bins: &Bins, labels: &[bool], rows: &[u32]) -> Vec<Vec<u8>> {
    let n_left = rows.iter().filter(|&&row| labels[row as usize]).count();
    let rate = n_left as f64 / rows.len().max(1) as f64;
    let order = |(column, column_bins): (usize, &ColumnBins)| match column_bins {
        ColumnBins::Numeric { .. } => Vec::new(),
        ColumnBins::Categorical { .. } => {
            let shares = shares(bins, column, labels, rows, rate);
            let mut order: Vec<u8> = (0..column_bins.n_bins()).map(|bin| bin as u8).collect();
            order.sort_by(|&a, &b| shares[usize::from(a)].total_cmp(&shares[usize::from(b)]));
            order
        }
    };
    bins.columns.iter().enumerate().map(order).collect()
}

fn shares(bins: &Bins, column: usize, labels: &[bool], rows: &[u32], rate: f64) -> Vec<f64> {
    let mut counts = vec![(0.0, 0.0); bins.columns[column].n_bins() + 1];
    let codes = bins.column(column);
    for &row in rows {
        let row = row as usize;
        let code = codes[row];
        let (n_rows, n_left) = &mut counts[usize::from(code)];
        *n_rows += 1.0;
        *n_left += f64::from(u8::from(labels[row]));
    }
    counts
        .into_iter()
        .map(|(n_rows, n_left)| (n_left + PRIOR_ROWS * rate) / (n_rows + PRIOR_ROWS))
        .collect()
}
