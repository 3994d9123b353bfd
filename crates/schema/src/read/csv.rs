//! Text files as a stream of chunks of raw records.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use memchr::{memchr, memchr2};

use super::bytes::TextSource;
use super::splitter::{Record, Shape, Split, Splitter, for_each_field};
use super::{Chunk, ChunkData, CsvChunk, Layout, ReadOptions};
use crate::Error;
use crate::spec::DatasetSpec;

const BLOCK_BYTES: usize = 1 << 17;
/// A chunk is cut at this size whatever its row count, to bound memory.
const MAX_CHUNK_BYTES: usize = 1 << 26;
/// How much of a far too long record is kept for the quarantine.
const KEPT_OF_TOO_LONG: usize = 1024;

/// Splits a text source into chunks.
#[derive(Debug)]
pub(crate) struct CsvReader {
    path: PathBuf,
    source: TextSource,
    splitter: Splitter,
    layout: Arc<Layout>,
    chunk_rows: usize,
    max_record_bytes: usize,
    /// Bytes read and not handed out yet.
    pending: Vec<u8>,
    at_end: bool,
    /// Inside a record that is too long, up to its line end.
    skipping: bool,
    failure: Option<std::io::Error>,
    next_row: u64,
    next_line: u64,
}

/// The header of a text file and where reading goes on.
pub(crate) struct Head {
    pub(crate) fields: Vec<String>,
    raw: Vec<u8>,
    n_lines: u64,
    splitter: Splitter,
    pending: Vec<u8>,
    at_end: bool,
}

impl CsvReader {
    pub(crate) fn open(
        path: &Path,
        mut source: TextSource,
        spec: &Arc<DatasetSpec>,
        options: &ReadOptions,
    ) -> Result<Self, Error> {
        let delimiter = u8::try_from(spec.csv.delimiter).unwrap_or(b',');
        let mut head = Head::read(path, &mut source, delimiter, options)?;
        let n_held = crate::table::held_columns(spec).count();
        if head.fields.len() == 1
            && n_held > 1
            && let Some(found) = likely_delimiter(&head.raw, delimiter)
        {
            let expected = spec.csv.delimiter;
            return Err(Error::WrongDelimiter {
                path: path.to_owned(),
                expected,
                found,
            });
        }
        head.splitter.n_fields = Some(head.fields.len());
        let layout = Arc::new(Layout::new(path, head.fields, spec, options)?);
        Ok(Self {
            path: path.to_owned(),
            source,
            splitter: head.splitter,
            layout,
            chunk_rows: options.chunk_rows.max(1),
            max_record_bytes: options.max_record_bytes(),
            pending: head.pending,
            at_end: head.at_end,
            skipping: false,
            failure: None,
            next_row: 1,
            next_line: head.n_lines + 1,
        })
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) fn content_sha256(&self) -> Option<String> {
        (self.at_end && self.failure.is_none()).then(|| self.source.sha256())
    }

    /// The next chunk, `None` at the end. Complete rows come before a failure of the source.
    pub(crate) fn next_chunk(&mut self) -> Result<Option<Chunk>, Error> {
        let first_line = self.next_line;
        let mut bytes = std::mem::take(&mut self.pending);
        let mut records: Vec<Record> = Vec::with_capacity(self.chunk_rows.min(1 << 16));
        let mut start = 0;
        while records.len() < self.chunk_rows && (start < MAX_CHUNK_BYTES || records.is_empty()) {
            if self.skipping {
                start = self.skip(&mut bytes, start);
            }
            let split = if start < bytes.len() {
                self.splitter.next(&bytes[start..], self.at_end)
            } else if self.at_end {
                break;
            } else {
                Split::NeedMore
            };
            match split {
                Split::Record {
                    end,
                    next,
                    n_lines,
                    shape,
                } => {
                    if end > 0 {
                        records.push(self.record(start, start + end, first_line, shape));
                    }
                    self.next_line += u64::from(n_lines);
                    start += next;
                }
                Split::NeedMore if bytes.len() - start > self.max_record_bytes => {
                    let kept = (start + KEPT_OF_TOO_LONG).min(bytes.len());
                    records.push(self.record(start, kept, first_line, Shape::TooLong));
                    self.skipping = true;
                    start = bytes.len();
                }
                Split::NeedMore => self.read_more(&mut bytes, start),
            }
        }
        self.pending = bytes.split_off(start.min(bytes.len()));
        if records.is_empty() {
            return match self.failure.take() {
                Some(source) => Err(self.broken(source)),
                None => Ok(None),
            };
        }
        let first_row = self.next_row;
        self.next_row += records.len() as u64;
        let csv = CsvChunk {
            bytes,
            records,
            first_row,
            first_line,
        };
        Ok(Some(Chunk {
            layout: Arc::clone(&self.layout),
            data: ChunkData::Csv(Arc::new(csv)),
        }))
    }

    fn record(&self, start: usize, end: usize, first_line: u64, shape: Shape) -> Record {
        // A chunk is below 64 MiB plus one record, so these conversions never saturate.
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let line = u32::try_from(self.next_line - first_line).unwrap_or(u32::MAX);
        Record {
            start: small(start),
            end: small(end),
            line,
            shape,
        }
    }

    /// Drops the rest of a record that is too long; returns where the next record starts.
    fn skip(&mut self, bytes: &mut Vec<u8>, start: usize) -> usize {
        let mut start = start;
        loop {
            if let Some(offset) = memchr(self.splitter.terminator, &bytes[start..]) {
                self.skipping = false;
                self.next_line += 1;
                return start + offset + 1;
            }
            // The skipped bytes are not needed, so the buffer does not grow.
            bytes.truncate(start);
            if self.at_end {
                self.skipping = false;
                return start;
            }
            self.read_more(bytes, start);
            start = start.min(bytes.len());
        }
    }

    fn read_more(&mut self, bytes: &mut Vec<u8>, start: usize) {
        // Doubling keeps the work for one very long record linear.
        let block = BLOCK_BYTES.max(bytes.len() - start);
        match append(&mut self.source, bytes, block) {
            Ok(is_end) => self.at_end = is_end,
            Err(failure) => {
                self.failure = Some(failure);
                self.at_end = true;
                // The last record is most likely cut in the middle.
                bytes.truncate(start);
            }
        }
    }

    fn broken(&self, source: std::io::Error) -> Error {
        let path = self.path.clone();
        if self.source.is_gzip {
            Error::BrokenGzip {
                path,
                n_rows: self.next_row - 1,
                source,
            }
        } else {
            Error::Io { path, source }
        }
    }
}

impl Head {
    /// Reads up to the end of the first record that is not blank.
    pub(crate) fn read(
        path: &Path,
        source: &mut TextSource,
        delimiter: u8,
        options: &ReadOptions,
    ) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        let mut at_end = false;
        let is_gzip = source.is_gzip;
        let mut fill = |bytes: &mut Vec<u8>| -> Result<bool, Error> {
            append(source, bytes, BLOCK_BYTES).map_err(|e| {
                let path = path.to_owned();
                if is_gzip {
                    Error::BrokenGzip {
                        path,
                        n_rows: 0,
                        source: e,
                    }
                } else {
                    Error::Io { path, source: e }
                }
            })
        };
        let bad = |detail: &str| Error::BadHeader {
            path: path.to_owned(),
            detail: detail.to_owned(),
        };
        at_end |= fill(&mut bytes)?;
        let splitter = Splitter {
            delimiter,
            terminator: terminator_of(&bytes),
            max_quoted_bytes: options.max_field_bytes,
            n_fields: None,
        };
        let (mut start, mut line) = (0, 0);
        loop {
            if start == bytes.len() && at_end {
                return Err(Error::EmptyFile {
                    path: path.to_owned(),
                });
            }
            let split = if start < bytes.len() {
                splitter.next(&bytes[start..], at_end)
            } else {
                Split::NeedMore
            };
            match split {
                Split::NeedMore if bytes.len() - start > options.max_record_bytes() => {
                    return Err(bad(
                        "it does not end; is this a text file with one line per row?",
                    ));
                }
                Split::NeedMore => at_end |= fill(&mut bytes)?,
                Split::Record {
                    end,
                    next,
                    n_lines,
                    shape,
                } => {
                    line += u64::from(n_lines);
                    let raw = bytes[start..start + end].to_vec();
                    start += next;
                    if raw.trim_ascii().is_empty() {
                        continue;
                    }
                    if !matches!(shape, Shape::Plain | Shape::Quoted) {
                        return Err(bad(
                            "a quote in it is not closed; every quoted name needs both quotes",
                        ));
                    }
                    let fields = header_fields(&raw, delimiter, shape).map_err(|m| bad(&m))?;
                    let pending = bytes.split_off(start);
                    return Ok(Self {
                        fields,
                        raw,
                        n_lines: line,
                        splitter,
                        pending,
                        at_end,
                    });
                }
            }
        }
    }
}

fn header_fields(raw: &[u8], delimiter: u8, shape: Shape) -> Result<Vec<String>, String> {
    if let Some(position) = memchr(0, raw) {
        return Err(format!(
            "byte {position} is NUL; this does not look like text"
        ));
    }
    let mut fields = Vec::new();
    let mut fault = None;
    for_each_field(
        raw,
        delimiter,
        shape,
        &mut Vec::new(),
        |field| match std::str::from_utf8(field) {
            Ok(text) => fields.push(text.trim().to_owned()),
            Err(_) => fault = Some(fields.len() + 1),
        },
    );
    match fault {
        Some(column) => Err(format!(
            "the name of column {column} is not UTF-8; set csv.encoding: windows-1252 or save the file as UTF-8"
        )),
        None => Ok(fields),
    }
}

/// Appends up to `n` bytes; true at the end of the source.
fn append(source: &mut TextSource, bytes: &mut Vec<u8>, n: usize) -> std::io::Result<bool> {
    let old = bytes.len();
    bytes.resize(old + n, 0);
    match source.fill(&mut bytes[old..]) {
        Ok(n_read) => {
            bytes.truncate(old + n_read);
            Ok(n_read < n)
        }
        Err(error) => {
            bytes.truncate(old);
            Err(error)
        }
    }
}

/// `\r` only if the first line end is a lone carriage return.
pub(crate) fn terminator_of(bytes: &[u8]) -> u8 {
    match memchr2(b'\n', b'\r', bytes) {
        Some(idx) if bytes[idx] == b'\r' && bytes.get(idx + 1) != Some(&b'\n') => b'\r',
        _ => b'\n',
    }
}

/// The delimiter that a header line seems to use instead of `current`.
fn likely_delimiter(header: &[u8], current: u8) -> Option<char> {
    let mut best: Option<(usize, u8)> = None;
    for candidate in [b',', b';', b'\t', b'|'] {
        let n_found = memchr::memchr_iter(candidate, header).count();
        if candidate != current && n_found > best.map_or(0, |(n, _)| n) {
            best = Some((n_found, candidate));
        }
    }
    best.map(|(_, delimiter)| char::from(delimiter))
}
