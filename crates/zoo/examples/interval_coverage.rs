//! How often the intervals of probabilities hold the truth, on customers whose true probability
//! is known, beside Venn-Abers intervals from the same folds.
//!
//! `interval_coverage [ROWS] [SAMPLES]`. Prints, per trainer and kind of interval, the share of
//! new customers whose own true probability lies inside, the share for which the true rate among
//! customers of the same score does, and the mean width.
#![expect(
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "an example that prints what it measures, in small numbers"
)]

use std::error::Error;

use churn_ensemble::Predictor;
use churn_features::{Matrix, MatrixColumn};
use churn_zoo::{
    Economics, Evidence, FoldResult, ForestParams, LogisticParams, Rounds, Rows, Samples,
    ThresholdPolicy, Trainer, derive_seed, stratified_folds, weigh,
};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

type Failure = Box<dyn Error + Send + Sync>;

const N_COLUMNS: usize = 6;
const NEW_CUSTOMERS: usize = 20_000;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize, usual: usize| arguments.get(place).map_or(Ok(usual), |a| a.parse());
    let (n_rows, n_samples) = (number(0, 5000)?, number(1, 8)?);
    println!("{n_rows} rows, {n_samples} samples: own | same score | width");
    for (name, bent) in [("plain", false), ("bent", true)] {
        let trainers: [(&str, Box<dyn Trainer>); 2] = [
            ("logistic", Box::new(LogisticParams::default().check()?)),
            ("forest", Box::new(ForestParams::default().check()?)),
        ];
        for (family, trainer) in &trainers {
            let mut sums = [[0.0; 3]; 2];
            for sample in 0..n_samples {
                let found = measure(&**trainer, bent, n_rows, sample as u64)?;
                for (sums, found) in sums.iter_mut().zip(found) {
                    for (sum, figure) in sums.iter_mut().zip(found) {
                        *sum += figure / n_samples as f64;
                    }
                }
            }
            for (kind, [own, score, width]) in ["ours", "Venn-Abers"].iter().zip(sums) {
                println!("{name:6} {family:9} {kind:10} {own:.3} | {score:.3} | {width:.4}");
            }
        }
    }
    Ok(())
}

/// Customers and their true log-odds; `bent` adds what a straight line can't follow.
fn customers(n_rows: usize, bent: bool, seed: u64) -> (Vec<f32>, Vec<f64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut values, mut log_odds) = (Vec::new(), Vec::new());
    for _ in 0..n_rows {
        let row: Vec<f64> = (0..N_COLUMNS)
            .map(|_| (0..12).map(|_| rng.random_range(0.0..1.0)).sum::<f64>() - 6.0)
            .collect();
        let mut z = -1.3 + row[0] - 0.7 * row[1] + 0.4 * row[2];
        if bent {
            z += 0.6 * row[0] * row[1] + 0.8 * f64::from(u8::from(row[3] > 0.5));
        }
        log_odds.push(z);
        values.extend(row.iter().map(|&x| x as f32));
    }
    (values, log_odds)
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

fn fit(
    trainer: &dyn Trainer,
    values: &[f32],
    labels: &[bool],
    seed: u64,
) -> Result<Predictor, Failure> {
    let matrix = Matrix::from_values(values.to_vec(), N_COLUMNS)?;
    let columns: Vec<MatrixColumn> = (0..N_COLUMNS as u32)
        .map(|column| MatrixColumn {
            name: format!("c{column}"),
            group: column,
            categorical: false,
        })
        .collect();
    let samples = Samples {
        matrix: &matrix,
        columns: &columns,
        labels,
        weights: None,
    };
    Ok(trainer.fit(samples, Rounds::Exactly(None), seed)?.predictor)
}

fn log_odds_of(predictor: &Predictor, values: &[f32]) -> Result<Vec<f64>, Failure> {
    let mut margins = vec![0.0; values.len() / N_COLUMNS];
    predictor.margins_into(values, &mut margins)?;
    Ok(margins.iter().map(|&m| predictor.log_odds(m)).collect())
}

/// Coverage of the own probability, of the rate at the same score, and mean width; ours and
/// Venn-Abers.
fn measure(
    trainer: &dyn Trainer,
    bent: bool,
    n_rows: usize,
    seed: u64,
) -> Result<[[f64; 3]; 2], Failure> {
    let (values, truth) = customers(n_rows, bent, derive_seed(seed, "train", 0));
    let mut rng = ChaCha8Rng::seed_from_u64(derive_seed(seed, "labels", 0));
    let labels: Vec<bool> = truth
        .iter()
        .map(|&z| rng.random_range(0.0..1.0) < sigmoid(z))
        .collect();
    let pick = |rows: &[usize]| -> (Vec<f32>, Vec<bool>) {
        let cells = rows
            .iter()
            .flat_map(|&row| &values[row * N_COLUMNS..(row + 1) * N_COLUMNS]);
        (
            cells.copied().collect(),
            rows.iter().map(|&row| labels[row]).collect(),
        )
    };
    let mut folds = Vec::new();
    for (number, fold) in stratified_folds(&labels, 5, 2, seed)?.iter().enumerate() {
        let (train, train_labels) = pick(&fold.split.train);
        let predictor = fit(
            trainer,
            &train,
            &train_labels,
            derive_seed(seed, "fold", number as u64),
        )?;
        let margins = log_odds_of(&predictor, &pick(&fold.split.held_out).0)?;
        folds.push(FoldResult {
            repeat: fold.repeat,
            index: fold.index,
            own_margins: margins.clone(),
            margins,
            held_out: fold.split.held_out.clone(),
            n_rounds: None,
        });
    }
    let worth = vec![100.0; n_rows];
    let rows = Rows {
        labels: &labels,
        values: &worth,
    };
    let economics = Economics {
        contact_cost: 10.0,
        save_rate: 0.3,
    };
    let evidence = weigh(&folds, rows, ThresholdPolicy::MaxProfit, economics, seed)?;
    let predictor = fit(trainer, &values, &labels, derive_seed(seed, "final", 0))?;
    let (new, new_truth) = customers(NEW_CUSTOMERS, bent, derive_seed(seed, "new", 0));
    let margins = log_odds_of(&predictor, &new)?;
    let mut first: Vec<(f64, bool)> = folds
        .iter()
        .filter(|fold| fold.repeat == 0)
        .flat_map(|fold| {
            fold.margins
                .iter()
                .copied()
                .zip(fold.held_out.iter().map(|&row| labels[row]))
        })
        .collect();
    first.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(judge(&evidence, &first, &margins, &new_truth))
}

fn judge(
    evidence: &Evidence,
    first: &[(f64, bool)],
    margins: &[f64],
    truth: &[f64],
) -> [[f64; 3]; 2] {
    // The rate at a score: the mean true probability of the 200 customers around it.
    let mut order: Vec<usize> = (0..margins.len()).collect();
    order.sort_by(|&a, &b| margins[a].total_cmp(&margins[b]));
    let mut sums = [[0.0; 3]; 2];
    let mut n = 0.0;
    for near in order.chunks(200) {
        let rate = near.iter().map(|&row| sigmoid(truth[row])).sum::<f64>() / near.len() as f64;
        for &row in near.iter().step_by(4) {
            let margin = margins[row];
            let probability = evidence.calibrator.apply(margin);
            let intervals = [
                evidence.intervals.around(margin, probability),
                venn_abers(first, margin),
            ];
            for (sum, (low, high)) in sums.iter_mut().zip(intervals) {
                let holds = |p: f64| f64::from(u8::from(low <= p && p <= high));
                sum[0] += holds(sigmoid(truth[row]));
                sum[1] += holds(rate);
                sum[2] += high - low;
            }
            n += 1.0;
        }
    }
    sums.map(|sum| sum.map(|total| total / n))
}

/// Vovk, Petej and Fedorova (2015), the plain way: isotonic regression with the customer added as
/// one who stays, then as one who leaves. By the max-min formula at the customer's place.
fn venn_abers(sorted: &[(f64, bool)], margin: f64) -> (f64, f64) {
    let (below, above) = (
        sorted.partition_point(|&(m, _)| m < margin),
        sorted.partition_point(|&(m, _)| m <= margin),
    );
    let of = |left: f64| {
        let equal: f64 = sorted[below..above]
            .iter()
            .map(|&(_, l)| f64::from(u8::from(l)))
            .sum();
        let (sum, count) = (equal + left, (above - below) as f64 + 1.0);
        // Greatest over starts of the least over ends: prefix sums of either side.
        let mut ends = vec![(0.0, 0.0)];
        let (mut s, mut c) = (0.0, 0.0);
        for &(_, l) in &sorted[above..] {
            s += f64::from(u8::from(l));
            c += 1.0;
            ends.push((s, c));
        }
        // Only vertices of the lower hull of the ends can be least.
        let hull = lower_hull(&ends);
        let (mut best, mut s, mut c) = (f64::NEG_INFINITY, sum, count);
        let least = |s: f64, c: f64| {
            hull.iter()
                .map(|&(es, ec)| (s + es) / (c + ec))
                .fold(f64::INFINITY, f64::min)
        };
        best = f64::max(best, least(s, c));
        for &(_, l) in sorted[..below].iter().rev() {
            s += f64::from(u8::from(l));
            c += 1.0;
            if l {
                best = f64::max(best, least(s, c));
            }
        }
        best
    };
    (of(0.0), of(1.0))
}

/// Points `(sum, count)` no straight line between others runs below.
fn lower_hull(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut hull: Vec<(f64, f64)> = Vec::new();
    for &(s, c) in points {
        while let [.., (s0, c0), (s1, c1)] = hull.as_slice() {
            if (s1 - s0) * (c - c0) >= (s - s0) * (c1 - c0) {
                hull.pop();
            } else {
                break;
            }
        }
        hull.push((s, c));
    }
    hull
}
