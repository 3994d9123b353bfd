//! Validating a file, and reading specifications.

use std::{path::Path, sync::Arc};

use churn_engine::write_rejected;
use churn_schema::{DatasetSpec, ReadOptions, Validation, Validator, open_table};

use crate::{Error, progress::Progress};

/// Reads a dataset specification.
///
/// # Errors
/// [`Error::Read`], and [`Error::Data`] with all faults of the file, each with its line.
pub fn read_spec(path: &Path) -> Result<Arc<DatasetSpec>, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })?;
    Ok(Arc::new(DatasetSpec::from_yaml(
        &text,
        &path.display().to_string(),
    )?))
}

/// Finds all faults of a file in one pass, in bounded memory but for the keys; refused rows go to
/// `quarantine` when given.
///
/// # Errors
/// [`Error::Data`] when the file as a whole can't be read; [`Error::Engine`] when the quarantine
/// can't be written.
pub fn validate(
    path: &Path,
    spec: &Arc<DatasetSpec>,
    options: &ReadOptions,
    quarantine: Option<&Path>,
    progress: &dyn Progress,
) -> Result<Validation, Error> {
    let mut reader = open_table(path, spec, options)?;
    let mut validator = Validator::new(spec);
    validator.set_file(path);
    validator.note(reader.notes());
    let mut rejected = Vec::new();
    progress.begin("validating", 0);
    for chunk in &mut reader {
        let admitted = validator.admit(chunk?.parse());
        if quarantine.is_some() {
            rejected.extend(admitted.rejected);
        }
        progress.advance();
    }
    progress.end();
    validator.set_content_sha256(reader.content_sha256());
    if let Some(quarantine) = quarantine {
        write_rejected(quarantine, path, &rejected)?;
    }
    Ok(validator.finish())
}
