//! Scoring a file into a stream: chunks in parallel, outcomes in order, constant memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use churn_schema::{
    Chunk, Fault, FaultCode, ParsedChunk, ReadOptions, RejectedRow, Severity, TableReader,
    open_table,
};
use rayon::prelude::*;
use serde_json::Value;

use crate::predict::{Explain, Outcome};
use crate::serving::Served;
use crate::{ComputePool, Error};

/// Longest line of JSON, bytes.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// What an input file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchInput {
    /// CSV (plain or gzip) or Parquet, told apart by the first bytes.
    Table,
    /// One JSON object a line.
    JsonLines,
}

/// What is scored, and how.
#[derive(Debug, Clone)]
pub struct BatchParams {
    /// The file.
    pub input: PathBuf,
    /// What it holds.
    pub kind: BatchInput,
    /// Whether reasons and offers are worked out.
    pub explain: Explain,
    /// Rows after which reading ends with [`Error::TooManyRows`].
    pub max_rows: u64,
    /// Rows a thread takes at once, at least 1.
    pub chunk_rows: usize,
}

/// What came of a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BatchSummary {
    /// Rows read.
    pub n_rows: u64,
    /// Rows scored.
    pub n_scored: u64,
    /// Rows refused.
    pub n_refused: u64,
    /// What is noteworthy about the file as a whole: columns nobody knows or that are absent.
    pub notes: Vec<Fault>,
}

/// Scores a file on the threads of `pool`. `encode` shapes the outcomes of a chunk, on many threads
/// at once; `emit` gets what it made, in order, on the calling thread, where it may wait or break off.
///
/// # Errors
/// [`Error::Data`] when the file can't be read or lacks a column, [`Error::TooManyRows`], and as
/// [`Scorer::score`](crate::Scorer::score). What was emitted before stays valid.
pub fn score_batch<T: Send>(
    pool: &ComputePool,
    served: &Served,
    params: &BatchParams,
    encode: impl Fn(Vec<Outcome>) -> T + Sync,
    mut emit: impl FnMut(T) -> ControlFlow<()>,
) -> Result<BatchSummary, Error> {
    let mut source = Source::open(served, params)?;
    let n_ahead = pool.install(rayon::current_num_threads).max(1);
    let mut summary = BatchSummary {
        notes: source.notes(),
        ..BatchSummary::default()
    };
    let mut next = source.read(n_ahead)?;
    while !next.is_empty() {
        let current = std::mem::take(&mut next);
        let score = || -> Result<Vec<Done<T>>, Error> {
            let scored = current
                .into_par_iter()
                .map(|raw| Done::new(served, raw, params, &encode));
            scored.collect()
        };
        let (read, done) = pool.install(|| rayon::join(|| source.read(n_ahead), score));
        for done in done? {
            summary.n_scored += done.n_scored;
            summary.n_refused += done.n_refused;
            summary.n_rows += done.n_scored + done.n_refused;
            if emit(done.encoded).is_break() {
                return Ok(summary);
            }
        }
        if summary.n_rows > params.max_rows {
            return Err(Error::TooManyRows {
                most: params.max_rows,
            });
        }
        next = read?;
    }
    Ok(summary)
}

/// A chunk after scoring.
struct Done<T> {
    encoded: T,
    n_scored: u64,
    n_refused: u64,
}

impl<T> Done<T> {
    fn new(
        served: &Served,
        raw: Raw,
        params: &BatchParams,
        encode: &impl Fn(Vec<Outcome>) -> T,
    ) -> Result<Self, Error> {
        let outcomes = served.predict_chunk(raw.parse(served), params.explain)?;
        let is_scored = |outcome: &&Outcome| matches!(outcome, Outcome::Scored(_));
        let n_scored = outcomes.iter().filter(is_scored).count() as u64;
        Ok(Self {
            n_scored,
            n_refused: outcomes.len() as u64 - n_scored,
            encoded: encode(outcomes),
        })
    }
}

/// Rows of a file, not parsed yet.
enum Raw {
    Table(Chunk),
    Lines(Vec<Line>),
}

struct Line {
    row: u64,
    line: u64,
    bytes: Vec<u8>,
}

impl Raw {
    fn parse(self, served: &Served) -> ParsedChunk {
        match self {
            Self::Table(chunk) => chunk.parse(),
            Self::Lines(lines) => parse_lines(served, lines),
        }
    }
}

fn parse_lines(served: &Served, lines: Vec<Line>) -> ParsedChunk {
    let mut rows = Vec::with_capacity(lines.len());
    let mut bad = Vec::new();
    for line in lines {
        let values = serde_json::from_slice::<BTreeMap<String, Value>>(&line.bytes);
        let keyed = values
            .map_err(|fault| not_an_object(&line, &fault.to_string()))
            .and_then(
                |mut values| match served.take_key(&mut values, churn_store::new_id) {
                    Ok(_) => Ok(values),
                    Err(fault) => Err(not_an_object(&line, &fault.to_string())),
                },
            );
        match keyed {
            Ok(values) => rows.push((line.row, values)),
            Err(refused) => bad.push(refused),
        }
    }
    let mut parsed = served.rows().parse(&rows);
    if !bad.is_empty() {
        parsed.rejected.extend(bad);
        parsed.rejected.sort_by_key(|refused| refused.row);
    }
    parsed
}

fn not_an_object(line: &Line, reason: &str) -> RejectedRow {
    let fault = Fault {
        severity: Severity::Error,
        code: FaultCode::BadField,
        file: "request".to_owned(),
        row: Some(line.row),
        line: Some(line.line),
        column: None,
        value: None,
        expected: format!("one JSON object a line ({reason})"),
        fix: "write each customer as an object on a line of its own".to_owned(),
    };
    RejectedRow {
        row: line.row,
        line: Some(line.line),
        raw: String::from_utf8_lossy(&line.bytes).into_owned(),
        faults: vec![fault],
    }
}

/// Where rows come from.
enum Source {
    Table(Box<TableReader>),
    Lines(JsonLines),
}

impl Source {
    fn open(served: &Served, params: &BatchParams) -> Result<Self, Error> {
        let chunk_rows = params.chunk_rows.max(1);
        Ok(match params.kind {
            BatchInput::Table => {
                let spec = Arc::new(served.scorer().model().spec.clone());
                let options = ReadOptions {
                    chunk_rows,
                    ..ReadOptions::score()
                };
                Self::Table(Box::new(open_table(&params.input, &spec, &options)?))
            }
            BatchInput::JsonLines => Self::Lines(JsonLines::open(&params.input, chunk_rows)?),
        })
    }

    fn notes(&self) -> Vec<Fault> {
        match self {
            Self::Table(reader) => reader.notes().to_vec(),
            Self::Lines(_) => Vec::new(),
        }
    }

    /// At most `most` chunks; none at the end.
    fn read(&mut self, most: usize) -> Result<Vec<Raw>, Error> {
        let mut chunks = Vec::with_capacity(most);
        while chunks.len() < most {
            let chunk = match self {
                Self::Table(reader) => reader.next().transpose()?.map(Raw::Table),
                Self::Lines(lines) => lines.next_chunk()?.map(Raw::Lines),
            };
            match chunk {
                Some(chunk) => chunks.push(chunk),
                None => break,
            }
        }
        Ok(chunks)
    }
}

/// A file of JSON objects, one a line.
struct JsonLines {
    path: PathBuf,
    reader: BufReader<File>,
    chunk_rows: usize,
    row: u64,
    line: u64,
}

impl JsonLines {
    fn open(path: &Path, chunk_rows: usize) -> Result<Self, Error> {
        let file = File::open(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            path: path.to_owned(),
            reader: BufReader::with_capacity(1 << 16, file),
            chunk_rows,
            row: 0,
            line: 0,
        })
    }

    fn next_chunk(&mut self) -> Result<Option<Vec<Line>>, Error> {
        let mut lines = Vec::new();
        while lines.len() < self.chunk_rows {
            let mut bytes = Vec::new();
            let read = self
                .reader
                .by_ref()
                .take(MAX_LINE_BYTES)
                .read_until(b'\n', &mut bytes);
            let n_read = read.map_err(|source| Error::Read {
                path: self.path.clone(),
                source,
            })?;
            if n_read == 0 {
                break;
            }
            self.line += 1;
            if n_read as u64 == MAX_LINE_BYTES && bytes.last() != Some(&b'\n') {
                self.skip_line()?;
            }
            if bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            self.row += 1;
            lines.push(Line {
                row: self.row,
                line: self.line,
                bytes,
            });
        }
        Ok((!lines.is_empty()).then_some(lines))
    }

    /// Passes over the rest of a line that is too long; the part that was read is no good JSON.
    fn skip_line(&mut self) -> Result<(), Error> {
        let skipped = self.reader.skip_until(b'\n');
        skipped.map(drop).map_err(|source| Error::Read {
            path: self.path.clone(),
            source,
        })
    }
}
