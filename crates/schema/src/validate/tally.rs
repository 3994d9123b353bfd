//! Missing values and numbers of one column, gathered over chunks.

use arrow_array::Array;

use super::outliers::{MAX_VALUES, compute_outliers};
use super::report::{MissingReport, OutlierReport};
use crate::Fault;
use crate::spec::{DatasetSpec, Role};
use crate::table::{ArrayKind, Table, array_kind, held_columns};

/// What is gathered of one column.
#[derive(Debug)]
pub(super) struct ColumnTally {
    name: String,
    strategy: String,
    n_missing: u64,
    is_number: bool,
    is_used: bool,
    values: Vec<f64>,
}

impl ColumnTally {
    pub(super) fn all(spec: &DatasetSpec) -> Vec<Self> {
        let tally = |column: &crate::spec::ColumnSpec| Self {
            name: column.name.clone(),
            strategy: column.missing.words(),
            n_missing: 0,
            is_number: array_kind(column) == ArrayKind::Number,
            is_used: column.has_role(Role::Feature) || column.has_role(Role::Revenue),
            values: Vec::new(),
        };
        held_columns(spec).map(tally).collect()
    }

    pub(super) fn add(&mut self, table: &Table) {
        let Some(array) = table.batch().column_by_name(&self.name) else {
            return;
        };
        self.n_missing += array.null_count() as u64;
        if self.is_number
            && let Some(numbers) = table.numbers(&self.name)
        {
            let room = MAX_VALUES - self.values.len();
            self.values.extend(numbers.iter().flatten().take(room));
        }
    }

    /// Says so when a column that models use has no value in any of the good rows.
    pub(super) fn no_values(&self, n_good: u64, file: &str) -> Option<Fault> {
        (self.is_used && n_good > 0 && self.n_missing == n_good)
            .then(|| Fault::no_values(file, &self.name))
    }

    pub(super) fn missing(&self, n_good: u64) -> MissingReport {
        let share = if n_good == 0 {
            0.0
        } else {
            self.n_missing as f64 / n_good as f64
        };
        MissingReport {
            column: self.name.clone(),
            count: self.n_missing,
            share,
            strategy: self.strategy.clone(),
        }
    }

    pub(super) fn outliers(self) -> Option<OutlierReport> {
        compute_outliers(&self.name, self.values)
    }
}
