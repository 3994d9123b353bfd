//! Speaking to the user: results on stdout, notes on stderr.

use std::io::{IsTerminal, Write};

use serde::Serialize;

/// How to speak.
pub(crate) struct Ui {
    json: bool,
}

impl Ui {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether stdout is for machines.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether a progress bar would be seen.
    pub(crate) fn shows_progress(&self) -> bool {
        std::io::stderr().is_terminal()
    }

    /// Part of the result for people; silent when stdout is for machines.
    pub(crate) fn say(&self, text: impl AsRef<str>) {
        if !self.json {
            write_stdout(text.as_ref());
        }
    }

    /// The result for machines; silent otherwise.
    pub(crate) fn emit(&self, result: &impl Serialize) -> anyhow::Result<()> {
        if self.json {
            write_stdout(&serde_json::to_string(result)?);
        }
        Ok(())
    }

    /// Something the user should know beside the result.
    pub(crate) fn note(&self, text: impl AsRef<str>) {
        eprintln!("{}", text.as_ref());
    }

    /// A warning.
    pub(crate) fn warn(&self, text: impl AsRef<str>) {
        eprintln!("warning: {}", text.as_ref());
    }
}

/// Writes a line to stdout. A reader that went away (`| head`) wants no more: that is no fault. A
/// result that can't be written otherwise is: the program says so and ends with exit code 1.
pub(crate) fn write_stdout(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let written = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
    if let Err(fault) = written
        && fault.kind() != std::io::ErrorKind::BrokenPipe
    {
        eprintln!("error: can't write the result to stdout: {fault}");
        std::process::exit(1);
    }
}
