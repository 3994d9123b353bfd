//! A run of consecutive rows, before and after parsing.

use std::sync::Arc;

use arrow_array::RecordBatch;

use super::header::Layout;
use super::splitter::Record;
use crate::Fault;
use crate::table::Table;

/// Raw rows of a file, not parsed yet. Cheap to move to another thread.
#[derive(Debug, Clone)]
pub struct Chunk {
    pub(crate) layout: Arc<Layout>,
    pub(crate) data: ChunkData,
}

#[derive(Debug, Clone)]
pub(crate) enum ChunkData {
    Csv(Arc<CsvChunk>),
    Parquet { batch: RecordBatch, first_row: u64 },
}

/// Records of a text file and the bytes they point into.
#[derive(Debug)]
pub(crate) struct CsvChunk {
    pub(crate) bytes: Vec<u8>,
    pub(crate) records: Vec<Record>,
    pub(crate) first_row: u64,
    pub(crate) first_line: u64,
}

impl CsvChunk {
    pub(crate) fn raw(&self, record: &Record) -> &[u8] {
        &self.bytes[record.start as usize..record.end as usize]
    }
}

impl Chunk {
    /// Number of rows, good and bad.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        match &self.data {
            ChunkData::Csv(csv) => csv.records.len(),
            ChunkData::Parquet { batch, .. } => batch.num_rows(),
        }
    }

    /// Parses every row. Pure: the same chunk always gives the same result, on any thread.
    #[must_use]
    pub fn parse(&self) -> ParsedChunk {
        crate::parse::parse_chunk(self)
    }
}

/// Rows of a chunk: the good ones typed, the bad ones with their reasons.
#[derive(Debug, Clone)]
pub struct ParsedChunk {
    /// The good rows, in source order.
    pub table: Table,
    /// The bad rows, in source order.
    pub rejected: Vec<RejectedRow>,
    /// All faults in source order: of rejected rows, and warnings on good rows.
    pub faults: Vec<Fault>,
    /// The raw text of good rows, for those that turn out to be duplicates later.
    pub(crate) source: Option<Arc<CsvChunk>>,
}

impl ParsedChunk {
    /// The raw text of a data row of this chunk, or the typed values joined if it has none.
    pub(crate) fn raw_text(&self, row_idx: usize) -> (String, Option<u64>) {
        let row = self.table.row_number(row_idx);
        if let Some(source) = &self.source
            && let Ok(idx) = usize::try_from(row.saturating_sub(source.first_row))
            && let Some(record) = source.records.get(idx)
        {
            let line = source.first_line + u64::from(record.line);
            return (
                String::from_utf8_lossy(source.raw(record)).into_owned(),
                Some(line),
            );
        }
        let cells: Vec<String> = crate::table::held_columns(self.table.spec())
            .map(|column| {
                self.table
                    .value_text(&column.name, row_idx)
                    .unwrap_or_default()
            })
            .collect();
        (cells.join(","), None)
    }
}

/// A row that cannot be used, kept for the quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedRow {
    /// Data row in the source, counted from 1.
    pub row: u64,
    /// Line of the file, counted from 1; text files only.
    pub line: Option<u64>,
    /// The row as it stands in the file, without its line end; cut if far too long.
    pub raw: String,
    /// Every fault of the row.
    pub faults: Vec<Fault>,
}
