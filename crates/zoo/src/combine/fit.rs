//! Fitting weights: the least log loss with none of them negative.

use super::{Combination, quadratic::Quadratic};
use crate::logistic::{sigmoid, softplus};

/// Newton steps; a handful are enough.
const MAX_STEPS: usize = 50;
/// A step that moves no log-odds by more than this is the last.
const TOLERANCE: f64 = 1e-10;
/// What a row's loss pays for the squared distance of a blend's weights from equal ones: families
/// agree so much that their weights are hardly told apart by a few thousand rows.
const PULL: f64 = 2e-3;

/// Log-odds of 0.99: how far shares pull on the line that straightens them.
const MOST_LOG_ODDS: f64 = 4.6;
/// A member whose mean probability is further from the rate of leavers than so many standard
/// errors is moved to it before it is weighed.
const MOST_ERRORS: f64 = 4.0;

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

/// The out-of-fold margins of a member, one for each row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MemberMargins {
    /// On the member's own scale: what is added up.
    pub own: Vec<f64>,
    /// In log-odds.
    pub log_odds: Vec<f64>,
}

impl Combination {
    /// The weights of least log loss on the out-of-fold margins of `members`; those of a blend are
    /// drawn a little to equal ones.
    #[must_use]
    pub fn fit(self, members: &[MemberMargins], labels: &[bool]) -> Weights {
        let spreads: Vec<Line> = members.iter().map(Line::spread).collect();
        let lines: Vec<Line> = match self {
            Self::Blend => members
                .iter()
                .map(|member| Line::to_log_odds(member).levelled(member, labels))
                .collect(),
            // Only so that the solver meets numbers of like size.
            Self::Stack => spreads.clone(),
        };
        let values: Vec<Vec<f64>> = members
            .iter()
            .zip(&lines)
            .map(|(member, line)| member.own.iter().map(|&margin| line.at(margin)).collect())
            .collect();
        let problem = Problem {
            combination: self,
            values: &values,
            labels,
        };
        let point = problem.solve();
        let intercept = match self {
            Self::Blend => 0.0,
            Self::Stack => point[members.len()],
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
    fn spread(member: &MemberMargins) -> Self {
        let (mean, variance) = moments(&member.own);
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

    /// To log-odds, by least squares where the member's scale is another. The log-odds of shares
    /// near 0 and 1 have no bounds and would decide the line alone, so they are cut off. Labels
    /// have no part in it, so it costs nothing that the weights could learn.
    fn to_log_odds(member: &MemberMargins) -> Self {
        let same = Self {
            slope: 1.0,
            intercept: 0.0,
        };
        if member.own == member.log_odds {
            return same;
        }
        let log_odds: Vec<f64> = member
            .log_odds
            .iter()
            .map(|odds| odds.clamp(-MOST_LOG_ODDS, MOST_LOG_ODDS))
            .collect();
        let (mean, variance) = moments(&member.own);
        let (target, _) = moments(&log_odds);
        let pairs = member.own.iter().zip(&log_odds);
        let together: f64 = pairs.map(|(x, y)| (x - mean) * (y - target)).sum();
        let slope = together / (variance * member.own.len() as f64);
        // No line through a constant.
        if !slope.is_finite() || slope <= 0.0 {
            return same;
        }
        Self {
            slope,
            intercept: target - slope * mean,
        }
    }

    /// Moved so that probabilities are those of leavers on average, where they clearly are not: a
    /// member trained with class weights would else be weighed by its level, not by what it knows.
    fn levelled(self, member: &MemberMargins, labels: &[bool]) -> Self {
        let n = labels.len().max(1) as f64;
        let rate = labels.iter().filter(|&&label| label).count() as f64 / n;
        let error = (rate * (1.0 - rate) / n).sqrt();
        let mut line = self;
        for step in 0..MAX_STEPS {
            let odds = member.own.iter().map(|&margin| sigmoid(line.at(margin)));
            let (mean, slope) = odds.fold((0.0, 0.0), |(mean, slope), p| {
                (mean + p / n, slope + p * (1.0 - p) / n)
            });
            let off = rate - mean;
            if step == 0 && off.abs() <= MOST_ERRORS * error {
                return self;
            }
            // Newton's step, kept short where the curve is flat.
            let move_by = (off / slope.max(1e-12)).clamp(-1.0, 1.0);
            line.intercept += move_by;
            if move_by.abs() <= TOLERANCE {
                break;
            }
        }
        line
    }

    fn at(self, margin: f64) -> f64 {
        self.slope * margin + self.intercept
    }
}

/// Mean and variance.
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    (mean, variance)
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
        .sum::<f64>()
            + 0.5 * self.pull() * self.distance(point)
    }

    /// The curvature of what weights pay for not being equal.
    fn pull(&self) -> f64 {
        match self.combination {
            Combination::Blend => 2.0 * PULL * self.labels.len() as f64,
            Combination::Stack => 0.0,
        }
    }

    fn distance(&self, point: &[f64]) -> f64 {
        let equal = 1.0 / self.values.len() as f64;
        let weights = point[..self.values.len()].iter();
        weights.map(|weight| (weight - equal).powi(2)).sum()
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
        let equal = 1.0 / self.values.len() as f64;
        for a in 0..self.values.len() {
            gradient[a] += self.pull() * (point[a] - equal);
            curvature[a * width + a] += self.pull();
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

    fn log_odds(margins: &[f64]) -> MemberMargins {
        MemberMargins {
            own: margins.to_vec(),
            log_odds: margins.to_vec(),
        }
    }

    /// Rows with two independent margins and labels drawn from a known sum of them.
    fn sample(first: f64, second: f64, intercept: f64) -> (Vec<MemberMargins>, Vec<bool>) {
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
        (vec![log_odds(&a), log_odds(&b)], labels)
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
    fn a_blend_is_a_mean_of_log_odds_and_what_it_pays_is_least() {
        let (members, labels) = sample(0.8, 1.5, -0.7);
        let fitted = Combination::Blend.fit(&members, &labels);
        let sum: f64 = fitted.weights.iter().sum();
        assert!((sum - 1.0).abs() < 1e-9, "{fitted:?}");
        let lines: Vec<Line> = members
            .iter()
            .map(|member| Line::to_log_odds(member).levelled(member, &labels))
            .collect();
        let values: Vec<Vec<f64>> = members
            .iter()
            .zip(&lines)
            .map(|(member, line)| member.own.iter().map(|&m| line.at(m)).collect())
            .collect();
        let problem = Problem {
            combination: Combination::Blend,
            values: &values,
            labels: &labels,
        };
        let least = problem.loss(&fitted.weights);
        for step in 0..=50_u8 {
            let first = f64::from(step) / 50.0;
            assert!(least <= problem.loss(&[first, 1.0 - first]) + 1e-9);
        }
    }

    #[test]
    fn a_blend_straightens_shares_without_labels() {
        let (mut members, labels) = sample(0.8, 1.5, -0.7);
        members[1].own = members[1].log_odds.iter().map(|m| 0.5 + m / 8.0).collect();
        let fitted = Combination::Blend.fit(&members, &labels);
        let (plain, _) = sample(0.8, 1.5, -0.7);
        let same = Combination::Blend.fit(&plain, &labels);
        assert!((fitted.weights[0] - same.weights[0]).abs() < 1e-6);
        assert!((fitted.weights[1] - 8.0 * same.weights[1]).abs() < 1e-6);
        let own: Vec<&[f64]> = members.iter().map(|member| &*member.own).collect();
        let plain: Vec<&[f64]> = plain.iter().map(|member| &*member.own).collect();
        let (a, b) = (fitted.margins(&own)[7], same.margins(&plain)[7]);
        assert!((a - b).abs() < 1e-6, "{a} {b}");
        let constant = MemberMargins {
            own: vec![0.3; labels.len()],
            log_odds: vec![-0.85; labels.len()],
        };
        let fitted = Combination::Blend.fit(&[members[0].clone(), constant], &labels);
        assert!(fitted.weights.iter().all(|w| w.is_finite()), "{fitted:?}");
    }

    #[test]
    fn a_member_off_its_level_keeps_the_weight_of_what_it_knows() {
        let (members, labels) = sample(0.8, 1.5, -0.7);
        let level = |shift: f64| {
            let moved: Vec<f64> = members[1].own.iter().map(|m| m + shift).collect();
            [members[0].clone(), log_odds(&moved)]
        };
        let (here, there) = (level(1.0), level(3.0));
        let [first, second] =
            [here, there].map(|members| Combination::Blend.fit(&members, &labels));
        assert!((first.weights[1] - second.weights[1]).abs() < 1e-6);
        let moved = second.intercept - first.intercept;
        assert!(
            (moved + 2.0 * first.weights[1]).abs() < 1e-6,
            "{first:?} {second:?}"
        );
    }

    #[test]
    fn a_blend_of_members_alike_has_equal_weights() {
        let (members, labels) = sample(0.8, 1.5, -0.7);
        let twice = [members[0].clone(), members[0].clone()];
        let fitted = Combination::Blend.fit(&twice, &labels);
        assert!((fitted.weights[0] - 0.5).abs() < 1e-9, "{fitted:?}");
    }

    #[test]
    fn a_member_twice_counts_as_often_as_once_in_a_stack_and_a_constant_one_not_at_all() {
        let (members, labels) = sample(0.8, 1.5, -0.7);
        let twice = vec![
            members[0].clone(),
            members[0].clone(),
            log_odds(&vec![0.4; labels.len()]),
        ];
        let fitted = Combination::Stack.fit(&twice, &labels);
        let alone = Combination::Stack.fit(&members[..1], &labels);
        let sum = fitted.weights[0] + fitted.weights[1];
        assert!(
            (sum - alone.weights[0]).abs() < 1e-6,
            "{fitted:?} {alone:?}"
        );
    }
}
