//! What the interactions of many rows hold.

use serde::{Deserialize, Serialize};

/// SHAP interaction values of many rows, on the scale of the model's margin.
///
/// The value of two different groups is half of their Shapley interaction index (Fujimoto,
/// Kojadinovic and Marichal 2006; Lundberg et al. 2020): what knowing both adds beyond what
/// knowing either adds, shared evenly by the two places of the matrix. The diagonal holds what
/// a group does on its own. A group of several matrix columns holds all pairs of its columns
/// on its diagonal. So each matrix is symmetric, each of its rows sums to the SHAP value of
/// that group, and all of it sums to margin less base.
///
/// A row takes `n_groups² × 8` bytes: explain a large table block by block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interactions {
    /// Number of rows.
    pub n_rows: usize,
    /// Number of groups: original columns, or matrix columns.
    pub n_groups: usize,
    /// The margin when nothing is known of the customer.
    pub base: f64,
    /// Row after row a matrix, `n_rows × n_groups × n_groups`.
    pub values: Vec<f64>,
    /// The served margin of each row.
    pub margins: Vec<f64>,
}

impl Interactions {
    /// The matrix of one row, row-major; empty past the last row.
    #[must_use]
    pub fn row(&self, row_idx: usize) -> &[f64] {
        let n_values = self.n_groups * self.n_groups;
        let start = row_idx.saturating_mul(n_values);
        self.values
            .get(start..start.saturating_add(n_values))
            .unwrap_or_default()
    }

    /// The value of two groups in a row; twice it is what the pair does together.
    #[must_use]
    pub fn value(&self, row_idx: usize, one: usize, other: usize) -> f64 {
        self.row(row_idx)[one * self.n_groups + other]
    }
}

/// Fills in the diagonal of one row's matrix, so that its rows sum to `contributions`.
pub(crate) fn complete(matrix: &mut [f64], contributions: &[f64]) {
    let n_groups = contributions.len();
    let rows = matrix.chunks_exact_mut(n_groups.max(1));
    for (group, (row, &contribution)) in rows.zip(contributions).enumerate() {
        row[group] = 0.0;
        row[group] = contribution - row.iter().sum::<f64>();
    }
}

/// Adds the value of two matrix columns to the matrix of their groups; pairs within a group
/// are left to [`complete`].
pub(crate) fn add_pair(matrix: &mut [f64], n_groups: usize, pair: (usize, usize), value: f64) {
    let (one, other) = pair;
    if one != other {
        matrix[one * n_groups + other] += value;
        matrix[other * n_groups + one] += value;
    }
}

#[cfg(test)]
mod tests {
    use super::{add_pair, complete};

    #[test]
    fn rows_sum_to_the_contributions() {
        let mut matrix = [0.0; 9];
        add_pair(&mut matrix, 3, (0, 2), 0.5);
        add_pair(&mut matrix, 3, (1, 1), 9.0);
        add_pair(&mut matrix, 3, (2, 1), -0.25);
        complete(&mut matrix, &[1.0, 2.0, 3.0]);
        let expected = [0.5, 0.0, 0.5, 0.0, 2.25, -0.25, 0.5, -0.25, 2.75];
        for (found, expected) in matrix.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-15);
        }
    }
}
