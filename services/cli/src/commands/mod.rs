//! One file per command: arguments in, one use case, a report out.

mod background;
mod demo;
mod evaluate;
mod explain;
mod figures;
mod health;
mod init;
mod jobs;
mod models;
mod reproduce;
mod runs;
mod score;
mod serve;
mod synth;
mod train;
mod user;
mod validate;

use std::{path::Path, process::ExitCode};

use anyhow::Context;
use churn_engine::Home;
use churn_store::{PendingFile, write_hint};

use crate::{
    args::{Args, Command},
    ui::Ui,
};

/// Runs the command asked for.
pub(crate) fn run(args: &Args, ui: &Ui) -> anyhow::Result<ExitCode> {
    let home = || -> anyhow::Result<Home> {
        let home = Home::open(&args.home)
            .with_context(|| format!("can't open home {}", args.home.display()))?;
        use_threads(args.threads.map(usize::from).or(home.settings().threads))?;
        Ok(home)
    };
    // Commands that open no home: the option counts, settings do not.
    let without_home = || use_threads(args.threads.map(usize::from));
    match &args.command {
        Command::Init(args) => without_home().and_then(|()| init::run(args, ui)),
        Command::Validate(args) => without_home().and_then(|()| validate::run(args, ui)),
        Command::Synth(command) => without_home().and_then(|()| synth::run(command, ui)),
        Command::Demo(demo) => demo::run(&home()?, demo, ui),
        Command::Train(args) => train::run(&home()?, args, ui),
        Command::Evaluate(args) => evaluate::run(&home()?, args, ui),
        Command::Score(args) => score::run(&home()?, args, ui),
        Command::Explain(args) => explain::run(&home()?, args, ui),
        Command::Models(command) => models::run(&home()?, command, ui),
        Command::Runs(command) => runs::run(&home()?, command, ui),
        Command::Reproduce(args) => reproduce::run(&home()?, args, ui),
        Command::User(command) => user::run(&home()?, command, ui),
        Command::Jobs(command) => jobs::run(&home()?, command, ui),
        Command::Serve(serve) => serve::run(&args.home, serve, ui),
        Command::Migrate => health::migrate(&home()?, ui),
        Command::Health => health::run(&args.home, ui),
    }
}

/// Sets the number of threads, all cores when none is asked for.
fn use_threads(threads: Option<usize>) -> anyhow::Result<()> {
    let Some(threads) = threads else {
        return Ok(());
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .context("can't start the threads asked for")
}

/// Puts `what` and the file before a fault that does not name the file itself.
pub(crate) fn about_file<E>(what: &str, path: &Path) -> impl FnOnce(E) -> anyhow::Error
where
    E: std::error::Error + Send + Sync + 'static,
{
    move |fault| {
        let path = path.display().to_string();
        let names_file = fault.to_string().contains(&path);
        let fault = anyhow::Error::new(fault);
        if names_file {
            fault
        } else {
            fault.context(format!("{what} {path} failed"))
        }
    }
}

/// Writes a file whole or not at all.
pub(crate) fn write_file(
    path: &Path,
    write: impl FnOnce(&mut PendingFile) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let context = |fault: std::io::Error| {
        let hint = write_hint(&fault);
        anyhow::anyhow!("can't write {}: {fault}; {hint}", path.display())
    };
    let mut file = PendingFile::create(path).map_err(context)?;
    write(&mut file).map_err(|fault| {
        let is_ours = fault.chain().any(|cause| cause.is::<std::io::Error>());
        if is_ours {
            fault.context(format!("can't write {}", path.display()))
        } else {
            fault
        }
    })?;
    file.finish().map_err(context)
}

/// Who the audit names for what is done from the shell.
pub(crate) const WHO: &str = "shell";

/// `12,345`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `26.5 %`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(12_345_678), "12,345,678");
    }
}
