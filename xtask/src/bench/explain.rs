//! `bench explain`: exact explanations beside the Python packages, same models and rows.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

use super::runner::{Line, Wanted, measure, report};
use crate::peers::Environment;
use crate::{Outcome, data, paths, peers, shell, xgboost};

const USAGE: &str = "expected `cargo xtask bench explain [--rows N] [--only WORD]`; the rows are those our side explains";

const TITLE: &str = "
predictions and explanations, one thread, CPU time; ratio = peer's CPU time per row by ours.
Peers that are slow do fewer rows; time is linear in them. fasttreeshap has an environment of its
own, since it needs an older numpy than the others do";

/// fasttreeshap alone.
const FAST: Environment = Environment {
    variable: "CHURN_FASTTREESHAP_PYTHON",
    requirements: "tests/bench/fasttreeshap.txt",
    name: "fasttreeshap",
};

/// One question to one model, the same on both sides.
struct Work {
    name: &'static str,
    /// The model and what is asked of it, as both programs know it.
    task: &'static str,
    /// Rows each side explains: slow ones are measured on few, since time is linear in them.
    rows: (usize, usize),
    n_turns: usize,
    wanted: Wanted,
}

/// Measures; about ten minutes at the default size.
pub(super) fn run(arguments: &[String]) -> Outcome {
    let (mut rows, mut only) = (200_000, String::new());
    for pair in arguments.chunks(2) {
        match pair {
            [name, value] if name == "--rows" => {
                let number = value.parse().ok().filter(|&rows| rows >= 20_000);
                rows = number
                    .with_context(|| format!("'{value}' is no number from 20000; {USAGE}"))?;
            }
            [name, value] if name == "--only" => only.clone_from(value),
            _ => bail!("unknown option '{}'; {USAGE}", pair[0]),
        }
    }
    let telco = data::find_telco()
        .context("the Telco file is not here and could not be fetched; set CHURN_DATA_DIR")?;
    let bench = Bench {
        python: peers::ensure()?,
        fast: FAST.ensure()?,
        library: xgboost::ensure()?,
        program: build()?,
        folder: paths::scratch("bench-explain")?,
    };
    let mut prepare = bench.python(&["prepare"]);
    prepare.arg(&telco).arg(&bench.folder).arg(rows.to_string());
    let outcome = shell::run(&mut prepare).and_then(|()| bench.run_all(rows, &only));
    // Models and tables of a finished run are of no use; the outcome counts.
    std::fs::remove_dir_all(&bench.folder).ok();
    report(TITLE, &outcome?)
}

/// The example that explains on our side.
fn build() -> anyhow::Result<PathBuf> {
    let arguments = ["build", "--release", "--package", "churn-explain"];
    shell::run(
        shell::cargo()
            .args(arguments)
            .args(["--example", "explain_bench"])
            .current_dir(paths::workspace()),
    )?;
    Ok(paths::target()?.join("release/examples/explain_bench"))
}

struct Bench {
    python: PathBuf,
    fast: PathBuf,
    library: PathBuf,
    program: PathBuf,
    folder: PathBuf,
}

impl Bench {
    fn run_all(&self, rows: usize, only: &str) -> anyhow::Result<Vec<Line>> {
        let mut lines = Vec::new();
        for work in works(rows) {
            if !work.name.contains(only) {
                continue;
            }
            // The peer first, once: what it finds is checked by ours in every turn.
            measure(&mut self.peer(&work, work.rows.1.min(20)))?;
            let ours = || self.ours(work.task, work.rows.0);
            let peer = || self.peer(&work, work.rows.1);
            let line = Line::measure(work.name, work.wanted, work.n_turns, ours, peer)?;
            lines.push(line);
        }
        // Its output is for the reader: values against the peer, the limit, single rows.
        for (task, n_rows) in [
            ("xgboost-values", rows),
            ("xgboost-latency", 20_000),
            ("catboost-latency", 20_000),
            ("forest-latency", 200),
        ] {
            shell::run(&mut self.ours(task, n_rows))?;
        }
        Ok(lines)
    }

    fn ours(&self, task: &str, n_rows: usize) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg(&self.folder)
            .args([task, &n_rows.to_string()])
            .env("RAYON_NUM_THREADS", "1");
        command
    }

    fn peer(&self, work: &Work, n_rows: usize) -> Command {
        let mut command = if work.task.starts_with("fast") {
            let mut command = Command::new(&self.fast);
            command.arg(paths::workspace().join("tests/bench/fast.py"));
            command.env("OMP_WAIT_POLICY", "PASSIVE");
            command
        } else {
            self.python(&["run"])
        };
        command
            .arg(&self.folder)
            .args([work.task, &n_rows.to_string()]);
        command
    }

    /// Python with the same libxgboost as ours: the wheel's own package lies beside it.
    fn python(&self, arguments: &[&str]) -> Command {
        let script = paths::workspace().join("tests/bench/explain.py");
        let mut command = Command::new(&self.python);
        command.arg(script).args(arguments);
        if let Some(package) = self.library.ancestors().nth(3) {
            command.env("PYTHONPATH", package);
        }
        command.env("OMP_WAIT_POLICY", "PASSIVE");
        command
    }
}

/// What is measured: 300 trees each, of depth 6 where nothing else is said.
fn works(rows: usize) -> Vec<Work> {
    let work = |name, task, peer_rows, n_turns, wanted| Work {
        name,
        task,
        rows: (rows, peer_rows),
        n_turns,
        wanted,
    };
    let few = |rows, work| Work { rows, ..work };
    let anything = Wanted::Anything;
    let at_least = Wanted::AtLeast;
    vec![
        work("xgboost, predict", "xgboost-margins", rows, 3, anything),
        work("catboost, predict", "catboost-margins", rows, 3, anything),
        work(
            "xgboost, pred_contribs",
            "xgboost-values",
            2_000,
            3,
            at_least(60.0),
        ),
        work("fasttreeshap v1", "fast1-values", 4_000, 3, anything),
        work("fasttreeshap v2", "fast2-values", 4_000, 3, anything),
        work(
            "woodelf, path-dependent",
            "woodelf-values",
            rows,
            1,
            at_least(5.0),
        ),
        work(
            "woodelf, 100 background rows",
            "woodelf-background",
            rows,
            1,
            at_least(5.0),
        ),
        work(
            "shap, 100 background rows",
            "shap-background",
            60,
            1,
            anything,
        ),
        work(
            "lightgbm, pred_contrib",
            "lightgbm-values",
            2_000,
            3,
            anything,
        ),
        work(
            "catboost, ShapValues",
            "catboost-values",
            20_000,
            3,
            at_least(20.0),
        ),
        few(
            (5_000, 20),
            work(
                "xgboost, pred_interactions",
                "xgboost-interactions",
                0,
                3,
                at_least(20.0),
            ),
        ),
        few(
            (1_000, 100),
            work(
                "xgboost of depth 12, pred_contribs",
                "deep-values",
                0,
                1,
                anything,
            ),
        ),
        few(
            (400, 10),
            work(
                "shap, forest of 500 trees, depth 20",
                "forest-values",
                0,
                1,
                anything,
            ),
        ),
    ]
}
