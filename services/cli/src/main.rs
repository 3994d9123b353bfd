//! `churn`: every use case from the shell.
//!
//! The program parses its arguments once, calls one use case, and maps the outcome to an exit
//! code: 0 done, 1 failed, 2 wrong usage, 3 data refused. Results go to stdout, notes and progress
//! to stderr; with `--json` stdout holds JSON only.
#![expect(
    clippy::print_stderr,
    reason = "a shell program speaks to its user; stdout goes through one place that survives a closed pipe"
)]
#![expect(
    clippy::cast_possible_truncation,
    reason = "percentages and widths for the screen"
)]

mod args;
mod commands;
mod exit;
mod progress;
mod service_args;
mod table;
mod ui;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let args = args::Args::parse();
    let ui = ui::Ui::new(args.json);
    match commands::run(&args, &ui) {
        Ok(code) => code,
        Err(fault) => exit::report(&ui, &fault),
    }
}
