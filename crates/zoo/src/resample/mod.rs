//! Resampling: synthetic rows of the rarer class, inside a fold's training rows only.
//!
//! Off by default, with reason: on churn data no resampler raises the area under the ROC curve,
//! and all of them wreck calibration; choosing the threshold does what is wanted. It is here for
//! those who want to see that for themselves. [`Resampling::around`] wraps a [`Trainer`]: whatever
//! rows it is given to fit, it adds to, and the rows early stopping or a fold judges on stay real.
//!
//! Rows can't be resampled before a split: [`Resampling::resample`] takes a [`TrainingFold`], and
//! only the wrapped trainer makes one, of the rows cross-validation hands it to fit.
//!
//! ```
//! use churn_zoo::{LogisticParams, Trainer, resample::ResampleParams};
//!
//! let resampling = ResampleParams::default().check()?;
//! let trainer = resampling.around(Box::new(LogisticParams::default().check()?));
//! assert_eq!(trainer.parameters()["resampling"]["method"], "smote_nc");
//! # Ok::<(), churn_zoo::Error>(())
//! ```
//!
//! Samples of one's own, such as a whole table before it is split, are refused by the compiler:
//!
//! ```compile_fail,E0451
//! use churn_zoo::{Samples, resample::{ResampleParams, TrainingFold}};
//!
//! fn too_early(whole_table: Samples<'_>) {
//!     let resampling = ResampleParams::default().check().unwrap();
//!     let fold = TrainingFold { samples: whole_table }; // the field is private
//!     resampling.resample(&fold, 1).unwrap();
//! }
//! ```
//!
//! Sources: Chawla et al., "SMOTE" (2002), which also gives SMOTE-NC; He et al., "ADASYN" (2008).
//! Where papers leave room, definitions are those of imbalanced-learn 0.14.2 (checked against
//! it), with two differences: numbers are standardised before distances are taken unless
//! [`Distance::AsGiven`] says otherwise, and a row is never its own neighbour, not even when
//! another row equals it. Neighbours are found with a tree (its cost is far from quadratic on
//! customer data; crates on offer want their dimensions at compile time or know no categories).

mod layout;
mod neighbours;
mod synthesis;
#[cfg(test)]
mod tests;
mod trainer;

use churn_features::Matrix;
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use serde::{Deserialize, Serialize};

use self::{
    layout::Layout,
    neighbours::Tree,
    synthesis::{Categories, Draw, Near},
};
use crate::{Error, Samples, Trainer, seed::derive_seed};

pub use trainer::Resampled;

/// How synthetic rows are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// On the line between a row and one of its neighbours of the same class, every column a
    /// number. One-hot columns get values between 0 and 1; columns of category codes are refused.
    Smote,
    /// The same for numbers; a category is the most frequent one among all the neighbours.
    SmoteNc,
    /// As [`Method::SmoteNc`], with more rows where the neighbours are of the other class.
    Adasyn,
}

/// How numbers count in distances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distance {
    /// Divided by their standard deviation over the training rows, so that no unit dominates.
    Standardized,
    /// In their units.
    AsGiven,
}

/// Parameters as given; [`ResampleParams::check`] makes them usable.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResampleParams {
    /// How rows are made. Default SMOTE-NC, since customers have categories.
    pub method: Method,
    /// Neighbours looked at, 1..=100, default 5.
    pub n_neighbours: usize,
    /// Rows of the rarer class per row of the other afterwards, in (0, 1], default 1. Nothing is
    /// done to data that has as many already.
    pub ratio: f64,
    /// How numbers count in distances. Default standardised.
    pub distance: Distance,
}

impl Default for ResampleParams {
    fn default() -> Self {
        Self {
            method: Method::SmoteNc,
            n_neighbours: 5,
            ratio: 1.0,
            distance: Distance::Standardized,
        }
    }
}

impl ResampleParams {
    /// Checks ranges.
    ///
    /// # Errors
    /// [`Error::Parameter`] for the first parameter out of range.
    pub fn check(self) -> Result<Resampling, Error> {
        let fault = |parameter, value: String, expected| Error::Parameter {
            algorithm: "resampling",
            parameter,
            value,
            expected,
        };
        if !(1..=100).contains(&self.n_neighbours) {
            return Err(fault(
                "n_neighbours",
                self.n_neighbours.to_string(),
                "1 to 100",
            ));
        }
        if !(self.ratio > 0.0 && self.ratio <= 1.0) {
            return Err(fault(
                "ratio",
                self.ratio.to_string(),
                "a number above 0 and at most 1",
            ));
        }
        Ok(Resampling { params: self })
    }
}

/// Rows a trainer was given to fit. Made by [`Resampling::around`]'s trainer alone.
#[derive(Debug, Clone, Copy)]
pub struct TrainingFold<'a> {
    samples: Samples<'a>,
}

impl<'a> TrainingFold<'a> {
    pub(in crate::resample) fn new(samples: Samples<'a>) -> Self {
        Self { samples }
    }
}

/// Training rows with synthetic ones after them.
#[derive(Debug, Clone, PartialEq)]
pub struct WithSynthetic {
    /// Features: the given rows, then the synthetic ones.
    pub matrix: Matrix,
    /// One label per row.
    pub labels: Vec<bool>,
    /// One weight per row when weights were given; a synthetic row has that of the row it was
    /// made from.
    pub weights: Option<Vec<f32>>,
    /// Synthetic rows, at the end.
    pub n_synthetic: usize,
}

/// A checked way to resample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resampling {
    params: ResampleParams,
}

impl Resampling {
    /// `trainer`, fitted on resampled rows.
    #[must_use]
    pub fn around(self, trainer: Box<dyn Trainer>) -> Resampled {
        Resampled::new(self, trainer)
    }

    /// The rows with synthetic ones of the rarer class after them.
    ///
    /// # Errors
    /// [`Error::OneClass`]; [`Error::TooFewRows`] when the rarer class has no more rows than
    /// neighbours are asked for; [`Error::Resampling`] when the method doesn't suit the data.
    pub fn resample(&self, fold: &TrainingFold<'_>, seed: u64) -> Result<WithSynthetic, Error> {
        let samples = fold.samples;
        samples.check()?;
        let n_left = samples.labels.iter().filter(|&&left| left).count();
        let rarer = n_left * 2 <= samples.labels.len();
        let minority: Vec<usize> = (0..samples.labels.len())
            .filter(|&row| samples.labels[row] == rarer)
            .collect();
        let n_majority = samples.labels.len() - minority.len();
        let n_wanted = (n_majority as f64 * self.params.ratio) as usize;
        let n_new = n_wanted.saturating_sub(minority.len());
        if minority.len() <= self.params.n_neighbours {
            return Err(Error::TooFewRows {
                found: minority.len(),
                needed: self.params.n_neighbours + 1,
                purpose: format!("resample with {} neighbours", self.params.n_neighbours),
            });
        }
        let layout = Layout::new(samples, &minority, self.params)?;
        let points = layout.points(samples.matrix);
        let k = self.params.n_neighbours;
        let tree = Tree::new(points.select(&minority));
        let neighbours = tree.nearest_to_own(k);
        let mut rng = ChaCha12Rng::seed_from_u64(derive_seed(seed, "resampling", 0));
        let draws = match self.params.method {
            Method::Smote | Method::SmoteNc => synthesis::draw(minority.len(), k, n_new, &mut rng),
            Method::Adasyn => {
                let all = Tree::new(points);
                let around = all.nearest_to(&minority, k);
                let shares = other_class_shares(&around, samples.labels, rarer, k);
                synthesis::draw_by_shares(&shares, k, n_new, &mut rng)?
            }
        };
        let near = Near {
            matrix: samples.matrix,
            minority: &minority,
            neighbours: &neighbours,
            k,
        };
        let categories = match self.params.method {
            Method::Smote => Categories::Blend,
            Method::SmoteNc | Method::Adasyn => Categories::Vote,
        };
        let made = synthesis::make(near, &layout, categories, &draws, &mut rng);
        self.joined(samples, &minority, &draws, made, rarer)
    }

    fn joined(
        &self,
        samples: Samples<'_>,
        minority: &[usize],
        draws: &[Draw],
        made: Vec<f32>,
        rarer: bool,
    ) -> Result<WithSynthetic, Error> {
        let mut values = samples.matrix.values().to_vec();
        values.extend(made);
        let mut labels = samples.labels.to_vec();
        labels.extend(std::iter::repeat_n(rarer, draws.len()));
        let weights = samples.weights.map(|weights| {
            let made = draws.iter().map(|draw| weights[minority[draw.base]]);
            weights.iter().copied().chain(made).collect()
        });
        Ok(WithSynthetic {
            matrix: Matrix::from_values(values, samples.matrix.n_columns())?,
            labels,
            weights,
            n_synthetic: draws.len(),
        })
    }
}

/// Share of each row's `k` neighbours that are of the other class.
fn other_class_shares(around: &[u32], labels: &[bool], rarer: bool, k: usize) -> Vec<f64> {
    let share = |rows: &[u32]| {
        let others = rows.iter().filter(|&&row| labels[row as usize] != rarer);
        others.count() as f64 / k as f64
    };
    around.chunks_exact(k).map(share).collect()
}
