//! The one interface all trainers share.

use churn_ensemble::Predictor;
use churn_features::{Matrix, MatrixColumn, PlanParams};
use serde::{Deserialize, Serialize};

use crate::{Combination, Error};

/// The model families, and what is made of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// Logistic regression with elastic net.
    Logistic,
    /// Random forest.
    Forest,
    /// Gradient-boosted trees by XGBoost.
    Xgboost,
    /// Symmetric trees on ordered target statistics, by the CatBoost algorithm.
    Catboost,
    /// Weighted mean of the others' log-odds.
    Blend,
    /// Logistic regression on the others' margins.
    Stack,
}

impl Algorithm {
    /// All, simplest first: the order in which a tie is broken.
    pub const ALL: [Self; 6] = [
        Self::Logistic,
        Self::Forest,
        Self::Xgboost,
        Self::Catboost,
        Self::Blend,
        Self::Stack,
    ];

    /// How others are combined; `None` for a family that trains by itself.
    #[must_use]
    pub fn combination(self) -> Option<Combination> {
        match self {
            Self::Logistic | Self::Forest | Self::Xgboost | Self::Catboost => None,
            Self::Blend => Some(Combination::Blend),
            Self::Stack => Some(Combination::Stack),
        }
    }

    /// Name in files and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Logistic => "logistic",
            Self::Forest => "forest",
            Self::Xgboost => "xgboost",
            Self::Catboost => "catboost",
            Self::Blend => "blend",
            Self::Stack => "stack",
        }
    }

    /// Name for readers.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Logistic => "logistic regression",
            Self::Forest => "random forest",
            Self::Xgboost => "XGBoost",
            Self::Catboost => "CatBoost",
            Self::Blend => "the blend",
            Self::Stack => "the stack",
        }
    }
}

impl std::fmt::Display for Algorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What a trainer fits on.
#[derive(Debug, Clone, Copy)]
pub struct Samples<'a> {
    /// Features, one row per label.
    pub matrix: &'a Matrix,
    /// What the matrix columns are.
    pub columns: &'a [MatrixColumn],
    /// `true` = left.
    pub labels: &'a [bool],
    /// One positive weight per row; `None` means all 1.
    pub weights: Option<&'a [f32]>,
}

impl Samples<'_> {
    /// Refuses labels of one class only.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let left = self.labels.iter().filter(|&&label| label).count();
        if left == 0 || left == self.labels.len() {
            return Err(Error::OneClass {
                n_rows: self.labels.len(),
            });
        }
        Ok(())
    }
}

/// How many boosting rounds to do.
#[derive(Debug, Clone, Copy)]
pub enum Rounds<'a> {
    /// Until the loss on these rows no longer falls.
    UntilBestOn(Samples<'a>),
    /// Exactly this many; `None` for families without rounds.
    Exactly(Option<usize>),
}

/// A fitted predictor and what only its trainer knows.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// The model as data.
    pub predictor: Predictor,
    /// The trainer's own file, when it has one.
    pub native: Option<Vec<u8>>,
    /// Boosting rounds kept, for families with rounds.
    pub n_rounds: Option<usize>,
}

/// A forest judged by those of its trees that did not see a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OutOfBagEstimate {
    /// Area under the ROC curve of the shares.
    pub roc_auc: f64,
    /// Their log loss, before calibration.
    pub log_loss: f64,
    /// Rows that some tree did not see.
    pub n_rows: usize,
}

/// A model family with its parameters, ready to fit.
///
/// `fit` depends on its arguments alone: the same samples and seed give the same bytes at any
/// number of threads.
pub trait Trainer: Send + Sync {
    /// Which family.
    fn algorithm(&self) -> Algorithm;
    /// The parameters, for records and cards.
    fn parameters(&self) -> serde_json::Value;
    /// How it wants its features.
    fn plan_params(&self) -> PlanParams;
    /// Whether it chooses a number of rounds by early stopping.
    fn has_rounds(&self) -> bool;
    /// Fits.
    ///
    /// # Errors
    /// [`Error::OneClass`], [`Error::NotFinite`] and the family's own.
    fn fit(&self, samples: Samples<'_>, rounds: Rounds<'_>, seed: u64) -> Result<Fitted, Error>;
    /// Fits the model that is kept: as [`Trainer::fit`], to the same bytes. A family that can
    /// judge itself on the way does so.
    ///
    /// # Errors
    /// As [`Trainer::fit`].
    fn fit_kept(
        &self,
        samples: Samples<'_>,
        rounds: Rounds<'_>,
        seed: u64,
    ) -> Result<(Fitted, Option<OutOfBagEstimate>), Error> {
        Ok((self.fit(samples, rounds, seed)?, None))
    }
}
