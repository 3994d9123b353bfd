//! Parsing the rows of a Parquet batch: each cell is read as text, then like any other cell.

use arrow_array::RecordBatch;

use super::row::{Place, RowParser};
use crate::read::{Layout, ParsedChunk, cell_text};

pub(super) fn parse(layout: &Layout, batch: &RecordBatch, first_row: u64) -> ParsedChunk {
    let mut parser = RowParser::new(layout, batch.num_rows());
    let fed: Vec<(usize, usize)> = layout
        .column_of_field
        .iter()
        .enumerate()
        .filter_map(|(field_idx, column_idx)| Some((field_idx, (*column_idx)?)))
        .collect();
    let mut text = String::new();
    for (row_idx, row) in (0..batch.num_rows()).zip(first_row..) {
        for (field_idx, column_idx) in &fed {
            text.clear();
            cell_text(batch.column(*field_idx), row_idx, &mut text);
            parser.cell(*column_idx, text.as_bytes());
        }
        parser.end_row(Place { row, line: None }, || raw_row(batch, row_idx));
    }
    parser.finish(None)
}

/// The row as comma-separated text, for the quarantine.
fn raw_row(batch: &RecordBatch, row_idx: usize) -> Vec<u8> {
    let mut out = String::new();
    let mut text = String::new();
    for (idx, column) in batch.columns().iter().enumerate() {
        if idx > 0 {
            out.push(',');
        }
        text.clear();
        cell_text(column, row_idx, &mut text);
        if text.contains([',', '"', '\n', '\r']) {
            out.push('"');
            out.push_str(&text.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&text);
        }
    }
    out.into_bytes()
}
