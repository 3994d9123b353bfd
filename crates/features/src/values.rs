//! Raw values of one feature for the rows of a table, before encoding.

use arrow_array::Array;
use churn_schema::Table;

use crate::{Error, Source, derive};

/// Values of a feature, one per row.
pub(crate) enum Values {
    /// `NaN` means missing.
    Numbers(Vec<f64>),
    /// Index into `levels`; negative means missing.
    Categories {
        /// One per row.
        codes: Vec<i32>,
        /// All levels met, known or not, in dictionary order.
        levels: Vec<String>,
    },
}

/// Days as a number: microseconds since 1970 divided by this.
const MICROS_PER_DAY: f64 = 86_400e6;

impl Values {
    /// The values of `source` in `table`.
    pub(crate) fn read(table: &Table, source: &Source) -> Result<Self, Error> {
        match source {
            Source::Column(column) => Self::of_column(table, column),
            Source::Derived(derived) => derive::compute(table, derived),
        }
    }

    /// The values of one column. Dates count as days since 1970-01-01.
    pub(crate) fn of_column(table: &Table, column: &str) -> Result<Self, Error> {
        if let Some(numbers) = table.numbers(column) {
            return Ok(Self::Numbers(
                numbers
                    .iter()
                    .map(|value| value.unwrap_or(f64::NAN))
                    .collect(),
            ));
        }
        if let Some(view) = table.categories(column) {
            let codes = (0..view.codes.len())
                .map(|row| {
                    if view.codes.is_null(row) {
                        -1
                    } else {
                        view.codes.value(row)
                    }
                })
                .collect();
            let levels = (0..view.values.len())
                .map(|index| view.values.value(index).to_owned())
                .collect();
            return Ok(Self::Categories { codes, levels });
        }
        if let Some(dates) = table.dates(column) {
            return Ok(Self::Numbers(
                dates
                    .iter()
                    .map(|micros| micros.map_or(f64::NAN, |micros| micros as f64 / MICROS_PER_DAY))
                    .collect(),
            ));
        }
        if table.spec().column(column).is_some() && table.text(column).is_some() {
            return Err(Error::TextFeature {
                column: column.to_owned(),
            });
        }
        Err(Error::MissingColumn {
            column: column.to_owned(),
        })
    }
}
