//! Column builders that can take back the last row, and the table they make.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, DictionaryArray, Float64Array, Int32Array, RecordBatch, RecordBatchOptions,
    StringArray, TimestampMicrosecondArray,
};
use arrow_buffer::{BooleanBuffer, NullBuffer, OffsetBuffer};
use hashbrown::HashMap;

use super::{ArrayKind, Table, array_kind, arrow_schema, held_columns};
use crate::Error;
use crate::spec::{ColumnSpec, DatasetSpec};

/// Marks a missing category; codes are never negative.
pub(crate) const MISSING_CODE: i32 = -1;
/// Marks a missing date; far outside the dates that are read.
pub(crate) const MISSING_DATE: i64 = i64::MIN;

/// Grows one column. Every `push` adds one row.
#[derive(Debug)]
pub(crate) enum ColumnBuilder {
    /// NaN stands for missing; it can never be a value.
    Number(Vec<f64>),
    Date(Vec<i64>),
    Category(CategoryBuilder),
    Text(TextBuilder),
}

impl ColumnBuilder {
    pub(crate) fn new(column: &ColumnSpec, capacity: usize) -> Self {
        match array_kind(column) {
            ArrayKind::Number => Self::Number(Vec::with_capacity(capacity)),
            ArrayKind::Date => Self::Date(Vec::with_capacity(capacity)),
            ArrayKind::Category => Self::Category(CategoryBuilder {
                codes: Vec::with_capacity(capacity),
                n_domain: column.levels.len(),
                extra: Vec::new(),
                first_rows: Vec::new(),
                extra_codes: HashMap::new(),
            }),
            ArrayKind::Text => Self::Text(TextBuilder::with_capacity(capacity)),
        }
    }

    pub(crate) fn push_missing(&mut self) {
        match self {
            Self::Number(values) => values.push(f64::NAN),
            Self::Date(values) => values.push(MISSING_DATE),
            Self::Category(category) => category.codes.push(MISSING_CODE),
            Self::Text(text) => text.push(None),
        }
    }

    /// Takes back rows beyond `n_rows`.
    pub(crate) fn truncate(&mut self, n_rows: usize) {
        match self {
            Self::Number(values) => values.truncate(n_rows),
            Self::Date(values) => values.truncate(n_rows),
            Self::Category(category) => category.truncate(n_rows),
            Self::Text(text) => text.truncate(n_rows),
        }
    }

    /// The number added last; NaN if missing.
    pub(crate) fn last_number(&self) -> f64 {
        match self {
            Self::Number(values) => values.last().copied().unwrap_or(f64::NAN),
            _ => f64::NAN,
        }
    }

    /// The code added last; negative if missing.
    pub(crate) fn last_code(&self) -> i32 {
        match self {
            Self::Category(category) => category.codes.last().copied().unwrap_or(MISSING_CODE),
            _ => MISSING_CODE,
        }
    }

    fn finish(self, column: &ColumnSpec) -> Result<ArrayRef, Error> {
        Ok(match self {
            Self::Number(values) => {
                let nulls = nulls_where(&values, |value| value.is_nan());
                Arc::new(Float64Array::new(values.into(), nulls))
            }
            Self::Date(values) => {
                let nulls = nulls_where(&values, |value| *value == MISSING_DATE);
                let array = TimestampMicrosecondArray::new(values.into(), nulls);
                Arc::new(array.with_timezone("UTC"))
            }
            Self::Category(category) => Arc::new(category.finish(column)?),
            Self::Text(text) => Arc::new(text.finish()?),
        })
    }
}

/// Grows a category column; unknown levels get codes after the domain.
#[derive(Debug)]
pub(crate) struct CategoryBuilder {
    codes: Vec<i32>,
    n_domain: usize,
    extra: Vec<String>,
    /// Per extra level the row that brought it.
    first_rows: Vec<usize>,
    extra_codes: HashMap<String, i32>,
}

impl CategoryBuilder {
    pub(crate) fn push_code(&mut self, code: i32) {
        self.codes.push(code);
    }

    /// Adds a row with a level outside the domain.
    pub(crate) fn push_extra(&mut self, level: &str) {
        let code = match self.extra_codes.get(level) {
            Some(code) => *code,
            None => {
                let next = self.n_domain + self.extra.len();
                // A chunk has far fewer rows than i32::MAX, so this never saturates.
                let code = i32::try_from(next).unwrap_or(i32::MAX);
                self.extra.push(level.to_owned());
                self.first_rows.push(self.codes.len());
                self.extra_codes.insert(level.to_owned(), code);
                code
            }
        };
        self.codes.push(code);
    }

    /// Also forgets the levels that only the rows taken back have brought.
    fn truncate(&mut self, n_rows: usize) {
        self.codes.truncate(n_rows);
        while self.first_rows.last().is_some_and(|row| *row >= n_rows) {
            self.first_rows.pop();
            if let Some(level) = self.extra.pop() {
                self.extra_codes.remove(&level);
            }
        }
    }

    fn finish(self, column: &ColumnSpec) -> Result<DictionaryArray<Int32Type>, Error> {
        let levels = column.levels.iter().chain(&self.extra).map(String::as_str);
        category_array(self.codes, StringArray::from_iter_values(levels))
    }
}

pub(crate) fn category_array(
    mut codes: Vec<i32>,
    levels: StringArray,
) -> Result<DictionaryArray<Int32Type>, Error> {
    let nulls = nulls_where(&codes, |code| *code == MISSING_CODE);
    if nulls.is_some() {
        // Masked codes must still be valid indices for careless readers of raw codes.
        codes
            .iter_mut()
            .filter(|code| **code == MISSING_CODE)
            .for_each(|code| *code = 0);
    }
    Ok(DictionaryArray::try_new(
        Int32Array::new(codes.into(), nulls),
        Arc::new(levels),
    )?)
}

/// Grows a text column in one buffer.
#[derive(Debug)]
pub(crate) struct TextBuilder {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    present: Vec<bool>,
}

impl TextBuilder {
    fn with_capacity(capacity: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(capacity * 12),
            ends: Vec::with_capacity(capacity),
            present: Vec::with_capacity(capacity),
        }
    }

    pub(crate) fn push(&mut self, text: Option<&str>) {
        self.bytes.extend_from_slice(text.unwrap_or("").as_bytes());
        self.ends.push(self.bytes.len());
        self.present.push(text.is_some());
    }

    fn truncate(&mut self, n_rows: usize) {
        self.ends.truncate(n_rows);
        self.present.truncate(n_rows);
        self.bytes.truncate(self.ends.last().copied().unwrap_or(0));
    }

    fn finish(self) -> Result<StringArray, Error> {
        let lengths = self.ends.iter().scan(0, |start, end| {
            let length = end - *start;
            *start = *end;
            Some(length)
        });
        let offsets = OffsetBuffer::from_lengths(lengths);
        let nulls = nulls_where(&self.present, |present| !present);
        Ok(StringArray::try_new(offsets, self.bytes.into(), nulls)?)
    }
}

/// The null mask, or none if nothing is missing.
pub(crate) fn nulls_where<T>(values: &[T], is_missing: impl Fn(&T) -> bool) -> Option<NullBuffer> {
    if !values.iter().any(&is_missing) {
        return None;
    }
    let present = BooleanBuffer::collect_bool(values.len(), |idx| !is_missing(&values[idx]));
    Some(NullBuffer::new(present))
}

impl Table {
    /// Puts finished columns together; `columns` has one builder per held column.
    pub(crate) fn from_builders(
        spec: &Arc<DatasetSpec>,
        columns: Vec<ColumnBuilder>,
        row_numbers: Vec<u64>,
    ) -> Result<Self, Error> {
        let arrays: Result<Vec<_>, Error> = held_columns(spec)
            .zip(columns)
            .map(|(column, builder)| builder.finish(column))
            .collect();
        Self::from_arrays(spec, arrays?, row_numbers)
    }

    pub(crate) fn from_arrays(
        spec: &Arc<DatasetSpec>,
        arrays: Vec<ArrayRef>,
        row_numbers: Vec<u64>,
    ) -> Result<Self, Error> {
        let options = RecordBatchOptions::new().with_row_count(Some(row_numbers.len()));
        let batch = RecordBatch::try_new_with_options(arrow_schema(spec), arrays, &options)?;
        Ok(Self {
            spec: Arc::clone(spec),
            batch,
            row_numbers,
        })
    }

    /// A table without rows.
    ///
    /// # Errors
    /// [`Error::Arrow`] only on a fault of this crate.
    pub fn empty(spec: &Arc<DatasetSpec>) -> Result<Self, Error> {
        let builders = held_columns(spec)
            .map(|column| ColumnBuilder::new(column, 0))
            .collect();
        Self::from_builders(spec, builders, Vec::new())
    }
}
