//! The game a model's columns play, prepared for the kind of model and what stands in for a
//! column that is not known.

use churn_ensemble::Predictor;

use crate::Error;
use crate::linear::LinearOrigin;
use crate::pairs::TreePairs;
use crate::symmetric::SymmetricTrees;
use crate::symmetric_pairs::SymmetricPairs;
use crate::trees::TreesExplainer;

/// A game: its value when no column is known, and who plays.
#[derive(Debug)]
pub(crate) struct Game {
    pub(crate) base: f64,
    players: Players,
}

#[derive(Debug)]
enum Players {
    Trees(TreesExplainer),
    TreePairs(TreePairs),
    Symmetric(SymmetricTrees),
    SymmetricPairs(SymmetricPairs),
    Linear(LinearOrigin),
}

impl Game {
    /// Covers and means of the training data stand in.
    pub(crate) fn of_training(predictor: &Predictor) -> Result<Self, Error> {
        Ok(match predictor {
            Predictor::Trees(ensemble) => {
                let (base, trees) = TreesExplainer::new(ensemble);
                Self {
                    base,
                    players: Players::Trees(trees),
                }
            }
            Predictor::Symmetric(ensemble) => {
                let trees = SymmetricTrees::new(ensemble);
                Self {
                    base: trees.base,
                    players: Players::Symmetric(trees),
                }
            }
            Predictor::Linear(linear) => {
                let origin = LinearOrigin::training(linear);
                Self {
                    base: origin.base,
                    players: Players::Linear(origin),
                }
            }
            _ => return Err(Error::Unsupported),
        })
    }

    /// The rows of a background stand in; at least one.
    pub(crate) fn of_background(
        predictor: &Predictor,
        rows: &[f32],
        n_rows: usize,
    ) -> Result<Self, Error> {
        let players = match predictor {
            Predictor::Trees(ensemble) => {
                Players::TreePairs(TreePairs::new(ensemble, rows, n_rows))
            }
            Predictor::Symmetric(ensemble) => {
                Players::SymmetricPairs(SymmetricPairs::new(ensemble, rows, n_rows))
            }
            Predictor::Linear(linear) => {
                let origin = LinearOrigin::background(linear, rows, n_rows);
                return Ok(Self {
                    base: origin.base,
                    players: Players::Linear(origin),
                });
            }
            _ => return Err(Error::Unsupported),
        };
        let mut margins = vec![0.0; n_rows];
        predictor.margins_into(rows, &mut margins)?;
        #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
        let base = margins.iter().sum::<f64>() / n_rows as f64;
        Ok(Self { base, players })
    }

    /// Fills in the margins of a block of rows and adds their values to `out`, `n_groups` per
    /// row; entry `c` of `groups` says where matrix column `c` counts.
    pub(crate) fn explain_block(
        &self,
        predictor: &Predictor,
        rows: &[f32],
        margins: &mut [f64],
        groups: &[u32],
        n_groups: usize,
        out: &mut [f64],
    ) -> Result<(), Error> {
        if let (Predictor::Symmetric(ensemble), Players::Symmetric(trees)) =
            (predictor, &self.players)
        {
            // Its leaves tell both.
            trees.explain_block(ensemble, rows, margins, groups, n_groups, out);
            return Ok(());
        }
        predictor.margins_into(rows, margins)?;
        match (predictor, &self.players) {
            (Predictor::Trees(ensemble), Players::Trees(trees)) => {
                trees.explain_block(ensemble, rows, groups, n_groups, out);
            }
            (Predictor::Trees(ensemble), Players::TreePairs(pairs)) => {
                pairs.explain_block(ensemble, rows, groups, n_groups, out);
            }
            (Predictor::Symmetric(ensemble), Players::SymmetricPairs(pairs)) => {
                pairs.explain_block(ensemble, rows, groups, n_groups, out);
            }
            (Predictor::Linear(linear), Players::Linear(origin)) => {
                let outs = out.chunks_mut(n_groups.max(1));
                for (row, out) in rows.chunks_exact(groups.len().max(1)).zip(outs) {
                    origin.add_row(linear, row, groups, out);
                }
            }
            // The constructor refused every other pair.
            _ => {}
        }
        Ok(())
    }

    /// Adds the interactions of different groups to `out`, `n_groups²` values per row.
    pub(crate) fn interactions_block(
        &self,
        predictor: &Predictor,
        rows: &[f32],
        groups: &[u32],
        n_groups: usize,
        out: &mut [f64],
    ) {
        match (predictor, &self.players) {
            (Predictor::Trees(ensemble), Players::Trees(trees)) => {
                trees.interactions_block(ensemble, rows, groups, n_groups, out);
            }
            (Predictor::Trees(ensemble), Players::TreePairs(pairs)) => {
                pairs.interactions_block(ensemble, rows, groups, n_groups, out);
            }
            (Predictor::Symmetric(ensemble), Players::Symmetric(trees)) => {
                trees.interactions_block(ensemble, rows, groups, n_groups, out);
            }
            (Predictor::Symmetric(ensemble), Players::SymmetricPairs(pairs)) => {
                pairs.interactions_block(ensemble, rows, groups, n_groups, out);
            }
            // The columns of a linear model do not interact.
            _ => {}
        }
    }
}
