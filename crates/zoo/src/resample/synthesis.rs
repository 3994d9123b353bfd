//! From neighbours to synthetic rows.

use churn_features::Matrix;
use rand::{Rng, RngExt};

use super::layout::Layout;
use crate::Error;

/// Where a synthetic row comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Draw {
    /// Index into the rows of the rarer class.
    pub(super) base: usize,
    /// Which of its neighbours, from 0.
    pub(super) neighbour: usize,
    /// How far towards it, in 0..1.
    pub(super) step: f64,
}

/// `n_new` draws, each pair of a row and a neighbour as likely.
pub(super) fn draw(n_rows: usize, k: usize, n_new: usize, rng: &mut impl Rng) -> Vec<Draw> {
    let one = |_| Draw {
        base: rng.random_range(0..n_rows),
        neighbour: rng.random_range(0..k),
        step: rng.random(),
    };
    (0..n_new).map(one).collect()
}

/// About `n_new` draws: each row gets a part in proportion to its share of neighbours of the
/// other class, rounded to whole rows (halves to even).
pub(super) fn draw_by_shares(
    shares: &[f64],
    k: usize,
    n_new: usize,
    rng: &mut impl Rng,
) -> Result<Vec<Draw>, Error> {
    let counts = rows_by_shares(shares, n_new)?;
    let mut draws = Vec::with_capacity(n_new);
    for (base, count) in counts.into_iter().enumerate() {
        for _ in 0..count {
            draws.push(Draw {
                base,
                neighbour: rng.random_range(0..k),
                step: rng.random(),
            });
        }
    }
    Ok(draws)
}

/// Synthetic rows per row of the rarer class.
pub(super) fn rows_by_shares(shares: &[f64], n_new: usize) -> Result<Vec<usize>, Error> {
    let sum: f64 = shares.iter().sum();
    if sum <= 0.0 {
        return Err(Error::Resampling {
            fault: "no row of the rarer class has a neighbour of the other, so adasyn has nowhere to put rows; use smote_nc".to_owned(),
        });
    }
    Ok(shares
        .iter()
        .map(|share| (share / sum * n_new as f64).round_ties_even() as usize)
        .collect())
}

/// Rows of the rarer class and their neighbours.
#[derive(Clone, Copy)]
pub(super) struct Near<'a> {
    pub(super) matrix: &'a Matrix,
    /// Rows of the rarer class.
    pub(super) minority: &'a [usize],
    /// `minority.len() × k`, indices into `minority`.
    pub(super) neighbours: &'a [u32],
    pub(super) k: usize,
}

/// What becomes of categories.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Categories {
    /// Their indicators are blended like numbers.
    Blend,
    /// The most frequent one among the neighbours; of several, one is drawn.
    Vote,
}

/// The rows, row-major, as wide as the matrix.
pub(super) fn make(
    near: Near<'_>,
    layout: &Layout,
    categories: Categories,
    draws: &[Draw],
    rng: &mut impl Rng,
) -> Vec<f32> {
    let Near {
        matrix,
        minority,
        neighbours,
        k,
    } = near;
    let mut made = Vec::with_capacity(draws.len() * matrix.n_columns());
    for draw in draws {
        let around = &neighbours[draw.base * k..(draw.base + 1) * k];
        let base = matrix.row(minority[draw.base]);
        let towards = matrix.row(minority[around[draw.neighbour] as usize]);
        let start = made.len();
        made.extend_from_slice(base);
        let row = &mut made[start..];
        for number in &layout.numbers {
            row[number.column] = between(base[number.column], towards[number.column], draw.step);
        }
        for nominal in &layout.nominals {
            if categories == Categories::Blend {
                for &column in &nominal.columns {
                    row[column] = between(base[column], towards[column], draw.step);
                }
                continue;
            }
            let levels = around.iter().map(|&other| {
                let other = matrix.row(minority[other as usize]);
                nominal
                    .columns
                    .iter()
                    .map(move |&column| other[column])
                    .collect::<Vec<f32>>()
            });
            let level = most_frequent(levels.collect(), rng);
            for (&column, value) in nominal.columns.iter().zip(level) {
                row[column] = value;
            }
        }
    }
    made
}

/// A value `step` of the way from `a` to `b`; where one is missing there is no way to go.
fn between(a: f32, b: f32, step: f64) -> f32 {
    if a.is_nan() || b.is_nan() {
        return a;
    }
    (f64::from(a) + step * (f64::from(b) - f64::from(a))) as f32
}

/// The level that comes most often; one of them at random when several do.
fn most_frequent(levels: Vec<Vec<f32>>, rng: &mut impl Rng) -> Vec<f32> {
    let same = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(x, y)| x.to_bits() == y.to_bits());
    let mut counts: Vec<(Vec<f32>, usize)> = Vec::new();
    for level in levels {
        match counts.iter_mut().find(|(other, _)| same(other, &level)) {
            Some((_, count)) => *count += 1,
            None => counts.push((level, 1)),
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
    counts.retain(|(_, count)| *count == most);
    let chosen = if counts.len() > 1 {
        rng.random_range(0..counts.len())
    } else {
        0
    };
    if counts.is_empty() {
        Vec::new()
    } else {
        counts.swap_remove(chosen).0
    }
}
