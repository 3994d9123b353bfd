//! One customer as the playbook sees them.

/// A cell of an original column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// A finite number, in the unit of the column; NaN counts as missing.
    Number(f64),
    /// A level or free text, as in the source file.
    Text(&'a str),
    /// Not known; `null` in expressions.
    Missing,
}

/// Looks up a customer's original columns by name.
///
/// Implemented by whatever holds the row; only columns that some expression names are asked for,
/// each once per customer.
pub trait CustomerValues {
    /// The value of a column; `None` when there is no such column (treated as missing).
    fn value(&self, column: &str) -> Option<Value<'_>>;
}

impl CustomerValues for [(&str, Value<'_>)] {
    fn value(&self, column: &str) -> Option<Value<'_>> {
        self.iter()
            .find(|(name, _)| *name == column)
            .map(|(_, value)| *value)
    }
}

impl<const N: usize> CustomerValues for [(&str, Value<'_>); N] {
    fn value(&self, column: &str) -> Option<Value<'_>> {
        self.as_slice().value(column)
    }
}

/// A scored customer.
#[derive(Clone, Copy)]
pub struct Customer<'a> {
    /// The original columns.
    pub values: &'a dyn CustomerValues,
    /// Calibrated probability of leaving within the horizon, 0..=1.
    pub probability: f64,
    /// What they pay a month, in major units of the data set's currency; `None` when not known.
    pub monthly_revenue: Option<f64>,
    /// Names of original columns that raise the risk, strongest first.
    pub reasons: &'a [&'a str],
}
