//! Parquet files as a stream of chunks.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Decimal128Type, Float16Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use sha2::{Digest, Sha256};

use super::{Chunk, ChunkData, Layout, ReadOptions};
use crate::Error;
use crate::spec::{DatasetSpec, hex};

/// Reads batches of one Parquet file.
#[derive(Debug)]
pub(crate) struct ParquetReader {
    path: PathBuf,
    layout: Arc<Layout>,
    batches: ParquetRecordBatchReader,
    next_row: u64,
    sha256: String,
}

impl ParquetReader {
    pub(crate) fn open(
        path: &Path,
        mut file: File,
        spec: &Arc<DatasetSpec>,
        options: &ReadOptions,
    ) -> Result<Self, Error> {
        let sha256 = hash_file(path, &mut file)?;
        let builder = parquet_builder(path, file)?;
        let fields = builder.schema().fields().clone();
        let header: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
        let full = Layout::new(path, header, spec, options)?;
        let mut used = Vec::new();
        for (field_idx, field) in fields.iter().enumerate() {
            if full.column_of_field[field_idx].is_none() {
                continue;
            }
            if !is_readable(field.data_type()) {
                return Err(Error::UnsupportedColumnType {
                    path: path.to_owned(),
                    column: field.name().clone(),
                    found: field.data_type().to_string(),
                });
            }
            used.push(field_idx);
        }
        let mask = ProjectionMask::roots(builder.parquet_schema(), used.iter().copied());
        let column_of_field = used.iter().map(|idx| full.column_of_field[*idx]).collect();
        let layout = Layout {
            column_of_field,
            ..full
        };
        let batches = builder
            .with_projection(mask)
            .with_batch_size(options.chunk_rows.max(1))
            .build()
            .map_err(|e| broken(path, &e))?;
        Ok(Self {
            path: path.to_owned(),
            layout: Arc::new(layout),
            batches,
            next_row: 1,
            sha256,
        })
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) fn content_sha256(&self) -> &str {
        &self.sha256
    }

    pub(crate) fn next_chunk(&mut self) -> Result<Option<Chunk>, Error> {
        let batch = match self.batches.next() {
            None => return Ok(None),
            Some(Err(error)) => return Err(broken(&self.path, &error)),
            Some(Ok(batch)) => batch,
        };
        let first_row = self.next_row;
        self.next_row += batch.num_rows() as u64;
        let layout = Arc::clone(&self.layout);
        Ok(Some(Chunk {
            layout,
            data: ChunkData::Parquet { batch, first_row },
        }))
    }
}

/// The column names of a file.
pub(crate) fn parquet_header(path: &Path, file: File) -> Result<Vec<String>, Error> {
    let builder = parquet_builder(path, file)?;
    Ok(builder
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect())
}

/// A reader of the file's batches, or the reason why there is none.
fn parquet_builder(
    path: &Path,
    file: File,
) -> Result<ParquetRecordBatchReaderBuilder<File>, Error> {
    // Without the embedded Arrow schema dictionaries are read as plain text, which cells need.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
        .map_err(|e| broken(path, &e))
}

fn broken(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::BrokenParquet {
        path: path.to_owned(),
        detail: error.to_string(),
    }
}

fn hash_file(path: &Path, file: &mut File) -> Result<String, Error> {
    let io = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    let mut hash = Sha256::new();
    let mut block = vec![0; 1 << 16];
    loop {
        let n = file.read(&mut block).map_err(io)?;
        if n == 0 {
            break;
        }
        hash.update(&block[..n]);
    }
    file.rewind().map_err(io)?;
    Ok(hex(&hash.finalize()))
}

/// Whether [`cell_text`] knows the type.
fn is_readable(data_type: &DataType) -> bool {
    match data_type {
        DataType::Null
        | DataType::Boolean
        | DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Date32
        | DataType::Date64
        | DataType::Timestamp(_, _)
        | DataType::Decimal128(_, _) => true,
        other => other.is_integer() || other.is_floating(),
    }
}

/// Appends the text of a cell; nothing for null. NaN counts as null, as data frames write it.
pub(crate) fn cell_text(array: &ArrayRef, row_idx: usize, out: &mut String) {
    use std::fmt::Write as _;
    if array.is_null(row_idx) {
        return;
    }
    macro_rules! show {
        ($type:ty) => {
            write!(out, "{}", array.as_primitive::<$type>().value(row_idx))
        };
    }
    let written = match array.data_type() {
        DataType::Utf8 => out.write_str(array.as_string::<i32>().value(row_idx)),
        DataType::LargeUtf8 => out.write_str(array.as_string::<i64>().value(row_idx)),
        DataType::Utf8View => out.write_str(array.as_string_view().value(row_idx)),
        DataType::Boolean => write!(out, "{}", array.as_boolean().value(row_idx)),
        DataType::Int8 => show!(Int8Type),
        DataType::Int16 => show!(Int16Type),
        DataType::Int32 => show!(Int32Type),
        DataType::Int64 => show!(Int64Type),
        DataType::UInt8 => show!(UInt8Type),
        DataType::UInt16 => show!(UInt16Type),
        DataType::UInt32 => show!(UInt32Type),
        DataType::UInt64 => show!(UInt64Type),
        DataType::Float16 => float(
            f64::from(array.as_primitive::<Float16Type>().value(row_idx)),
            out,
        ),
        // Through its shortest text, so that 0.1 stays 0.1 when it is widened.
        DataType::Float32 => match array.as_primitive::<Float32Type>().value(row_idx) {
            value if value.is_nan() => Ok(()),
            value => write!(out, "{value}"),
        },
        DataType::Float64 => float(array.as_primitive::<Float64Type>().value(row_idx), out),
        DataType::Decimal128(_, _) => out.write_str(
            &array
                .as_primitive::<Decimal128Type>()
                .value_as_string(row_idx),
        ),
        DataType::Date32 => time(
            i64::from(array.as_primitive::<Date32Type>().value(row_idx))
                .saturating_mul(86_400_000_000),
            out,
        ),
        DataType::Date64 => time(
            array
                .as_primitive::<Date64Type>()
                .value(row_idx)
                .saturating_mul(1000),
            out,
        ),
        DataType::Timestamp(unit, _) => time(micros(array, *unit, row_idx), out),
        _ => Ok(()),
    };
    // Writing into a String cannot fail.
    debug_assert!(written.is_ok());
}

fn micros(array: &ArrayRef, unit: TimeUnit, row_idx: usize) -> i64 {
    match unit {
        TimeUnit::Second => array
            .as_primitive::<TimestampSecondType>()
            .value(row_idx)
            .saturating_mul(1_000_000),
        TimeUnit::Millisecond => array
            .as_primitive::<TimestampMillisecondType>()
            .value(row_idx)
            .saturating_mul(1000),
        TimeUnit::Microsecond => array
            .as_primitive::<TimestampMicrosecondType>()
            .value(row_idx),
        TimeUnit::Nanosecond => array
            .as_primitive::<TimestampNanosecondType>()
            .value(row_idx)
            .div_euclid(1000),
    }
}

fn float(value: f64, out: &mut String) -> std::fmt::Result {
    use std::fmt::Write as _;
    if value.is_nan() {
        Ok(())
    } else {
        write!(out, "{value}")
    }
}

fn time(micros: i64, out: &mut String) -> std::fmt::Result {
    use std::fmt::Write as _;
    match chrono::DateTime::from_timestamp_micros(micros) {
        Some(time) => write!(out, "{}", time.format("%Y-%m-%dT%H:%M:%S%.6fZ")),
        None => write!(out, "{micros}"),
    }
}
