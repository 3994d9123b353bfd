//! Writing scored customers.
//!
//! Columns: the key, `churn_probability`, `risk_level`, `reason_1..K`, `impact_1..K`, and with
//! offers `offer_1`, `expected_value_1`, then `model_version`.

mod csv;
mod parquet;

use std::path::{Path, PathBuf};

use churn_store::PendingFile;

pub(crate) use csv::{encode_rows, header, quote};

use crate::{Error, scores::Scores};

/// The form of an output file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputFormat {
    /// Comma separated, UTF-8, LF.
    Csv,
    /// Parquet, Snappy compressed.
    Parquet,
}

impl OutputFormat {
    /// By the file's ending: `.parquet` and `.pq` are Parquet, all else is CSV.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        let ending = path
            .extension()
            .and_then(|ending| ending.to_str())
            .unwrap_or_default();
        if ending.eq_ignore_ascii_case("parquet") || ending.eq_ignore_ascii_case("pq") {
            Self::Parquet
        } else {
            Self::Csv
        }
    }
}

/// What the columns of an output are.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) key: Option<String>,
    pub(crate) n_reasons: usize,
    pub(crate) with_offers: bool,
    pub(crate) model_version: String,
}

/// A scored chunk in the form its file takes, made in parallel and appended in order.
pub(crate) enum Encoded {
    Csv(Vec<u8>),
    Parquet(arrow_array::RecordBatch),
}

impl Encoded {
    pub(crate) fn new(
        format: OutputFormat,
        layout: &Layout,
        scores: &Scores<'_>,
    ) -> Result<Self, arrow_schema::ArrowError> {
        match format {
            OutputFormat::Csv => Ok(Self::Csv(encode_rows(layout, scores))),
            OutputFormat::Parquet => parquet::to_batch(layout, scores).map(Self::Parquet),
        }
    }
}

/// A scored file that appears under its name only when complete.
pub(crate) struct OutputFile {
    path: PathBuf,
    writer: Writer,
}

enum Writer {
    Csv(PendingFile),
    Parquet(Box<::parquet::arrow::ArrowWriter<PendingFile>>),
}

impl OutputFile {
    pub(crate) fn create(
        path: &Path,
        format: OutputFormat,
        layout: &Layout,
    ) -> Result<Self, Error> {
        let file = PendingFile::create(path).map_err(|source| Error::write(path, source))?;
        let writer = match format {
            OutputFormat::Csv => Writer::Csv(file),
            OutputFormat::Parquet => Writer::Parquet(Box::new(
                parquet::writer(file, layout).map_err(|fault| parquet_fault(path, fault))?,
            )),
        };
        let mut output = Self {
            path: path.to_owned(),
            writer,
        };
        if format == OutputFormat::Csv {
            output.append(Encoded::Csv(header(layout)))?;
        }
        Ok(output)
    }

    pub(crate) fn append(&mut self, chunk: Encoded) -> Result<(), Error> {
        match (&mut self.writer, chunk) {
            (Writer::Csv(writer), Encoded::Csv(bytes)) => {
                use std::io::Write;
                writer
                    .write_all(&bytes)
                    .map_err(|source| Error::write(&self.path, source))
            }
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
            Writer::Csv(file) => file,
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
