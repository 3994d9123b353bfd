//! The numeric matrix models read.

use crate::Error;

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

    /// A matrix of `values`, row-major, `n_columns` to a row.
    ///
    /// # Errors
    /// [`Error::Shape`] when the values do not fill whole rows.
    pub fn from_values(values: Vec<f32>, n_columns: usize) -> Result<Self, Error> {
        if n_columns == 0 || !values.len().is_multiple_of(n_columns) {
            return Err(Error::Shape {
                n_values: values.len(),
                n_columns,
            });
        }
        Ok(Self {
            n_rows: values.len() / n_columns,
            values,
            n_columns,
        })
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

#[cfg(test)]
mod tests {
    use super::Matrix;

    #[test]
    fn values_fill_whole_rows_or_are_refused() {
        let matrix = Matrix::from_values(vec![1.0, 2.0, 3.0, 4.0], 2).unwrap();
        assert_eq!((matrix.n_rows(), matrix.row(1)), (2, &[3.0, 4.0][..]));
        assert!(Matrix::from_values(vec![1.0; 3], 2).is_err());
        assert!(Matrix::from_values(vec![], 0).is_err());
        assert_eq!(Matrix::from_values(vec![], 2).unwrap().n_rows(), 0);
    }
}
