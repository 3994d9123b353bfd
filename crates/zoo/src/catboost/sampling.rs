//! Weighing rows anew for each tree.

use super::{BootstrapType, CatboostParams, random::Random};

/// The weight of each row in the search for splits, by the gradients of the rows; 0 leaves a row
/// out. `spread` is what minimal variance sampling adds to squared gradients.
pub(super) fn sample(
    gradients: &[f64],
    params: &CatboostParams,
    spread: f64,
    random: &mut Random,
) -> Vec<f64> {
    let share = params.subsample;
    match params.bootstrap_type {
        BootstrapType::No => vec![1.0; gradients.len()],
        // A comparison of floats is meant: 1 and 0 are cases of their own, not measurements.
        BootstrapType::Bayesian if params.bagging_temperature <= 0.0 => vec![1.0; gradients.len()],
        BootstrapType::Bayesian => {
            let power = params.bagging_temperature;
            let is_plain = (power - 1.0).abs() < 1e-12;
            let mut weight = || {
                let weight = random.exponential();
                if is_plain { weight } else { weight.powf(power) }
            };
            gradients.iter().map(|_| weight()).collect()
        }
        BootstrapType::Bernoulli => gradients
            .iter()
            .map(|_| f64::from(u8::from(random.unit() < share)))
            .collect(),
        BootstrapType::Mvs if share >= 1.0 => vec![1.0; gradients.len()],
        BootstrapType::Mvs => {
            let sizes: Vec<f64> = gradients.iter().map(|g| (g * g + spread).sqrt()).collect();
            let threshold = threshold(&sizes, share * sizes.len() as f64);
            sizes
                .iter()
                .map(|&size| {
                    let chance = size / threshold;
                    if chance >= 1.0 {
                        1.0
                    } else if random.unit() < chance {
                        1.0 / chance
                    } else {
                        0.0
                    }
                })
                .collect()
        }
    }
}

/// The number `t` with `sum of min(1, size / t) = expected`, found from above: where every chance
/// is counted as if it could pass 1, `t` is too large, and each step takes back what does.
fn threshold(sizes: &[f64], expected: f64) -> f64 {
    let mut threshold = sizes.iter().sum::<f64>() / expected;
    for _ in 0..50 {
        let (n_large, small) = above_and_below(sizes, threshold);
        if n_large >= expected {
            break;
        }
        let next = small / (expected - n_large);
        if (next - threshold).abs() <= 1e-9 * threshold {
            break;
        }
        threshold = next;
    }
    threshold.max(f64::MIN_POSITIVE)
}

/// How many sizes reach a threshold, and the sum of the others. Four sums side by side, so that
/// none waits for the other.
fn above_and_below(sizes: &[f64], threshold: f64) -> (f64, f64) {
    let (mut n_large, mut small) = ([0.0; 4], [0.0; 4]);
    let chunks = sizes.chunks_exact(4);
    let rest = chunks.remainder();
    let mut add = |lane: usize, size: f64| {
        let is_large = f64::from(u8::from(size >= threshold));
        n_large[lane] += is_large;
        small[lane] += (1.0 - is_large) * size;
    };
    for chunk in chunks {
        for (lane, &size) in chunk.iter().enumerate() {
            add(lane, size);
        }
    }
    for &size in rest {
        add(0, size);
    }
    (n_large.iter().sum(), small.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(bootstrap_type: BootstrapType) -> Vec<f64> {
        weights_of(bootstrap_type, 0.8)
    }

    fn weights_of(bootstrap_type: BootstrapType, subsample: f64) -> Vec<f64> {
        let gradients: Vec<f64> = (0..20_000).map(|k| f64::from(k % 100) / 100.0).collect();
        let params = CatboostParams {
            bootstrap_type,
            subsample,
            ..CatboostParams::default()
        };
        sample(&gradients, &params, 0.01, &mut Random::new(3))
    }

    #[test]
    fn weights_are_1_on_average() {
        for kind in [
            BootstrapType::Bayesian,
            BootstrapType::Mvs,
            BootstrapType::No,
        ] {
            let weights = weights(kind);
            let mean = weights.iter().sum::<f64>() / weights.len() as f64;
            assert!((mean - 1.0).abs() < 0.03, "{kind:?} {mean}");
        }
    }

    #[test]
    fn the_asked_share_of_rows_is_kept() {
        for kind in [BootstrapType::Bernoulli, BootstrapType::Mvs] {
            for asked in [0.1, 0.3, 0.8, 0.95] {
                let weights = weights_of(kind, asked);
                let kept = weights.iter().filter(|&&weight| weight > 0.0).count();
                let share = kept as f64 / weights.len() as f64;
                assert!((share - asked).abs() < 0.02, "{kind:?} {asked} {share}");
            }
        }
    }
}
