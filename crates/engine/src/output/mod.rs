//! Writing scored and explained customers.
//!
//! Columns: the key, `churn_probability`, with intervals `probability_low` and
//! `probability_high`, `risk_level`, `reason_1..K`, `impact_1..K`, and with
//! offers `offer_1`, `expected_value_1`, then `model_version`.

mod csv;
mod explained;
mod json;
mod parquet;

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, SchemaRef};
use churn_store::PendingFile;

pub use csv::quote;
pub(crate) use explained::{ExplainedLayout, encode_explained, explained_head};

use crate::{Error, scores::Scores};

/// The form of an output file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputFormat {
    /// Comma separated, UTF-8, LF.
    Csv,
    /// Parquet, Snappy compressed.
    Parquet,
    /// One JSON object per line.
    JsonLines,
}

impl OutputFormat {
    /// By the file's ending: `.parquet` and `.pq` are Parquet, `.jsonl` and `.ndjson` JSON lines,
    /// all else is CSV.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        let ending = path
            .extension()
            .and_then(|ending| ending.to_str())
            .unwrap_or_default();
        let is = |known: &str| ending.eq_ignore_ascii_case(known);
        if is("parquet") || is("pq") {
            Self::Parquet
        } else if is("jsonl") || is("ndjson") {
            Self::JsonLines
        } else {
            Self::Csv
        }
    }
}

/// What the columns of an output are.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) key: Option<String>,
    pub(crate) with_intervals: bool,
    pub(crate) n_reasons: usize,
    pub(crate) with_offers: bool,
    pub(crate) model_version: String,
}

/// The start of a file: what says which columns follow.
pub(crate) enum Head {
    /// Lines of text, already encoded.
    Text(Vec<u8>),
    Parquet(SchemaRef),
}

/// A chunk in the form its file takes, made in parallel and appended in order.
pub(crate) enum Encoded {
    Text(Vec<u8>),
    Parquet(RecordBatch),
}

/// The head of a scored file.
pub(crate) fn head(format: OutputFormat, layout: &Layout) -> Head {
    match format {
        OutputFormat::Csv => Head::Text(csv::header(layout)),
        OutputFormat::JsonLines => Head::Text(Vec::new()),
        OutputFormat::Parquet => Head::Parquet(parquet::schema(layout)),
    }
}

/// The rows of a scored chunk.
pub(crate) fn encode(
    format: OutputFormat,
    layout: &Layout,
    scores: &Scores<'_>,
) -> Result<Encoded, ArrowError> {
    Ok(match format {
        OutputFormat::Csv => Encoded::Text(csv::encode_rows(layout, scores)),
        OutputFormat::JsonLines => Encoded::Text(json::encode_rows(layout, scores)),
        OutputFormat::Parquet => Encoded::Parquet(parquet::to_batch(layout, scores)?),
    })
}

/// A file that appears under its name only when complete.
pub(crate) struct OutputFile {
    path: PathBuf,
    writer: Writer,
}

enum Writer {
    Text(PendingFile),
    Parquet(Box<::parquet::arrow::ArrowWriter<PendingFile>>),
}

impl OutputFile {
    pub(crate) fn create(path: &Path, head: Head) -> Result<Self, Error> {
        let mut file = PendingFile::create(path).map_err(|source| Error::write(path, source))?;
        let writer = match head {
            Head::Text(bytes) => {
                file.write_all(&bytes)
                    .map_err(|source| Error::write(path, source))?;
                Writer::Text(file)
            }
            Head::Parquet(schema) => Writer::Parquet(Box::new(
                parquet::writer(file, schema).map_err(|fault| parquet_fault(path, fault))?,
            )),
        };
        Ok(Self {
            path: path.to_owned(),
            writer,
        })
    }

    pub(crate) fn append(&mut self, chunk: Encoded) -> Result<(), Error> {
        match (&mut self.writer, chunk) {
            (Writer::Text(writer), Encoded::Text(bytes)) => writer
                .write_all(&bytes)
                .map_err(|source| Error::write(&self.path, source)),
            (Writer::Parquet(writer), Encoded::Parquet(batch)) => writer
                .write(&batch)
                .map_err(|fault| parquet_fault(&self.path, fault)),
            _ => Err(Error::Parquet {
                path: self.path.clone(),
                fault: "a chunk was encoded for another form of file".to_owned(),
            }),
        }
    }

    /// Completes the file and gives it its name.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let Self { path, writer } = self;
        let file = match writer {
            Writer::Text(file) => file,
            Writer::Parquet(writer) => writer
                .into_inner()
                .map_err(|fault| parquet_fault(&path, fault))?,
        };
        file.finish().map_err(|source| Error::write(&path, source))
    }
}

fn parquet_fault(path: &Path, fault: ::parquet::errors::ParquetError) -> Error {
    let fault = match fault {
        ::parquet::errors::ParquetError::External(cause) => match cause.downcast() {
            Ok(source) => return Error::write(path, *source),
            Err(cause) => cause.to_string(),
        },
        other => other.to_string(),
    };
    Error::Parquet {
        path: path.to_owned(),
        fault,
    }
}
