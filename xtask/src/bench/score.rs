//! `bench score`: a million customers from CSV to CSV, beside pandas and polars with XGBoost.
//!
//! Both sides use the same XGBoost model: Python loads the trainer's own file from our bundle.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::home::Home;
use super::runner::{Line, Measured, Wanted, measure, report};
use crate::{Outcome, data, paths, peers, shell};

const USAGE: &str =
    "expected `cargo xtask bench score [--rows N] [--part N] [--turns N] [--threads N]`";

/// Most memory of ours.
const MAX_MB: f64 = 500.0;

struct Options {
    /// Rows both score without reasons, and we with reasons.
    rows: usize,
    /// Rows the peer explains: it needs a quarter of an hour for a million.
    part: usize,
    turns: usize,
    threads: usize,
}

/// Measures; about three minutes at the default size.
pub(super) fn run(arguments: &[String]) -> Outcome {
    let options = Options::parse(arguments)?;
    let telco = data::find_telco()
        .context("the Telco file is not here and could not be fetched; set CHURN_DATA_DIR")?;
    let bench = Bench {
        python: peers::ensure()?,
        script: paths::workspace().join("tests/bench/score.py"),
        home: Home::new("bench-score", options.threads)?,
    };
    bench.run_all(&telco, &options)
}

impl Options {
    fn parse(arguments: &[String]) -> anyhow::Result<Self> {
        let mut options = Self {
            rows: 1_000_000,
            part: 20_000,
            turns: 3,
            threads: 2,
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let value = words
                .next()
                .with_context(|| format!("{word} needs a value; {USAGE}"))?;
            let number = value.parse::<usize>().ok().filter(|&number| number > 0);
            let number =
                number.with_context(|| format!("'{value}' is no number above 0; {USAGE}"))?;
            match word.as_str() {
                "--rows" => options.rows = number,
                "--part" => options.part = number,
                "--turns" => options.turns = number,
                "--threads" => options.threads = number,
                _ => bail!("unknown option '{word}'; {USAGE}"),
            }
        }
        Ok(options)
    }
}

struct Bench {
    python: PathBuf,
    script: PathBuf,
    home: Home,
}

impl Bench {
    fn run_all(&self, telco: &Path, options: &Options) -> Outcome {
        let rows = options.rows.to_string();
        let bundle = self.home.train(telco)?;
        let customers = self.home.file("customers.csv");
        let mut synth = self.home.command();
        synth.args(["synth", "snapshot", "--seed", "7", "--rows", &rows, "-o"]);
        shell::run(synth.arg(&customers))?;
        let scored = self.home.file("scored.csv");
        let ours = |reasons: &str| {
            let mut command = self.python(&["run", &rows]);
            command.arg(self.home.program());
            self.home.settle(&mut command);
            command.arg("score").arg(&customers).arg("-o").arg(&scored);
            command.args(["--reasons", reasons]);
            command
        };
        let peer = |engine: &str, rows: usize, reasons: &str| {
            let mut command = self.python(&[engine]);
            command.arg(&bundle).arg(&customers).arg(&scored);
            command.args([&rows.to_string(), reasons]);
            command
        };
        let explained = Line {
            work: format!("{rows} rows, 3 reasons; pandas {}", options.part),
            ours: measure(&mut ours("3"))?,
            peer: measure(&mut peer("pandas", options.part, "3"))?,
            wanted: Wanted::AtLeast(30.0),
        };
        let plain = Line::measure(
            &format!("{rows} rows, no reasons; polars"),
            Wanted::AtLeast(2.0),
            options.turns,
            || ours("0"),
            || peer("polars", 0, "0"),
        )?;
        for (what, line) in [("with 3 reasons", &explained), ("without reasons", &plain)] {
            println!("{}", words(what, &line.ours));
        }
        let peak_mb = explained.ours.peak_mb.max(plain.ours.peak_mb);
        report(
            &format!(
                "\nscoring CSV to CSV, {} threads; ratio = peer's CPU time per row by ours",
                self.home.threads()
            ),
            &[explained, plain],
        )?;
        if peak_mb > MAX_MB {
            bail!("{peak_mb:.0} MB at the peak, more than {MAX_MB} MB");
        }
        Ok(())
    }

    /// Python with the same libxgboost as ours: the wheel's own package lies beside it.
    fn python(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(&self.script).args(arguments);
        self.home.lend_library(&mut command);
        command.env("THREADS", self.home.threads().to_string());
        command
    }
}

/// `with 3 reasons: 10.1 s, 19.5 CPU s, 99,000 rows a second, 120 MB at the peak`.
fn words(what: &str, measured: &Measured) -> String {
    format!(
        "{what}: {:.1} s, {:.1} CPU s, {:.0} rows a second, {:.0} MB at the peak",
        measured.wall_s,
        measured.cpu_s,
        measured.rows / measured.wall_s,
        measured.peak_mb
    )
}
