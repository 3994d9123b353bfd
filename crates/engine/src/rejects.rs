//! The quarantine file: every row that was refused, with the reason.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use churn_schema::RejectedRow;
use churn_store::{PendingFile, is_same_file};

use crate::{Error, output::quote};

/// The first line of every quarantine.
const HEADER: &[u8] = b"row,line,column,value,reason,fix,raw\n";

/// Refuses a quarantine that would be written over another file of the same job.
pub(crate) fn refuse_quarantine(
    quarantine: &Path,
    other: &Path,
    what: &'static str,
) -> Result<(), Error> {
    if is_same_file(quarantine, other) {
        return Err(Error::QuarantineIs {
            path: quarantine.to_owned(),
            what,
        });
    }
    Ok(())
}

/// Appends refused rows to a file that is made with the first of them.
pub(crate) struct RejectFile {
    path: PathBuf,
    writer: Option<PendingFile>,
    n_rows: u64,
}

impl RejectFile {
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            writer: None,
            n_rows: 0,
        }
    }

    pub(crate) fn append(&mut self, rejected: &[RejectedRow]) -> Result<(), Error> {
        if rejected.is_empty() {
            return Ok(());
        }
        let fail = |source| Error::write(&self.path, source);
        let writer = match &mut self.writer {
            Some(writer) => writer,
            empty => {
                let mut writer = PendingFile::create(&self.path).map_err(fail)?;
                writer.write_all(HEADER).map_err(fail)?;
                empty.insert(writer)
            }
        };
        for row in rejected {
            self.n_rows += 1;
            writer.write_all(&line(row)).map_err(fail)?;
        }
        Ok(())
    }

    /// Completes the file; its path when there was anything to write. With nothing refused, a
    /// quarantine of an earlier run at this path is removed: it would speak of other rows.
    pub(crate) fn finish(self) -> Result<Option<PathBuf>, Error> {
        let fail = |source| Error::write(&self.path, source);
        match self.writer {
            Some(writer) => {
                writer.finish().map_err(fail)?;
                Ok(Some(self.path))
            }
            None => {
                if is_quarantine(&self.path) {
                    std::fs::remove_file(&self.path).map_err(fail)?;
                }
                Ok(None)
            }
        }
    }
}

/// Whether a file is a quarantine, by its first line.
fn is_quarantine(path: &Path) -> bool {
    use std::io::Read;
    let mut start = Vec::new();
    let is_file = std::fs::metadata(path).is_ok_and(|facts| facts.is_file());
    is_file
        && std::fs::File::open(path)
            .and_then(|file| file.take(HEADER.len() as u64).read_to_end(&mut start))
            .is_ok_and(|_| start == HEADER)
}

/// Writes the rows of `input` that were refused to `path`: row, line, column, value, reason, fix,
/// and the row as it was. Without any, no file is made and that of an earlier run is removed.
///
/// # Errors
/// [`Error::Write`], and [`Error::QuarantineIs`] when `path` is the input.
pub fn write_rejected(
    path: &Path,
    input: &Path,
    rejected: &[RejectedRow],
) -> Result<Option<PathBuf>, Error> {
    refuse_quarantine(path, input, "input")?;
    let mut file = RejectFile::new(path);
    file.append(rejected)?;
    file.finish()
}

fn line(row: &RejectedRow) -> Vec<u8> {
    let mut out = Vec::new();
    let fault = row.faults.first();
    let columns: Vec<&str> = row
        .faults
        .iter()
        .filter_map(|fault| fault.column.as_deref())
        .collect();
    let reasons: Vec<String> = row
        .faults
        .iter()
        .map(|fault| format!("expected {}", fault.expected))
        .collect();
    let fixes: Vec<&str> = row.faults.iter().map(|fault| fault.fix.as_str()).collect();
    let number = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
    let fields = [
        number(Some(row.row)),
        number(row.line),
        columns.join("; "),
        fault
            .and_then(|fault| fault.value.clone())
            .unwrap_or_default(),
        reasons.join("; "),
        fixes.join("; "),
        row.raw.clone(),
    ];
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        quote(&mut out, field);
    }
    out.push(b'\n');
    out
}
