//! Newton's method, proximal where there is an L1 part.

use super::{
    LogisticParams, cholesky,
    objective::{Derivatives, Problem},
};
use crate::Error;

/// Most passes of coordinate descent on one quadratic model.
const MAX_PASSES: usize = 1_000;

/// A step is idle when it lowers the loss by less than this share of it: less than rounding.
const IDLE_GAIN: f64 = 1e-12;

/// Idle steps in a row after which the minimum is found. Columns that say the same thing leave
/// the loss flat along a direction, and steps along it never get short.
const MAX_IDLE_STEPS: usize = 3;

/// When the steps have run out, the point is taken all the same if the last step lowered the loss
/// by less than this share of it: along a nearly flat direction coefficients still move, what is
/// predicted does not.
const SETTLED_GAIN: f64 = 1e-7;

/// The minimiser: one coefficient per feature, then the intercept.
pub(super) fn solve(problem: &Problem<'_>, params: &LogisticParams) -> Result<Vec<f64>, Error> {
    let l1 = params.l1_ratio;
    let mut point = problem.start();
    let mut loss = total_loss(problem, &point, l1);
    let mut moved = f64::INFINITY;
    let (mut n_idle, mut gain) = (0, f64::INFINITY);
    for _ in 0..params.max_iterations {
        let derivatives = problem.derivatives(&point);
        let step = if l1 > 0.0 {
            lasso_step(derivatives, &point, l1, params.tolerance)
        } else {
            newton_step(derivatives, params)?
        };
        // Halve the step until the loss falls; at the optimum rounding may keep it from falling,
        // and then the step is tiny anyway.
        let mut length = 1.0;
        loop {
            let trial: Vec<f64> = point
                .iter()
                .zip(&step)
                .map(|(b, d)| b + length * d)
                .collect();
            let trial_loss = total_loss(problem, &trial, l1);
            if trial_loss <= loss || length < 1e-10 {
                moved = step
                    .iter()
                    .fold(0.0_f64, |most, d| most.max((length * d).abs()));
                gain = (loss - trial_loss) / loss.abs();
                n_idle = if gain <= IDLE_GAIN { n_idle + 1 } else { 0 };
                point = trial;
                loss = trial_loss;
                break;
            }
            length *= 0.5;
        }
        if moved <= params.tolerance || n_idle >= MAX_IDLE_STEPS {
            return Ok(point);
        }
    }
    if gain <= SETTLED_GAIN {
        return Ok(point);
    }
    Err(Error::NotConverged {
        iterations: params.max_iterations,
        step: moved,
    })
}

fn total_loss(problem: &Problem<'_>, point: &[f64], l1: f64) -> f64 {
    let absolute: f64 = point[..problem.n_features()].iter().map(|b| b.abs()).sum();
    problem.smooth_loss(point) + l1 * absolute
}

fn newton_step(derivatives: Derivatives, params: &LogisticParams) -> Result<Vec<f64>, Error> {
    let Derivatives {
        mut gradient,
        mut hessian,
    } = derivatives;
    gradient.iter_mut().for_each(|g| *g = -*g);
    cholesky::solve(&mut hessian, &mut gradient)
        .map(|()| gradient)
        .ok_or(Error::NotConverged {
            iterations: params.max_iterations,
            step: f64::NAN,
        })
}

/// Minimises the quadratic model plus `l1 ‖β‖₁` by cyclic coordinate descent.
fn lasso_step(derivatives: Derivatives, point: &[f64], l1: f64, tolerance: f64) -> Vec<f64> {
    let Derivatives { gradient, hessian } = derivatives;
    let width = gradient.len();
    let entry = |row: usize, column: usize| {
        if row >= column {
            hessian[row * width + column]
        } else {
            hessian[column * width + row]
        }
    };
    let mut step = vec![0.0; width];
    // Slope of the quadratic model at `step`, kept up to date as coordinates move.
    let mut slope = gradient;
    for _ in 0..MAX_PASSES {
        let mut most = 0.0_f64;
        for feature in 0..width {
            let curve = entry(feature, feature);
            if curve <= 0.0 {
                continue;
            }
            let now = point[feature] + step[feature];
            let target = now - slope[feature] / curve;
            let penalty = if feature + 1 == width {
                0.0
            } else {
                l1 / curve
            };
            let change = soft_threshold(target, penalty) - now;
            if change != 0.0 {
                step[feature] += change;
                most = most.max(change.abs());
                for (other, value) in slope.iter_mut().enumerate() {
                    *value += change * entry(other, feature);
                }
            }
        }
        if most <= tolerance * 0.1 {
            break;
        }
    }
    step
}

fn soft_threshold(x: f64, by: f64) -> f64 {
    if x > by {
        x - by
    } else if x < -by {
        x + by
    } else {
        0.0
    }
}
