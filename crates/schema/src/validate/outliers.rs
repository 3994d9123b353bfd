//! Tukey's fences from quartiles.

use super::report::OutlierReport;

/// Numbers kept per column; further ones are not looked at, and `n_values` says so.
pub(super) const MAX_VALUES: usize = 5_000_000;

/// The fences of `values` and how many lie outside; `None` for no values.
pub(super) fn compute_outliers(column: &str, mut values: Vec<f64>) -> Option<OutlierReport> {
    if values.is_empty() {
        return None;
    }
    values.sort_unstable_by(f64::total_cmp);
    let (q1, q3) = (quantile(&values, 0.25), quantile(&values, 0.75));
    let reach = 1.5 * (q3 - q1);
    let (lower, upper) = (q1 - reach, q3 + reach);
    let n_below = values.partition_point(|value| *value < lower);
    let n_above = values.len() - values.partition_point(|value| *value <= upper);
    Some(OutlierReport {
        column: column.to_owned(),
        n_values: values.len() as u64,
        q1,
        q3,
        lower,
        upper,
        n_below: n_below as u64,
        n_above: n_above as u64,
    })
}

/// Quantile of sorted values by linear interpolation at `(n - 1) * share`.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let position = (sorted.len() - 1) as f64 * share;
    // Below the length, and truncation is the point.
    let below = position as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_interpolate_and_far_values_are_counted() {
        let mut values: Vec<f64> = (1..=10).map(f64::from).collect();
        values.push(100.0);
        values.push(-50.0);
        let report = compute_outliers("x", values).unwrap();
        // numpy.percentile gives 2.75 and 8.25 for these twelve numbers.
        assert!((report.q1 - 2.75).abs() < 1e-12 && (report.q3 - 8.25).abs() < 1e-12);
        assert_eq!((report.n_below, report.n_above, report.count()), (1, 1, 2));
    }

    #[test]
    fn one_value_has_no_outlier_and_none_has_no_report() {
        assert_eq!(compute_outliers("x", vec![3.0]).unwrap().count(), 0);
        assert_eq!(compute_outliers("x", Vec::new()), None);
    }
}
