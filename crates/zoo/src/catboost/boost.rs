//! The boosting loop.

use super::{
    BoostingType, CatboostParams,
    fold::{Fold, Split, ordered_segments},
    histogram::{Partition, Units},
    leaves::{estimate, leaves_of},
    projection::BucketStore,
    quantized::Quantized,
    random::Random,
    sampling::sample,
    score::Scoring,
    search::{Growth, Known},
    tables::Tables,
};
use crate::derive_seed;

/// A tree with its leaves.
pub(super) struct Tree {
    pub(super) splits: Vec<Split>,
    /// Log-odds, shrunken.
    pub(super) values: Vec<f64>,
    /// Training weight.
    pub(super) weights: Vec<f64>,
}

/// A finished model in the trainer's own terms.
pub(super) struct Boosted {
    pub(super) trees: Vec<Tree>,
    pub(super) bias: f64,
}

/// Labels and weights of the rows boosting looks at.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) labels: &'a [bool],
    pub(super) weights: Option<&'a [f32]>,
}

/// When to stop.
pub(super) enum Stop<'a> {
    After(usize),
    /// When the loss on the judge rows has not fallen for some trees; only those up to the best
    /// are kept.
    UntilBestOn(Target<'a>),
}

/// Grows trees until told to stop.
pub(super) fn boost(
    data: &Quantized,
    train: Target<'_>,
    stop: &Stop<'_>,
    params: &CatboostParams,
    seed: u64,
    store: &mut BucketStore,
    tables: &mut Tables<'_>,
) -> Boosted {
    let bias = if params.boost_from_average {
        mean_log_odds(train)
    } else {
        0.0
    };
    // The penalty is for rows of weight 1: only ratios of weights matter.
    let params = &CatboostParams {
        l2_leaf_reg: params.l2_leaf_reg * mean_weight(train),
        ..params.clone()
    };
    let mut folds = folds(data, train, params, bias, seed);
    let mut known = Known {
        store: std::mem::replace(store, BucketStore::new()),
        used: std::collections::BTreeSet::new(),
        rooms: Vec::new(),
    };
    let mut random = Random::new(derive_seed(seed, "catboost trees", 0));
    let mut boosted = Boosted {
        trees: Vec::new(),
        bias,
    };
    let mut judge = match stop {
        Stop::After(_) => None,
        Stop::UntilBestOn(target) => Some(Judge::new(*target, bias)),
    };
    let most = match stop {
        Stop::After(n_trees) => *n_trees,
        Stop::UntilBestOn(_) => params.iterations,
    };
    while boosted.trees.len() < most {
        if known.store.trim() {
            folds.iter().for_each(Fold::trim);
        }
        let n_learning = folds.len().saturating_sub(1).max(1);
        let taken = random.below(n_learning);
        let splits = grow(
            data,
            &folds[taken],
            params,
            &boosted.trees,
            &mut random,
            &mut known,
        );
        let tree = add_tree(data, &mut folds, splits, params, &mut known.store);
        let go_on = judge.as_mut().is_none_or(|judge| {
            let leaves = tables.judge_leaves(data, &tree.splits, &mut known.store);
            judge.add(&leaves, &tree.values);
            judge.goes_on(params.early_stopping_rounds.unwrap_or(usize::MAX))
        });
        boosted.trees.push(tree);
        if !go_on {
            break;
        }
    }
    if let Some(judge) = judge {
        boosted.trees.truncate(judge.best.1);
    }
    *store = known.store;
    boosted
}

fn mean_weight(train: Target<'_>) -> f64 {
    train.weights.map_or(1.0, |weights| {
        weights.iter().map(|&weight| f64::from(weight)).sum::<f64>() / weights.len() as f64
    })
}

fn mean_log_odds(train: Target<'_>) -> f64 {
    let (mut good, mut total) = (0.0, 0.0);
    for (row, &label) in train.labels.iter().enumerate() {
        let weight = train.weights.map_or(1.0, |weights| f64::from(weights[row]));
        good += f64::from(u8::from(label)) * weight;
        total += weight;
    }
    (good / (total - good)).ln()
}

/// The random orders: those trees are grown in, then the one leaf values come from. Where nothing
/// depends on an order there is one, the data's own.
fn folds(
    data: &Quantized,
    train: Target<'_>,
    params: &CatboostParams,
    bias: f64,
    seed: u64,
) -> Vec<Fold> {
    let n_rows = data.n_train;
    let is_ordered = params.boosting_type == BoostingType::Ordered;
    let whole = vec![(n_rows, n_rows)];
    let fold = |order: Vec<u32>, segments: &[(usize, usize)]| {
        Fold::new(data, order, train.labels, train.weights, bias, segments)
    };
    if data.wide.is_empty() && !is_ordered {
        return vec![fold((0..n_rows as u32).collect(), &whole)];
    }
    let segments = if is_ordered {
        ordered_segments(n_rows)
    } else {
        whole.clone()
    };
    let n_folds = params.permutation_count;
    (0..n_folds)
        .map(|number| {
            let seed = derive_seed(seed, "catboost order", number as u64);
            let order = Random::new(seed).permutation(n_rows);
            let is_last = number + 1 == n_folds;
            fold(order, if is_last { &whole } else { &segments })
        })
        .collect()
}

/// Finds the splits of the next tree in one order.
fn grow(
    data: &Quantized,
    fold: &Fold,
    params: &CatboostParams,
    trees: &[Tree],
    random: &mut Random,
    known: &mut Known,
) -> Vec<Split> {
    let is_ordered = fold.segments.len() > 1 || fold.segments.iter().any(|s| s.body < s.tail);
    // What a row's gradient is when it is judged: from the model that has not seen it.
    let mut gradients = vec![0.0; fold.n_rows()];
    let mut n_judged = 0;
    for segment in &fold.segments {
        let from = if is_ordered { segment.body } else { 0 };
        n_judged += segment.tail - from;
        let judged = gradients[from..segment.tail].iter_mut();
        for (position, slot) in (from..).zip(judged) {
            *slot = gradient(fold, &segment.odds, position);
        }
    }
    let squares: f64 = gradients.iter().map(|g| g * g).sum();
    let noise = params.random_strength
        * (squares / n_judged.max(1) as f64).sqrt()
        * fading(
            fold.n_rows(),
            trees.len() as f64 * params.rate(data.n_train),
        );
    let sampled = sample(&gradients, params, spread(&gradients, trees), random);
    let (rows, gradients, weights, ranges) = if is_ordered {
        ordered_roots(fold, &gradients, &sampled)
    } else {
        plain_root(fold, &gradients, &sampled)
    };
    let (units, packed) = Units::pack(&gradients, &weights);
    let growth = Growth {
        data,
        fold,
        params,
        scoring: Scoring {
            units,
            l2: params.l2_leaf_reg,
            function: params.score_function,
            noise,
            is_ordered,
        },
        partition: Partition {
            rows,
            packed,
            ranges,
        },
        random: Random::new(random.next()),
    };
    growth.grow(known)
}

fn gradient(fold: &Fold, odds: &[f64], position: usize) -> f64 {
    let odds = odds[position];
    let gradient = f64::from(fold.labels[position]) - odds / (1.0 + odds);
    match &fold.weights {
        None => gradient,
        Some(weights) => gradient * f64::from(weights[position]),
    }
}

/// How much of the noise is left at a model length (trees × learning rate).
fn fading(n_rows: usize, length: f64) -> f64 {
    let left = ((n_rows as f64).ln() - length).exp();
    left / (1.0 + left)
}

/// What minimal variance sampling adds to squared gradients: the square of the mean gradient at
/// first, of the mean leaf value later.
fn spread(gradients: &[f64], trees: &[Tree]) -> f64 {
    let values = trees.last().map_or(gradients, |tree| &tree.values);
    let sum: f64 = values.iter().map(|value| value.abs()).sum();
    (sum / values.len().max(1) as f64).powi(2)
}

/// Rows, gradients, weights, ranges of roots.
type Roots = (Vec<u32>, Vec<f64>, Vec<f64>, Vec<(usize, usize)>);

fn plain_root(fold: &Fold, gradients: &[f64], sampled: &[f64]) -> Roots {
    let (mut rows, mut all, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    for (position, &sampled) in sampled.iter().enumerate() {
        if sampled > 0.0 {
            rows.push(position as u32);
            all.push(gradients[position] * sampled);
            weights.push(sampled * row_weight(fold, position));
        }
    }
    let n_rows = rows.len();
    (rows, all, weights, vec![(0, n_rows)])
}

/// Two roots per segment: its body, unsampled, then its tail.
fn ordered_roots(fold: &Fold, gradients: &[f64], sampled: &[f64]) -> Roots {
    let (mut rows, mut all, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    let mut ranges = Vec::new();
    for segment in &fold.segments {
        let start = rows.len();
        for position in 0..segment.body {
            rows.push(position as u32);
            all.push(gradient(fold, &segment.odds, position));
            weights.push(row_weight(fold, position));
        }
        ranges.push((start, rows.len()));
        let start = rows.len();
        for position in segment.body..segment.tail {
            if sampled[position] > 0.0 {
                rows.push(position as u32);
                all.push(gradients[position] * sampled[position]);
                weights.push(sampled[position] * row_weight(fold, position));
            }
        }
        ranges.push((start, rows.len()));
    }
    (rows, all, weights, ranges)
}

fn row_weight(fold: &Fold, position: usize) -> f64 {
    fold.weights
        .as_ref()
        .map_or(1.0, |weights| f64::from(weights[position]))
}

/// Gives the tree leaf values in every order and moves the models on. The last order's values are
/// the tree's.
fn add_tree(
    data: &Quantized,
    folds: &mut [Fold],
    splits: Vec<Split>,
    params: &CatboostParams,
    store: &mut BucketStore,
) -> Tree {
    let rate = params.rate(data.n_train);
    let n_leaves = 1 << splits.len();
    let mut last = (vec![0.0; n_leaves], vec![0.0; n_leaves]);
    for fold in folds {
        let leaves = leaves_of(fold, data, &splits, store);
        let mut segments = std::mem::take(&mut fold.segments);
        for segment in &mut segments {
            let found = estimate(fold, &segment.odds, &leaves, n_leaves, segment.body, params);
            let values: Vec<f64> = found.values.iter().map(|value| value * rate).collect();
            let factors: Vec<f64> = values.iter().map(|value| value.exp()).collect();
            for (odds, &leaf) in segment.odds.iter_mut().zip(&leaves) {
                // Far beyond any certainty, and far from overflow.
                *odds = (*odds * factors[usize::from(leaf)]).clamp(1e-100, 1e100);
            }
            last = (values, found.weights);
        }
        fold.segments = segments;
    }
    let (values, weights) = last;
    Tree {
        splits,
        values,
        weights,
    }
}

/// Rows early stopping looks at.
struct Judge<'a> {
    target: Target<'a>,
    margins: Vec<f64>,
    /// Trees added.
    n_trees: usize,
    /// Least loss and the number of trees that gave it.
    best: (f64, usize),
}

impl<'a> Judge<'a> {
    fn new(target: Target<'a>, bias: f64) -> Self {
        Self {
            margins: vec![bias; target.labels.len()],
            target,
            n_trees: 0,
            best: (f64::INFINITY, 1),
        }
    }

    fn add(&mut self, leaves: &[u16], values: &[f64]) {
        for (margin, &leaf) in self.margins.iter_mut().zip(leaves) {
            *margin += values[usize::from(leaf)];
        }
        self.n_trees += 1;
        let loss = self.loss();
        if loss < self.best.0 {
            self.best = (loss, self.n_trees);
        }
    }

    /// Summed log loss.
    fn loss(&self) -> f64 {
        let rows = self.margins.iter().zip(self.target.labels).enumerate();
        rows.map(|(row, (&margin, &label))| {
            let signed = if label { -margin } else { margin };
            // ln(1 + e^x) without overflow.
            let loss = signed.max(0.0) + (-signed.abs()).exp().ln_1p();
            loss * self
                .target
                .weights
                .map_or(1.0, |weights| f64::from(weights[row]))
        })
        .sum()
    }

    fn goes_on(&self, patience: usize) -> bool {
        self.n_trees - self.best.1 < patience
    }
}
