//! Reading a category column without copying it.

use arrow_array::{Array, Int32Array, StringArray};

/// A category column: `levels[codes[row]]`, null codes are missing.
#[derive(Debug, Clone, Copy)]
pub struct CategoryView<'a> {
    /// Index into `values` per row; null means missing.
    pub codes: &'a Int32Array,
    /// Levels of the specification in order, then other levels met.
    pub values: &'a StringArray,
}

impl<'a> CategoryView<'a> {
    /// The level of a row; `None` if missing or out of range.
    #[must_use]
    pub fn level(&self, row_idx: usize) -> Option<&'a str> {
        if row_idx >= self.codes.len() || self.codes.is_null(row_idx) {
            return None;
        }
        let code = usize::try_from(self.codes.value(row_idx)).ok()?;
        (code < self.values.len()).then(|| self.values.value(code))
    }

    /// The code of a level; `None` if the level never occurs and is not in the domain.
    #[must_use]
    pub fn code_of(&self, level: &str) -> Option<i32> {
        let position = (0..self.values.len()).find(|idx| self.values.value(*idx) == level)?;
        i32::try_from(position).ok()
    }

    /// The code of a row; `None` if missing or out of range.
    #[must_use]
    pub fn code(&self, row_idx: usize) -> Option<i32> {
        (row_idx < self.codes.len() && !self.codes.is_null(row_idx))
            .then(|| self.codes.value(row_idx))
    }
}
