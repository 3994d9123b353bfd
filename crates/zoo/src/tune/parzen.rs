//! The density of good (or bad) trials over all parameters at once: one kernel per trial.
//!
//! Widths, weights and the flat kernel are those of Optuna 5.

use rand::{Rng, RngExt};

use super::space::Axis;

/// The newest trials, which count in full; older ones count less.
const N_RECENT: usize = 25;
/// Draws tried before a kernel's draw is clamped to the axis. A kernel's mean lies on the axis and
/// at least a third of its mass with it, so this is never reached in practice.
const N_DRAWS: usize = 200;

/// A mixture of product kernels, one per trial, and a flat one over the whole space.
pub(super) struct Density {
    kernels: Vec<Vec<Kernel>>,
    weights: Vec<f64>,
}

enum Kernel {
    /// Normal, cut off at the ends of the axis.
    Line {
        mean: f64,
        sigma: f64,
        low: f64,
        high: f64,
        log_scale: f64,
    },
    /// The same, summed over the cell of width 1 around each place.
    Cells {
        mean: f64,
        sigma: f64,
        log_shares: Vec<f64>,
    },
    /// Shares of the places.
    Choice { shares: Vec<f64> },
}

impl Density {
    /// From the places of trials, oldest first.
    pub(super) fn new(axes: &[Axis], trials: &[&[f64]]) -> Self {
        let n = trials.len();
        let mut kernels: Vec<Vec<Kernel>> =
            (0..n).map(|_| Vec::with_capacity(axes.len())).collect();
        for (index, &axis) in axes.iter().enumerate() {
            let places: Vec<f64> = trials.iter().map(|trial| trial[index]).collect();
            let sigmas = widths(axis, &places);
            for ((kernels, &place), sigma) in kernels.iter_mut().zip(&places).zip(sigmas) {
                kernels.push(kernel_at(axis, place, sigma, n + 1));
            }
        }
        kernels.push(axes.iter().map(|&axis| flat_kernel(axis)).collect());
        let mut weights = age_weights(n);
        weights.push(1.0);
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        Self { kernels, weights }
    }

    /// Draws places.
    pub(super) fn sample(&self, rng: &mut impl Rng) -> Vec<f64> {
        let mut rest: f64 = rng.random();
        let mut chosen = self.kernels.len() - 1;
        for (place, weight) in self.weights.iter().enumerate() {
            rest -= weight;
            if rest < 0.0 {
                chosen = place;
                break;
            }
        }
        self.kernels[chosen]
            .iter()
            .map(|kernel| kernel.sample(rng))
            .collect()
    }

    /// Logarithm of the density at `places`.
    pub(super) fn log_density(&self, places: &[f64]) -> f64 {
        let terms: Vec<f64> = self
            .kernels
            .iter()
            .zip(&self.weights)
            .map(|(kernels, weight)| {
                let logs = kernels
                    .iter()
                    .zip(places)
                    .map(|(kernel, &place)| kernel.log_density(place));
                weight.ln() + logs.sum::<f64>()
            })
            .collect();
        let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        largest
            + terms
                .iter()
                .map(|term| (term - largest).exp())
                .sum::<f64>()
                .ln()
    }
}

/// 1 for the newest trials, rising from `1/n` to 1 before them (Bergstra et al. 2013).
fn age_weights(n: usize) -> Vec<f64> {
    let n_old = n.saturating_sub(N_RECENT);
    let start = 1.0 / n.max(1) as f64;
    let step = (1.0 - start) / n_old.saturating_sub(1).max(1) as f64;
    (0..n)
        .map(|age| {
            if age < n_old {
                start + step * age as f64
            } else {
                1.0
            }
        })
        .collect()
}

/// Width of the kernel at each place: the larger distance to its neighbours on the axis (to its
/// one neighbour for the outermost), within bounds that allow finer kernels the more there are.
fn widths(axis: Axis, places: &[f64]) -> Vec<f64> {
    let Some((low, high)) = ends(axis) else {
        return vec![0.0; places.len()];
    };
    let n = places.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| places[a].total_cmp(&places[b]));
    let least = (high - low) / (n as f64 + 2.0).min(100.0);
    let mut sigmas = vec![0.0; n];
    for (rank, &index) in order.iter().enumerate() {
        let below = rank
            .checked_sub(1)
            .map(|rank| places[index] - places[order[rank]]);
        let above = order
            .get(rank + 1)
            .map(|&next| places[next] - places[index]);
        let sigma = match (below, above) {
            (None, None) => (places[index] - low).max(high - places[index]),
            (below, above) => below.unwrap_or(0.0).max(above.unwrap_or(0.0)),
        };
        sigmas[index] = sigma.clamp(least, high - low);
    }
    sigmas
}

/// Where an axis with an order begins and ends; cells reach half a step beyond their place.
fn ends(axis: Axis) -> Option<(f64, f64)> {
    match axis {
        Axis::Line { low, high } => Some((low, high)),
        Axis::Cells { n_cells } => Some((-0.5, n_cells as f64 - 0.5)),
        Axis::Choice { .. } => None,
    }
}

fn kernel_at(axis: Axis, place: f64, sigma: f64, n_kernels: usize) -> Kernel {
    match axis {
        Axis::Line { low, high } => {
            let mass = normal_mass((low - place) / sigma, (high - place) / sigma);
            let log_scale = (sigma * (2.0 * std::f64::consts::PI).sqrt() * mass).ln();
            Kernel::Line {
                mean: place,
                sigma,
                low,
                high,
                log_scale,
            }
        }
        Axis::Cells { n_cells } => {
            let z = |edge: f64| (edge - place) / sigma;
            let mass = normal_mass(z(-0.5), z(n_cells as f64 - 0.5));
            let log_share = |cell: usize| {
                let share = normal_mass(z(cell as f64 - 0.5), z(cell as f64 + 0.5)) / mass;
                share.max(f64::MIN_POSITIVE).ln()
            };
            let log_shares = (0..n_cells).map(log_share).collect();
            Kernel::Cells {
                mean: place,
                sigma,
                log_shares,
            }
        }
        Axis::Choice { n_values } => {
            let prior = 1.0 / n_kernels as f64;
            let sum = 1.0 + prior * n_values as f64;
            let mut shares = vec![prior / sum; n_values];
            shares[place as usize] += 1.0 / sum;
            Kernel::Choice { shares }
        }
    }
}

/// One kernel as wide as the space.
fn flat_kernel(axis: Axis) -> Kernel {
    match (ends(axis), axis) {
        (_, Axis::Choice { n_values }) => Kernel::Choice {
            shares: vec![1.0 / n_values as f64; n_values],
        },
        (ends, _) => {
            let (low, high) = ends.unwrap_or((0.0, 1.0));
            kernel_at(axis, f64::midpoint(low, high), high - low, 1)
        }
    }
}

impl Kernel {
    fn sample(&self, rng: &mut impl Rng) -> f64 {
        match self {
            Self::Line {
                mean,
                sigma,
                low,
                high,
                ..
            } => draw_within(rng, *mean, *sigma, *low, *high),
            Self::Cells {
                mean,
                sigma,
                log_shares,
            } => {
                let last = (log_shares.len() - 1) as f64;
                draw_within(rng, *mean, *sigma, -0.5, last + 0.5)
                    .round()
                    .clamp(0.0, last)
            }
            Self::Choice { shares } => {
                let mut rest: f64 = rng.random();
                for (place, share) in shares.iter().enumerate() {
                    rest -= share;
                    if rest < 0.0 {
                        return place as f64;
                    }
                }
                (shares.len() - 1) as f64
            }
        }
    }

    fn log_density(&self, place: f64) -> f64 {
        match self {
            Self::Line {
                mean,
                sigma,
                log_scale,
                ..
            } => {
                let z = (place - mean) / sigma;
                -0.5 * z * z - log_scale
            }
            Self::Cells { log_shares, .. } => log_shares[place as usize],
            Self::Choice { shares } => shares[place as usize].ln(),
        }
    }
}

fn draw_within(rng: &mut impl Rng, mean: f64, sigma: f64, low: f64, high: f64) -> f64 {
    for _ in 0..N_DRAWS {
        // Box-Muller; 1 - u is never 0.
        let (u, v): (f64, f64) = (rng.random(), rng.random());
        let z = (-2.0 * (1.0 - u).ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos();
        let draw = mean + sigma * z;
        if (low..=high).contains(&draw) {
            return draw;
        }
    }
    mean.clamp(low, high)
}

/// Mass of the standard normal between `a` and `b`, `a < b`, taken on the side where little is
/// lost to cancellation.
fn normal_mass(a: f64, b: f64) -> f64 {
    if a > 0.0 {
        upper_tail(a) - upper_tail(b)
    } else if b < 0.0 {
        upper_tail(-b) - upper_tail(-a)
    } else {
        1.0 - upper_tail(-a) - upper_tail(b)
    }
}

/// Mass above `z`, `z` at least 0, by a Chebyshev fit of the complementary error function with a
/// relative error below 1.2e-7 everywhere (Press et al., Numerical Recipes, section 6.2).
fn upper_tail(z: f64) -> f64 {
    const FIT: [f64; 10] = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let x = z / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.5 * x);
    let sum = FIT
        .iter()
        .rev()
        .fold(0.0, |sum, coefficient| sum * t + coefficient);
    0.5 * t * (sum - x * x).exp()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha12Rng;

    use super::*;

    #[test]
    fn tails_are_the_normal_ones() {
        for (z, tail) in [
            (0.0, 0.5),
            (1.0, 0.158_655_253_9),
            (3.0, 1.349_898_032e-3),
            (8.0, 6.220_960_574e-16),
        ] {
            assert!(
                (upper_tail(z) / tail - 1.0).abs() < 2e-7,
                "{z}: {}",
                upper_tail(z)
            );
        }
    }

    #[test]
    fn densities_sum_to_one() {
        let axes = [
            Axis::Line {
                low: -1.0,
                high: 3.0,
            },
            Axis::Cells { n_cells: 5 },
            Axis::Choice { n_values: 3 },
        ];
        let trials: [&[f64]; 3] = [&[-1.0, 0.0, 2.0], &[2.0, 4.0, 2.0], &[2.5, 1.0, 0.0]];
        let density = Density::new(&axes, &trials);
        let mut sum = 0.0;
        for cell in 0..5 {
            for choice in 0..3 {
                for step in 0..400 {
                    let x = -1.0 + (f64::from(step) + 0.5) / 100.0;
                    sum += density
                        .log_density(&[x, f64::from(cell), f64::from(choice)])
                        .exp()
                        / 100.0;
                }
            }
        }
        assert!((sum - 1.0).abs() < 1e-4, "{sum}");
    }

    #[test]
    fn draws_follow_the_density() {
        let axes = [
            Axis::Line {
                low: 0.0,
                high: 1.0,
            },
            Axis::Cells { n_cells: 3 },
        ];
        let trials: [&[f64]; 2] = [&[0.0, 2.0], &[0.1, 2.0]];
        let density = Density::new(&axes, &trials);
        let mut rng = ChaCha12Rng::seed_from_u64(3);
        let mut counts = [[0.0; 3]; 4];
        for _ in 0..20_000 {
            let draw = density.sample(&mut rng);
            counts[((draw[0] * 4.0) as usize).min(3)][draw[1] as usize] += 1.0 / 20_000.0;
        }
        for (quarter, row) in counts.iter().enumerate() {
            for (cell, count) in row.iter().enumerate() {
                let expected: f64 = (0..100)
                    .map(|step| (quarter as f64 + (f64::from(step) + 0.5) / 100.0) / 4.0)
                    .map(|x| density.log_density(&[x, cell as f64]).exp() / 400.0)
                    .sum();
                assert!(
                    (count - expected).abs() < 0.012,
                    "{quarter} {cell}: {count} {expected}"
                );
            }
        }
    }

    #[test]
    fn old_trials_count_less() {
        let weights = age_weights(30);
        assert!((weights[0] - 1.0 / 30.0).abs() < 1e-12 && (weights[4] - 1.0).abs() < 1e-12);
        assert!(weights.is_sorted() && weights[5..].iter().all(|&weight| weight >= 1.0));
    }
}
