//! What keeping a customer is worth.

use churn_schema::{Currency, Money};
use serde::Serialize;

/// The inputs from which a customer's value is computed; all of them stated, none hidden.
///
/// Value = monthly revenue x margin x horizon. Without a revenue of their own the
/// default monthly revenue stands in, and without margin and horizon the flat value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ValueInputs {
    /// Currency of every amount.
    pub currency: Currency,
    /// Share of revenue that is profit, 0..=1, and how many months count; from the data set's specification.
    pub margin_and_horizon: Option<MarginAndHorizon>,
    /// Stands in for an unknown monthly revenue, in major units.
    pub default_monthly_revenue: Option<f64>,
    /// Stands in when nothing can be multiplied, in major units.
    pub default_customer_value: Option<f64>,
}

/// Margin and horizon, which only make sense together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MarginAndHorizon {
    /// Share of revenue that is profit, 0..=1.
    pub margin: f64,
    /// How many months of revenue count.
    pub horizon_months: f64,
}

impl ValueInputs {
    /// The monthly revenue to reckon with, in major units: the customer's, else the default.
    #[must_use]
    pub fn monthly_revenue(&self, own: Option<f64>) -> Option<f64> {
        own.filter(|revenue| revenue.is_finite() && *revenue >= 0.0)
            .or(self.default_monthly_revenue)
    }

    /// The value of a customer, rounded to minor units; `None` if the inputs don't reach.
    #[must_use]
    pub fn compute(&self, own_monthly_revenue: Option<f64>) -> Option<Money> {
        let product = self
            .monthly_revenue(own_monthly_revenue)
            .zip(self.margin_and_horizon);
        let amount = match product {
            Some((revenue, rule)) => revenue * rule.margin * rule.horizon_months,
            None => self.default_customer_value?,
        };
        Money::from_major(amount, self.currency).ok()
    }

    /// The arithmetic behind [`ValueInputs::compute`], such as
    /// `70.35 a month x margin 0.3 x 12 months = 253.26 USD`.
    #[must_use]
    pub fn words(&self, own_monthly_revenue: Option<f64>) -> String {
        let Some(value) = self.compute(own_monthly_revenue) else {
            return "not known: no monthly revenue and no default_customer_value".to_owned();
        };
        let own = own_monthly_revenue.filter(|revenue| revenue.is_finite() && *revenue >= 0.0);
        match (self.monthly_revenue(own), self.margin_and_horizon) {
            (Some(revenue), Some(rule)) => {
                let origin = if own.is_some() {
                    "a month"
                } else {
                    "a month (the playbook's default)"
                };
                format!(
                    "{revenue:.2} {origin} x margin {} x {} months = {value}",
                    rule.margin, rule.horizon_months
                )
            }
            _ => format!("{value} (the playbook's default value of a customer)"),
        }
    }
}
