//! Writing scored customers.
//!
//! Columns: the key, `churn_probability`, `risk_level`, `reason_1..K`, `impact_1..K`, and with
//! offers `offer_1`, `expected_value_1`, then `model_version`.

mod csv;
mod parquet;

use std::{
    fs::File,
    io::BufWriter,
    path::{Path, PathBuf},
};

pub(crate) use csv::{encode_rows, header, quote};

use crate::{Error, ScoredTable};

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
        scored: &ScoredTable,
    ) -> Result<Self, arrow_schema::ArrowError> {
        match format {
            OutputFormat::Csv => Ok(Self::Csv(encode_rows(layout, scored))),
            OutputFormat::Parquet => parquet::to_batch(layout, scored).map(Self::Parquet),
        }
    }
}

/// A file that appears under its name only when complete: it is written beside it and renamed.
pub(crate) struct PendingFile {
    path: PathBuf,
    part: Part,
    writer: Writer,
}

/// The file beside; removed when it is left without having been renamed.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove, and that is the usual case.
        let _ = std::fs::remove_file(&self.0);
    }
}

enum Writer {
    Csv(BufWriter<File>),
    Parquet(Box<::parquet::arrow::ArrowWriter<BufWriter<File>>>),
}

impl PendingFile {
    pub(crate) fn create(
        path: &Path,
        format: OutputFormat,
        layout: &Layout,
    ) -> Result<Self, Error> {
        let part = Part(part_path(path));
        let file = File::create(&part.0).map_err(|source| Error::write(path, source))?;
        let buffered = BufWriter::with_capacity(1 << 20, file);
        let writer = match format {
            OutputFormat::Csv => Writer::Csv(buffered),
            OutputFormat::Parquet => Writer::Parquet(Box::new(
                parquet::writer(buffered, layout).map_err(|fault| parquet_fault(path, &fault))?,
            )),
        };
        let mut pending = Self {
            path: path.to_owned(),
            part,
            writer,
        };
        if format == OutputFormat::Csv {
            pending.append(Encoded::Csv(header(layout)))?;
        }
        Ok(pending)
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
                .map_err(|fault| parquet_fault(&self.path, &fault)),
            _ => Err(Error::Parquet {
                path: self.path.clone(),
                fault: "a chunk was encoded for another form of file".to_owned(),
            }),
        }
    }

    /// Completes the file and gives it its name.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let Self { path, part, writer } = self;
        let fail = |source| Error::write(&path, source);
        let buffered = match writer {
            Writer::Csv(writer) => writer,
            Writer::Parquet(writer) => writer
                .into_inner()
                .map_err(|fault| parquet_fault(&path, &fault))?,
        };
        let file = buffered
            .into_inner()
            .map_err(|fault| fail(fault.into_error()))?;
        file.sync_all().map_err(fail)?;
        std::fs::rename(&part.0, &path).map_err(fail)
    }
}

fn part_path(path: &Path) -> PathBuf {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

fn parquet_fault(path: &Path, fault: &::parquet::errors::ParquetError) -> Error {
    Error::Parquet {
        path: path.to_owned(),
        fault: fault.to_string(),
    }
}
