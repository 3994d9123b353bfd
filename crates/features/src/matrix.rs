//! The numeric matrix models read.

/// Feature values, `n_rows × n_columns`, row-major, `f32`; `NaN` means missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    values: Vec<f32>,
    n_rows: usize,
    n_columns: usize,
}

impl Matrix {
    /// A matrix of zeros.
    #[must_use]
    pub fn zeros(n_rows: usize, n_columns: usize) -> Self {
        Self {
            values: vec![0.0; n_rows * n_columns],
            n_rows,
            n_columns,
        }
    }

    /// Rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Columns.
    #[must_use]
    pub fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// All values, row-major.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// One row.
    ///
    /// # Panics
    /// When `row` is not below [`Matrix::n_rows`], as slice indexing does.
    #[must_use]
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.n_columns..(row + 1) * self.n_columns]
    }

    /// The given rows, in the given order.
    ///
    /// # Panics
    /// When a row is out of range, as slice indexing does.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let mut values = Vec::with_capacity(rows.len() * self.n_columns);
        for &row in rows {
            values.extend_from_slice(self.row(row));
        }
        Self {
            values,
            n_rows: rows.len(),
            n_columns: self.n_columns,
        }
    }

    /// Writes one value per row into column `column`.
    pub(crate) fn fill_column(&mut self, column: usize, values: impl Iterator<Item = f32>) {
        for (row, value) in values.take(self.n_rows).enumerate() {
            self.values[row * self.n_columns + column] = value;
        }
    }

    /// Sets one cell.
    pub(crate) fn set(&mut self, row: usize, column: usize, value: f32) {
        self.values[row * self.n_columns + column] = value;
    }
}
