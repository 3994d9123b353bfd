//! The pages in a real browser: every main flow, at the width of a desk and of a phone.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::installation::{self, Installation};
use crate::{Outcome, shell, web};

/// Names Debian and others give the browser.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Path of a Chromium; installed first where this may be done.
pub(crate) fn ensure() -> anyhow::Result<PathBuf> {
    if let Some(found) = find() {
        return Ok(found);
    }
    if shell::can_install() {
        shell::install("chromium")?;
    }
    find().context("no Chromium: install the package 'chromium', or name one in CHURN_BROWSER")
}

fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CHURN_BROWSER") {
        return Some(named.into());
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .flat_map(|folder| NAMES.map(|name| folder.join(name)))
        .find(|path| path.is_file())
}

/// Starts a service with a small model and goes through its pages.
pub(crate) fn run(browser: &std::path::Path) -> Outcome {
    web::ensure_packages()?;
    let installation = Installation::new(&installation::build()?, "browser", None)?;
    let client = installation.client()?;
    let mut server = installation.serve()?;
    let gone = installation.wait_until_ready(&client).and_then(|()| {
        let mut tests = Command::new("node");
        tests
            .args(["--test", "--test-reporter=spec", "tests/"])
            .current_dir(web::folder())
            .stdout(Stdio::inherit())
            .env("CHURN_BROWSER", browser)
            .env(
                "CHURN_URL",
                format!("http://127.0.0.1:{}", installation.port),
            )
            .env("CHURN_USER", installation::ADMIN)
            .env("CHURN_LOGIN", installation::PASSWORD)
            .env("CHURN_FILE", installation.path("score.csv"));
        shell::run(&mut tests)
    });
    let stopped = installation.stop(&mut server);
    gone.and(stopped)
}

/// `cargo xtask browser`.
pub(crate) fn task(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        bail!("expected `cargo xtask browser` alone");
    }
    web::ensure_built()?;
    run(&ensure()?)
}
