//! The Python environment in the cache: pip to fetch wheels, and the S3-compatible server of the tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::{Outcome, paths, shell};

/// Version of the server the tests run against.
const MOTO_VERSION: &str = "5.2.5";

/// Path of `moto_server`, installed first if absent or of another version.
pub(crate) fn ensure() -> anyhow::Result<PathBuf> {
    let folder = ensure_python()?;
    let server = folder.join("bin/moto_server");
    if !(server.exists() && has_package(&folder, &format!("moto-{MOTO_VERSION}.dist-info"))) {
        install(&folder)?;
    }
    Ok(server)
}

/// The environment's folder, made first if absent.
pub(crate) fn ensure_python() -> anyhow::Result<PathBuf> {
    let folder = paths::cache()?.join("py");
    if !shell::works(
        &folder.join("bin/python").to_string_lossy(),
        &["-m", "pip", "--version"],
    ) {
        shell::run(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&folder),
        )
        .context("could not make a Python environment; install Python with venv (apt-get install python3-venv)")?;
    }
    Ok(folder)
}

fn install(folder: &Path) -> Outcome {
    shell::run(
        Command::new(folder.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .arg(format!("moto[server]=={MOTO_VERSION}")),
    )
    .context("could not install the S3 server of the tests; is there a network, or a package mirror in PIP_INDEX_URL?")
}

/// Whether a folder of that name is among the environment's packages.
fn has_package(folder: &Path, name: &str) -> bool {
    let Ok(versions) = std::fs::read_dir(folder.join("lib")) else {
        return false;
    };
    versions
        .flatten()
        .any(|version| version.path().join("site-packages").join(name).exists())
}
