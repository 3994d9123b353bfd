//! What keeping each customer is worth, for the money figures of a comparison.

use churn_retention::Playbook;
use churn_schema::Table;

/// Value of keeping each customer over the horizon, in major units of money, at least 0.
///
/// Revenue column × margin × months as the specification and the playbook say; a customer without
/// revenue counts with the playbook's default, or 0 when it has none.
pub(crate) fn customer_values(table: &Table, playbook: &Playbook) -> Vec<f64> {
    let numbers = table
        .spec()
        .revenue()
        .and_then(|column| table.numbers(&column.name));
    let monthly: Vec<Option<f64>> = match numbers {
        Some(numbers) => numbers.iter().collect(),
        None => vec![None; table.n_rows()],
    };
    let value = |monthly| playbook.value_inputs().compute(monthly);
    monthly
        .into_iter()
        .map(|monthly| value(monthly).map_or(0.0, |value| value.to_major().max(0.0)))
        .collect()
}
