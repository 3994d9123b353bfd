//! Typed parsing of cells; the one implementation for CSV, Parquet and JSON.

mod arrow;
mod csv;
mod date;
mod json;
mod plan;
mod row;
mod suggest;
mod value;

pub(crate) use date::parse_date;
pub use json::JsonRows;
pub(crate) use json::parse_json_rows;
pub(crate) use plan::Plan;

use crate::read::{Chunk, ChunkData, ParsedChunk};

/// Parses all rows of a chunk.
pub(crate) fn parse_chunk(chunk: &Chunk) -> ParsedChunk {
    match &chunk.data {
        ChunkData::Csv(records) => csv::parse(&chunk.layout, records),
        ChunkData::Parquet { batch, first_row } => arrow::parse(&chunk.layout, batch, *first_row),
    }
}
