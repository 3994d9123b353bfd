//! The quarantine file: every row that was refused, with the reason.

use std::{
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use churn_schema::RejectedRow;

use crate::{Error, output::quote};

/// Appends refused rows to a file that is made with the first of them.
pub(crate) struct RejectFile {
    path: PathBuf,
    writer: Option<BufWriter<std::fs::File>>,
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
                let mut writer = BufWriter::new(std::fs::File::create(&self.path).map_err(fail)?);
                writer
                    .write_all(b"row,line,column,value,reason,fix,raw\n")
                    .map_err(fail)?;
                empty.insert(writer)
            }
        };
        for row in rejected {
            self.n_rows += 1;
            writer.write_all(&line(row)).map_err(fail)?;
        }
        Ok(())
    }

    /// Completes the file; its path when there was anything to write.
    pub(crate) fn finish(self) -> Result<Option<PathBuf>, Error> {
        let Some(mut writer) = self.writer else {
            return Ok(None);
        };
        writer
            .flush()
            .map_err(|source| Error::write(&self.path, source))?;
        Ok(Some(self.path))
    }
}

/// Writes `rejected` to `path`: row, line, column, value, reason, fix, and the row as it was.
///
/// # Errors
/// [`Error::Write`].
pub fn write_rejected(path: &Path, rejected: &[RejectedRow]) -> Result<Option<PathBuf>, Error> {
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
