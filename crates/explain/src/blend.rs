//! Blends: a weighted sum of games has the weighted sum of their values.

use churn_ensemble::{Blend, BlendMember};

use crate::Error;
use crate::game::Game;
use crate::pairs::Background;
use crate::trees::BlockScratch;
use crate::view::{By, Kind};

/// Memory of one member, reused from block to block.
#[derive(Debug, Default)]
pub(crate) struct BlendScratch {
    rows: Vec<f32>,
    margins: Vec<f64>,
    out: Vec<f64>,
}

/// The games of a blend's members, in order.
#[derive(Debug)]
pub(crate) struct BlendGames {
    /// The margin when nothing is known.
    pub(crate) base: f64,
    games: Vec<Game>,
}

impl BlendGames {
    /// Prepares each member; `views` and `background` are the blend's.
    pub(crate) fn new(
        blend: &Blend,
        views: &[(Vec<u32>, usize); 2],
        background: Option<&Background>,
    ) -> Result<Self, Error> {
        let game = |member: &BlendMember| {
            // A member's columns count where the blend's columns behind them do.
            let own_views = views.each_ref().map(|(groups, n_groups)| {
                let columns = member.columns.iter();
                let groups = columns.map(|&column| groups[column as usize]).collect();
                (groups, *n_groups)
            });
            let own_background = background.map(|background| {
                let mut rows = Vec::new();
                member.gather(&background.rows, blend.n_features(), &mut rows);
                Background {
                    rows,
                    n_rows: background.n_rows,
                }
            });
            Game::with_views(&member.predictor, own_views, own_background)
        };
        let games = blend.members().iter().map(game);
        let games = games.collect::<Result<Vec<Game>, Error>>()?;
        let bases = blend.members().iter().zip(&games);
        let base = bases.fold(blend.intercept(), |base, (member, game)| {
            base + member.weight * game.base
        });
        Ok(Self { base, games })
    }

    /// As [`Game::prepare`].
    pub(crate) fn prepare(&self, blend: &Blend, by: By, kind: Kind) {
        for (member, game) in blend.members().iter().zip(&self.games) {
            game.prepare(&member.predictor, by, kind);
        }
    }

    /// As [`Game::explain_block`].
    pub(crate) fn explain_block(
        &self,
        blend: &Blend,
        by: By,
        rows: &[f32],
        margins: &mut [f64],
        scratch: &mut BlockScratch,
        out: &mut [f64],
    ) -> Result<(), Error> {
        margins.fill(blend.intercept());
        // Taken out for the while: a member, which is no blend, needs the rest of the scratch.
        let mut own = std::mem::take(&mut scratch.blend);
        own.margins.resize(margins.len(), 0.0);
        for (member, game) in blend.members().iter().zip(&self.games) {
            member.gather(rows, blend.n_features(), &mut own.rows);
            own.out.clear();
            own.out.resize(out.len(), 0.0);
            let BlendScratch {
                rows,
                margins: own_margins,
                out: own_out,
            } = &mut own;
            game.explain_block(&member.predictor, by, rows, own_margins, scratch, own_out)?;
            add(member.weight, own_margins, margins);
            add(member.weight, own_out, out);
        }
        scratch.blend = own;
        Ok(())
    }

    /// As [`Game::interactions_block`].
    pub(crate) fn interactions_block(&self, blend: &Blend, by: By, rows: &[f32], out: &mut [f64]) {
        let mut own_rows = Vec::new();
        let mut own_out = vec![0.0; out.len()];
        for (member, game) in blend.members().iter().zip(&self.games) {
            member.gather(rows, blend.n_features(), &mut own_rows);
            own_out.fill(0.0);
            let scratch = &mut BlockScratch::default();
            game.interactions_block(&member.predictor, by, &own_rows, scratch, &mut own_out);
            add(member.weight, &own_out, out);
        }
    }
}

fn add(weight: f64, values: &[f64], sums: &mut [f64]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += weight * value;
    }
}
