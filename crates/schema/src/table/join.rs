//! Picking rows of a table and putting tables below each other.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, StringArray, UInt64Array};
use hashbrown::HashMap;

use super::build::{MISSING_CODE, category_array};
use super::{ArrayKind, CategoryView, Table, array_kind, held_columns};
use crate::Error;

impl Table {
    /// The rows at `row_idxs`, in that order; repeats are fine, indices out of range are left out.
    #[must_use]
    pub fn select(&self, row_idxs: &[usize]) -> Self {
        let kept: Vec<usize> = row_idxs
            .iter()
            .copied()
            .filter(|row_idx| *row_idx < self.n_rows())
            .collect();
        let indices: UInt64Array = kept.iter().map(|row_idx| *row_idx as u64).collect();
        let arrays: Result<Vec<ArrayRef>, _> = self
            .batch
            .columns()
            .iter()
            .map(|array| arrow_select::take::take(array, &indices, None))
            .collect();
        let row_numbers = kept
            .iter()
            .map(|row_idx| self.row_numbers[*row_idx])
            .collect();
        let selected = arrays
            .map_err(Error::from)
            .and_then(|a| Self::from_arrays(&self.spec, a, row_numbers));
        #[expect(
            clippy::expect_used,
            reason = "every index is in range and each column keeps its type, so neither step can fail"
        )]
        selected.expect("taking existing rows")
    }

    /// The tables below each other. Levels outside the domain keep the order they are met in.
    ///
    /// # Errors
    /// [`Error::NoTables`] for an empty slice, [`Error::SpecMismatch`] if specifications differ.
    pub fn concat(tables: &[Self]) -> Result<Self, Error> {
        let Some(first) = tables.first() else {
            return Err(Error::NoTables);
        };
        for table in tables {
            if !Arc::ptr_eq(&table.spec, &first.spec) && table.spec != first.spec {
                return Err(Error::SpecMismatch {
                    left: first.spec.fingerprint(),
                    right: table.spec.fingerprint(),
                });
            }
        }
        let arrays: Result<Vec<ArrayRef>, Error> = held_columns(&first.spec)
            .enumerate()
            .map(|(idx, column)| match array_kind(column) {
                ArrayKind::Category => concat_categories(tables, &column.name),
                _ => {
                    let parts: Vec<&dyn Array> = tables
                        .iter()
                        .map(|table| table.batch.column(idx).as_ref())
                        .collect();
                    Ok(arrow_select::concat::concat(&parts)?)
                }
            })
            .collect();
        let row_numbers = tables
            .iter()
            .flat_map(|table| &table.row_numbers)
            .copied()
            .collect();
        Self::from_arrays(&first.spec, arrays?, row_numbers)
    }
}

/// Joins dictionaries by level: each table numbers the levels outside the domain on its own.
fn concat_categories(tables: &[Table], column: &str) -> Result<ArrayRef, Error> {
    let views: Vec<CategoryView<'_>> = tables
        .iter()
        .filter_map(|table| table.categories(column))
        .collect();
    let mut levels: Vec<&str> = Vec::new();
    let mut code_of: HashMap<&str, i32> = HashMap::new();
    let mut codes = Vec::with_capacity(tables.iter().map(Table::n_rows).sum());
    for view in &views {
        let translate: Vec<i32> = view
            .values
            .iter()
            .map(|level| {
                let level = level.unwrap_or_default();
                *code_of.entry(level).or_insert_with(|| {
                    levels.push(level);
                    i32::try_from(levels.len() - 1).unwrap_or(i32::MAX)
                })
            })
            .collect();
        codes.extend(view.codes.iter().map(|code| {
            let code = code.and_then(|code| usize::try_from(code).ok());
            code.and_then(|code| translate.get(code).copied())
                .unwrap_or(MISSING_CODE)
        }));
    }
    Ok(Arc::new(category_array(
        codes,
        StringArray::from_iter_values(levels),
    )?))
}
