//! Applying a fitted plan.

use churn_schema::Table;

use crate::{Error, FittedPlan, Matrix, encode, values::Values};

impl FittedPlan {
    /// The feature matrix of `table`, one row per table row in the same order,
    /// [`FittedPlan::n_columns`] wide. Each row depends on that row alone, so batches of any size
    /// give the same bits.
    ///
    /// # Errors
    /// [`Error::MissingColumn`] and [`Error::ColumnType`] when the table is of another
    /// specification than the plan was fitted under.
    pub fn transform(&self, table: &Table) -> Result<Matrix, Error> {
        let mut matrix = Matrix::zeros(table.n_rows(), self.n_columns());
        let mut first = 0;
        for feature in &self.features {
            encode::write(
                &mut matrix,
                first,
                feature,
                &Values::read(table, &feature.source)?,
            )?;
            first += feature.encoding.n_columns();
        }
        Ok(matrix)
    }
}
