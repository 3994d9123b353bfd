//! `churn synth`: synthetic customers.

use std::{fs::File, io::BufWriter, io::Write, path::Path, process::ExitCode};

use anyhow::Context;
use churn_synth::{SnapshotParams, write_snapshot};

use super::grouped;
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
    let context = || format!("can't write {}", output.display());
    let mut part = output.as_os_str().to_owned();
    part.push(".part");
    let part = Path::new(&part);
    let written = (|| -> anyhow::Result<()> {
        let mut file = BufWriter::new(File::create(part).with_context(context)?);
        write_snapshot(params, &mut file)?;
        file.flush().with_context(context)?;
        std::fs::rename(part, output).with_context(context)
    })();
    if written.is_err() {
        // The first error is what the user must see; a part that can't be removed is harmless.
        let _ = std::fs::remove_file(part);
    }
    written
}
