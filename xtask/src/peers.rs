//! The Python packages this program is held beside: an environment in the cache, versions pinned.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

use crate::{paths, shell};

/// Python packages of pinned versions.
pub(crate) struct Environment {
    /// Names an interpreter that has the packages already.
    pub variable: &'static str,
    /// The pinned versions, a file of the workspace.
    pub requirements: &'static str,
    /// First part of the folder's name in the cache.
    pub name: &'static str,
}

/// Packages that solve the same problem.
///
/// XGBoost is not among them: `PYTHONPATH` set to [`crate::xgboost`]'s folder gives Python the
/// same library this program loads.
const PEERS: Environment = Environment {
    variable: "CHURN_PEERS_PYTHON",
    requirements: "tests/parity/requirements.txt",
    name: "peers",
};

/// The interpreter of the environment with the peers.
pub(crate) fn ensure() -> anyhow::Result<PathBuf> {
    PEERS.ensure()
}

impl Environment {
    /// The interpreter of the environment, made first if absent or of other versions.
    ///
    /// Its folder is named after the pinned versions.
    pub(crate) fn ensure(&self) -> anyhow::Result<PathBuf> {
        let variable = self.variable;
        if let Some(python) = std::env::var_os(variable).map(PathBuf::from) {
            if !python.exists() {
                bail!(
                    "{variable} names {}, which does not exist; unset it to install the packages",
                    python.display()
                );
            }
            return Ok(python);
        }
        let requirements = paths::workspace().join(self.requirements);
        let hash = paths::sha256(&requirements)
            .with_context(|| format!("could not read {}", requirements.display()))?;
        let folder = paths::cache()?.join(format!("{}-{}", self.name, &hash[..12]));
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
        format!("could not install the Python packages to compare with; is there a network, or a package mirror in PIP_INDEX_URL? {variable} can name an interpreter that has them")
    })?;
        std::fs::write(&finished, "").context("could not mark the environment as finished")?;
        Ok(python)
    }
}
