//! The Python packages this program is held beside: an environment in the cache, versions pinned.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

use crate::{paths, shell};

/// Names an interpreter that has the packages already.
const VARIABLE: &str = "CHURN_PEERS_PYTHON";

/// The interpreter of the environment, made first if absent or of other versions.
///
/// Its folder is named after the pinned versions in `tests/parity/requirements.txt`. XGBoost is
/// not among them: `PYTHONPATH` set to [`crate::xgboost`]'s folder gives Python the same library
/// this program loads.
pub(crate) fn ensure() -> anyhow::Result<PathBuf> {
    if let Some(python) = std::env::var_os(VARIABLE).map(PathBuf::from) {
        if !python.exists() {
            bail!(
                "{VARIABLE} names {}, which does not exist; unset it to install the packages",
                python.display()
            );
        }
        return Ok(python);
    }
    let requirements = paths::workspace().join("tests/parity/requirements.txt");
    let hash = paths::sha256(&requirements)
        .with_context(|| format!("could not read {}", requirements.display()))?;
    let folder = paths::cache()?.join(format!("peers-{}", &hash[..12]));
    let python = folder.join("bin/python");
    let finished = folder.join("finished");
    if finished.exists() && shell::works(&python.to_string_lossy(), &["--version"]) {
        return Ok(python);
    }
    shell::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder),
    )
    .context("could not make a Python environment; install Python with venv (apt-get install python3-venv)")?;
    shell::run(
        Command::new(&python)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .arg("--requirement")
            .arg(&requirements),
    )
    .with_context(|| {
        format!("could not install the Python packages to compare with; is there a network, or a package mirror in PIP_INDEX_URL? {VARIABLE} can name an interpreter that has them")
    })?;
    std::fs::write(&finished, "").context("could not mark the environment as finished")?;
    Ok(python)
}
