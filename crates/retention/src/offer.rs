//! An offer: something we can do for a customer, what it costs and how often it works.

use churn_schema::Money;
use serde::Serialize;

use crate::change::Change;
use crate::expression::Expression;

/// What an offer costs if it is made to one customer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OfferCost {
    /// Paid once, for example the price of a call.
    pub fixed: Money,
    /// Paid every month for [`OfferCost::months`] months.
    pub per_month: Option<MonthlyCost>,
    /// How many months `per_month` is paid; 0 without it.
    pub months: u32,
}

/// The monthly part of a cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MonthlyCost {
    /// An amount of money.
    Amount(Money),
    /// A share of what the customer pays a month, 0..=1, as for a discount.
    RevenueShare(f64),
}

impl OfferCost {
    /// The whole cost in major units; `None` if it hangs on a monthly revenue nobody knows.
    #[must_use]
    pub fn compute(&self, monthly_revenue: Option<f64>) -> Option<f64> {
        let monthly = match self.per_month {
            None => 0.0,
            Some(MonthlyCost::Amount(amount)) => amount.to_major(),
            Some(MonthlyCost::RevenueShare(share)) => share * monthly_revenue?,
        };
        Some(self.fixed.to_major() + monthly * f64::from(self.months))
    }

    /// The inputs in words, such as `2.00 USD + 15 % of the monthly revenue x 6 months`.
    #[must_use]
    pub fn words(&self) -> String {
        match self.per_month {
            None => self.fixed.to_string(),
            Some(MonthlyCost::Amount(amount)) => {
                format!("{} + {amount} x {} months", self.fixed, self.months)
            }
            Some(MonthlyCost::RevenueShare(share)) => {
                format!(
                    "{} + {} % of the monthly revenue x {} months",
                    self.fixed,
                    round_percent(share),
                    self.months
                )
            }
        }
    }
}

fn round_percent(share: f64) -> f64 {
    (share * 1e4).round() / 1e2
}

/// The share of would-be leavers who stay because of an offer, and who says so.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SaveRate {
    /// 0..=1.
    pub value: f64,
    /// Where the number comes from: a measured campaign, a study, or a plain assumption.
    pub source: String,
}

/// One offer of a playbook.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Short stable name, unique in the playbook.
    pub id: String,
    /// Plain words for the customer's file.
    pub title: String,
    /// Sort of action: `discount`, `email`, `upgrade`, `call`, ...
    pub kind: String,
    /// What it costs.
    pub cost: OfferCost,
    /// How often it works.
    pub save_rate: SaveRate,
    /// What it changes about the customer who takes it; all of it together.
    pub changes: Vec<Change>,
    /// Offers of one group exclude each other; the best one stays.
    pub exclusive_group: Option<String>,
    pub(crate) eligible: Expression,
    pub(crate) priority: Option<Expression>,
}
