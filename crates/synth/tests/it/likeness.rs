//! The synthetic rows look like the public file, which is read when it is present.

use std::collections::BTreeMap;
use std::path::PathBuf;

use churn_synth::COLUMNS;

use crate::Snapshot;

/// Values of a column; `None` is a blank.
type Numbers = Vec<Option<f64>>;

const NUMBERS: [&str; 3] = ["tenure", "MonthlyCharges", "TotalCharges"];

/// The public file, or `None` with a line that says so.
#[expect(
    clippy::print_stderr,
    reason = "a test that leaves something out says so"
)]
fn real_file() -> Option<Snapshot> {
    let folder = std::env::var_os("CHURN_DATA_DIR").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = folder.join("telco-customer-churn.csv");
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(Snapshot::parse(text)),
        Err(error) => {
            eprintln!("left out: {} cannot be read: {error}", path.display());
            None
        }
    }
}

fn synthetic() -> Snapshot {
    Snapshot::generate(30_000, 2024, 1.0)
}

fn shares<'a>(levels: impl Iterator<Item = &'a str>) -> BTreeMap<String, f64> {
    let mut counts: BTreeMap<String, f64> = BTreeMap::new();
    let mut n_rows = 0.0;
    for level in levels {
        *counts.entry(level.to_owned()).or_insert(0.0) += 1.0;
        n_rows += 1.0;
    }
    counts.values_mut().for_each(|count| *count /= n_rows);
    counts
}

fn psi(expected: &BTreeMap<String, f64>, found: &BTreeMap<String, f64>) -> f64 {
    assert!(
        found.keys().all(|level| expected.contains_key(level)),
        "a level the file lacks"
    );
    expected
        .iter()
        .map(|(level, share)| {
            let other = found.get(level).copied().unwrap_or(1e-6);
            (share - other) * (share / other).ln()
        })
        .sum()
}

/// Shares of ten bins cut at the deciles of `reference`; blanks are a bin of their own.
fn decile_shares(reference: &[Option<f64>], values: &[Option<f64>]) -> BTreeMap<String, f64> {
    let mut sorted: Vec<f64> = reference.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let cuts: Vec<f64> = (1..10)
        .map(|decile| sorted[sorted.len() * decile / 10])
        .collect();
    let names: Vec<String> = values
        .iter()
        .map(|value| match value {
            Some(value) => cuts.iter().filter(|cut| value > cut).count().to_string(),
            None => "blank".to_owned(),
        })
        .collect();
    shares(names.iter().map(String::as_str))
}

#[test]
fn marginals_are_within_a_psi_of_two_hundredths() {
    let Some(real) = real_file() else { return };
    let synthetic = synthetic();
    for column in COLUMNS.into_iter().skip(1) {
        let distance = if NUMBERS.contains(&column) {
            let reference = real.numbers(column);
            psi(
                &decile_shares(&reference, &reference),
                &decile_shares(&reference, &synthetic.numbers(column)),
            )
        } else {
            psi(
                &shares(real.column(column)),
                &shares(synthetic.column(column)),
            )
        };
        assert!(distance < 0.02, "{column}: PSI {distance}");
    }
}

/// Share of leavers per level of a column.
fn leave_rates(snapshot: &Snapshot, column: &str) -> BTreeMap<String, f64> {
    let mut counts: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for (level, churn) in snapshot.column(column).zip(snapshot.column("Churn")) {
        let entry = counts.entry(level.to_owned()).or_default();
        entry.0 += if churn == "Yes" { 1.0 } else { 0.0 };
        entry.1 += 1.0;
    }
    counts
        .into_iter()
        .map(|(level, (leavers, rows))| (level, leavers / rows))
        .collect()
}

#[test]
fn leaving_follows_the_levels_of_the_file() {
    let Some(real) = real_file() else { return };
    let synthetic = synthetic();
    for (column, points) in [
        ("Contract", 0.02),
        ("InternetService", 0.03),
        ("PaymentMethod", 0.04),
        ("TechSupport", 0.04),
        ("SeniorCitizen", 0.05),
        ("Dependents", 0.05),
    ] {
        let found = leave_rates(&synthetic, column);
        for (level, expected) in leave_rates(&real, column) {
            let gap = (found[&level] - expected).abs();
            assert!(
                gap < points,
                "{column} {level}: {} instead of {expected}",
                found[&level]
            );
        }
    }
}

#[test]
fn the_share_of_leavers_is_the_known_one() {
    for seed in 0..5 {
        let snapshot = Snapshot::generate(20_000, seed, 1.0);
        let leavers = snapshot
            .column("Churn")
            .filter(|churn| *churn == "Yes")
            .count();
        let rate = leavers as f64 / 20_000.0;
        assert!((rate - 0.2654).abs() < 0.015, "seed {seed}: {rate}");
    }
}

fn correlation(a: &[Option<f64>], b: &[Option<f64>]) -> f64 {
    let pairs: Vec<(f64, f64)> = a
        .iter()
        .zip(b)
        .filter_map(|(a, b)| Some(((*a)?, (*b)?)))
        .collect();
    let n = pairs.len() as f64;
    let (mean_a, mean_b) = pairs
        .iter()
        .fold((0.0, 0.0), |m, p| (m.0 + p.0 / n, m.1 + p.1 / n));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in pairs {
        ab += (a - mean_a) * (b - mean_b);
        aa += (a - mean_a) * (a - mean_a);
        bb += (b - mean_b) * (b - mean_b);
    }
    ab / (aa * bb).sqrt()
}

fn flags(snapshot: &Snapshot, column: &str, level: &str) -> Numbers {
    snapshot
        .column(column)
        .map(|cell| Some(if cell == level { 1.0 } else { 0.0 }))
        .collect()
}

fn churn(snapshot: &Snapshot) -> Numbers {
    flags(snapshot, "Churn", "Yes")
}

#[test]
fn numbers_hang_together_as_in_the_file() {
    let Some(real) = real_file() else { return };
    let synthetic = synthetic();
    let check = |what: &str, of: fn(&Snapshot) -> [Numbers; 2]| {
        let [expected, found] = [&real, &synthetic].map(|snapshot| {
            let [a, b] = of(snapshot);
            correlation(&a, &b)
        });
        assert!(
            (expected - found).abs() < 0.04,
            "{what}: {found} instead of {expected}"
        );
    };
    check("tenure, charge", |s| {
        [s.numbers("tenure"), s.numbers("MonthlyCharges")]
    });
    check("tenure, total", |s| {
        [s.numbers("tenure"), s.numbers("TotalCharges")]
    });
    check("tenure, leaving", |s| [s.numbers("tenure"), churn(s)]);
    check("charge, leaving", |s| {
        [s.numbers("MonthlyCharges"), churn(s)]
    });
    check("total, leaving", |s| [s.numbers("TotalCharges"), churn(s)]);
    check("TV, movies", |s| {
        ["StreamingTV", "StreamingMovies"].map(|c| flags(s, c, "Yes"))
    });
}
