//! `churn synth`: synthetic customers.

use std::{path::Path, process::ExitCode};

use churn_synth::{SnapshotParams, write_snapshot};

use super::{grouped, write_file};
use crate::{args::SynthCommand, ui::Ui};

pub(crate) fn run(command: &SynthCommand, ui: &Ui) -> anyhow::Result<ExitCode> {
    let SynthCommand::Snapshot {
        rows,
        seed,
        noise,
        output,
    } = command;
    snapshot(
        &SnapshotParams {
            rows: *rows,
            seed: *seed,
            noise: *noise,
        },
        output,
    )?;
    ui.say(format!(
        "wrote {} synthetic customers to {}",
        grouped(*rows),
        output.display()
    ));
    ui.emit(&serde_json::json!({ "rows": rows, "seed": seed, "output": output }))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a snapshot; nothing is left under the name when it fails.
pub(crate) fn snapshot(params: &SnapshotParams, output: &Path) -> anyhow::Result<()> {
    write_file(output, |file| Ok(write_snapshot(params, file)?))
}
