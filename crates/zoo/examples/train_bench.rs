//! Fits one family on a table and prints CPU time and memory, for `cargo xtask bench train`.
//!
//! `train_bench TABLE FAMILY PARAMS_JSON N_FITS`. FAMILY is `forest`, `xgboost`, `catboost` or
//! `smote`; the table is what `tests/bench/train.py tables` writes. The last line is
//! `{"cpu_s": ..., "wall_s": ..., "peak_mb": ..., "model_bytes": ...}` per fit.
#![expect(
    clippy::print_stdout,
    reason = "an example that prints what it measures"
)]

use std::{error::Error, fs, path::Path, time::Instant};

use churn_ensemble::{Node, Output, Predictor, TreeEnsemble};
use churn_features::{Matrix, MatrixColumn, PlanParams};
use churn_xgboost::Library;
use churn_zoo::{
    Algorithm, CatboostParams, Fitted, ForestParams, Rounds, Samples, Trainer, XgboostParams,
    resample::ResampleParams,
};

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [table, family, params, n_fits] = arguments.as_slice() else {
        return Err("usage: train_bench TABLE FAMILY PARAMS_JSON N_FITS".into());
    };
    let n_fits: u32 = n_fits.parse()?;
    let (trainer, rounds) = trainer(family, params)?;
    let table = Table::read(table)?;
    let samples = Samples {
        matrix: &table.matrix,
        columns: &table.columns,
        labels: &table.labels,
        weights: None,
    };
    let (cpu, wall) = (cpu_seconds(), Instant::now());
    let mut model_bytes = 0;
    for seed in 0..u64::from(n_fits) {
        let fitted = trainer.fit(samples, Rounds::Exactly(rounds), seed)?;
        model_bytes = fitted.predictor.size_bytes();
    }
    let n_fits = f64::from(n_fits);
    println!(
        "{}",
        serde_json::json!({
            "cpu_s": (cpu_seconds() - cpu) / n_fits,
            "wall_s": wall.elapsed().as_secs_f64() / n_fits,
            "peak_mb": peak_mb(),
            "model_bytes": model_bytes,
        })
    );
    Ok(())
}

fn trainer(family: &str, params: &str) -> Result<(Box<dyn Trainer>, Option<usize>), Failure> {
    Ok(match family {
        "forest" => {
            let params: ForestParams = serde_json::from_str(params)?;
            (Box::new(params.check()?), None)
        }
        "xgboost" => {
            let library = std::env::var_os("CHURN_XGBOOST_LIBRARY")
                .ok_or("CHURN_XGBOOST_LIBRARY is not set")?;
            let params: XgboostParams = serde_json::from_str(params)?;
            let rounds = params.n_estimators;
            let trainer = params.check(Library::open(Path::new(&library))?)?;
            (Box::new(trainer), Some(rounds))
        }
        "catboost" => {
            let params: CatboostParams = serde_json::from_str(params)?;
            let rounds = params.iterations;
            (Box::new(params.check()?), Some(rounds))
        }
        "smote" => {
            let params: ResampleParams = serde_json::from_str(params)?;
            (Box::new(params.check()?.around(Box::new(Nothing))), None)
        }
        other => return Err(format!("no family '{other}'").into()),
    })
}

/// Learns nothing: what is left is the time of resampling.
struct Nothing;

impl Trainer for Nothing {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Forest
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn plan_params(&self) -> PlanParams {
        PlanParams::trees()
    }

    fn has_rounds(&self) -> bool {
        false
    }

    fn fit(
        &self,
        samples: Samples<'_>,
        _rounds: Rounds<'_>,
        _seed: u64,
    ) -> Result<Fitted, churn_zoo::Error> {
        let leaf = Node::Leaf {
            value: 0.5,
            cover: samples.labels.len() as f32,
        };
        let n_columns = samples.matrix.n_columns();
        let ensemble = TreeEnsemble::new(n_columns, 0.0, &[vec![leaf]], vec![1.0])?
            .with_output(Output::Share)?;
        Ok(Fitted {
            predictor: Predictor::Trees(ensemble),
            native: None,
            n_rounds: None,
        })
    }
}

/// A table as `tests/bench/train.py` writes it: `NAME.json` holds the columns, `NAME.f32` the
/// values, `NAME.labels` a byte per row.
struct Table {
    matrix: Matrix,
    columns: Vec<MatrixColumn>,
    labels: Vec<bool>,
}

impl Table {
    fn read(name: &str) -> Result<Self, Failure> {
        let about: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(format!("{name}.json"))?)?;
        let columns: Vec<MatrixColumn> = about["columns"]
            .as_array()
            .ok_or("no columns")?
            .iter()
            .zip(0_u32..)
            .map(|(column, group)| MatrixColumn {
                name: column["name"].as_str().unwrap_or_default().to_owned(),
                group,
                categorical: column["categorical"].as_bool().unwrap_or(false),
            })
            .collect();
        let bytes = fs::read(format!("{name}.f32"))?;
        let (values, _) = bytes.as_chunks::<4>();
        let values = values
            .iter()
            .map(|&bytes| f32::from_le_bytes(bytes))
            .collect();
        let labels = fs::read(format!("{name}.labels"))?;
        Ok(Self {
            matrix: Matrix::from_values(values, columns.len())?,
            columns,
            labels: labels.into_iter().map(|label| label == 1).collect(),
        })
    }
}

/// User and system time of this process, from the kernel's own count of hundredths.
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

/// Most memory this process ever held.
fn peak_mb() -> f64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(f64::NAN) / 1024.0
}
