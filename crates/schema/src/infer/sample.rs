//! The first rows of a file, every column read as text.

use std::path::Path;
use std::sync::Arc;

use crate::read::{Head, Opened, Split, Splitter, likely_terminator, open_bytes, parquet_header};
use crate::spec::{ColumnKind, ColumnSpec, DatasetSpec, Encoding};
use crate::table::Table;
use crate::{Error, FaultCode, Purpose, ReadOptions, open_table};

use super::InferOptions;

const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];
/// How much of the file decides about the delimiter.
const HEAD_BYTES: usize = 1 << 18;
const HEAD_RECORDS: usize = 200;

/// Rows as categories, so that each distinct text is held once.
pub(super) struct Sample {
    pub(super) table: Table,
    pub(super) header: Vec<String>,
    pub(super) delimiter: char,
    pub(super) encoding: Encoding,
    pub(super) warnings: Vec<String>,
}

impl Sample {
    pub(super) fn read(path: &Path, options: &InferOptions) -> Result<Self, Error> {
        let (delimiter, header) = match open_bytes(path, Encoding::Windows1252)? {
            Opened::Parquet(file) => (',', parquet_header(path, file)?),
            Opened::Text(mut text) => {
                let mut bytes = vec![0; HEAD_BYTES];
                // A broken file fails again, with a better message, when it is read below.
                let n = text.fill(&mut bytes).unwrap_or(0);
                let delimiter = find_delimiter(&bytes[..n], n < HEAD_BYTES);
                (delimiter, Vec::new())
            }
        };
        let utf8 = Self::read_as(path, options, delimiter, Encoding::Utf8, &header);
        match utf8 {
            Ok(sample) if sample.is_valid_text => Ok(sample.sample),
            // Only text that is not UTF-8 is worth a second try.
            Ok(_) | Err(Error::BadHeader { .. }) => {
                let latin =
                    Self::read_as(path, options, delimiter, Encoding::Windows1252, &header)?;
                Ok(latin.sample)
            }
            Err(error) => Err(error),
        }
    }

    fn read_as(
        path: &Path,
        options: &InferOptions,
        delimiter: char,
        encoding: Encoding,
        known_header: &[String],
    ) -> Result<Attempt, Error> {
        let mut read = ReadOptions::new(Purpose::Score);
        read.max_columns = options.max_columns;
        let header = match open_bytes(path, encoding)? {
            Opened::Parquet(_) => known_header.to_vec(),
            Opened::Text(mut text) => {
                let delimiter = u8::try_from(delimiter).unwrap_or(b',');
                Head::read(path, &mut text, delimiter, &read)?.fields
            }
        };
        if header.len() > options.max_columns {
            return Err(Error::TooManyColumns {
                path: path.to_owned(),
                n_columns: header.len(),
                limit: options.max_columns,
            });
        }
        let mut spec = DatasetSpec::new("sample");
        spec.csv.delimiter = delimiter;
        spec.csv.encoding = encoding;
        for name in header.iter().filter(|name| !name.is_empty()) {
            let mut column = ColumnSpec::new(name, ColumnKind::Category);
            column.open = true;
            spec.columns.push(column);
        }
        if spec.columns.is_empty() {
            let reason = "the header has no column names".to_owned();
            return Err(Error::NotInferable {
                path: path.to_owned(),
                reason,
            });
        }
        let mut reader = open_table(path, &Arc::new(spec), &read)?;
        let mut warnings: Vec<String> = reader
            .notes()
            .iter()
            .map(|note| format!("{note:#}"))
            .collect();
        let (mut tables, mut n_rows, mut n_rejected) = (Vec::new(), 0, 0);
        let (mut is_valid_text, mut is_whole, mut first) = (true, true, None);
        for chunk in &mut reader {
            let parsed = chunk?.parse();
            n_rows += parsed.table.n_rows();
            n_rejected += parsed.rejected.len();
            is_valid_text &= parsed
                .faults
                .iter()
                .all(|f| f.code != FaultCode::BadEncoding);
            first = first.or_else(|| parsed.rejected.first()?.faults.first().cloned());
            tables.push(parsed.table);
            if n_rows >= options.sample_rows {
                is_whole = false;
                break;
            }
        }
        if n_rows == 0 && is_valid_text {
            return Err(Error::NoRows {
                path: path.to_owned(),
                n_rejected: n_rejected as u64,
                first: first.map(Box::new),
            });
        }
        if n_rejected > 0 {
            warnings.push(format!(
                "{n_rejected} of the first {} rows are not readable; see validate",
                n_rows + n_rejected
            ));
        }
        if !is_whole {
            warnings.push(format!(
                "only the first {n_rows} rows were looked at; later rows may hold other levels"
            ));
        }
        let table = Table::concat(&tables)?;
        let sample = Self {
            table,
            header,
            delimiter,
            encoding,
            warnings,
        };
        Ok(Attempt {
            sample,
            is_valid_text,
        })
    }
}

struct Attempt {
    sample: Sample,
    is_valid_text: bool,
}

/// The delimiter that splits most of the first records into the same number of fields, more
/// than one; a comma if none does.
fn find_delimiter(bytes: &[u8], at_end: bool) -> char {
    let mut best = (0.0, ',');
    for candidate in DELIMITERS {
        let counts = field_counts(bytes, at_end, candidate);
        let Some(first) = counts.first().copied().filter(|n| *n > 1) else {
            continue;
        };
        let n_same = counts.iter().filter(|n| **n == first).count();
        // Agreement between rows decides; the number of fields only between equals.
        let score = n_same as f64 / counts.len() as f64 + first as f64 * 1e-6;
        if score > best.0 {
            best = (score, candidate);
        }
    }
    best.1
}

fn field_counts(bytes: &[u8], at_end: bool, delimiter: char) -> Vec<usize> {
    let delimiter = u8::try_from(delimiter).unwrap_or(b',');
    let splitter = Splitter {
        delimiter,
        terminator: likely_terminator(bytes),
        max_quoted_bytes: bytes.len(),
        n_fields: None,
    };
    let mut counts = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() && counts.len() < HEAD_RECORDS {
        let Split::Record {
            end, next, shape, ..
        } = splitter.next(rest, at_end)
        else {
            break;
        };
        if end > 0 {
            counts.push(splitter.count_fields(&rest[..end], shape));
        }
        rest = &rest[next..];
    }
    counts
}
