//! Bundles out of the registry and into it.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::bundle::{MAX_BUNDLE_BYTES, read_bundle};
use crate::error::Error;
use crate::registry::{ModelVersion, NewVersion, Registry};

impl Registry {
    /// Writes the bundle of the version that `reference` names to `path`, whole or not at
    /// all; a file that is there is replaced.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), or the file cannot be written.
    pub fn export(&self, reference: &str, path: &Path) -> Result<ModelVersion, Error> {
        let version = self.resolve(reference)?;
        let bytes = self.blobs.get(&version.bundle_sha256)?;
        read_bundle(&bytes)?;
        let temporary = beside(path);
        let written = File::create(&temporary)
            .and_then(|mut file| {
                file.write_all(&bytes)?;
                file.sync_all()
            })
            .and_then(|()| std::fs::rename(&temporary, path));
        written.map_err(|source| {
            // Only tidying up; the fault to report is the one that stopped the writing.
            let _ = std::fs::remove_file(&temporary);
            Error::File {
                action: "write",
                path: path.to_owned(),
                source,
            }
        })?;
        Ok(version)
    }

    /// Registers the bundle in `path` as [`register`](Self::register) would; its bytes are
    /// kept as they are.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is not a sound bundle, or storage fails.
    pub fn import(&self, path: &Path, who: &str) -> Result<ModelVersion, Error> {
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MAX_BUNDLE_BYTES + 1).read_to_end(&mut bytes))
            .map_err(|source| Error::File {
                action: "read",
                path: path.to_owned(),
                source,
            })?;
        let model = read_bundle(&bytes)?;
        self.register_bytes(
            &model,
            &bytes,
            &NewVersion { run_id: None, who },
            "models.import",
        )
    }
}

/// A name in the same folder, so that the rename cannot cross file systems.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}
