//! What to do for one customer: the offers that pay, best first.

use churn_schema::Money;
use serde::Serialize;

use crate::adviser::Adviser;
use crate::customer::Customer;
use crate::faults::EvaluationFault;
use crate::offer::Offer;
use crate::playbook::Playbook;

/// An offer that is worth more than it costs, for one customer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recommendation {
    /// The offer.
    pub offer_id: String,
    /// Its plain words.
    pub title: String,
    /// Sort of action: `discount`, `email`, `call`, ...
    pub kind: String,
    /// What it costs for this customer.
    pub cost: Money,
    /// Share of would-be leavers it keeps, 0..=1; its source is in the playbook.
    pub save_rate: f64,
    /// What keeping the customer is worth.
    pub value: Money,
    /// `probability x save_rate x value - cost`; always above 0.
    pub expected_value: Money,
    /// The same as text that can be checked by hand: `0.78 x 0.20 x 253.26 - 15.00 = 24.51 USD`.
    pub arithmetic: String,
}

/// The outcome for one customer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Advice {
    /// Best first; empty means "do nothing".
    pub recommendations: Vec<Recommendation>,
    /// Expressions or amounts that could not be worked out; those offers were left out.
    pub faults: Vec<EvaluationFault>,
}

/// An offer that pays for one customer, in figures: what a [`Recommendation`] says in words.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'p> {
    /// The offer.
    pub offer: &'p Offer,
    /// The customer's probability, rounded to four decimals.
    pub probability: f64,
    /// What it costs for this customer.
    pub cost: Money,
    /// What keeping the customer is worth.
    pub value: Money,
    /// `probability x save_rate x value - cost`; always above 0.
    pub expected_value: Money,
}

impl Playbook {
    /// Something that advises on many customers faster than one by one; see [`Adviser`].
    #[must_use]
    pub fn adviser(&self) -> Adviser<'_> {
        Adviser::new(self)
    }

    /// The offers that pay for a customer, best first; empty means "do nothing".
    ///
    /// As [`Playbook::advise`] without the faults.
    #[must_use]
    pub fn recommend(&self, customer: &Customer<'_>) -> Vec<Recommendation> {
        self.advise(customer).recommendations
    }

    /// The offers that pay for a customer, and what could not be worked out; see
    /// [`Adviser::choose`] for how.
    #[must_use]
    pub fn advise(&self, customer: &Customer<'_>) -> Advice {
        let choices = self.adviser().choose(customer);
        Advice {
            recommendations: choices.offers.iter().map(Choice::describe).collect(),
            faults: choices.faults,
        }
    }
}

impl Choice<'_> {
    /// The choice in words, with the arithmetic.
    #[must_use]
    pub fn describe(&self) -> Recommendation {
        let offer = self.offer;
        let amount = |money: Money| {
            money
                .to_string()
                .replace(&format!(" {}", money.currency), "")
        };
        let arithmetic = format!(
            "{} x {} x {} - {} = {}",
            format_share(self.probability),
            format_share(offer.save_rate.value),
            amount(self.value),
            amount(self.cost),
            self.expected_value
        );
        Recommendation {
            offer_id: offer.id.clone(),
            title: offer.title.clone(),
            kind: offer.kind.clone(),
            cost: self.cost,
            save_rate: offer.save_rate.value,
            value: self.value,
            expected_value: self.expected_value,
            arithmetic,
        }
    }
}

/// Four decimals: what people are shown is what is reckoned with.
pub(crate) fn round_probability(probability: f64) -> f64 {
    (probability * 1e4).round() / 1e4
}

/// At least two decimals and as many as the number has.
fn format_share(share: f64) -> String {
    let exact = share.to_string();
    let decimals = exact.split_once('.').map_or(0, |(_, digits)| digits.len());
    if decimals < 2 {
        format!("{share:.2}")
    } else {
        exact
    }
}
