//! Whether two ways to treat the same rows differ on average, by the paired bootstrap.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Error, check_classes, check_finite, check_length};
use crate::interval::Interval;
use crate::resample::{Strata, check_replicates, percentile_interval};

/// The comparison of two amounts per row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairedBootstrap {
    /// Mean of `a - b` over the rows with its 95 % percentile interval.
    pub difference: Interval,
    /// Two-sided: twice the share of replicates on the far side of 0, the rows themselves counted
    /// as one replicate, at most 1.
    pub p_value: f64,
}

/// Bootstraps the mean of `a[i] - b[i]`, rows of either label drawn apart as in
/// [`crate::bootstrap_all`] (Efron and Tibshirani 1993, chapters 13 and 16). The same at any
/// thread count.
///
/// # Errors
/// Empty input, unequal lengths, amounts that are not finite, a single class, no replicates.
pub fn paired_bootstrap(
    labels: &[bool],
    a: &[f64],
    b: &[f64],
    seed: u64,
    n_replicates: usize,
) -> Result<PairedBootstrap, Error> {
    if labels.is_empty() {
        return Err(Error::Empty { input: "labels" });
    }
    for (input, amounts) in [("a", a), ("b", b)] {
        check_length(input, amounts.len(), labels.len())?;
        check_finite(input, amounts)?;
    }
    check_classes(labels)?;
    check_replicates(n_replicates)?;
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let n = labels.len() as f64;
    let strata = Strata::new(labels);
    let replicates: Vec<f64> = (0..n_replicates)
        .into_par_iter()
        .map(|replicate| {
            let mut sum = 0.0;
            strata.draw(seed, replicate, |row| sum += differences[row]);
            sum / n
        })
        .collect();
    let mean = differences.iter().sum::<f64>() / n;
    let beyond = |far: &dyn Fn(f64) -> bool| {
        let count = replicates.iter().filter(|&&mean| far(mean)).count();
        (count + 1) as f64 / (n_replicates + 1) as f64
    };
    let p_value = 2.0 * beyond(&|mean| mean <= 0.0).min(beyond(&|mean| mean >= 0.0));
    Ok(PairedBootstrap {
        difference: percentile_interval(mean, replicates, 0.95),
        p_value: p_value.min(1.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_amounts_are_not_told_apart_and_better_ones_are() {
        let labels: Vec<bool> = (0..200).map(|row| row % 4 == 0).collect();
        let a: Vec<f64> = (0..200).map(|row| f64::from(row % 7)).collect();
        let same = paired_bootstrap(&labels, &a, &a, 3, 500).unwrap();
        assert!((same.p_value - 1.0).abs() < 1e-12 && same.difference.mean.abs() < 1e-12);
        let less: Vec<f64> = a
            .iter()
            .enumerate()
            .map(|(row, a)| a - if row % 2 == 0 { 1.0 } else { 0.0 })
            .collect();
        let better = paired_bootstrap(&labels, &a, &less, 3, 500).unwrap();
        assert!((better.difference.mean - 0.5).abs() < 1e-12);
        assert!(better.p_value < 0.01 && better.difference.low > 0.35);
        let worse = paired_bootstrap(&labels, &less, &a, 3, 500).unwrap();
        assert!((worse.difference.low + better.difference.high).abs() < 1e-12);
        assert!((worse.p_value - better.p_value).abs() < 1e-12);
    }

    #[test]
    fn the_interval_is_as_wide_as_theory_says() {
        // A difference of 1 in half of the rows: standard error sqrt(0.25 / 400) = 0.025.
        let labels: Vec<bool> = (0..400).map(|row| row / 2 % 2 == 0).collect();
        let a: Vec<f64> = (0..400).map(|row| f64::from(row % 2)).collect();
        let found = paired_bootstrap(&labels, &a, &vec![0.0; 400], 1, 2000).unwrap();
        let width = found.difference.high - found.difference.low;
        assert!((width - 2.0 * 1.96 * 0.025).abs() < 0.006, "{width}");
    }
}
