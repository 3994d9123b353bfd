//! Reading files as a stream of chunks: splitting is sequential and cheap, parsing is per chunk.

mod bytes;
mod chunk;
mod csv;
mod header;
mod parquet;
pub(crate) mod splitter;
mod whole;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use chunk::{Chunk, ParsedChunk, RejectedRow};
pub use whole::read_all;

pub(crate) use bytes::{Opened, open_bytes};
pub(crate) use chunk::{ChunkData, CsvChunk};
pub(crate) use csv::{CsvReader, Head, terminator_of as likely_terminator};
pub(crate) use header::Layout;
pub(crate) use parquet::{cell_text, parquet_header};
pub(crate) use splitter::{Split, Splitter};

use crate::spec::DatasetSpec;
use crate::{Error, Fault};

/// What the rows are read for, which decides how strict reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The target is required; a level outside the domain rejects the row.
    Train,
    /// The target is optional; a level outside the domain is a warning and the row is scored.
    Score,
}

/// Limits and strictness of reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOptions {
    /// What the rows are read for.
    pub purpose: Purpose,
    /// Rows per chunk, at least 1; 8192 by default.
    pub chunk_rows: usize,
    /// Longest field in bytes, and longest text between quotes; 1 MiB by default.
    /// A record may be sixteen times as long.
    pub max_field_bytes: usize,
    /// Most columns a file may have; 5000 by default.
    pub max_columns: usize,
}

impl ReadOptions {
    /// The defaults for a purpose.
    #[must_use]
    pub fn new(purpose: Purpose) -> Self {
        Self {
            purpose,
            chunk_rows: 8192,
            max_field_bytes: 1 << 20,
            max_columns: 5000,
        }
    }

    /// The defaults for training.
    #[must_use]
    pub fn train() -> Self {
        Self::new(Purpose::Train)
    }

    /// The defaults for scoring.
    #[must_use]
    pub fn score() -> Self {
        Self::new(Purpose::Score)
    }

    pub(crate) fn max_record_bytes(&self) -> usize {
        self.max_field_bytes.saturating_mul(16)
    }
}

/// Opens a CSV file (plain or gzip) or a Parquet file, told apart by their first bytes, and
/// reads the header.
///
/// # Errors
/// Anything that makes the whole file unusable: unreadable, empty, UTF-16, another delimiter,
/// columns that are missing (all named) or ambiguous.
pub fn open_table(
    path: &Path,
    spec: &Arc<DatasetSpec>,
    options: &ReadOptions,
) -> Result<TableReader, Error> {
    let source = match open_bytes(path, spec.csv.encoding)? {
        Opened::Text(text) => Source::Csv(CsvReader::open(path, text, spec, options)?),
        Opened::Parquet(file) => Source::Parquet(Box::new(parquet::ParquetReader::open(
            path, file, spec, options,
        )?)),
    };
    Ok(TableReader {
        path: path.to_owned(),
        source,
        done: false,
    })
}

/// Yields chunks of a file in order; memory does not grow with the file.
///
/// Reading is sequential and cheap; hand the chunks to threads and call [`Chunk::parse`] there.
/// After an `Err` the reader yields nothing more; chunks before it stay valid.
#[derive(Debug)]
pub struct TableReader {
    path: PathBuf,
    source: Source,
    done: bool,
}

#[derive(Debug)]
enum Source {
    Csv(CsvReader),
    Parquet(Box<parquet::ParquetReader>),
}

impl TableReader {
    /// The file being read.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Column names as the file has them.
    #[must_use]
    pub fn header(&self) -> &[String] {
        &self.layout().header
    }

    /// What is noteworthy about the structure: extra, absent or unnamed columns. Never errors.
    #[must_use]
    pub fn notes(&self) -> &[Fault] {
        &self.layout().notes
    }

    /// SHA-256 of the bytes as stored, in hexadecimal; `None` until the reader is exhausted.
    #[must_use]
    pub fn content_sha256(&self) -> Option<String> {
        match &self.source {
            Source::Csv(reader) => reader.content_sha256(),
            Source::Parquet(reader) => Some(reader.content_sha256().to_owned()),
        }
    }

    fn layout(&self) -> &Layout {
        match &self.source {
            Source::Csv(reader) => reader.layout(),
            Source::Parquet(reader) => reader.layout(),
        }
    }
}

impl Iterator for TableReader {
    type Item = Result<Chunk, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = match &mut self.source {
            Source::Csv(reader) => reader.next_chunk(),
            Source::Parquet(reader) => reader.next_chunk(),
        };
        self.done = !matches!(next, Ok(Some(_)));
        next.transpose()
    }
}
