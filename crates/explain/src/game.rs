//! The game a model's columns play, prepared for the kind of model and what stands in for a
//! column that is not known.

use churn_ensemble::Predictor;

use crate::Error;
use crate::blend::BlendGames;
use crate::linear::LinearOrigin;
use crate::pairs::Background;
use crate::symmetric::SymmetricTrees;
use crate::tables::Work;
use crate::trees::{BlockScratch, TreesGame};
use crate::view::{By, Kind, View};

/// A game: its value when no column is known, who plays, and for whom the values are summed.
#[derive(Debug)]
pub(crate) struct Game {
    pub(crate) base: f64,
    players: Players,
    /// By [`By`], then by [`Kind`].
    views: [[View; 2]; 2],
}

#[derive(Debug)]
enum Players {
    Trees(Box<TreesGame>),
    Symmetric(SymmetricTrees),
    Linear(LinearOrigin),
    Blend(BlendGames),
}

impl Game {
    /// The game of a checked model: `background` stands in for what is not known, or without
    /// one the covers and means of the training data.
    pub(crate) fn new(
        predictor: &Predictor,
        groups: &[u32],
        n_groups: usize,
        background: Option<Background>,
    ) -> Result<Self, Error> {
        let columns: Vec<u32> = (0_u32..).take(groups.len()).collect();
        let views = [(groups.to_vec(), n_groups), (columns, groups.len())];
        Self::with_views(predictor, views, background)
    }

    /// As [`Self::new`], with what [`By`] means given: the group of each matrix column and the
    /// number of groups, for groups and for columns.
    pub(crate) fn with_views(
        predictor: &Predictor,
        views: [(Vec<u32>, usize); 2],
        background: Option<Background>,
    ) -> Result<Self, Error> {
        let mean = match &background {
            Some(background) => Some(mean_margin(predictor, background)?),
            None => None,
        };
        let (base, players) = match predictor {
            Predictor::Trees(ensemble) => {
                let trees = TreesGame::new(ensemble, background);
                let base = mean.unwrap_or_else(|| trees.expected(ensemble));
                (base, Players::Trees(Box::new(trees)))
            }
            Predictor::Symmetric(ensemble) => {
                let trees = SymmetricTrees::new(ensemble, background);
                (mean.unwrap_or(trees.base), Players::Symmetric(trees))
            }
            Predictor::Linear(linear) => {
                let origin = match background {
                    Some(background) => LinearOrigin::background(linear, &background),
                    None => LinearOrigin::training(linear),
                };
                (origin.base, Players::Linear(origin))
            }
            Predictor::Blend(blend) => {
                let games = BlendGames::new(blend, &views, background.as_ref())?;
                (games.base, Players::Blend(games))
            }
            _ => return Err(Error::Unsupported),
        };
        let views = views.map(|(groups, n_groups)| {
            [Kind::Values, Kind::Pairs].map(|kind| View {
                groups: groups.clone(),
                n_groups,
                kind,
            })
        });
        let game = Self {
            base,
            players,
            views,
        };
        // What is asked for most is made at once, by all threads.
        game.prepare(predictor, By::Groups, Kind::Values);
        Ok(game)
    }

    /// Where matrix columns count.
    pub(crate) fn view(&self, by: By, kind: Kind) -> &View {
        &self.views[by as usize][kind as usize]
    }

    /// Works out in advance what calls for these values need, if that has not been done.
    pub(crate) fn prepare(&self, predictor: &Predictor, by: By, kind: Kind) {
        if let (Predictor::Trees(ensemble), Players::Trees(trees)) = (predictor, &self.players) {
            trees.prepare(ensemble, by, self.view(by, kind));
        }
        if let (Predictor::Blend(blend), Players::Blend(games)) = (predictor, &self.players) {
            games.prepare(blend, by, kind);
        }
    }

    /// What one row costs by tables; nothing for models that have none of this kind.
    pub(crate) fn work(&self, predictor: &Predictor, by: By, kind: Kind) -> Work {
        match (predictor, &self.players) {
            (Predictor::Trees(ensemble), Players::Trees(trees)) => {
                trees.work(ensemble, by, self.view(by, kind))
            }
            _ => Work::default(),
        }
    }

    /// Fills in the margins of a block of rows and adds their values to `out`.
    pub(crate) fn explain_block(
        &self,
        predictor: &Predictor,
        by: By,
        rows: &[f32],
        margins: &mut [f64],
        scratch: &mut BlockScratch,
        out: &mut [f64],
    ) -> Result<(), Error> {
        let view = self.view(by, Kind::Values);
        match (predictor, &self.players) {
            (Predictor::Trees(ensemble), Players::Trees(trees)) => {
                trees.explain_block(ensemble, (by, view), rows, margins, scratch, out);
            }
            (Predictor::Symmetric(ensemble), Players::Symmetric(trees)) => {
                trees.explain_block(ensemble, rows, margins, view, scratch, out);
            }
            (Predictor::Linear(linear), Players::Linear(origin)) => {
                predictor.margins_into(rows, margins)?;
                let outs = out.chunks_mut(view.n_groups.max(1));
                for (row, out) in rows.chunks_exact(view.groups.len().max(1)).zip(outs) {
                    origin.add_row(linear, row, &view.groups, out);
                }
            }
            (Predictor::Blend(blend), Players::Blend(games)) => {
                games.explain_block(blend, by, rows, margins, scratch, out)?;
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
        by: By,
        rows: &[f32],
        scratch: &mut BlockScratch,
        out: &mut [f64],
    ) {
        let view = self.view(by, Kind::Pairs);
        match (predictor, &self.players) {
            (Predictor::Trees(ensemble), Players::Trees(trees)) => {
                trees.interactions_block(ensemble, (by, view), rows, scratch, out);
            }
            (Predictor::Symmetric(ensemble), Players::Symmetric(trees)) => {
                trees.interactions_block(ensemble, rows, view, out);
            }
            (Predictor::Blend(blend), Players::Blend(games)) => {
                games.interactions_block(blend, by, rows, out);
            }
            // The columns of a linear model do not interact.
            _ => {}
        }
    }
}

/// The mean margin of the background, its rows in order.
fn mean_margin(predictor: &Predictor, background: &Background) -> Result<f64, Error> {
    let mut margins = vec![0.0; background.n_rows];
    predictor.margins_into(&background.rows, &mut margins)?;
    #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
    let n_rows = background.n_rows as f64;
    Ok(margins.iter().sum::<f64>() / n_rows)
}
