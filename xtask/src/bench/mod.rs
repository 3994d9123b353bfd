//! `bench`: speed and memory beside the Python packages, in one run on one machine.

mod explain;
mod runner;
mod score;
mod train;

use anyhow::bail;

use crate::Outcome;

const USAGE: &str =
    "expected `cargo xtask bench explain`, `cargo xtask bench score` or `cargo xtask bench train`";

/// Runs the benchmark that `arguments` name first; the rest is for it.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    match arguments.split_first() {
        Some((name, rest)) if name == "explain" => explain::run(rest),
        Some((name, rest)) if name == "score" => score::run(rest),
        Some((name, rest)) if name == "train" => train::run(rest),
        Some((name, _)) => bail!("unknown benchmark '{name}'; {USAGE}"),
        None => bail!("{USAGE}"),
    }
}
