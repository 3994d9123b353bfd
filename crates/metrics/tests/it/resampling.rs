//! The bootstrap is deterministic, means what it says, and agrees with DeLong.

use churn_metrics::{
    Interval, MetricSet, bootstrap, bootstrap_all, calibration_summary, delong_covariance,
    expected_calibration_error, lift_at, log_loss, roc_auc,
};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Rows whose labels follow their probabilities, rounded so that ties occur.
fn rows(n_rows: usize) -> (Vec<bool>, Vec<f64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    (0..n_rows)
        .map(|_| {
            let p: f64 = rng.random::<f64>().powi(2);
            (rng.random::<f64>() < p, (p * 200.0).round() / 200.0)
        })
        .unzip()
}

fn on_threads<T: Send>(n_threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new()
        .num_threads(n_threads)
        .build()
        .unwrap()
        .install(work)
}

#[test]
fn thread_count_changes_no_bit_of_an_interval() {
    let (labels, p) = rows(300);
    let run = |n_threads| {
        on_threads(n_threads, || {
            let all = bootstrap_all(&labels, &p, 0.4, 5, 97).unwrap();
            let one = bootstrap(&labels, &p, 5, 97, 0.9, roc_auc).unwrap();
            serde_json::to_string(&(all, one)).unwrap()
        })
    };
    let single = run(1);
    assert_eq!(single, run(2));
    assert_eq!(single, run(5));
}

#[test]
fn another_seed_gives_another_interval_around_the_same_estimate() {
    let (labels, p) = rows(300);
    let a = bootstrap_all(&labels, &p, 0.4, 1, 200).unwrap();
    let b = bootstrap_all(&labels, &p, 0.4, 2, 200).unwrap();
    assert_eq!(a.map(|i| i.mean), b.map(|i| i.mean));
    assert_ne!(a.roc_auc, b.roc_auc);
    assert_eq!(
        a.map(|i| i.mean),
        MetricSet::compute(&labels, &p, 0.4).unwrap()
    );
}

#[test]
fn counting_sorted_rows_equals_copying_rows() {
    // Without tied scores both ways see the same resample up to the order of their draws, so
    // the intervals agree to sampling error; a fault in the counted figures shifts them.
    let (labels, _) = rows(500);
    let p: Vec<f64> = labels
        .iter()
        .enumerate()
        .map(|(row, &label)| {
            let shift = if label { 0.25 } else { 0.0 };
            shift + 0.7 * ((row * 7919) % 500) as f64 / 500.0
        })
        .collect();
    let all = bootstrap_all(&labels, &p, 0.5, 3, 2000).unwrap();
    let check = |what: &str, counted: Interval, copied: Interval| {
        let width = copied.high - copied.low;
        assert!(
            (counted.mean - copied.mean).abs() < 1e-9,
            "{what}: estimates differ"
        );
        assert!(
            (counted.low - copied.low).abs() < 0.12 * width,
            "{what}: {counted:?} {copied:?}"
        );
        assert!(
            (counted.high - copied.high).abs() < 0.12 * width,
            "{what}: {counted:?} {copied:?}"
        );
    };
    let by_copy = |stat: fn(&[bool], &[f64]) -> Result<f64, churn_metrics::Error>| {
        bootstrap(&labels, &p, 4, 2000, 0.95, stat).unwrap()
    };
    check("auc", all.roc_auc, by_copy(roc_auc));
    check("log loss", all.log_loss, by_copy(log_loss));
    // The calibration error's replicates are moved so that their mean is the figure.
    let copied = by_copy(|y, s| expected_calibration_error(y, s, 15));
    let widths = [copied.high - copied.low, all.ece.high - all.ece.low];
    assert!(
        (widths[1] / widths[0] - 1.0).abs() < 0.12 && all.ece.high < copied.high,
        "{:?} {copied:?}",
        all.ece
    );
    check("lift", all.lift_at_10, by_copy(|y, s| lift_at(y, s, 0.1)));
}

#[test]
fn bootstrap_and_delong_agree_on_the_error_of_auc() {
    let (labels, p) = rows(800);
    let interval = bootstrap(&labels, &p, 9, 2000, 0.95, roc_auc).unwrap();
    let by_bootstrap = (interval.high - interval.low) / (2.0 * 1.959_964);
    let by_delong = delong_covariance(&labels, &p, &p).unwrap().covariance[0][0].sqrt();
    let ratio = by_bootstrap / by_delong;
    assert!(
        (0.9..1.1).contains(&ratio),
        "bootstrap {by_bootstrap}, DeLong {by_delong}"
    );
}

#[test]
fn estimates_lie_in_their_intervals_and_the_base_rate_is_fixed() {
    let (labels, p) = rows(1400);
    let all = bootstrap_all(&labels, &p, 0.5, 7, 300).unwrap();
    for name in [
        "roc_auc",
        "pr_auc",
        "log_loss",
        "brier",
        "ece",
        "recall",
        "f1",
        "lift_at_20",
    ] {
        let interval = all.get(name).unwrap();
        assert!(
            interval.low < interval.mean && interval.mean < interval.high,
            "{name}"
        );
    }
    assert!((all.base_rate.high - all.base_rate.low).abs() < 1e-15);
}

#[test]
fn names_lead_to_the_fields() {
    let (labels, p) = rows(50);
    let set = MetricSet::compute(&labels, &p, 0.5).unwrap();
    assert_eq!(set.get("brier"), Some(&set.brier));
    assert_eq!(set.get("nonsense"), None);
    assert_eq!(set.iter().count(), MetricSet::<f64>::names().len());
    let json = serde_json::to_string(&set).unwrap();
    assert_eq!(serde_json::from_str::<MetricSet<f64>>(&json).unwrap(), set);
}

#[test]
fn the_calibration_error_is_judged_beside_what_chance_shows() {
    let n = 1400;
    let p: Vec<f64> = (0..n)
        .map(|row| (f64::from(row) + 0.5) / f64::from(n) * 0.6)
        .collect();
    // Labels as even as can be: better than chance. And labels that leave twice as often.
    let evenly = |factor: f64| -> Vec<bool> {
        let mut sum = 0.5;
        let each = |p: &f64| {
            sum += factor * p;
            let hit = sum >= 1.0;
            sum -= f64::from(u8::from(hit));
            hit
        };
        p.iter().map(each).collect()
    };
    let good = calibration_summary(&evenly(1.0), &p, 15, 5, 400).unwrap();
    assert!(good.is_like_calibrated() && good.ece < good.if_calibrated.low);
    let bad = calibration_summary(&evenly(1.6), &p, 15, 5, 400).unwrap();
    assert!(!bad.is_like_calibrated() && bad.ece > 0.1);
    // A bin of 93 rows is off by 0.8 standard errors on average: 0.8 x sqrt(0.18 / 93) = 0.035.
    assert!((good.if_calibrated.mean - 0.035).abs() < 0.006, "{good:?}");
    assert_eq!(
        good,
        calibration_summary(&evenly(1.0), &p, 15, 5, 400).unwrap()
    );
}
