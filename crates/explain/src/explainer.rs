//! The explainer: rows in, exact contributions and interactions out.

use std::cell::RefCell;

use churn_ensemble::Predictor;
use rayon::prelude::*;

use crate::explanation::check_additive;
use crate::game::Game;
use crate::interactions::{Interactions, complete};
use crate::pairs::Background;
use crate::tables::Work;
use crate::trees::BlockScratch;
use crate::view::{By, Kind};
use crate::{Error, Explanation};

/// Most and fewest rows that go through one tree before the next tree is touched, and the
/// unit of work of one thread. It cannot change a result: every row sums its trees in order.
/// The most is no power of two, so that columns of a block do not share cache sets.
const BLOCK_ROWS: (usize, usize) = (1000, 128);
/// The same for interactions, which take more memory by row.
const PAIR_BLOCK_ROWS: usize = 120;

thread_local! {
    /// What a thread that explains row by row uses again.
    static SCRATCH: RefCell<BlockScratch> = RefCell::default();
}

/// Explains one trained model, exactly; made once, used for any number of rows.
///
/// Equal rows get equal bits, whatever the thread count, the batch they come in, or what was
/// explained before.
#[derive(Debug)]
pub struct Explainer {
    predictor: Predictor,
    game: Game,
}

/// Memory of [`Explainer::explain_row_into`], to be used again for the next row.
#[derive(Debug, Default)]
pub struct RowScratch(BlockScratch);

impl Explainer {
    /// An explainer of `predictor` whose values are summed by `groups`: entry `c` is the
    /// original column, below `n_groups`, that matrix column `c` was made from.
    ///
    /// A column that is not known is left to the training data the model remembers: trees
    /// follow both branches in proportion to their covers, linear models take the mean.
    ///
    /// # Errors
    /// [`Error::GroupCount`] and [`Error::GroupRange`] when the groups do not fit the model,
    /// [`Error::Model`] when the model is unsound, [`Error::Unsupported`] for a kind of model
    /// that has no exact explanation.
    pub fn new(predictor: &Predictor, groups: &[u32], n_groups: usize) -> Result<Self, Error> {
        check(predictor, groups, n_groups)?;
        Ok(Self {
            game: Game::new(predictor, groups, n_groups, None)?,
            predictor: predictor.clone(),
        })
    }

    /// As [`Self::new`], but a column that is not known has the value of a background row,
    /// whatever the values of the other columns (interventional values: Janzing, Minorics and
    /// Blöbaum 2020; Lundberg et al. 2020). Values are exact means over all `n_background`
    /// rows of `background`, a matrix like those to explain.
    ///
    /// # Errors
    /// As [`Self::new`]; [`Error::NoBackground`] without background rows, [`Error::Model`] when
    /// `background` has another length.
    pub fn with_background(
        predictor: &Predictor,
        groups: &[u32],
        n_groups: usize,
        background: &[f32],
        n_background: usize,
    ) -> Result<Self, Error> {
        check(predictor, groups, n_groups)?;
        check_shape(predictor, background, n_background)?;
        if n_background == 0 {
            return Err(Error::NoBackground);
        }
        let background = Background {
            rows: background.to_vec(),
            n_rows: n_background,
        };
        Ok(Self {
            game: Game::new(predictor, groups, n_groups, Some(background))?,
            predictor: predictor.clone(),
        })
    }

    /// The margin when nothing is known of the customer: the mean of the trees
    /// under their training covers, the margin of the linear model's mean row, or the mean
    /// margin of the background.
    #[must_use]
    pub fn base(&self) -> f64 {
        self.game.base
    }

    /// Number of groups, the values of a row in [`Self::explain`].
    #[must_use]
    pub fn n_groups(&self) -> usize {
        self.game.view(By::Groups, Kind::Values).n_groups
    }

    /// What it takes to explain one row of binary trees by matrix columns, as
    /// [`Self::explain_features`] does; nothing for other models.
    #[must_use]
    pub fn work_by_feature(&self) -> Work {
        self.game.work(&self.predictor, By::Columns, Kind::Values)
    }

    /// Contributions of the original columns (groups) for `n_rows` rows of the matrix,
    /// row-major, NaN = missing.
    ///
    /// # Errors
    /// [`Error::Model`] when `rows` has another length, [`Error::NotAdditive`] names the
    /// first row whose contributions miss its margin by more than
    /// `1e-6 × max(1, |margin|)`.
    pub fn explain(&self, rows: &[f32], n_rows: usize) -> Result<Explanation, Error> {
        self.explain_by(rows, n_rows, By::Groups)
    }

    /// As [`Self::explain`], with one value per matrix column.
    ///
    /// # Errors
    /// As [`Self::explain`].
    pub fn explain_features(&self, rows: &[f32], n_rows: usize) -> Result<Explanation, Error> {
        self.explain_by(rows, n_rows, By::Columns)
    }

    /// The margin of one row, and its contributions in `out`, one per group: the bits of
    /// [`Self::explain`]. `scratch` is any; used again it spares the memory of a call.
    ///
    /// # Errors
    /// [`Error::Model`] when `row` or `out` has another length, [`Error::NotAdditive`] as
    /// [`Self::explain`].
    pub fn explain_row_into(
        &self,
        row: &[f32],
        scratch: &mut RowScratch,
        out: &mut [f64],
    ) -> Result<f64, Error> {
        check_shape(&self.predictor, row, 1)?;
        let (expected, found) = (self.n_groups(), out.len());
        if expected != found {
            return Err(Error::Model(churn_ensemble::Error::Shape {
                what: "the contributions",
                expected,
                found,
            }));
        }
        out.fill(0.0);
        let mut margin = [0.0];
        let scratch = &mut scratch.0;
        self.game
            .explain_block(&self.predictor, By::Groups, row, &mut margin, scratch, out)?;
        check_additive(0, self.game.base, out, margin[0])?;
        Ok(margin[0])
    }

    /// Interaction values of the original columns (groups) for `n_rows` rows of the matrix,
    /// row-major, NaN = missing; see [`Interactions`] for the memory they take.
    ///
    /// # Errors
    /// As [`Self::explain`].
    pub fn interactions(&self, rows: &[f32], n_rows: usize) -> Result<Interactions, Error> {
        self.interactions_by(rows, n_rows, By::Groups)
    }

    /// As [`Self::interactions`], with one value per pair of matrix columns.
    ///
    /// # Errors
    /// As [`Self::explain`].
    pub fn interactions_features(
        &self,
        rows: &[f32],
        n_rows: usize,
    ) -> Result<Interactions, Error> {
        self.interactions_by(rows, n_rows, By::Columns)
    }

    fn explain_by(&self, rows: &[f32], n_rows: usize, by: By) -> Result<Explanation, Error> {
        check_shape(&self.predictor, rows, n_rows)?;
        let n_features = self.predictor.n_features();
        let n_groups = self.game.view(by, Kind::Values).n_groups;
        self.game.prepare(&self.predictor, by, Kind::Values);
        let mut explanation = Explanation {
            n_rows,
            n_groups,
            base: self.game.base,
            contributions: vec![0.0; n_rows * n_groups],
            margins: vec![0.0; n_rows],
        };
        if n_rows == 0 {
            return Ok(explanation);
        }
        let Explanation {
            contributions,
            margins,
            ..
        } = &mut explanation;
        let block_rows = n_rows.div_ceil(2 * rayon::current_num_threads());
        let block_rows = block_rows.clamp(BLOCK_ROWS.1, BLOCK_ROWS.0);
        let explain_block =
            |rows: &[f32], margins: &mut [f64], scratch: &mut BlockScratch, out: &mut [f64]| {
                self.game
                    .explain_block(&self.predictor, by, rows, margins, scratch, out)
            };
        if n_rows <= block_rows || n_groups == 0 {
            // A few rows are done before another thread would have woken up.
            let mut scratch = SCRATCH.take();
            let done = explain_block(rows, margins, &mut scratch, contributions);
            // That of many rows would hold on to memory nobody may need again.
            if n_rows == 1 {
                SCRATCH.set(scratch);
            }
            done?;
        } else {
            let blocks = margins
                .par_chunks_mut(block_rows)
                .zip(contributions.par_chunks_mut(block_rows * n_groups));
            blocks.enumerate().try_for_each_init(
                BlockScratch::default,
                |scratch, (block_idx, (margins, out))| {
                    let start = block_idx * block_rows * n_features;
                    let block = &rows[start..start + margins.len() * n_features];
                    explain_block(block, margins, scratch, out)
                },
            )?;
        }
        explanation.check_additive()?;
        Ok(explanation)
    }

    fn interactions_by(&self, rows: &[f32], n_rows: usize, by: By) -> Result<Interactions, Error> {
        let explanation = self.explain_by(rows, n_rows, by)?;
        self.game.prepare(&self.predictor, by, Kind::Pairs);
        let n_groups = explanation.n_groups;
        let n_values = n_groups * n_groups;
        let mut values = vec![0.0; n_rows * n_values];
        let row_len = self.predictor.n_features();
        let blocks = values.par_chunks_mut((PAIR_BLOCK_ROWS * n_values).max(1));
        let contributions = &explanation.contributions;
        blocks
            .zip(contributions.par_chunks((PAIR_BLOCK_ROWS * n_groups).max(1)))
            .enumerate()
            .for_each_init(
                BlockScratch::default,
                |scratch, (block_idx, (out, contributions))| {
                    let start = block_idx * PAIR_BLOCK_ROWS * row_len;
                    let end = rows.len().min(start + PAIR_BLOCK_ROWS * row_len);
                    self.game.interactions_block(
                        &self.predictor,
                        by,
                        &rows[start..end],
                        scratch,
                        out,
                    );
                    let matrices = out.chunks_exact_mut(n_values);
                    for (matrix, contributions) in matrices.zip(contributions.chunks(n_groups)) {
                        complete(matrix, contributions);
                    }
                },
            );
        Ok(Interactions {
            n_rows,
            n_groups,
            base: self.game.base,
            values,
            margins: explanation.margins,
        })
    }
}

/// The model is sound and the groups fit it.
fn check(predictor: &Predictor, groups: &[u32], n_groups: usize) -> Result<(), Error> {
    predictor.check()?;
    let (expected, found) = (predictor.n_features(), groups.len());
    if expected != found {
        return Err(Error::GroupCount { expected, found });
    }
    let stray = groups
        .iter()
        .enumerate()
        .find(|&(_, &group)| group as usize >= n_groups);
    match stray {
        Some((column, &group)) => Err(Error::GroupRange {
            column,
            group,
            n_groups,
        }),
        None => Ok(()),
    }
}

fn check_shape(predictor: &Predictor, rows: &[f32], n_rows: usize) -> Result<(), Error> {
    let expected = n_rows.saturating_mul(predictor.n_features());
    if rows.len() == expected {
        return Ok(());
    }
    Err(Error::Model(churn_ensemble::Error::Shape {
        what: "the matrix",
        expected,
        found: rows.len(),
    }))
}
