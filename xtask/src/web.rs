//! `web`: builds the dashboard's scripts and styles, which the service keeps in itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use sha2::{Digest, Sha256};

use crate::{Outcome, paths, shell};

/// What the files are built from, below `web/`; the templates are read for the classes they use.
const SOURCES: [&str; 7] = [
    "src",
    "public",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
    "../services/api/templates",
];

/// Builds `web/dist`, unless it was built from these very sources.
pub(crate) fn ensure_built() -> Outcome {
    let folder = folder();
    let stamp = folder.join("dist/built-from");
    let sources = fingerprint(&folder)?;
    if std::fs::read_to_string(&stamp).is_ok_and(|built| built == sources) {
        return Ok(());
    }
    ensure_packages()?;
    shell::run(npm().args(["run", "--silent", "build"]))
        .context("the dashboard could not be built")?;
    std::fs::write(&stamp, sources).with_context(|| format!("can't write {}", stamp.display()))
}

/// Installs what the lock file names, unless it is there.
pub(crate) fn ensure_packages() -> Outcome {
    ensure!(
        shell::works("npm", &["--version"]),
        "npm is missing: install Node 20.19 or later"
    );
    let (wanted, kept) = (
        folder().join("package-lock.json"),
        folder().join("node_modules/.installed-from"),
    );
    let wanted = std::fs::read(&wanted).context("can't read web/package-lock.json")?;
    if std::fs::read(&kept).is_ok_and(|kept| kept == wanted) {
        return Ok(());
    }
    shell::run(npm().args(["ci", "--no-fund", "--no-audit"])).context(
        "the packages of the dashboard could not be installed; is there a network, or a package mirror in npm's settings?",
    )?;
    std::fs::write(kept, wanted).context("can't write into web/node_modules")
}

/// The folder of the dashboard's sources.
pub(crate) fn folder() -> PathBuf {
    paths::workspace().join("web")
}

fn npm() -> Command {
    let mut command = Command::new("npm");
    command.current_dir(folder());
    command
}

/// SHA-256 over the names and contents of all sources.
fn fingerprint(folder: &Path) -> anyhow::Result<String> {
    let mut files = Vec::new();
    for source in SOURCES {
        collect(&folder.join(source), &mut files)?;
    }
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        let bytes = std::fs::read(&file);
        let bytes = bytes.with_context(|| format!("can't read {}", file.display()))?;
        let name = file.strip_prefix(folder).unwrap_or(&file);
        hash.update(name.to_string_lossy().as_bytes());
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Outcome {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let entries = std::fs::read_dir(path);
    for entry in entries.with_context(|| format!("can't read {}", path.display()))? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}
