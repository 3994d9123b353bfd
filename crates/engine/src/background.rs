//! Background rows: customers drawn from a file, to explain a score against.

use std::{path::Path, sync::Arc};

use churn_explain::Explainer;
use churn_schema::{ReadOptions, open_table};

use crate::{Error, Scorer, global::rank_of, stream::stream};

/// A row of the matrix and where it ranks.
type Ranked = (u64, Vec<f32>);

impl Scorer {
    /// Explains against `n_rows` customers of `path` from now on: a column that is not known has the
    /// value of one of them, whatever the other columns are (interventional values). The rows are
    /// drawn by their row numbers, so that the same file gives the same values.
    ///
    /// # Errors
    /// [`Error::Data`] when the file can't be read, [`Error::NoBackground`] when it has no good row,
    /// [`Error::Explain`] when the model can't be explained this way, and [`Error::Unexplained`] for
    /// a scorer made without reasons.
    pub fn set_background(&mut self, path: &Path, n_rows: usize) -> Result<(), Error> {
        if self.explainer().is_none() {
            return Err(Error::Unexplained);
        }
        let rows = draw(self, path, n_rows)?;
        let n_drawn = rows.len();
        if n_drawn == 0 {
            return Err(Error::NoBackground {
                path: path.to_owned(),
            });
        }
        let matrix: Vec<f32> = rows.into_iter().flat_map(|(_, row)| row).collect();
        self.explain_against(&matrix, n_drawn)
    }

    /// Explains against the customers kept in the model from now on, the first `n_rows` of them;
    /// false, and nothing done, when it keeps none.
    ///
    /// # Errors
    /// As [`set_background`](Self::set_background).
    pub fn use_kept_background(&mut self, n_rows: usize) -> Result<bool, Error> {
        let Some(kept) = &self.model().background else {
            return Ok(false);
        };
        let n_rows = n_rows.clamp(1, kept.n_rows);
        let n_values = kept.values.len() / kept.n_rows * n_rows;
        let matrix = kept.values[..n_values].to_vec();
        self.explain_against(&matrix, n_rows)?;
        Ok(true)
    }

    fn explain_against(&mut self, matrix: &[f32], n_rows: usize) -> Result<(), Error> {
        if self.explainer().is_none() {
            return Err(Error::Unexplained);
        }
        let plan = &self.model().plan;
        let explainer = Explainer::with_background(
            &self.model().predictor,
            &plan.group_of_column(),
            plan.groups.len(),
            matrix,
            n_rows,
        )?;
        self.replace_explainer(explainer, n_rows);
        Ok(())
    }
}

/// The rows of a file with the smallest ranks, by rank.
fn draw(scorer: &Scorer, path: &Path, n_rows: usize) -> Result<Vec<Ranked>, Error> {
    let plan = &scorer.model().plan;
    let spec = Arc::new(scorer.model().spec.clone());
    let mut reader = open_table(path, &spec, &ReadOptions::score())?;
    let mut drawn: Vec<Ranked> = Vec::new();
    let keep = |rows: &mut Vec<Ranked>| {
        rows.sort_by_key(|(rank, _)| *rank);
        rows.truncate(n_rows);
    };
    stream(
        &mut reader,
        |chunk| {
            let table = chunk.parse().table;
            let matrix = plan.transform(&table)?;
            let mut rows: Vec<(u64, usize)> = (0..table.n_rows())
                .map(|row| (rank_of(table.row_number(row)), row))
                .collect();
            rows.sort_unstable();
            rows.truncate(n_rows);
            let rows = rows.into_iter();
            Ok(rows
                .map(|(rank, row)| (rank, matrix.row(row).to_vec()))
                .collect::<Vec<Ranked>>())
        },
        |rows| {
            drawn.extend(rows);
            keep(&mut drawn);
            Ok(())
        },
    )?;
    Ok(drawn)
}
