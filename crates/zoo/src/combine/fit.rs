//! Fitting weights: the least log loss with none of them negative.

use churn_ensemble::Calibrator;

use super::{Combination, quadratic::Quadratic};
use crate::{
    calibrate::CalibratorKind,
    logistic::{sigmoid, softplus},
};

/// Newton steps; a handful are enough.
const MAX_STEPS: usize = 50;
/// A step that moves no log-odds by more than this is the last.
const TOLERANCE: f64 = 1e-10;

/// Weights of a combination: `intercept + Σ weight × member margin`, in log-odds.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// Log-odds before any member.
    pub intercept: f64,
    /// One per member, at least 0, on the member's own scale.
    pub weights: Vec<f64>,
    /// How much of the combination each member is: weight times the standard deviation of its
    /// margins, as a share of the sum. 0..=1, sums to 1 (all 0 when nothing has a weight).
    pub shares: Vec<f64>,
}

impl Weights {
    /// The combined margins of rows; one list of own-scale margins per member.
    #[must_use]
    pub fn margins(&self, members: &[&[f64]]) -> Vec<f64> {
        let n_rows = members.first().map_or(0, |margins| margins.len());
        let mut sums = vec![self.intercept; n_rows];
        for (weight, margins) in self.weights.iter().zip(members) {
            for (sum, margin) in sums.iter_mut().zip(*margins) {
                *sum += weight * margin;
            }
        }
        sums
    }
}

impl Combination {
    /// The weights of least log loss on out-of-fold `margins`, one list per member, each on the
    /// member's own scale.
    #[must_use]
    pub fn fit(self, margins: &[Vec<f64>], labels: &[bool]) -> Weights {
        let spreads: Vec<Line> = margins
            .iter()
            .map(|margins| Line::spread(margins))
            .collect();
        let lines: Vec<Line> = match self {
            Self::Blend => margins.iter().map(|m| Line::platt(m, labels)).collect(),
            // Only so that the solver meets numbers of like size.
            Self::Stack => spreads.clone(),
        };
        let values: Vec<Vec<f64>> = margins
            .iter()
            .zip(&lines)
            .map(|(margins, line)| margins.iter().map(|&margin| line.at(margin)).collect())
            .collect();
        let problem = Problem {
            combination: self,
            values: &values,
            labels,
        };
        let point = problem.solve();
        let intercept = match self {
            Self::Blend => 0.0,
            Self::Stack => point[margins.len()],
        };
        let weights: Vec<f64> = point
            .iter()
            .zip(&lines)
            .map(|(w, line)| w * line.slope)
            .collect();
        let moved = point.iter().zip(&lines).map(|(w, line)| w * line.intercept);
        let intercept = moved.fold(intercept, |sum, moved| sum + moved);
        let parts: Vec<f64> = weights
            .iter()
            .zip(&spreads)
            .map(|(weight, spread)| weight / spread.slope)
            .collect();
        let total: f64 = parts.iter().sum();
        let share = |part: &f64| if total > 0.0 { part / total } else { 0.0 };
        Weights {
            intercept,
            weights,
            shares: parts.iter().map(share).collect(),
        }
    }
}

/// A rising line from a member's margin to the value the solver sees.
#[derive(Debug, Clone, Copy)]
struct Line {
    slope: f64,
    intercept: f64,
}

impl Line {
    /// To mean 0 and standard deviation 1.
    fn spread(margins: &[f64]) -> Self {
        let n = margins.len().max(1) as f64;
        let mean = margins.iter().sum::<f64>() / n;
        let variance = margins.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / n;
        let deviation = variance.sqrt();
        let slope = if deviation > 0.0 {
            1.0 / deviation
        } else {
            1.0
        };
        Self {
            slope,
            intercept: -mean * slope,
        }
    }

    /// To log-odds.
    fn platt(margins: &[f64], labels: &[bool]) -> Self {
        match CalibratorKind::Platt.fit(margins, labels) {
            Calibrator::Platt { slope, intercept } => Self { slope, intercept },
            // The fit of this form gives no other.
            _ => Self {
                slope: 1.0,
                intercept: 0.0,
            },
        }
    }

    fn at(self, margin: f64) -> f64 {
        self.slope * margin + self.intercept
    }
}

/// Log loss over weights, and for a stack the intercept behind them.
struct Problem<'a> {
    combination: Combination,
    values: &'a [Vec<f64>],
    labels: &'a [bool],
}

impl Problem<'_> {
    /// Newton's method; each step goes to the least of the quadratic model among weights that
    /// are allowed, so every point on the way is allowed too.
    fn solve(&self) -> Vec<f64> {
        let mut point = self.start();
        let mut loss = self.loss(&point);
        for _ in 0..MAX_STEPS {
            let Some(target) = self.quadratic(&point).least(self.combination) else {
                break;
            };
            let mut length = 1.0;
            let (trial, trial_loss) = loop {
                let between = point.iter().zip(&target);
                let trial: Vec<f64> = between.map(|(a, b)| a + length * (b - a)).collect();
                let trial_loss = self.loss(&trial);
                if trial_loss <= loss || length < 1e-6 {
                    break (trial, trial_loss);
                }
                length *= 0.5;
            };
            let moves = point.iter().zip(&trial).map(|(a, b)| (a - b).abs());
            let moved = moves.fold(0.0, f64::max);
            if trial_loss > loss {
                break;
            }
            (point, loss) = (trial, trial_loss);
            if moved <= TOLERANCE {
                break;
            }
        }
        point
    }

    /// All members alike.
    fn start(&self) -> Vec<f64> {
        let n = self.values.len();
        let mut point = vec![1.0 / n as f64; n];
        if self.combination == Combination::Stack {
            let left = self.labels.iter().filter(|&&label| label).count() as f64;
            let rate = (left + 0.5) / (self.labels.len() as f64 + 1.0);
            point.push((rate / (1.0 - rate)).ln());
        }
        point
    }

    fn margin(&self, row: usize, point: &[f64]) -> f64 {
        let intercept = point.get(self.values.len()).copied().unwrap_or(0.0);
        let members = self.values.iter().zip(point);
        members.fold(intercept, |sum, (values, weight)| {
            sum + weight * values[row]
        })
    }

    fn loss(&self, point: &[f64]) -> f64 {
        let rows = self.labels.iter().enumerate();
        rows.map(|(row, &label)| {
            let margin = self.margin(row, point);
            softplus(if label { -margin } else { margin })
        })
        .sum()
    }

    /// The quadratic model of the loss around `point`.
    fn quadratic(&self, point: &[f64]) -> Quadratic {
        let width = point.len();
        let mut gradient = vec![0.0; width];
        let mut curvature = vec![0.0; width * width];
        let mut row_values = vec![1.0; width];
        for (row, &label) in self.labels.iter().enumerate() {
            for (slot, values) in row_values.iter_mut().zip(self.values) {
                *slot = values[row];
            }
            let probability = sigmoid(self.margin(row, point));
            let slope = probability - f64::from(u8::from(label));
            let curve = probability * (1.0 - probability);
            for (a, &value) in row_values.iter().enumerate() {
                gradient[a] += slope * value;
                for (b, &other) in row_values[..=a].iter().enumerate() {
                    curvature[a * width + b] += curve * value * other;
                }
            }
        }
        for a in 0..width {
            for b in a + 1..width {
                curvature[a * width + b] = curvature[b * width + a];
            }
        }
        // From the model around the point to one around zero.
        for a in 0..width {
            let line = &curvature[a * width..(a + 1) * width];
            gradient[a] -= line.iter().zip(point).map(|(h, x)| h * x).sum::<f64>();
        }
        Quadratic {
            n_weights: self.values.len(),
            curvature,
            gradient,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows with two independent margins and labels drawn from a known sum of them.
    fn sample(first: f64, second: f64, intercept: f64) -> (Vec<Vec<f64>>, Vec<bool>) {
        let (mut a, mut b, mut labels) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..21_u8 {
            for j in 0..21_u8 {
                let (x, y) = (f64::from(i) / 5.0 - 2.0, f64::from(j) / 10.0);
                let p = sigmoid(intercept + first * x + second * y);
                for draw in 0..25_u8 {
                    a.push(x);
                    b.push(y);
                    labels.push((f64::from(draw) + 0.5) / 25.0 < p);
                }
            }
        }
        (vec![a, b], labels)
    }

    #[test]
    fn a_stack_finds_the_weights_the_labels_were_drawn_with() {
        let (margins, labels) = sample(0.8, 1.5, -0.7);
        let fitted = Combination::Stack.fit(&margins, &labels);
        assert!((fitted.weights[0] - 0.8).abs() < 0.02, "{fitted:?}");
        assert!((fitted.weights[1] - 1.5).abs() < 0.04, "{fitted:?}");
        assert!((fitted.intercept + 0.7).abs() < 0.04, "{fitted:?}");
        assert!((fitted.shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_member_that_speaks_against_the_labels_gets_nothing() {
        let (margins, labels) = sample(0.8, -1.5, 0.3);
        let fitted = Combination::Stack.fit(&margins, &labels);
        assert_eq!(fitted.weights[1].to_bits(), 0.0_f64.to_bits(), "{fitted:?}");
        assert!(fitted.weights[0] > 0.5, "{fitted:?}");
        // The rest is the fit without it.
        let alone = Combination::Stack.fit(&margins[..1], &labels);
        assert!((fitted.weights[0] - alone.weights[0]).abs() < 1e-8);
        assert!((fitted.intercept - alone.intercept).abs() < 1e-8);
        let none = Combination::Stack.fit(&margins[1..], &labels);
        assert_eq!(none.shares, [0.0], "{none:?}");
    }

    #[test]
    fn a_blend_is_a_mean_of_log_odds_and_its_loss_is_least() {
        let (margins, labels) = sample(0.8, 1.5, -0.7);
        let fitted = Combination::Blend.fit(&margins, &labels);
        let lines: Vec<Line> = margins.iter().map(|m| Line::platt(m, &labels)).collect();
        let convex: Vec<f64> = fitted
            .weights
            .iter()
            .zip(&lines)
            .map(|(w, l)| w / l.slope)
            .collect();
        assert!(
            (convex.iter().sum::<f64>() - 1.0).abs() < 1e-9,
            "{convex:?}"
        );
        let values: Vec<Vec<f64>> = margins
            .iter()
            .zip(&lines)
            .map(|(m, line)| m.iter().map(|&m| line.at(m)).collect())
            .collect();
        let problem = Problem {
            combination: Combination::Blend,
            values: &values,
            labels: &labels,
        };
        let least = problem.loss(&convex);
        for step in 0..=50_u8 {
            let first = f64::from(step) / 50.0;
            assert!(least <= problem.loss(&[first, 1.0 - first]) + 1e-9);
        }
        let own: Vec<&[f64]> = margins.iter().map(Vec::as_slice).collect();
        let expected = problem.margin(3, &convex);
        assert!((fitted.margins(&own)[3] - expected).abs() < 1e-9);
    }

    #[test]
    fn a_member_twice_counts_as_often_as_once_and_a_constant_one_not_at_all() {
        let (margins, labels) = sample(0.8, 1.5, -0.7);
        let twice = vec![
            margins[0].clone(),
            margins[0].clone(),
            vec![0.4; labels.len()],
        ];
        for kind in [Combination::Blend, Combination::Stack] {
            let fitted = kind.fit(&twice, &labels);
            let alone = kind.fit(&margins[..1], &labels);
            let sum = fitted.weights[0] + fitted.weights[1];
            assert!(
                (sum - alone.weights[0]).abs() < 1e-6,
                "{kind:?} {fitted:?} {alone:?}"
            );
        }
    }
}
