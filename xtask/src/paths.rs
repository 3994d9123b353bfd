//! Where things lie: the workspace, and the cache outside it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use sha2::{Digest, Sha256};

/// The root of the workspace.
pub(crate) fn workspace() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// The folder for fetched things: `$XDG_CACHE_HOME/churn`, else `~/.cache/churn`; made if absent.
pub(crate) fn cache() -> anyhow::Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => std::env::home_dir()
            .context("no home folder; set XDG_CACHE_HOME to a folder for fetched files")?
            .join(".cache"),
    };
    let folder = base.join("churn");
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("could not make {}", folder.display()))?;
    Ok(folder)
}

/// A folder of this process inside the cache, so that a finished one can be moved into place at once.
pub(crate) fn scratch(name: &str) -> anyhow::Result<PathBuf> {
    let folder = cache()?.join(format!(".{name}.{}", std::process::id()));
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Where cargo puts what it builds: as it says itself.
pub(crate) fn target() -> anyhow::Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .current_dir(workspace())
        .no_deps()
        .exec()
        .context("could not ask cargo for its target folder")?;
    Ok(metadata.target_directory.into_std_path_buf())
}

/// Lower-case SHA-256 of a file; `None` if it can't be read.
pub(crate) fn sha256(file: &Path) -> Option<String> {
    let bytes = std::fs::read(file).ok()?;
    Some(
        Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
    )
}
