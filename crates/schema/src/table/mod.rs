//! The typed columnar table: Arrow arrays that conform to a specification.

mod build;
mod cells;
mod join;
mod rows;
mod view;

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    Array, DictionaryArray, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};

pub(crate) use build::ColumnBuilder;
pub use cells::{Cells, write_number};
pub use view::CategoryView;

use crate::spec::{ColumnKind, ColumnSpec, DatasetSpec, Role};

/// Rows that conform to a [`DatasetSpec`], column by column.
///
/// Every column of the specification that is not ignored is present; one that the source does
/// not have (the target of customers to be scored) is all missing. Types by kind: integer and
/// number are `Float64`; category is `Dictionary(Int32, Utf8)` whose values start with the
/// levels of the specification in order and go on with other levels met; date is
/// `Timestamp(Microsecond, UTC)`; text, and the key whatever its kind, is `Utf8`. Null means missing.
#[derive(Debug, Clone)]
pub struct Table {
    spec: Arc<DatasetSpec>,
    batch: RecordBatch,
    row_numbers: Vec<u64>,
}

impl Table {
    /// Number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.row_numbers.len()
    }

    /// The specification the rows conform to.
    #[must_use]
    pub fn spec(&self) -> &Arc<DatasetSpec> {
        &self.spec
    }

    /// The Arrow data: `n_rows` × columns that are not ignored, in specification order.
    #[must_use]
    pub fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    /// Values of an integer or number column, length `n_rows`; null means missing.
    /// `None` if there is no such column or it is of another kind.
    #[must_use]
    pub fn numbers(&self, column: &str) -> Option<&Float64Array> {
        self.array(column)
    }

    /// Codes and levels of a category column; `None` if there is no such category column.
    #[must_use]
    pub fn categories(&self, column: &str) -> Option<CategoryView<'_>> {
        let array: &DictionaryArray<Int32Type> = self.array(column)?;
        let values = array.values().as_any().downcast_ref::<StringArray>()?;
        Some(CategoryView {
            codes: array.keys(),
            values,
        })
    }

    /// Values of a text column or the key; `None` if there is no such text column.
    #[must_use]
    pub fn text(&self, column: &str) -> Option<&StringArray> {
        self.array(column)
    }

    /// Values of a date column in microseconds since 1970 UTC; `None` if there is no such date column.
    #[must_use]
    pub fn dates(&self, column: &str) -> Option<&TimestampMicrosecondArray> {
        self.array(column)
    }

    /// The keys, if the specification has a key.
    #[must_use]
    pub fn keys(&self) -> Option<&StringArray> {
        self.text(&self.spec.key()?.name)
    }

    /// Data row of row `row_idx` in the source, counted from 1; 0 if `row_idx` is out of range.
    #[must_use]
    pub fn row_number(&self, row_idx: usize) -> u64 {
        self.row_numbers.get(row_idx).copied().unwrap_or(0)
    }

    /// Per row whether the customer left: the target equals its positive level.
    ///
    /// `None` if there is no target or any row lacks one. Tables read for training have all.
    #[must_use]
    pub fn labels(&self) -> Option<Vec<bool>> {
        let target = self.spec.target()?;
        let view = self.categories(&target.name)?;
        if view.codes.null_count() > 0 {
            return None;
        }
        let positive = view.code_of(target.positive.as_deref()?)?;
        Some(
            view.codes
                .values()
                .iter()
                .map(|code| *code == positive)
                .collect(),
        )
    }

    /// Whether the cell is missing; also true for columns and rows that do not exist.
    #[must_use]
    pub fn is_missing(&self, column: &str, row_idx: usize) -> bool {
        match self.batch.column_by_name(column) {
            Some(array) if row_idx < array.len() => array.is_null(row_idx),
            _ => true,
        }
    }

    /// The cell as a person would read it, as in `12`, `70.35`, `Month-to-month`, `2024-05-01`.
    /// `None` if it is missing.
    #[must_use]
    pub fn value_text(&self, column: &str, row_idx: usize) -> Option<String> {
        let mut text = String::new();
        self.cells(column)?
            .write_text(row_idx, &mut text)
            .then_some(text)
    }

    /// The cells of a column, to read many of them without finding the column anew.
    /// `None` if there is no such column.
    #[must_use]
    pub fn cells(&self, column: &str) -> Option<Cells<'_>> {
        Some(match array_kind(self.spec.column(column)?) {
            ArrayKind::Number => Cells::Numbers(self.numbers(column)?),
            ArrayKind::Category => Cells::Categories(self.categories(column)?),
            ArrayKind::Date => Cells::Dates(self.dates(column)?),
            ArrayKind::Text => Cells::Text(self.text(column)?),
        })
    }

    fn array<T: 'static>(&self, column: &str) -> Option<&T> {
        self.batch
            .column_by_name(column)?
            .as_any()
            .downcast_ref::<T>()
    }
}

/// How a column is held, which depends on its kind and on whether it is the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArrayKind {
    Number,
    Category,
    Date,
    Text,
}

pub(crate) fn array_kind(column: &ColumnSpec) -> ArrayKind {
    if column.has_role(Role::Key) {
        return ArrayKind::Text;
    }
    match column.kind {
        ColumnKind::Integer | ColumnKind::Number => ArrayKind::Number,
        ColumnKind::Category => ArrayKind::Category,
        ColumnKind::Date => ArrayKind::Date,
        ColumnKind::Text => ArrayKind::Text,
    }
}

/// The columns a table holds: all that are not ignored.
pub(crate) fn held_columns(spec: &DatasetSpec) -> impl Iterator<Item = &ColumnSpec> {
    spec.columns
        .iter()
        .filter(|column| !column.has_role(Role::Ignore))
}

/// The Arrow schema of tables of a specification.
pub(crate) fn arrow_schema(spec: &DatasetSpec) -> SchemaRef {
    let fields: Vec<_> = held_columns(spec)
        .map(|column| {
            let data_type = match array_kind(column) {
                ArrayKind::Number => DataType::Float64,
                ArrayKind::Text => DataType::Utf8,
                ArrayKind::Date => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                ArrayKind::Category => {
                    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
                }
            };
            Field::new(&column.name, data_type, true)
        })
        .collect();
    Arc::new(Schema::new(fields))
}
