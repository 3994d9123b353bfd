//! Maximum likelihood for calibrators with two or three parameters.

use churn_ensemble::Calibrator;

use super::Point;
use crate::logistic::{cholesky, sigmoid, softplus};

/// `sigmoid(slope × margin + intercept)`. A falling line is no calibration: then the slope is 0
/// and the base rate remains.
pub(super) fn fit_platt(points: &[Point]) -> Calibrator {
    let [slope, intercept] = fit_line(points, |margin| [margin, 1.0], [1.0, 0.0]);
    if slope > 0.0 && intercept.is_finite() {
        return Calibrator::Platt { slope, intercept };
    }
    Calibrator::Platt {
        slope: 0.0,
        intercept: base_log_odds(points),
    }
}

/// `sigmoid(a × ln p − b × ln(1 − p) + c)`. As its authors say, a factor that comes out negative
/// is set to 0 and the other one fitted alone.
pub(super) fn fit_beta(points: &[Point]) -> Calibrator {
    let (log_p, log_q) = (|m: f64| -softplus(-m), |m: f64| softplus(m));
    let [a, b, c] = fit_line(points, |m| [log_p(m), log_q(m), 1.0], [1.0, 1.0, 0.0]);
    if a >= 0.0 && b >= 0.0 && c.is_finite() {
        return Calibrator::Beta { a, b, c };
    }
    if a < 0.0 {
        let [b, c] = fit_line(points, |m| [log_q(m), 1.0], [1.0, 0.0]);
        if b >= 0.0 && c.is_finite() {
            return Calibrator::Beta { a: 0.0, b, c };
        }
    } else {
        let [a, c] = fit_line(points, |m| [log_p(m), 1.0], [1.0, 0.0]);
        if a >= 0.0 && c.is_finite() {
            return Calibrator::Beta { a, b: 0.0, c };
        }
    }
    Calibrator::Beta {
        a: 0.0,
        b: 0.0,
        c: base_log_odds(points),
    }
}

/// Log-odds of the share that left, with the rule of succession.
fn base_log_odds(points: &[Point]) -> f64 {
    let left: f64 = points.iter().map(|point| point.left).sum();
    let rows: f64 = points.iter().map(|point| point.rows).sum();
    ((left + 0.5) / (rows - left + 0.5)).ln()
}

/// Rounds of Newton's method; it ends by its own after five to ten.
const MAX_ROUNDS: usize = 100;

/// Coefficients of `basis` of greatest likelihood, by Newton's method with step halving.
fn fit_line<const N: usize>(
    points: &[Point],
    basis: impl Fn(f64) -> [f64; N],
    start: [f64; N],
) -> [f64; N] {
    let rows: Vec<([f64; N], f64, f64)> = points
        .iter()
        .map(|point| (basis(point.margin), point.left, point.rows))
        .collect();
    let n: f64 = points.iter().map(|point| point.rows).sum();
    let dot = |x: &[f64; N], w: &[f64; N]| x.iter().zip(w).map(|(x, w)| x * w).sum::<f64>();
    let loss = |w: &[f64; N]| {
        let sum = rows.iter().map(|(x, left, rows)| {
            let z = dot(x, w);
            left * softplus(-z) + (rows - left) * softplus(z)
        });
        sum.sum::<f64>() / n.max(1.0)
    };
    let mut found = start;
    let mut current = loss(&found);
    for _ in 0..MAX_ROUNDS {
        let mut gradient = [0.0; N];
        let mut hessian = vec![0.0; N * N];
        for (x, left, rows) in &rows {
            let p = sigmoid(dot(x, &found));
            let (slope, curve) = (rows * p - left, rows * p * (1.0 - p));
            for i in 0..N {
                gradient[i] += slope * x[i];
                for j in 0..=i {
                    hessian[i * N + j] += curve * x[i] * x[j];
                }
            }
        }
        // A trace of ridge on the step alone: directions the rows say nothing of stay put.
        for i in 0..N {
            hessian[i * N + i] *= 1.0 + 1e-10;
        }
        if cholesky::solve(&mut hessian, &mut gradient).is_none() {
            break;
        }
        let moved = |length: f64| std::array::from_fn(|i| found[i] - length * gradient[i]);
        let mut length = 1.0;
        while length > 1e-6 && loss(&moved(length)) > current {
            length *= 0.5;
        }
        let next: [f64; N] = moved(length);
        let next_loss = loss(&next);
        if next_loss > current {
            break;
        }
        // Separated rows have no greatest likelihood: parameters grow for ever, to no effect.
        let gained = current - next_loss;
        let largest = gradient
            .iter()
            .fold(0.0_f64, |most, step| most.max(step.abs()));
        (found, current) = (next, next_loss);
        if length * largest < 1e-10 || gained < 1e-14 {
            break;
        }
    }
    found
}
