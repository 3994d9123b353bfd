//! Running commands: each is echoed before it starts.

use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::Outcome;

/// Runs a command with its output on the terminal; an error unless it succeeds.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let line = describe(command);
    eprintln!("$ {line}");
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("could not start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Runs a command quietly and returns what it printed, or `None` if it can't start or fails.
pub(crate) fn read(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether `program ARGUMENTS` runs and succeeds.
pub(crate) fn works(program: &str, arguments: &[&str]) -> bool {
    read(Command::new(program).args(arguments)).is_some()
}

/// Whether `program ARGUMENTS` can be started, however it ends: some fail when asked who they are.
pub(crate) fn starts(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command.output().is_ok()
}

/// The cargo that started this program.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Whether this runs on a build server, where leaving something out is a failure.
pub(crate) fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

/// Whether this process may install packages: the superuser of a Debian-like machine.
pub(crate) fn can_install() -> bool {
    read(Command::new("id").arg("-u")).as_deref() == Some("0") && works("apt-get", &["--version"])
}

/// Installs a package of the operating system.
pub(crate) fn install(package: &str) -> Outcome {
    run(Command::new("apt-get").args(["update", "-qq"]))?;
    run(Command::new("apt-get")
        .args(["install", "-y", "-qq", "--no-install-recommends", package])
        .env("DEBIAN_FRONTEND", "noninteractive"))
}

fn describe(command: &Command) -> String {
    let program = command.get_program().to_string_lossy().into_owned();
    let program = program.rsplit('/').next().unwrap_or(&program).to_owned();
    let mut words: Vec<String> = command
        .get_envs()
        .filter_map(|(name, value)| value.map(|value| (name, value)))
        .map(|(name, value)| {
            format!(
                "{}={}",
                name.to_string_lossy(),
                hide_password(&value.to_string_lossy())
            )
        })
        .collect();
    words.push(program);
    words.extend(
        command
            .get_args()
            .map(|argument| argument.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

/// An address without the password it may hold.
fn hide_password(value: &str) -> String {
    let parts = value.split_once("://").and_then(|(scheme, rest)| {
        let (user, host) = rest.rsplit_once('@')?;
        let (name, _) = user.split_once(':')?;
        Some(format!("{scheme}://{name}:***@{host}"))
    });
    parts.unwrap_or_else(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_echoed() {
        assert_eq!(
            hide_password("postgres://me:secret@host/db"),
            "postgres://me:***@host/db"
        );
        assert_eq!(
            hide_password("postgres://me@host/db"),
            "postgres://me@host/db"
        );
        assert_eq!(hide_password("/usr/lib/a.so"), "/usr/lib/a.so");
    }
}
