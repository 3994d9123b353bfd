//! A row of a table as the playbook sees it.

use churn_retention::{CustomerValues, Value};
use churn_schema::Table;

/// One row.
pub(crate) struct RowValues<'a> {
    pub(crate) table: &'a Table,
    pub(crate) row: usize,
}

impl CustomerValues for RowValues<'_> {
    fn value(&self, column: &str) -> Option<Value<'_>> {
        let row = self.row;
        if let Some(numbers) = self.table.numbers(column) {
            return Some(if self.table.is_missing(column, row) {
                Value::Missing
            } else {
                Value::Number(numbers.value(row))
            });
        }
        if let Some(view) = self.table.categories(column) {
            return Some(view.level(row).map_or(Value::Missing, Value::Text));
        }
        let text = self.table.text(column)?;
        Some(if self.table.is_missing(column, row) {
            Value::Missing
        } else {
            Value::Text(text.value(row))
        })
    }
}
