//! Bundles out of the registry and into it.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use churn_store::PendingFile;

use crate::bundle::{MAX_BUNDLE_BYTES, read_bundle, write_bundle};
use crate::error::Error;
use crate::model::Model;
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
        PendingFile::create(path)
            .and_then(|mut file| {
                file.write_all(&bytes)?;
                file.finish()
            })
            .map_err(|source| Error::Write {
                path: path.to_owned(),
                source,
            })?;
        Ok(version)
    }

    /// Registers the bundle in `path`, as [`import_bytes`](Self::import_bytes).
    ///
    /// # Errors
    ///
    /// The file cannot be read, is not a sound bundle, or storage fails.
    pub fn import(&self, path: &Path, who: &str) -> Result<ModelVersion, Error> {
        self.import_bytes(path, &read_model_file(path)?, who)
    }

    /// Registers the bundle in `bytes`, read from `path`, as [`register`](Self::register) would;
    /// its bytes are kept as they are.
    ///
    /// # Errors
    ///
    /// The bytes are no sound bundle, or storage fails.
    pub fn import_bytes(
        &self,
        path: &Path,
        bytes: &[u8],
        who: &str,
    ) -> Result<ModelVersion, Error> {
        let model = read_bundle(bytes).map_err(|fault| Error::Import {
            path: path.to_owned(),
            fault: Box::new(fault),
        })?;
        let new = NewVersion { run_id: None, who };
        self.register_bytes(&model, bytes, &new, "models.import")
    }

    /// Registers a model made of a file of another program, like [`register`](Self::register);
    /// the audit says that it was imported.
    ///
    /// # Errors
    ///
    /// As [`register`](Self::register).
    pub fn register_imported(&self, model: &Model, who: &str) -> Result<ModelVersion, Error> {
        let bytes = write_bundle(model)?;
        let new = NewVersion { run_id: None, who };
        self.register_bytes(model, &bytes, &new, "models.import")
    }
}

/// Reads a file of at most [`MAX_BUNDLE_BYTES`] and one byte more, so that a larger one is known
/// for what it is.
///
/// # Errors
///
/// [`Error::Read`] when the file cannot be read.
pub fn read_model_file(path: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BUNDLE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
    Ok(bytes)
}
