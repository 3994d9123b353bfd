//! The explainer: rows in, exact contributions out.

use churn_ensemble::Predictor;
use rayon::prelude::*;

use crate::symmetric::SymmetricTrees;
use crate::trees::TreesExplainer;
use crate::{Error, Explanation};

/// Rows that go through one tree before the next tree is touched, and the unit of work of
/// one thread. It cannot change a result: every row sums its trees in order.
const BLOCK_ROWS: usize = 128;

/// Explains one trained model, exactly; made once, used for any number of rows.
///
/// Equal rows get equal bits, whatever the thread count, the batch they come in, or what was
/// explained before.
#[derive(Debug)]
pub struct Explainer {
    predictor: Predictor,
    groups: Vec<u32>,
    n_groups: usize,
    base: f64,
    parts: Parts,
}

/// What was prepared for the kind of model.
#[derive(Debug)]
enum Parts {
    Trees(TreesExplainer),
    Symmetric(SymmetricTrees),
    Linear,
}

impl Explainer {
    /// An explainer of `predictor` whose values are summed by `groups`: entry `c` is the
    /// original column, below `n_groups`, that matrix column `c` was made from.
    ///
    /// # Errors
    /// [`Error::GroupCount`] and [`Error::GroupRange`] when the groups do not fit the model,
    /// [`Error::Model`] when the model is unsound, [`Error::Unsupported`] for a kind of model
    /// that has no exact explanation.
    pub fn new(predictor: &Predictor, groups: &[u32], n_groups: usize) -> Result<Self, Error> {
        predictor.check()?;
        let (expected, found) = (predictor.n_features(), groups.len());
        if expected != found {
            return Err(Error::GroupCount { expected, found });
        }
        let stray = groups
            .iter()
            .enumerate()
            .find(|&(_, &group)| group as usize >= n_groups);
        if let Some((column, &group)) = stray {
            return Err(Error::GroupRange {
                column,
                group,
                n_groups,
            });
        }
        let (base, parts) = match predictor {
            Predictor::Trees(ensemble) => {
                let (base, trees) = TreesExplainer::new(ensemble);
                (base, Parts::Trees(trees))
            }
            Predictor::Symmetric(ensemble) => {
                let trees = SymmetricTrees::new(ensemble);
                (trees.base, Parts::Symmetric(trees))
            }
            Predictor::Linear(linear) => (linear.mean_margin(), Parts::Linear),
            _ => return Err(Error::Unsupported),
        };
        Ok(Self {
            predictor: predictor.clone(),
            groups: groups.to_vec(),
            n_groups,
            base,
            parts,
        })
    }

    /// The margin when nothing is known of the customer: the mean of the trees
    /// under their training covers, or the margin of the linear model's mean row.
    #[must_use]
    pub fn base(&self) -> f64 {
        self.base
    }

    /// Number of groups, the values of a row in [`Self::explain`].
    #[must_use]
    pub fn n_groups(&self) -> usize {
        self.n_groups
    }

    /// Contributions of the original columns (groups) for `n_rows` rows of the matrix,
    /// row-major, NaN = missing.
    ///
    /// # Errors
    /// [`Error::Model`] when `rows` has another length, [`Error::NotAdditive`] names the
    /// first row whose contributions miss its margin by more than
    /// `1e-6 × max(1, |margin|)`.
    pub fn explain(&self, rows: &[f32], n_rows: usize) -> Result<Explanation, Error> {
        self.explain_by(rows, n_rows, &self.groups, self.n_groups)
    }

    /// As [`Self::explain`], with one value per matrix column.
    ///
    /// # Errors
    /// As [`Self::explain`].
    pub fn explain_features(&self, rows: &[f32], n_rows: usize) -> Result<Explanation, Error> {
        let columns: Vec<u32> = (0_u32..).take(self.groups.len()).collect();
        self.explain_by(rows, n_rows, &columns, columns.len())
    }

    fn explain_by(
        &self,
        rows: &[f32],
        n_rows: usize,
        groups: &[u32],
        n_groups: usize,
    ) -> Result<Explanation, Error> {
        let n_features = self.predictor.n_features();
        let expected = n_rows.saturating_mul(n_features);
        if rows.len() != expected {
            let found = rows.len();
            let shape = churn_ensemble::Error::Shape {
                what: "the matrix",
                expected,
                found,
            };
            return Err(Error::Model(shape));
        }
        let mut explanation = Explanation {
            n_rows,
            n_groups,
            base: self.base,
            contributions: vec![0.0; n_rows * n_groups],
            margins: vec![0.0; n_rows],
        };
        let Explanation {
            contributions,
            margins,
            ..
        } = &mut explanation;
        let explain_block = |rows: &[f32], margins: &mut [f64], out: &mut [f64]| {
            self.explain_block(rows, margins, groups, n_groups, out)
        };
        if n_rows <= BLOCK_ROWS || n_groups == 0 {
            // A few rows are done before another thread would have woken up.
            explain_block(rows, margins, contributions)?;
        } else {
            let blocks = margins
                .par_chunks_mut(BLOCK_ROWS)
                .zip(contributions.par_chunks_mut(BLOCK_ROWS * n_groups));
            blocks
                .enumerate()
                .try_for_each(|(block_idx, (margins, out))| {
                    let start = block_idx * BLOCK_ROWS * n_features;
                    let block = &rows[start..start + margins.len() * n_features];
                    explain_block(block, margins, out)
                })?;
        }
        explanation.check_additive()?;
        Ok(explanation)
    }

    /// Fills in the margins of a block of rows and adds their values to `out`.
    fn explain_block(
        &self,
        rows: &[f32],
        margins: &mut [f64],
        groups: &[u32],
        n_groups: usize,
        out: &mut [f64],
    ) -> Result<(), Error> {
        if let (Predictor::Symmetric(ensemble), Parts::Symmetric(trees)) =
            (&self.predictor, &self.parts)
        {
            // Its leaves tell both.
            trees.explain_block(ensemble, rows, margins, groups, n_groups, out);
            return Ok(());
        }
        self.predictor.margins_into(rows, margins)?;
        let n_features = groups.len();
        match (&self.predictor, &self.parts) {
            (Predictor::Trees(ensemble), Parts::Trees(trees)) => {
                trees.explain_block(ensemble, rows, groups, n_groups, out);
            }
            (Predictor::Linear(linear), _) => {
                let mut values = vec![0.0; n_features];
                let row_outs = out.chunks_mut(n_groups.max(1));
                for (row, row_out) in rows.chunks_exact(n_features.max(1)).zip(row_outs) {
                    linear.contributions_into(row, &mut values);
                    for (&group, value) in groups.iter().zip(&values) {
                        row_out[group as usize] += value;
                    }
                }
            }
            // The constructor refused every other kind.
            _ => {}
        }
        Ok(())
    }
}
