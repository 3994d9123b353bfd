//! `bench train`: training CPU time beside scikit-learn, CatBoost, XGBoost and imbalanced-learn.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::runner::{Line, Wanted, report};
use crate::{Outcome, data, paths, peers, shell, xgboost};

const USAGE: &str = "expected `cargo xtask bench train [--rows N] [--turns N] [--threads N] [--only WORD]`; the rows are those of the large table";

/// One piece of work, the same on both sides.
struct Work {
    name: String,
    /// `onehot` or `codes`, and the rows: 0 is the file as it is.
    table: (&'static str, usize),
    family: &'static str,
    ours: &'static str,
    peer: &'static str,
    /// Fits per turn, so that short ones are measured over a second or so.
    n_fits: usize,
    n_turns: usize,
    wanted: Wanted,
}

struct Options {
    rows: usize,
    turns: usize,
    threads: usize,
    only: String,
}

/// Measures; about ten minutes at the default size.
pub(super) fn run(arguments: &[String]) -> Outcome {
    let options = Options::parse(arguments)?;
    let telco = data::find_telco()
        .context("the Telco file is not here and could not be fetched; set CHURN_DATA_DIR")?;
    let bench = Bench {
        python: peers::ensure()?,
        library: xgboost::ensure()?,
        program: build()?,
        script: paths::workspace().join("tests/bench/train.py"),
        tables: paths::scratch("bench-train")?,
        threads: options.threads,
    };
    let outcome = bench.run_all(&telco, &options);
    // Tables of a finished run are of no use; the outcome counts.
    std::fs::remove_dir_all(&bench.tables).ok();
    let lines = outcome?;
    let outcome = report(
        &format!(
            "training, {} thread(s) on both sides, medians; ratio = peer's CPU time by ours",
            options.threads
        ),
        &lines,
    );
    outcome.and(report_growth(&lines))
}

/// How SMOTE's time grows from its smallest to its largest table; an error when it is quadratic.
fn report_growth(lines: &[Line]) -> Outcome {
    let smote: Vec<&Line> = lines
        .iter()
        .filter(|line| line.work.starts_with(SMOTE))
        .collect();
    let ([first, ..], [.., last]) = (smote.as_slice(), smote.as_slice()) else {
        return Ok(());
    };
    let rows = SMOTE_ROWS[SMOTE_ROWS.len() - 1] as f64 / SMOTE_ROWS[0] as f64;
    let (ours, peer) = (
        last.ours.cpu_s / first.ours.cpu_s,
        last.peer.cpu_s / first.peer.cpu_s,
    );
    let power = |times: f64| times.ln() / rows.ln();
    println!(
        "\n{SMOTE}: {rows} times the rows take ours {ours:.1} times the CPU time (rows to the power of {:.2}), the peer {peer:.1} times ({:.2})",
        power(ours),
        power(peer)
    );
    if power(ours) >= 2.0 {
        bail!("{SMOTE} is quadratic or worse");
    }
    Ok(())
}

impl Options {
    fn parse(arguments: &[String]) -> anyhow::Result<Self> {
        let mut options = Self {
            rows: 1_000_000,
            turns: 3,
            threads: 1,
            only: String::new(),
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let value = words
                .next()
                .with_context(|| format!("{word} needs a value; {USAGE}"))?;
            let number = || {
                let number = value.parse::<usize>().ok().filter(|&number| number > 0);
                number.with_context(|| format!("'{value}' is no number above 0; {USAGE}"))
            };
            match word.as_str() {
                "--rows" => options.rows = number()?,
                "--turns" => options.turns = number()?,
                "--threads" => options.threads = number()?,
                "--only" => options.only.clone_from(value),
                _ => bail!("unknown option '{word}'; {USAGE}"),
            }
        }
        Ok(options)
    }
}

/// The example that fits our side.
fn build() -> anyhow::Result<PathBuf> {
    let arguments = [
        "build",
        "--release",
        "--package",
        "churn-zoo",
        "--example",
        "train_bench",
    ];
    shell::run(
        shell::cargo()
            .args(arguments)
            .current_dir(paths::workspace()),
    )?;
    Ok(paths::target()?.join("release/examples/train_bench"))
}

struct Bench {
    python: PathBuf,
    library: PathBuf,
    program: PathBuf,
    script: PathBuf,
    tables: PathBuf,
    threads: usize,
}

impl Bench {
    fn run_all(&self, telco: &Path, options: &Options) -> anyhow::Result<Vec<Line>> {
        let mut lines = Vec::new();
        for work in works(options) {
            if !work.name.contains(&options.only) {
                continue;
            }
            let (kind, rows) = work.table;
            let table = self.tables.join(format!("{kind}-{rows}"));
            if !table.with_extension("json").exists() {
                shell::run(
                    self.python(&["tables"])
                        .arg(telco)
                        .arg(&self.tables)
                        .arg(rows.to_string()),
                )?;
            }
            let fits = work.n_fits.to_string();
            let ours = || {
                let mut command = Command::new(&self.program);
                command
                    .arg(&table)
                    .args([work.family, work.ours, &fits])
                    .env("RAYON_NUM_THREADS", self.threads.to_string())
                    .env("CHURN_XGBOOST_LIBRARY", &self.library)
                    .env("OMP_WAIT_POLICY", "PASSIVE");
                command
            };
            let peer = || {
                let mut command = self.python(&["fit"]);
                command.arg(&table).args([work.family, work.peer, &fits]);
                command
            };
            lines.push(Line::measure(
                &work.name,
                work.wanted,
                work.n_turns,
                ours,
                peer,
            )?);
        }
        Ok(lines)
    }

    /// Python with the same libxgboost as ours: the wheel's own package lies beside it.
    fn python(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(&self.script).args(arguments);
        command
            .env("PYTHONPATH", xgboost::python_package(&self.library))
            .env("THREADS", self.threads.to_string())
            .env("OMP_WAIT_POLICY", "PASSIVE");
        command
    }
}

/// What is measured. Parameters are the peers' defaults where none are named.
fn works(options: &Options) -> Vec<Work> {
    let work = |name: String, table, family, (ours, peer), n_fits, n_turns, wanted| Work {
        name,
        table,
        family,
        ours,
        peer,
        n_fits,
        n_turns,
        wanted,
    };
    let large = options.rows;
    let mut works = vec![
        work(
            "forest, 500 trees, Telco".to_owned(),
            ("onehot", 0),
            "forest",
            (
                r#"{"n_estimators": 500, "max_depth": 512, "min_samples_leaf": 1, "max_features": "sqrt"}"#,
                r#"{"n_estimators": 500}"#,
            ),
            1,
            options.turns,
            Wanted::AtLeast(4.0),
        ),
        work(
            "CatBoost, native categories, 500 trees, Telco".to_owned(),
            ("codes", 0),
            "catboost",
            (
                r#"{"iterations": 500, "depth": 6, "learning_rate": 0.1, "one_hot_max_size": 2, "bootstrap_type": "mvs"}"#,
                r#"{"iterations": 500, "depth": 6, "learning_rate": 0.1}"#,
            ),
            1,
            options.turns,
            Wanted::AtLeast(8.0),
        ),
        work(
            "XGBoost, 300 rounds, Telco".to_owned(),
            ("onehot", 0),
            "xgboost",
            XGBOOST,
            3,
            2 * options.turns - 1,
            Wanted::AtLeast(0.95),
        ),
    ];
    works.extend([
        work(
            format!("forest, 5 trees, {large} rows"),
            ("onehot", large),
            "forest",
            (
                r#"{"n_estimators": 5, "max_depth": 512, "min_samples_leaf": 1, "max_features": "sqrt"}"#,
                r#"{"n_estimators": 5}"#,
            ),
            1,
            1,
            Wanted::AtLeast(1.0),
        ),
        work(
            format!("CatBoost, one-hot, 60 trees, {large} rows"),
            ("codes", large),
            "catboost",
            (
                r#"{"iterations": 60, "depth": 6, "learning_rate": 0.1, "one_hot_max_size": 4, "bootstrap_type": "mvs"}"#,
                r#"{"iterations": 60, "depth": 6, "learning_rate": 0.1, "one_hot_max_size": 4}"#,
            ),
            1,
            1,
            Wanted::AtLeast(1.0),
        ),
    ]);
    // The peer compares all pairs of rows; up to here it is bearable.
    works.extend(SMOTE_ROWS.map(|rows| {
        work(
            format!("{SMOTE}, {rows} rows"),
            ("onehot", rows),
            "smote",
            (r#"{"method": "smote"}"#, "{}"),
            1,
            1,
            Wanted::Anything,
        )
    }));
    works
}

const SMOTE: &str = "SMOTE";
const SMOTE_ROWS: [usize; 3] = [50_000, 100_000, 200_000];

/// Shallow trees and no early stopping, the same on both sides.
const XGBOOST: (&str, &str) = (
    r#"{"n_estimators": 300, "max_depth": 6, "learning_rate": 0.1, "min_child_weight": 1, "subsample": 1, "colsample_bytree": 1, "reg_lambda": 1}"#,
    r#"{"n_estimators": 300, "max_depth": 6, "learning_rate": 0.1}"#,
);
