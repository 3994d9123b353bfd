//! A part of the customers, named by a rule or by one value.

use std::sync::Arc;

use cel::Env;
use churn_schema::{ColumnKind, DatasetSpec, Role};

use crate::binding::Binding;
use crate::customer::{Customer, Value};
use crate::error::Error;
use crate::expression::{Expression, Wanted, build_context};
use crate::load::collect_columns;

/// Which customers are meant: `Contract=Month-to-month`, or a CEL expression over the original
/// columns, `probability` and `monthly_revenue`, such as `tenure < 12 && probability > 0.5`.
#[derive(Clone)]
pub struct Segment {
    text: String,
    rule: Rule,
    /// Columns it reads, sorted.
    columns: Vec<String>,
}

#[derive(Clone)]
enum Rule {
    /// The first column has this value.
    Level(String),
    /// The first column is this number.
    Number(f64),
    Expression(Box<Expression>, Arc<Env>),
}

impl Segment {
    /// Reads a segment of the customers of a data set.
    ///
    /// # Errors
    /// [`Error::Segment`] with everything that is wrong: syntax, unknown columns, types, texts that
    /// are no level of their column.
    pub fn parse(text: &str, spec: &DatasetSpec) -> Result<Self, Error> {
        let refuse = |faults: Vec<String>| Error::Segment {
            text: text.to_owned(),
            faults: faults.join("; "),
        };
        if let Some((column, value)) = column_and_value(text, spec) {
            return Self::of_value(text, column, value, spec).map_err(|fault| refuse(vec![fault]));
        }
        let env = Arc::new(Env::stdlib());
        let columns = collect_columns(spec);
        let expression =
            Expression::parse(text, Wanted::Segment, &env, &columns).map_err(refuse)?;
        if expression.uses_reasons || !expression.sought_reasons.is_empty() {
            return Err(refuse(vec![
                "reasons are not known before customers are chosen; use columns and probability"
                    .to_owned(),
            ]));
        }
        Ok(Self {
            text: text.to_owned(),
            columns: expression.columns.iter().cloned().collect(),
            rule: Rule::Expression(Box::new(expression), env),
        })
    }

    fn of_value(text: &str, name: &str, value: &str, spec: &DatasetSpec) -> Result<Self, String> {
        let column = spec
            .column(name)
            .filter(|column| !column.has_role(Role::Ignore));
        let column = column.ok_or_else(|| format!("column {name} is ignored"))?;
        let rule = match column.kind {
            ColumnKind::Integer | ColumnKind::Number => value
                .parse()
                .map(Rule::Number)
                .map_err(|_| format!("{name} is a number, {value:?} is none"))?,
            ColumnKind::Category if !column.open && !column.levels.iter().any(|l| l == value) => {
                let levels = column.levels.join(", ");
                return Err(format!(
                    "{value:?} is no level of {name}; levels are {levels}"
                ));
            }
            ColumnKind::Category | ColumnKind::Text => Rule::Level(value.to_owned()),
            ColumnKind::Date => return Err(format!("{name} is a date; segments have no dates")),
        };
        Ok(Self {
            text: text.to_owned(),
            rule,
            columns: vec![name.to_owned()],
        })
    }

    /// The text it was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Original columns it reads; nothing else is asked of a customer.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether a customer belongs to it; their reasons do not matter.
    ///
    /// # Errors
    /// What could not be worked out for this customer, in words: mostly a missing value that is not
    /// guarded, as in `tenure != null && tenure < 12`.
    pub fn holds(&self, customer: &Customer<'_>) -> Result<bool, String> {
        let cells: Vec<Value<'_>> = self
            .columns
            .iter()
            .map(|column| customer.values.value(column).unwrap_or(Value::Missing))
            .collect();
        match (&self.rule, cells.first()) {
            (Rule::Level(level), cell) => Ok(cell == Some(&Value::Text(level))),
            (Rule::Number(number), cell) => Ok(cell == Some(&Value::Number(*number))),
            (Rule::Expression(expression, env), _) => {
                let binding = Binding::new(customer, &self.columns, &cells, false, f64::NAN);
                expression.evaluate_bool(&build_context(env, &binding))
            }
        }
    }
}

/// `column=value`, with a known column and a single sign.
fn column_and_value<'t>(text: &'t str, spec: &DatasetSpec) -> Option<(&'t str, &'t str)> {
    let (column, value) = text.split_once('=')?;
    let (column, value) = (column.trim(), value.trim());
    (!value.starts_with('=') && spec.column(column).is_some()).then_some((column, value))
}

#[cfg(test)]
mod tests {
    use churn_schema::{ColumnKind, ColumnSpec, DatasetSpec};

    use super::*;

    fn spec() -> DatasetSpec {
        let mut spec = DatasetSpec::new("shop");
        let mut plan = ColumnSpec::new("plan", ColumnKind::Category);
        plan.levels = ["basic", "pro"].map(str::to_owned).into();
        spec.columns = vec![plan, ColumnSpec::new("months", ColumnKind::Integer)];
        spec
    }

    #[track_caller]
    fn holds(text: &str, months: Value<'_>) -> Result<bool, String> {
        let segment = Segment::parse(text, &spec()).unwrap();
        segment.holds(&Customer {
            values: &[("plan", Value::Text("pro")), ("months", months)],
            probability: 0.7,
            monthly_revenue: None,
            reasons: &[],
        })
    }

    #[test]
    fn values_and_rules_choose_customers() {
        let three = Value::Number(3.0);
        for (text, expected) in [
            ("plan=pro", true),
            ("plan = basic", false),
            ("months=3", true),
            ("months=4", false),
            ("plan == \"pro\" && months < 4", true),
            ("probability > 0.7", false),
            ("months >= 3", true),
        ] {
            assert_eq!(holds(text, three), Ok(expected), "{text}");
        }
        assert_eq!(holds("months=3", Value::Missing), Ok(false));
        let fault = holds("months < 4", Value::Missing).unwrap_err();
        assert!(fault.contains("missing"), "{fault}");
    }

    #[test]
    fn what_is_no_segment_is_told() {
        for (text, words) in [
            ("plan=gold", "no level of plan"),
            ("months=few", "is a number"),
            ("plan == \"gold\"", "gold"),
            ("plen == \"pro\"", "plen"),
            ("months", "true or false"),
            ("\"plan\" in reasons", "reasons"),
            ("(", "not a CEL expression"),
        ] {
            let fault = Segment::parse(text, &spec())
                .map(|_| ())
                .unwrap_err()
                .to_string();
            assert!(fault.contains(words), "{text}: {fault}");
        }
    }
}
