//! Reading a whole file into one table, for training.

use std::path::Path;
use std::sync::Arc;

use super::{ReadOptions, open_table};
use crate::spec::DatasetSpec;
use crate::table::Table;
use crate::validate::{Validation, Validator};
use crate::{Error, Fault, Severity};

/// Reads all good rows of a file and says what the data is like.
///
/// Whether so many rejected rows are acceptable is for the caller to decide, see
/// [`Validation::is_acceptable`].
///
/// # Errors
/// What [`open_table`] refuses, a file that breaks off, and [`Error::NoRows`].
pub fn read_all(
    path: &Path,
    spec: &Arc<DatasetSpec>,
    options: &ReadOptions,
) -> Result<(Table, Validation), Error> {
    let mut reader = open_table(path, spec, options)?;
    let mut validator = Validator::new(spec);
    validator.set_file(path);
    validator.note(reader.notes());
    let mut tables = Vec::new();
    for chunk in &mut reader {
        tables.push(validator.admit(chunk?.parse()).table);
    }
    validator.set_content_sha256(reader.content_sha256());
    let validation = validator.finish();
    if validation.n_good == 0 {
        let n_rejected = validation.n_rejected;
        let is_error = |fault: &Fault| fault.severity == Severity::Error;
        let first = validation.faults.into_iter().find(is_error);
        return Err(Error::NoRows {
            path: path.to_owned(),
            n_rejected,
            first: first.map(Box::new),
        });
    }
    Ok((Table::concat(&tables)?, validation))
}
