//! `bench api`: `churn serve` under load, beside services of Flask and FastAPI on the same model.

use std::process::Command;

use anyhow::{Context, bail};

use super::home::Home;
use crate::{Outcome, data, paths, peers, shell};

const USAGE: &str =
    "expected `cargo xtask bench api [--seconds N]`; the seconds are those of each load";

/// Measures; about seven minutes at the default of 15 seconds for each of 26 loads.
pub(super) fn run(arguments: &[String]) -> Outcome {
    let seconds = match arguments {
        [] => 15,
        [option, number] if option == "--seconds" => number
            .parse::<u32>()
            .ok()
            .filter(|&seconds| seconds > 0)
            .with_context(|| format!("'{number}' is no number above 0; {USAGE}"))?,
        _ => bail!("{USAGE}"),
    };
    if !shell::starts("wrk", &["-v"]) {
        bail!("wrk is missing; install it first (apt-get install wrk)");
    }
    let telco = data::find_telco()
        .context("the Telco file is not here and could not be fetched; set CHURN_DATA_DIR")?;
    let python = peers::ensure()?;
    let home = Home::new("bench-api", 2)?;
    let bundle = home.train(&telco)?;
    let mut command = Command::new(python);
    command
        .arg(paths::workspace().join("tests/bench/api.py"))
        .arg(home.program())
        .arg(home.file("home"))
        .arg(bundle)
        .arg(telco)
        .arg(home.file(""))
        .arg(seconds.to_string());
    home.lend_library(&mut command);
    match command.status().context("could not start Python")?.code() {
        Some(0) => Ok(()),
        Some(1) => bail!("a line of the table above is not what is wanted"),
        _ => bail!("the load could not be run; see above"),
    }
}
