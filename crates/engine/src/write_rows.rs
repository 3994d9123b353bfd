//! Copying chosen rows of a file, as the specification reads them.

use std::{io::Write, path::Path, sync::Arc};

use churn_schema::{DatasetSpec, ReadOptions, Role, Table, open_table};
use churn_store::PendingFile;

use crate::Error;

/// Writes the good rows of `input` that `keep` accepts to a CSV with the columns of the
/// specification (ignored ones and the target left out), and returns how many. Values stand as they
/// are, so that the file is read back as the input was.
///
/// # Errors
/// [`Error::Data`] when the input can't be read, [`Error::Write`] when the output can't be written.
pub fn write_rows(
    input: &Path,
    spec: &Arc<DatasetSpec>,
    options: &ReadOptions,
    output: &Path,
    keep: impl Fn(&Table, usize) -> bool,
) -> Result<u64, Error> {
    let fail = |source| Error::write(output, source);
    let columns: Vec<&str> = spec
        .columns
        .iter()
        .filter(|column| !column.has_role(Role::Ignore) && !column.has_role(Role::Target))
        .map(|column| column.name.as_str())
        .collect();
    let mut writer = PendingFile::create(output).map_err(fail)?;
    writer
        .write_all(&line(columns.iter().map(|name| Some((*name).to_owned()))))
        .map_err(fail)?;
    let mut n_written = 0;
    for chunk in open_table(input, spec, options)? {
        let table = chunk?.parse().table;
        for row in (0..table.n_rows()).filter(|&row| keep(&table, row)) {
            let cells = columns.iter().map(|column| table.value_text(column, row));
            writer.write_all(&line(cells)).map_err(fail)?;
            n_written += 1;
        }
    }
    writer.finish().map_err(fail)?;
    Ok(n_written)
}

fn line(cells: impl Iterator<Item = Option<String>>) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        quote(&mut out, &cell.unwrap_or_default());
    }
    out.push(b'\n');
    out
}

/// A field in quotes where it needs them. Unlike in scored files nothing is put before what a
/// spreadsheet takes for a formula: this file is for `churn`, and a level `+1` must stay one.
fn quote(out: &mut Vec<u8>, text: &str) {
    if text.contains([',', '"', '\n', '\r']) {
        out.push(b'"');
        out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}
