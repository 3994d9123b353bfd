//! A row of a table as the playbook sees it.

use churn_retention::{CustomerValues, Value};
use churn_schema::{Cells, Table};

/// The columns a playbook reads, found once per table.
pub(crate) struct PlaybookColumns<'a> {
    columns: Vec<(&'a str, Cells<'a>)>,
    revenue: Option<Cells<'a>>,
}

impl<'a> PlaybookColumns<'a> {
    /// Those of `names` that `table` has.
    pub(crate) fn new(table: &'a Table, names: &'a [String]) -> Self {
        let found = names
            .iter()
            .filter_map(|name| Some((name.as_str(), table.cells(name)?)));
        Self {
            columns: found.collect(),
            revenue: table
                .spec()
                .revenue()
                .and_then(|column| table.cells(&column.name)),
        }
    }

    pub(crate) fn row(&'a self, row: usize) -> RowValues<'a> {
        RowValues { columns: self, row }
    }

    /// The monthly revenue of a row; `None` when it is missing or there is no such column.
    pub(crate) fn revenue(&self, row: usize) -> Option<f64> {
        self.revenue?.number(row)
    }
}

/// One row.
pub(crate) struct RowValues<'a> {
    columns: &'a PlaybookColumns<'a>,
    row: usize,
}

impl CustomerValues for RowValues<'_> {
    fn value(&self, column: &str) -> Option<Value<'_>> {
        let mut columns = self.columns.columns.iter();
        let (_, cells) = columns.find(|(name, _)| *name == column)?;
        if cells.is_missing(self.row) {
            return Some(Value::Missing);
        }
        match cells {
            Cells::Numbers(numbers) => Some(Value::Number(numbers.value(self.row))),
            Cells::Categories(view) => {
                Some(view.level(self.row).map_or(Value::Missing, Value::Text))
            }
            Cells::Text(text) => Some(Value::Text(text.value(self.row))),
            // Rules have no dates.
            Cells::Dates(_) => None,
        }
    }
}
