//! Explaining the base: its records go into a file once, which is then read like any other.

use std::io::{BufWriter, Write};
use std::path::Path;

use churn_schema::{CsvDialect, DatasetSpec, Role};
use churn_store::Database;
use serde_json::{Map, Value};

use super::each;
use crate::global::explain_read;
use crate::{Error, GlobalParams, GlobalReport, Scorer};

/// Most customers the base is explained by; a larger one is cut after the keys in their order.
pub const BASE_ROWS: u64 = 200_000;

/// What drives the scores of the customers the store knows. `folder` takes a file for as long as
/// it is read. None when no customer is there.
///
/// # Errors
/// As [`explain_globally`](crate::explain_globally), the database does not answer, or the folder
/// can't be written.
pub fn explain_base(
    database: &Database,
    scorer: &Scorer,
    params: &GlobalParams,
    folder: &Path,
) -> Result<Option<GlobalReport>, Error> {
    // Ours is comma-separated UTF-8, whatever the files of the data set are.
    let spec = DatasetSpec {
        csv: CsvDialect::default(),
        ..scorer.model().spec.clone()
    };
    let fail = |source: std::io::Error| Error::write(folder, source);
    let file = tempfile::Builder::new().suffix(".csv").tempfile_in(folder);
    let file = file.map_err(fail)?;
    let mut out = BufWriter::new(file.as_file());
    if write_records(database, &spec, &mut out)? == 0 {
        return Ok(None);
    }
    out.flush().map_err(fail)?;
    let view = explain_read(scorer, spec, file.path(), params, &mut |_| ())?;
    Ok(Some(view.report()))
}

fn write_records(
    database: &Database,
    spec: &DatasetSpec,
    out: &mut impl Write,
) -> Result<u64, Error> {
    let columns = spec.columns.iter();
    let columns: Vec<&str> = columns
        .filter(|column| !column.has_role(Role::Target))
        .map(|column| column.name.as_str())
        .collect();
    let fail = |source: std::io::Error| Error::write(Path::new("the copy of the base"), source);
    write_line(out, columns.iter().map(|name| (*name).to_owned())).map_err(fail)?;
    each(database, &spec.name, BASE_ROWS, |customer| {
        let record: Map<String, Value> = serde_json::from_str(&customer.record).unwrap_or_default();
        let cells = columns.iter().map(|name| text(record.get(*name)));
        write_line(out, cells).map_err(fail)
    })
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}

/// Every cell in quotes, as it is: this file is for our own reader.
fn write_line(out: &mut impl Write, cells: impl Iterator<Item = String>) -> std::io::Result<()> {
    for (place, cell) in cells.enumerate() {
        let comma = if place > 0 { "," } else { "" };
        if cell.is_empty() {
            write!(out, "{comma}")?;
        } else {
            write!(out, "{comma}\"{}\"", cell.replace('"', "\"\""))?;
        }
    }
    writeln!(out)
}
