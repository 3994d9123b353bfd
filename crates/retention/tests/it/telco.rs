//! A small data set in the manner of Telco, and customers of it.

use churn_retention::{Customer, CustomerValues, Playbook, Value};
use churn_schema::{ColumnKind, ColumnSpec, Currency, DatasetSpec, Role, ValueSpec};

pub(crate) fn spec() -> DatasetSpec {
    let mut spec = DatasetSpec::new("telco");
    let mut charges = ColumnSpec::new("MonthlyCharges", ColumnKind::Number);
    charges.roles = vec![Role::Feature, Role::Revenue];
    let mut target = category("Churn", &["No", "Yes"]);
    target.roles = vec![Role::Target];
    let mut agent = category("sales.agent", &[]);
    agent.open = true;
    spec.columns = vec![
        ColumnSpec::new("tenure", ColumnKind::Integer),
        charges,
        category("Contract", &["Month-to-month", "One year", "Two year"]),
        category("TechSupport", &["No", "Yes", "No internet service"]),
        agent,
        target,
    ];
    spec.currency = Some(Currency::USD);
    spec.value = Some(ValueSpec {
        margin: 0.3,
        horizon_months: 12.0,
    });
    spec
}

fn category(name: &str, levels: &[&str]) -> ColumnSpec {
    let mut column = ColumnSpec::new(name, ColumnKind::Category);
    column.levels = levels.iter().map(|level| (*level).to_owned()).collect();
    column
}

/// A playbook of one offer with the given rules (`eligible: ...`, `priority: ...`), cost 15 and
/// save rate 0.2.
pub(crate) fn playbook_of_one(rules: &str) -> Playbook {
    let text = format!(
        "offers:\n  - id: call\n    title: Call\n    kind: call\n    cost: {{fixed: 15}}\n    \
         save_rate: {{value: 0.2, source: assumption}}\n    {rules}\n"
    );
    Playbook::from_yaml(&text, "playbook.yaml", &spec()).unwrap()
}

pub(crate) const ROW: [(&str, Value<'_>); 5] = [
    ("tenure", Value::Number(3.0)),
    ("MonthlyCharges", Value::Number(70.35)),
    ("Contract", Value::Text("Month-to-month")),
    ("TechSupport", Value::Text("No")),
    ("sales.agent", Value::Missing),
];

/// Risky, new, monthly contract: value 70.35 x 0.3 x 12 = 253.26.
pub(crate) fn customer() -> Customer<'static> {
    customer_of(&ROW)
}

pub(crate) fn customer_of(values: &dyn CustomerValues) -> Customer<'_> {
    Customer {
        values,
        probability: 0.78,
        monthly_revenue: Some(70.35),
        reasons: &["Contract", "tenure"],
    }
}
