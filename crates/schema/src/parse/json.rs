//! Parsing rows given as JSON objects through the same cells as a file.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::row::{Place, RowParser};
use super::value::CellFault;
use crate::fault::shown_value;
use crate::read::{Layout, ParsedChunk, Purpose};
use crate::spec::DatasetSpec;
#[cfg(doc)]
use crate::table::Table;
use crate::table::held_columns;
use crate::{FaultCode, Severity};

/// What stands in place of a file name in faults.
const REQUEST: &str = "request";

/// Reads rows given as JSON objects; what depends on the specification alone is prepared once.
///
/// [`Table::from_rows`] is the same for a single use.
#[derive(Debug)]
pub struct JsonRows {
    spec: Arc<DatasetSpec>,
    layout: Layout,
}

impl JsonRows {
    /// A reader of rows that `spec` describes.
    #[must_use]
    pub fn new(spec: &Arc<DatasetSpec>, purpose: Purpose) -> Self {
        Self {
            spec: Arc::clone(spec),
            layout: Layout::of_spec(spec, REQUEST, purpose),
        }
    }

    /// Parses rows, each with its number (from 1) in its source. Fields left out count as missing,
    /// fields nobody knows are a warning.
    #[must_use]
    pub fn parse(&self, rows: &[(u64, BTreeMap<String, Value>)]) -> ParsedChunk {
        self.parse_each(rows.iter().map(|(row, values)| (*row, values)), rows.len())
    }

    fn parse_each<'r>(
        &self,
        rows: impl Iterator<Item = (u64, &'r BTreeMap<String, Value>)>,
        n_rows: usize,
    ) -> ParsedChunk {
        let mut parser = RowParser::new(&self.layout, n_rows);
        for (row, object) in rows {
            parse_row(&mut parser, &self.spec, object);
            let place = Place { row, line: None };
            parser.end_row(place, || serde_json::to_vec(object).unwrap_or_default());
        }
        parser.finish(None)
    }
}

pub(crate) fn parse_json_rows(
    spec: &Arc<DatasetSpec>,
    rows: &[BTreeMap<String, Value>],
    purpose: Purpose,
) -> ParsedChunk {
    JsonRows::new(spec, purpose).parse_each((1..).zip(rows), rows.len())
}

fn parse_row(parser: &mut RowParser<'_>, spec: &DatasetSpec, object: &BTreeMap<String, Value>) {
    for (column_idx, column) in held_columns(spec).enumerate() {
        match object.get(&column.name) {
            None | Some(Value::Null) => parser.cell(column_idx, b""),
            Some(Value::String(text)) => parser.cell(column_idx, text.as_bytes()),
            Some(Value::Number(number)) => parser.cell(column_idx, number.to_string().as_bytes()),
            Some(Value::Bool(true)) => parser.cell(column_idx, b"true"),
            Some(Value::Bool(false)) => parser.cell(column_idx, b"false"),
            Some(value @ (Value::Array(_) | Value::Object(_))) => parser.fault(CellFault {
                severity: Severity::Error,
                code: FaultCode::BadField,
                column: Some(column_idx),
                value: Some(shown_value(value.to_string().as_bytes())),
                expected: "a number, a text or null".to_owned(),
                fix: "send a single value".to_owned(),
            }),
        }
    }
    for name in object.keys().filter(|name| spec.column(name).is_none()) {
        parser.fault(CellFault {
            severity: Severity::Warning,
            code: FaultCode::ExtraColumn,
            column: None,
            value: Some(shown_value(name.as_bytes())),
            expected: "fields of the specification".to_owned(),
            fix: "the field is not used; check its name".to_owned(),
        });
    }
}
