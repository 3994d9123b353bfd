//! `ci`: everything a change must pass, in the order of its price; all failures at the end.

use std::time::Instant;

use anyhow::bail;

use crate::{Outcome, paths, shell, test, tidy};

/// A check and its name.
type Step = (&'static str, fn() -> Outcome);

/// Runs every check, also after one has failed, so that one run tells all.
pub(crate) fn run() -> Outcome {
    let steps: [Step; 6] = [
        ("fmt", check_format),
        ("tidy", tidy::run),
        ("clippy", check_lints),
        ("doc", check_docs),
        ("deny", check_dependencies),
        ("test", test::run),
    ];
    let mut failed = Vec::new();
    for (name, step) in steps {
        let started = Instant::now();
        let outcome = step();
        let seconds = started.elapsed().as_secs();
        match outcome {
            Ok(()) => eprintln!("ci: {name} passed in {seconds} s"),
            Err(error) => {
                eprintln!("ci: {name} FAILED after {seconds} s: {error:#}");
                failed.push(name);
            }
        }
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    println!("ci: all passed");
    Ok(())
}

fn check_format() -> Outcome {
    shell::run(
        shell::cargo()
            .args(["fmt", "--all", "--check"])
            .current_dir(paths::workspace()),
    )
}

fn check_lints() -> Outcome {
    shell::run(
        shell::cargo()
            .args([
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ])
            .current_dir(paths::workspace()),
    )
}

fn check_docs() -> Outcome {
    shell::run(
        shell::cargo()
            .args(["doc", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings")
            .current_dir(paths::workspace()),
    )
}

/// Licences and bans are checked by `tidy` too; `cargo deny` adds sources, and reads SPDX to the letter.
fn check_dependencies() -> Outcome {
    if shell::read(shell::cargo().args(["deny", "--version"])).is_none() {
        eprintln!("left out: cargo-deny is not installed (cargo install --locked cargo-deny)");
        return Ok(());
    }
    shell::run(
        shell::cargo()
            .args(["deny", "check", "licenses", "bans", "sources"])
            .current_dir(paths::workspace()),
    )
}
