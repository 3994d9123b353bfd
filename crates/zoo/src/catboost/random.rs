//! Random numbers for boosting: many, cheap, the same everywhere.

use std::sync::LazyLock;

/// Entries of the quantile tables below.
const N_QUANTILES: usize = 4096;

/// SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `bound`, which is above 0. The bias of `bound / 2^32` does not matter here.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// In [0, 1).
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A quantile of the standard normal distribution, out of 4096 equally likely ones.
    pub(super) fn normal(&mut self) -> f64 {
        NORMAL[(self.next() >> 52) as usize]
    }

    /// A quantile of the exponential distribution, out of 4096 equally likely ones.
    pub(super) fn exponential(&mut self) -> f64 {
        EXPONENTIAL[(self.next() >> 52) as usize]
    }

    /// A random order of `0..n`.
    pub(super) fn permutation(&mut self, n: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..n as u32).collect();
        for last in (1..n).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }
}

static EXPONENTIAL: LazyLock<Vec<f64>> = LazyLock::new(|| {
    (0..N_QUANTILES)
        .map(|k| -(1.0 - (k as f64 + 0.5) / N_QUANTILES as f64).ln())
        .collect()
});

static NORMAL: LazyLock<Vec<f64>> = LazyLock::new(|| {
    (0..N_QUANTILES)
        .map(|k| normal_quantile((k as f64 + 0.5) / N_QUANTILES as f64))
        .collect()
});

/// Abramowitz and Stegun 26.2.23: absolute error below 0.00045, and noise needs no more.
fn normal_quantile(share: f64) -> f64 {
    let tail = share.min(1.0 - share);
    let t = (-2.0 * tail.ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let quantile = t - above / below;
    if share < 0.5 { -quantile } else { quantile }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_the_moments_of_their_distributions() {
        let mean = |values: &[f64], power: i32| {
            values.iter().map(|x| x.powi(power)).sum::<f64>() / values.len() as f64
        };
        assert!(mean(&NORMAL, 1).abs() < 1e-9);
        assert!((mean(&NORMAL, 2) - 1.0).abs() < 2e-3);
        assert!((mean(&EXPONENTIAL, 1) - 1.0).abs() < 2e-3);
        assert!((mean(&EXPONENTIAL, 2) - 2.0).abs() < 2e-2);
    }

    #[test]
    fn a_permutation_holds_every_row_once() {
        let mut order = Random::new(7).permutation(1000);
        assert_ne!(order[..5], [0, 1, 2, 3, 4]);
        order.sort_unstable();
        assert!(order.iter().enumerate().all(|(k, &row)| k == row as usize));
    }
}
