//! One type for every trained model that is served.

use serde::{Deserialize, Serialize};

use crate::{Blend, Error, Linear, Output, Scratch, SymmetricEnsemble, TreeEnsemble};

/// A trained model: rows of the feature matrix in, margins out, on the scale that
/// [`Self::output`] names.
///
/// Stored with serde; reading one back refuses parts that do not hold together, so a value
/// of this type is always safe to predict with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Predictor {
    /// Boosted or averaged binary trees.
    Trees(TreeEnsemble),
    /// Symmetric trees with native categories, as CatBoost trains them.
    Symmetric(SymmetricEnsemble),
    /// A linear model.
    Linear(Linear),
    /// A weighted sum of others.
    Blend(Blend),
}

impl Predictor {
    /// Number of columns of the matrix it was trained on.
    #[must_use]
    pub fn n_features(&self) -> usize {
        match self {
            Self::Trees(trees) => trees.n_features(),
            Self::Symmetric(symmetric) => symmetric.n_features(),
            Self::Linear(linear) => linear.n_features(),
            Self::Blend(blend) => blend.n_features(),
        }
    }

    /// What the margin means: log-odds, or a share for a random forest.
    #[must_use]
    pub fn output(&self) -> Output {
        match self {
            Self::Trees(trees) => trees.output(),
            Self::Symmetric(_) | Self::Linear(_) | Self::Blend(_) => Output::LogOdds,
        }
    }

    /// The log-odds of one of this model's margins: what a [`crate::Calibrator`] takes.
    #[must_use]
    pub fn log_odds(&self, margin: f64) -> f64 {
        self.output().log_odds(margin)
    }

    /// The margin, on the scale of [`Self::output`], of one row of `n_features` values, NaN = missing. Columns past
    /// the end of `row` count as missing.
    #[must_use]
    pub fn margin(&self, row: &[f32]) -> f64 {
        self.margin_with(row, &mut Scratch::default())
    }

    /// As [`Self::margin`], in memory that the caller keeps for the next row.
    #[must_use]
    pub fn margin_with(&self, row: &[f32], scratch: &mut Scratch) -> f64 {
        match self {
            Self::Trees(trees) => trees.margin(row),
            Self::Symmetric(symmetric) => symmetric.margin_with(row, scratch),
            Self::Linear(linear) => linear.margin(row),
            Self::Blend(blend) => blend.margin_with(row, scratch),
        }
    }

    /// The margins of many rows (row-major, `out.len() × n_features`), with the same bits as
    /// [`Self::margin`] row by row.
    ///
    /// # Errors
    /// [`Error::Shape`] when `rows` does not hold `out.len()` rows.
    pub fn margins_into(&self, rows: &[f32], out: &mut [f64]) -> Result<(), Error> {
        self.margins_with(rows, out, &mut Scratch::default())
    }

    /// As [`Self::margins_into`], in memory that the caller keeps for the next rows.
    ///
    /// # Errors
    /// As [`Self::margins_into`].
    pub fn margins_with(
        &self,
        rows: &[f32],
        out: &mut [f64],
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let n_features = self.n_features();
        let expected = out.len().saturating_mul(n_features);
        if rows.len() != expected {
            return Err(Error::Shape {
                what: "the matrix",
                expected,
                found: rows.len(),
            });
        }
        match self {
            Self::Trees(trees) => trees.margins_with(rows, out, &mut scratch.ranks),
            Self::Symmetric(symmetric) => symmetric.margins_with(rows, out, scratch),
            Self::Linear(linear) => {
                for (row_idx, slot) in out.iter_mut().enumerate() {
                    *slot = linear.margin(&rows[row_idx * n_features..(row_idx + 1) * n_features]);
                }
            }
            Self::Blend(blend) => blend.margins_with(rows, out, scratch)?,
        }
        Ok(())
    }

    /// Checks that the model holds together: indices in range, no cycles, finite numbers.
    /// Reading with serde has already done it.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(&self) -> Result<(), Error> {
        match self {
            Self::Trees(trees) => trees.check(),
            Self::Symmetric(symmetric) => symmetric.check(),
            Self::Linear(linear) => linear.check(),
            Self::Blend(blend) => blend.check(),
        }
    }

    /// Memory the model's numbers take, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        match self {
            Self::Trees(trees) => trees.size_bytes(),
            Self::Symmetric(symmetric) => symmetric.size_bytes(),
            Self::Linear(linear) => {
                size_of::<Linear>() + 2 * linear.n_features() * size_of::<f64>()
            }
            Self::Blend(blend) => blend.size_bytes(),
        }
    }
}
