//! `bench`: speed and memory beside the Python packages, in one run on one machine.

mod api;
mod explain;
mod home;
mod runner;
mod score;
mod train;

use anyhow::bail;

use crate::Outcome;

const USAGE: &str = "expected `cargo xtask bench NAME`, where NAME is api, explain, score or train";

/// Runs the benchmark that `arguments` name first; the rest is for it.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    match arguments.split_first() {
        Some((name, rest)) if name == "api" => api::run(rest),
        Some((name, rest)) if name == "explain" => explain::run(rest),
        Some((name, rest)) if name == "score" => score::run(rest),
        Some((name, rest)) if name == "train" => train::run(rest),
        Some((name, _)) => bail!("unknown benchmark '{name}'; {USAGE}"),
        None => bail!("{USAGE}"),
    }
}
