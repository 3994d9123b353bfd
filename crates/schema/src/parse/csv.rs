//! Parsing the records of a text chunk.

use std::sync::Arc;

use memchr::memchr;

use super::row::{Place, RowParser};
use super::value::CellFault;
use crate::read::splitter::{Record, Shape, for_each_field};
use crate::read::{CsvChunk, Layout, ParsedChunk};
use crate::{FaultCode, Severity};

pub(super) fn parse(layout: &Layout, chunk: &Arc<CsvChunk>) -> ParsedChunk {
    let mut parser = RowParser::new(layout, chunk.records.len());
    // One pass over the whole chunk is far cheaper than a test per record.
    let is_clean = std::str::from_utf8(&chunk.bytes).is_ok() && memchr(0, &chunk.bytes).is_none();
    let delimiter = u8::try_from(layout.spec.csv.delimiter).unwrap_or(b',');
    let n_fields = layout.column_of_field.len();
    let mut scratch = Vec::new();
    for (row, record) in (chunk.first_row..).zip(&chunk.records) {
        let raw = chunk.raw(record);
        let place = Place {
            row,
            line: Some(chunk.first_line + u64::from(record.line)),
        };
        if let Some(fault) = shape_fault(record, layout) {
            parser.reject_whole(place, raw, fault);
            continue;
        }
        if !is_clean && let Some(fault) = byte_fault(raw) {
            parser.reject_whole(place, raw, fault);
            continue;
        }
        let mut n_found = 0;
        for_each_field(raw, delimiter, record.shape, &mut scratch, |field| {
            if let Some(Some(column_idx)) = layout.column_of_field.get(n_found) {
                parser.cell(*column_idx, field);
            }
            n_found += 1;
        });
        if n_found == n_fields {
            parser.end_row(place, || raw.to_vec());
        } else {
            parser.reject_whole(place, raw, count_fault(n_found, n_fields));
        }
    }
    parser.finish(Some(Arc::clone(chunk)))
}

fn whole_row(code: FaultCode, expected: String, fix: &str) -> CellFault {
    CellFault {
        severity: Severity::Error,
        code,
        column: None,
        value: None,
        expected,
        fix: fix.to_owned(),
    }
}

fn shape_fault(record: &Record, layout: &Layout) -> Option<CellFault> {
    match record.shape {
        Shape::Plain | Shape::Quoted => None,
        Shape::UnclosedQuote => Some(whole_row(
            FaultCode::UnclosedQuote,
            format!(
                "a closing quote before a delimiter or line end, within {} bytes",
                layout.max_field_bytes
            ),
            "close the quote, or double it if it is part of the text; only this line is left out",
        )),
        Shape::BadQuoting => Some(whole_row(
            FaultCode::BadQuoting,
            "a delimiter or line end after a closing quote".to_owned(),
            "double quotes that are part of the text",
        )),
        Shape::TooLong => Some(whole_row(
            FaultCode::TooLong,
            format!(
                "a row of at most {} bytes",
                layout.max_field_bytes.saturating_mul(16)
            ),
            "check the line ends and the quotes",
        )),
    }
}

fn byte_fault(raw: &[u8]) -> Option<CellFault> {
    if let Some(position) = memchr(0, raw) {
        return Some(whole_row(
            FaultCode::NulByte,
            format!("text, found a NUL byte at byte {} of the row", position + 1),
            "remove the byte; it is a sign of a damaged file",
        ));
    }
    let position = std::str::from_utf8(raw).err()?.valid_up_to();
    Some(whole_row(
        FaultCode::BadEncoding,
        format!(
            "UTF-8, found the byte 0x{:02X} at byte {} of the row",
            raw[position],
            position + 1
        ),
        "set csv.encoding: windows-1252 in the specification, or save the file as UTF-8",
    ))
}

fn count_fault(n_found: usize, n_fields: usize) -> CellFault {
    let fix = if n_found > n_fields {
        "put fields that hold the delimiter into quotes"
    } else {
        "add the missing fields; the row may be cut"
    };
    whole_row(
        FaultCode::WrongFieldCount,
        format!("{n_fields} fields, found {n_found}"),
        fix,
    )
}
