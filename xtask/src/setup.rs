//! `setup`: fetches what building and testing needs and the machine lacks.

use std::process::Command;

use anyhow::bail;

use crate::{Outcome, moto, shell, xgboost};

/// Checks the tools, then fetches libxgboost and the S3 server; what is there and right is kept.
pub(crate) fn run() -> Outcome {
    check_tools()?;
    let library = xgboost::ensure()?;
    println!("libxgboost   {}", library.display());
    let server = moto::ensure()?;
    println!("moto_server  {}", server.display());
    Ok(())
}

/// Tools that only the machine's owner can install; all that are missing are told together.
pub(crate) fn check_tools() -> Outcome {
    let mut missing = Vec::new();
    if !shell::works("cc", &["--version"]) {
        missing.push("a C compiler: apt-get install gcc libc6-dev (or your system's equal)");
    }
    if shell::read(Command::new("python3").args(["-c", "import ensurepip, venv"])).is_none() {
        missing.push("Python 3.10 or later with venv: apt-get install python3-venv");
    }
    if !missing.is_empty() {
        bail!("missing tools\n  {}", missing.join("\n  "));
    }
    Ok(())
}
