//! The names an expression can use, bound to one customer without copying.

use cel::common::types::{CelBool, CelDouble, CelList, CelNull, CelString};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;

use crate::customer::{Customer, Value};
use crate::typing::Type;

/// Marks a reference that came from `row["name"]`; no CEL identifier holds a colon.
pub(crate) const ROW_PREFIX: &str = "row:";

/// Marks a question that came from `"name" in reasons`.
pub(crate) const REASON_PREFIX: &str = "reason:";

/// Names that are not columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variable {
    Probability,
    MonthlyRevenue,
    Value,
    Reasons,
    Cost,
    ExpectedValue,
}

impl Variable {
    /// What `eligible` may use.
    pub(crate) const FOR_ELIGIBLE: [Variable; 4] = [
        Variable::Probability,
        Variable::MonthlyRevenue,
        Variable::Value,
        Variable::Reasons,
    ];
    /// What a segment may use.
    pub(crate) const FOR_SEGMENT: [Variable; 2] = [Variable::Probability, Variable::MonthlyRevenue];
    /// What `priority` may use: the same, and what the offer costs and brings.
    pub(crate) const FOR_PRIORITY: [Variable; 6] = [
        Variable::Probability,
        Variable::MonthlyRevenue,
        Variable::Value,
        Variable::Reasons,
        Variable::Cost,
        Variable::ExpectedValue,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Variable::Probability => "probability",
            Variable::MonthlyRevenue => "monthly_revenue",
            Variable::Value => "value",
            Variable::Reasons => "reasons",
            Variable::Cost => "cost",
            Variable::ExpectedValue => "expected_value",
        }
    }

    pub(crate) fn type_of(self) -> Type {
        if self == Variable::Reasons {
            Type::TextList
        } else {
            Type::Double
        }
    }
}

/// One bound column.
enum Slot<'a> {
    Number(CelDouble),
    Text(CelString<'a>),
    Missing(CelNull),
}

impl<'a> Slot<'a> {
    fn new(value: Option<Value<'a>>) -> Self {
        match value {
            Some(Value::Number(number)) if !number.is_nan() => {
                Slot::Number(CelDouble::from(number))
            }
            Some(Value::Text(text)) => Slot::Text(CelString::from(text)),
            Some(Value::Number(_) | Value::Missing) | None => Slot::Missing(CelNull),
        }
    }

    fn as_val(&self) -> &(dyn Val + 'a) {
        match self {
            Slot::Number(number) => number,
            Slot::Text(text) => text,
            Slot::Missing(null) => null,
        }
    }
}

/// One customer's values under the names expressions use.
pub(crate) struct Binding<'a> {
    names: &'a [String],
    slots: Vec<Slot<'a>>,
    probability: CelDouble,
    monthly_revenue: Slot<'a>,
    value: CelDouble,
    reasons: CelList<'a>,
    /// The names in `reasons`, also when the list itself is not bound.
    reason_names: &'a [&'a str],
}

impl<'a> Binding<'a> {
    /// Binds the columns in `names`, whose values are `cells`, and the reasons only when asked: copying a list for
    /// every customer of a million is not free.
    pub(crate) fn new(
        customer: &'a Customer<'a>,
        names: &'a [String],
        cells: &[Value<'a>],
        uses_reasons: bool,
        value: f64,
    ) -> Self {
        let listed: &[&str] = if uses_reasons { customer.reasons } else { &[] };
        let reasons: Vec<Box<dyn Val + 'a>> = listed
            .iter()
            .map(|name| Box::new(CelString::from(*name)) as Box<dyn Val + 'a>)
            .collect();
        Binding {
            names,
            slots: cells.iter().map(|cell| Slot::new(Some(*cell))).collect(),
            probability: CelDouble::from(customer.probability),
            monthly_revenue: Slot::new(customer.monthly_revenue.map(Value::Number)),
            value: CelDouble::from(value),
            reasons: CelList::from(reasons),
            reason_names: customer.reasons,
        }
    }

    fn find_column(&self, name: &str) -> Option<&Slot<'a>> {
        self.names
            .iter()
            .position(|known| known == name)
            .and_then(|slot| self.slots.get(slot))
    }
}

impl VariableResolver for Binding<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        if let Some(name) = variable.strip_prefix(ROW_PREFIX) {
            return self
                .find_column(name)
                .map(|slot| CowVal::Borrowed(slot.as_val()));
        }
        if let Some(name) = variable.strip_prefix(REASON_PREFIX) {
            let answer = if self.reason_names.contains(&name) {
                &CelBool::TRUE
            } else {
                &CelBool::FALSE
            };
            return Some(CowVal::Borrowed(answer));
        }
        let value: &(dyn Val + 'b) = match variable {
            "probability" => &self.probability,
            "monthly_revenue" => self.monthly_revenue.as_val(),
            "value" => &self.value,
            "reasons" => &self.reasons,
            name => self.find_column(name)?.as_val(),
        };
        Some(CowVal::Borrowed(value))
    }
}

/// A customer and one offer: what `priority` sees.
pub(crate) struct OfferBinding<'a> {
    pub(crate) customer: &'a Binding<'a>,
    pub(crate) cost: CelDouble,
    pub(crate) expected_value: CelDouble,
}

impl VariableResolver for OfferBinding<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        match variable {
            "cost" => Some(CowVal::Borrowed(&self.cost)),
            "expected_value" => Some(CowVal::Borrowed(&self.expected_value)),
            other => self.customer.resolve(other),
        }
    }
}
