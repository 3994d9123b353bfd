//! The least of a quadratic over weights that are not negative, found exactly.

use super::Combination;
use crate::logistic::cholesky;

/// `½ xᵀ H x + gᵀ x` over the weights of the members and what comes behind them (an
/// intercept, or nothing).
pub(super) struct Quadratic {
    /// Entries of `x` that may not be negative; they come first.
    pub(super) n_weights: usize,
    /// `H`, full, row-major.
    pub(super) curvature: Vec<f64>,
    /// `g`.
    pub(super) gradient: Vec<f64>,
}

impl Quadratic {
    /// The least value among weights of at least 0 (for a blend, that sum to 1).
    ///
    /// The weights above 0 at the least solve the problem without bounds on their own, so
    /// solving it for every subset of members and comparing finds the least exactly; there are
    /// few families, so there are few subsets. Subsets whose margins are multiples of each other
    /// have no single solution and are left out: a smaller subset is as good. `None` when nothing
    /// can be solved, because every margin is constant.
    pub(super) fn least(&self, combination: Combination) -> Option<Vec<f64>> {
        let mut best: Option<(f64, Vec<f64>)> = None;
        for subset in 0..1_usize << self.n_weights {
            let is_in = |index: usize| index >= self.n_weights || subset >> index & 1 == 1;
            let chosen: Vec<usize> = (0..self.gradient.len()).filter(|&i| is_in(i)).collect();
            let solved = match combination {
                Combination::Stack => self.solve(&chosen, |index| -self.gradient[index]),
                Combination::Blend => self.solve_sum_to_one(&chosen),
            };
            let Some(solved) = solved else { continue };
            let mut point = vec![0.0; self.gradient.len()];
            for (&index, value) in chosen.iter().zip(solved) {
                point[index] = value;
            }
            if point[..self.n_weights].iter().any(|&weight| weight < 0.0) {
                continue;
            }
            let value = self.value(&point);
            if best.as_ref().is_none_or(|(least, _)| value < *least) {
                best = Some((value, point));
            }
        }
        best.map(|(_, point)| point)
    }

    /// Solves `H x = right` on the chosen entries.
    fn solve(&self, chosen: &[usize], right: impl Fn(usize) -> f64) -> Option<Vec<f64>> {
        let width = self.gradient.len();
        let entry = |a: usize, b: usize| self.curvature[a * width + b];
        let mut matrix: Vec<f64> = Vec::with_capacity(chosen.len() * chosen.len());
        for (row, &a) in chosen.iter().enumerate() {
            for (column, &b) in chosen.iter().enumerate() {
                // Rounding must not make a solution out of margins that are the same.
                let ridge = if row == column {
                    1e-10 * entry(a, a)
                } else {
                    0.0
                };
                matrix.push(entry(a, b) + ridge);
            }
        }
        let mut solution: Vec<f64> = chosen.iter().map(|&index| right(index)).collect();
        cholesky::solve(&mut matrix, &mut solution)?;
        Some(solution)
    }

    /// The least on the chosen entries that sum to 1, by Lagrange's multiplier.
    fn solve_sum_to_one(&self, chosen: &[usize]) -> Option<Vec<f64>> {
        let free = self.solve(chosen, |index| -self.gradient[index])?;
        let pull = self.solve(chosen, |_| 1.0)?;
        let multiplier = (free.iter().sum::<f64>() - 1.0) / pull.iter().sum::<f64>();
        if !multiplier.is_finite() {
            return None;
        }
        let pairs = free.iter().zip(&pull);
        Some(pairs.map(|(x, pull)| x - multiplier * pull).collect())
    }

    fn value(&self, point: &[f64]) -> f64 {
        let width = point.len();
        let lines = self.curvature.chunks_exact(width);
        let terms = lines.zip(&self.gradient).zip(point).map(|((line, g), x)| {
            let bend: f64 = line.iter().zip(point).map(|(h, y)| h * y).sum();
            x * (0.5 * bend + g)
        });
        terms.sum()
    }
}
