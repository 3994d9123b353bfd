//! Memory that predictions use again.

use crate::symmetric::SymmetricScratch;
use crate::trees::RankScratch;

/// Memory of [`crate::Predictor::margin_with`] and its like: any will do, and one that has
/// served a model before serves it again without asking for more.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) ranks: RankScratch,
    pub(crate) symmetric: SymmetricScratch,
    /// Rows and margins of one member of a blend, which is no blend itself.
    pub(crate) rows: Vec<f32>,
    pub(crate) margins: Vec<f64>,
}
