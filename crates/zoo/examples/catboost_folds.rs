//! Trains CatBoost on folds of a plain table: quality and CPU time, to hold beside the original.
//!
//! `catboost_folds TABLE FOLDS|all [PARAMS_JSON]`. The table has a line of column names, a line of
//! types (`n` number, `c` category code), then rows that end in a 0/1 label; an empty field is
//! missing. The folds file has a line per row with its fold in each repeat. With `all`, one model
//! is fitted on all rows.
#![expect(
    clippy::print_stdout,
    reason = "an example that prints what it measures"
)]

use std::{error::Error, fs, time::Instant};

use churn_features::{Matrix, MatrixColumn};
use churn_metrics::roc_auc;
use churn_zoo::{CatboostParams, Rounds, Samples, Trainer};

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [table, folds, rest @ ..] = arguments.as_slice() else {
        return Err("usage: catboost_folds TABLE FOLDS|all [PARAMS_JSON]".into());
    };
    let params: CatboostParams = match rest.first() {
        Some(json) => serde_json::from_str(json)?,
        None => CatboostParams::default(),
    };
    let iterations = params.iterations;
    let trainer = params.check()?;
    let (matrix, columns, labels) = read_table(table)?;
    let fit = |matrix: &Matrix, labels: &[bool], seed| {
        let samples = Samples {
            matrix,
            columns: &columns,
            labels,
            weights: None,
        };
        trainer.fit(samples, Rounds::Exactly(Some(iterations)), seed)
    };
    if folds == "all" {
        let (cpu, wall) = (cpu_seconds(), Instant::now());
        let fitted = fit(&matrix, &labels, 0)?;
        let (cpu, wall) = (cpu_seconds() - cpu, wall.elapsed().as_secs_f64());
        let size = fitted.predictor.size_bytes();
        println!("cpu {cpu:.3} s, wall {wall:.3} s, model {size} bytes");
        return Ok(());
    }
    let assignments: Vec<Vec<usize>> = fs::read_to_string(folds)?
        .lines()
        .map(|line| line.split(',').map(str::parse).collect())
        .collect::<Result<_, _>>()?;
    let (mut aucs, mut losses) = (Vec::new(), Vec::new());
    let cpu = cpu_seconds();
    let n_repeats = assignments.first().map_or(0, Vec::len);
    for number in 0..5 * n_repeats {
        let (repeat, fold) = (number / 5, number % 5);
        let rows = |is_held_out: bool| -> Vec<usize> {
            let is_meant = |row: &usize| (assignments[*row][repeat] == fold) == is_held_out;
            (0..labels.len()).filter(is_meant).collect()
        };
        let part = |rows: &[usize]| {
            let labels: Vec<bool> = rows.iter().map(|&row| labels[row]).collect();
            (matrix.select(rows), labels)
        };
        let (train, train_labels) = part(&rows(false));
        let (test, test_labels) = part(&rows(true));
        let fitted = fit(&train, &train_labels, fold as u64)?;
        let mut margins = vec![0.0; test_labels.len()];
        fitted.predictor.margins_into(test.values(), &mut margins)?;
        aucs.push(roc_auc(&test_labels, &margins)?);
        losses.push(log_loss(&margins, &test_labels));
    }
    let cpu = (cpu_seconds() - cpu) / aucs.len() as f64;
    println!(
        "auc {:.4} log loss {:.4} ({} folds, {cpu:.3} CPU s each)",
        mean(&aucs),
        mean(&losses),
        aucs.len()
    );
    Ok(())
}

fn read_table(path: &str) -> Result<(Matrix, Vec<MatrixColumn>, Vec<bool>), Failure> {
    let text = fs::read_to_string(path)?;
    let mut lines = text.lines();
    let names = lines.next().ok_or("no names")?.split(',');
    let types = lines.next().ok_or("no types")?.split(',');
    let columns: Vec<MatrixColumn> = names
        .zip(types)
        .zip(0_u32..)
        .map(|((name, kind), group)| MatrixColumn {
            name: name.to_owned(),
            group,
            categorical: kind == "c",
        })
        .collect();
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for line in lines {
        let mut fields = line.split(',');
        for field in fields.by_ref().take(columns.len()) {
            values.push(if field.is_empty() {
                f32::NAN
            } else {
                field.parse()?
            });
        }
        labels.push(fields.next() == Some("1"));
    }
    Ok((Matrix::from_values(values, columns.len())?, columns, labels))
}

/// User and system time of this process, from the kernel's own count.
fn cpu_seconds() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    ticks / 100.0
}

fn log_loss(margins: &[f64], labels: &[bool]) -> f64 {
    let sum: f64 = margins
        .iter()
        .zip(labels)
        .map(|(&margin, &label)| {
            let signed = if label { -margin } else { margin };
            signed.max(0.0) + (-signed.abs()).exp().ln_1p()
        })
        .sum();
    sum / labels.len() as f64
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
