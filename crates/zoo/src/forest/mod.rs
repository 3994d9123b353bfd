//! Random forest: histogram-based, weighted, with missing values and categories in the split.

mod bins;
mod grow;
mod order;
mod out_of_bag;
mod params;
mod split;
mod tally;

use churn_ensemble::{Node, Output, Predictor, TreeEnsemble};
use churn_features::{CategoryEncoding, PlanParams};
use rayon::prelude::*;

pub use params::{FeatureRule, ForestParams, MaxFeatures};

use crate::{Algorithm, Error, Fitted, OutOfBagEstimate, Rounds, Samples, Trainer, derive_seed};
use bins::Bins;
use grow::{Grower, Soil, Tree};
use out_of_bag::Votes;
use split::Judge;
use tally::{Counts, Sums, Tally};

/// The trainer (Breiman 2001): each tree is grown on rows drawn with replacement, each split
/// chosen by Gini impurity among columns drawn at random; the model is the mean over trees of
/// the share of leavers in the leaf a customer reaches.
///
/// Numbers are put into at most 255 bins once and splits are searched in histograms of bins.
/// Missing values are tried on both sides of every split and by themselves; where training saw
/// none, they go with the heavier side. Categories that are not one-hot encoded are split into
/// two sets, along an order that each tree takes from rows outside its bag. As in scikit-learn, rows are drawn evenly and then count with their weight, limits
/// on rows count distinct rows, a column without two values among a node's rows is no choice,
/// and a split that gains nothing is still made.
#[derive(Debug, Clone)]
pub struct Forest {
    params: ForestParams,
}

/// A forest and what it learned on the way.
#[derive(Debug, Clone)]
pub struct FittedForest {
    /// The model; its margin is a share ([`Output::Share`]).
    pub predictor: Predictor,
    /// Mean decrease of Gini impurity by matrix column, summing to 1 (to 0 when no split was
    /// made). Favours columns of many values; contributions tell more.
    pub importances: Vec<f64>,
    /// For each training row the mean share of leavers according to the trees that did not see
    /// it, 0..=1; `None` where all saw it.
    pub out_of_bag: Vec<Option<f64>>,
}

impl FittedForest {
    /// Area under the ROC curve of the out-of-bag shares.
    ///
    /// # Errors
    /// [`Error::Metrics`] when no row of one of the classes was out of every bag.
    pub fn out_of_bag_auc(&self, labels: &[bool]) -> Result<f64, Error> {
        Ok(self.out_of_bag_estimate(labels)?.roc_auc)
    }

    /// The forest judged by the trees that did not see a row.
    ///
    /// # Errors
    /// As [`Self::out_of_bag_auc`].
    pub fn out_of_bag_estimate(&self, labels: &[bool]) -> Result<OutOfBagEstimate, Error> {
        let known = labels.iter().zip(&self.out_of_bag);
        let (labels, shares): (Vec<bool>, Vec<f64>) = known
            .filter_map(|(&label, share)| share.map(|share| (label, share)))
            .unzip();
        Ok(OutOfBagEstimate {
            roc_auc: churn_metrics::roc_auc(&labels, &shares)?,
            log_loss: churn_metrics::log_loss(&labels, &shares)?,
            n_rows: labels.len(),
        })
    }
}

/// Which side of the target weights are on.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct SideSums {
    stayed: f64,
    left: f64,
}

/// Whether rows outside the bag are followed down each tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OutOfBag {
    Follow,
    Ignore,
}

impl Trainer for Forest {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Forest
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::to_value(&self.params).unwrap_or_default()
    }

    fn plan_params(&self) -> PlanParams {
        let max_one_hot_levels = self.params.max_one_hot_levels;
        PlanParams {
            categories: CategoryEncoding::Auto { max_one_hot_levels },
            ..PlanParams::trees()
        }
    }

    fn has_rounds(&self) -> bool {
        false
    }

    fn fit(&self, samples: Samples<'_>, _rounds: Rounds<'_>, seed: u64) -> Result<Fitted, Error> {
        let fitted = self.fit_any(samples, seed, OutOfBag::Ignore)?;
        Ok(Fitted {
            predictor: fitted.predictor,
            native: None,
            n_rounds: None,
        })
    }

    fn fit_kept(
        &self,
        samples: Samples<'_>,
        _rounds: Rounds<'_>,
        seed: u64,
    ) -> Result<(Fitted, Option<OutOfBagEstimate>), Error> {
        let fitted = self.fit_forest(samples, seed)?;
        // A forest of few trees may leave no row out of a bag; then there is nothing to say.
        let own = fitted.out_of_bag_estimate(samples.labels).ok();
        let fitted = Fitted {
            predictor: fitted.predictor,
            native: None,
            n_rounds: None,
        };
        Ok((fitted, own))
    }
}

impl Forest {
    /// Fits as [`Trainer::fit`] does, to the same bytes, and keeps importances and the
    /// out-of-bag estimate.
    ///
    /// # Errors
    /// As [`Trainer::fit`]: [`Error::OneClass`], [`Error::NotFinite`] for an infinite value,
    /// [`Error::NotACategory`], [`Error::Weight`].
    pub fn fit_forest(&self, samples: Samples<'_>, seed: u64) -> Result<FittedForest, Error> {
        self.fit_any(samples, seed, OutOfBag::Follow)
    }

    fn fit_any(
        &self,
        samples: Samples<'_>,
        seed: u64,
        out_of_bag: OutOfBag,
    ) -> Result<FittedForest, Error> {
        samples.check()?;
        check_weights(samples)?;
        let bins = Bins::new(samples)?;
        let votes = (out_of_bag == OutOfBag::Follow).then(|| Votes::new(bins.n_rows));
        let params = &self.params;
        let (stayed, left) = params.class_weight.factors(samples);
        let soil = Soil {
            bins: &bins,
            labels: samples.labels,
            weights: samples.weights,
            judge: Judge {
                class_weights: SideSums { stayed, left },
                min_rows: u32::try_from(params.min_samples_leaf).unwrap_or(u32::MAX),
            },
            columns: columns_by_name(samples),
            n_drawn: params
                .max_features
                .count(bins.columns.len())
                .min(bins.columns.len()),
            max_depth: params.max_depth,
            min_split_rows: params
                .min_samples_split
                .max(params.min_samples_leaf.saturating_mul(2)),
            votes: votes.as_ref(),
        };
        let trees = if samples.weights.is_none() && bins.n_rows <= Counts::MAX_ROWS {
            grow_all::<Counts>(&soil, params.n_estimators, seed)
        } else {
            grow_all::<Sums>(&soil, params.n_estimators, seed)
        };
        let importances = mean_importances(&trees, bins.columns.len());
        let n_columns = bins.columns.len();
        drop(bins);
        let nodes: Vec<Vec<Node>> = trees.into_iter().map(|tree| tree.nodes).collect();
        let weight = 1.0 / nodes.len() as f32;
        let weights = vec![weight; nodes.len()];
        let ensemble =
            TreeEnsemble::new(n_columns, 0.0, &nodes, weights)?.with_output(Output::Share)?;
        Ok(FittedForest {
            predictor: Predictor::Trees(ensemble),
            importances,
            out_of_bag: votes.map(Votes::shares).unwrap_or_default(),
        })
    }
}

/// Trees in order of their number, each from a seed of its own, so that the number of threads
/// can't be told from the result.
fn grow_all<T: Tally>(soil: &Soil<'_>, n_trees: usize, seed: u64) -> Vec<Tree> {
    (0..n_trees as u64)
        .into_par_iter()
        .map_init(
            || Grower::<T>::new(soil),
            |grower, tree| grower.grow(derive_seed(seed, "tree", tree)),
        )
        .collect()
}

fn check_weights(samples: Samples<'_>) -> Result<(), Error> {
    let bad = samples
        .weights
        .unwrap_or_default()
        .iter()
        .position(|&weight| !(weight > 0.0 && weight.is_finite()));
    match (bad, samples.weights) {
        (Some(row), Some(weights)) => Err(Error::Weight {
            row,
            value: weights[row],
        }),
        _ => Ok(()),
    }
}

/// Columns are drawn by name, so their order in the matrix can't be told from the result.
fn columns_by_name(samples: Samples<'_>) -> Vec<u32> {
    let mut columns: Vec<u32> = (0..samples.matrix.n_columns() as u32).collect();
    columns.sort_by_key(|&column| &samples.columns[column as usize].name);
    columns
}

/// Each tree counts the same, as in scikit-learn.
fn mean_importances(trees: &[Tree], n_columns: usize) -> Vec<f64> {
    let mut mean = vec![0.0; n_columns];
    for tree in trees {
        let total: f64 = tree.importances.iter().sum();
        if total > 0.0 {
            for (mean, own) in mean.iter_mut().zip(&tree.importances) {
                *mean += own / total;
            }
        }
    }
    let total: f64 = mean.iter().sum();
    if total > 0.0 {
        mean.iter_mut().for_each(|value| *value /= total);
    }
    mean
}
