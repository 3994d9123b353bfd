//! Gauss-Legendre points: integrals of polynomials over 0..1, exact to rounding.

use std::f64::consts::PI;

/// One point of a rule: position within 0..1 and weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) position: f64,
    pub(crate) weight: f64,
}

/// The rules for paths of up to so many steps, made once.
#[derive(Debug)]
pub(crate) struct Rules(Vec<Vec<Point>>);

impl Rules {
    pub(crate) fn new(most_steps: usize) -> Self {
        Self((0..=most_steps.div_ceil(2)).map(gauss_legendre).collect())
    }

    /// The smallest rule that is exact for a path of `n_steps`, which is no longer than the
    /// longest.
    pub(crate) fn of(&self, n_steps: usize) -> &[Point] {
        &self.0[n_steps.div_ceil(2)]
    }
}

/// The rule of `n_points` points; exact for polynomials of degree `2 × n_points − 1`.
fn gauss_legendre(n_points: usize) -> Vec<Point> {
    (0..n_points)
        .map(|index| {
            let n = float(n_points);
            // The known starting guess, from which Newton's method converges.
            let mut x = (PI * (float(index) + 0.75) / (n + 0.5)).cos();
            for _ in 0..100 {
                let (value, slope) = legendre(n_points, x);
                let step = value / slope;
                x -= step;
                if step.abs() < 1e-16 {
                    break;
                }
            }
            let (_, slope) = legendre(n_points, x);
            let weight = 1.0 / ((1.0 - x * x) * slope * slope);
            Point {
                position: 0.5 * (1.0 - x),
                weight,
            }
        })
        .collect()
}

/// The Legendre polynomial of `degree` (at least 1) and its slope at `x`.
fn legendre(degree: usize, x: f64) -> (f64, f64) {
    let (mut previous, mut value) = (1.0, x);
    for k in 2..=degree {
        let k = float(k);
        (previous, value) = (
            value,
            ((2.0 * k - 1.0) * x * value - (k - 1.0) * previous) / k,
        );
    }
    (
        value,
        float(degree) * (x * value - previous) / (x * x - 1.0),
    )
}

#[expect(
    clippy::cast_precision_loss,
    reason = "paths are far shorter than 2^52"
)]
fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::gauss_legendre;

    #[test]
    fn powers_are_integrated_exactly() {
        for n_points in [1_usize, 2, 3, 7, 64, 256] {
            let rule = gauss_legendre(n_points);
            for power in [0, 1, n_points, 2 * n_points - 1] {
                let power = i32::try_from(power).unwrap();
                let integral: f64 = rule
                    .iter()
                    .map(|point| point.weight * point.position.powi(power))
                    .sum();
                let expected = 1.0 / (f64::from(power) + 1.0);
                assert!(
                    (integral - expected).abs() < 1e-14,
                    "{n_points} points, power {power}: {integral}"
                );
            }
        }
    }
}
