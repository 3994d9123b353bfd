//! What a list of contacts is expected to save, with the inputs beside every figure.

use std::collections::BTreeMap;

use churn_schema::{Currency, Money};
use serde::Serialize;

use crate::error::Error;
use crate::recommend::{Choice, Recommendation};

/// One customer who is to get one offer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlannedContact<'a> {
    /// Calibrated probability of leaving, 0..=1.
    pub probability: f64,
    /// The offer.
    pub offer_id: &'a str,
    /// Share of would-be leavers it keeps, 0..=1.
    pub save_rate: f64,
    /// What keeping the customer is worth.
    pub value: Money,
    /// What the offer costs for this customer.
    pub cost: Money,
}

impl Recommendation {
    /// This offer made to a customer who leaves with `probability`.
    #[must_use]
    pub fn contact(&self, probability: f64) -> PlannedContact<'_> {
        PlannedContact {
            probability,
            offer_id: &self.offer_id,
            save_rate: self.save_rate,
            value: self.value,
            cost: self.cost,
        }
    }
}

impl Choice<'_> {
    /// This offer made to a customer who leaves with `probability`.
    #[must_use]
    pub fn contact(&self, probability: f64) -> PlannedContact<'_> {
        PlannedContact {
            probability,
            offer_id: &self.offer.id,
            save_rate: self.offer.save_rate.value,
            value: self.value,
            cost: self.cost,
        }
    }
}

/// Expected saving of a list, over the horizon that is part of a customer's value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Saving {
    /// Customers on the list.
    pub n_contacts: u64,
    /// Of those, expected to leave if nothing is done: the sum of their probabilities.
    pub expected_leavers: f64,
    /// Of those, expected to stay because of the offers: the sum of probability x save rate.
    pub expected_saved: f64,
    /// Sum of probability x save rate x value.
    pub gross: Money,
    /// Sum of the offers' costs.
    pub cost: Money,
    /// `gross - cost`.
    pub net: Money,
    /// The same by offer, in order of their ids; the lines sum to the totals but for rounding to minor units.
    pub by_offer: Vec<OfferSaving>,
    /// The figure in words, with its inputs.
    pub statement: String,
}

/// One offer's part of a [`Saving`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OfferSaving {
    /// The offer.
    pub offer_id: String,
    /// Customers who get it.
    pub n_contacts: u64,
    /// Share of would-be leavers it keeps: the assumption behind the line.
    pub save_rate: f64,
    /// Expected to stay because of it.
    pub expected_saved: f64,
    /// Sum of probability x save rate x value.
    pub gross: Money,
    /// Sum of its costs.
    pub cost: Money,
    /// `gross - cost`.
    pub net: Money,
}

/// A saving in the making: contacts can come one at a time and tallies of parts be joined, so that
/// a base of any size is summed up while it streams.
#[derive(Debug, Clone, Default)]
pub struct SavingTally {
    total: Sums,
    by_offer: BTreeMap<String, Sums>,
}

impl SavingTally {
    /// Takes up one contact.
    ///
    /// # Errors
    /// [`Error::MixedCurrency`] if the offer counts in another currency than `currency`,
    /// [`Error::OutOfRange`] for a probability outside 0..=1.
    pub fn add(&mut self, contact: &PlannedContact<'_>, currency: Currency) -> Result<(), Error> {
        check_contact(contact, currency)?;
        self.total.add(contact);
        let id = contact.offer_id;
        match self.by_offer.get_mut(id) {
            Some(sums) => sums.add(contact),
            None => self.by_offer.entry(id.to_owned()).or_default().add(contact),
        }
        Ok(())
    }

    /// Takes up another part's tally. The order of parts decides the last bits of the sums.
    pub fn join(&mut self, part: &Self) {
        self.total.join(part.total);
        for (id, sums) in &part.by_offer {
            self.by_offer.entry(id.clone()).or_default().join(*sums);
        }
    }

    /// The figures.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a total too large for money.
    pub fn finish(&self, currency: Currency) -> Result<Saving, Error> {
        let total = self.total;
        let (gross, cost, net) = total.to_money(currency)?;
        let by_offer = self
            .by_offer
            .iter()
            .map(|(offer_id, sums)| {
                let (gross, cost, net) = sums.to_money(currency)?;
                Ok(OfferSaving {
                    offer_id: offer_id.clone(),
                    n_contacts: sums.n_contacts,
                    save_rate: sums.save_rate,
                    expected_saved: sums.saved,
                    gross,
                    cost,
                    net,
                })
            })
            .collect::<Result<Vec<_>, Error>>()?;
        let statement = format!(
            "{} contacts, {:.1} of them expected to leave, {:.1} of those kept at the stated save rates: worth {gross}, cost {cost}, net {net}",
            total.n_contacts, total.leavers, total.saved
        );
        Ok(Saving {
            n_contacts: total.n_contacts,
            expected_leavers: total.leavers,
            expected_saved: total.saved,
            gross,
            cost,
            net,
            by_offer,
            statement,
        })
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    n_contacts: u64,
    leavers: f64,
    saved: f64,
    gross: f64,
    cost_minor_units: i64,
    save_rate: f64,
}

impl Sums {
    fn add(&mut self, contact: &PlannedContact<'_>) {
        let saved = contact.probability * contact.save_rate;
        self.n_contacts += 1;
        self.leavers += contact.probability;
        self.saved += saved;
        self.gross += saved * contact.value.to_major();
        self.cost_minor_units = self
            .cost_minor_units
            .saturating_add(contact.cost.minor_units);
        self.save_rate = contact.save_rate;
    }

    fn join(&mut self, part: Self) {
        self.n_contacts += part.n_contacts;
        self.leavers += part.leavers;
        self.saved += part.saved;
        self.gross += part.gross;
        self.cost_minor_units = self.cost_minor_units.saturating_add(part.cost_minor_units);
        self.save_rate = part.save_rate;
    }

    /// Gross, cost and net.
    fn to_money(self, currency: Currency) -> Result<(Money, Money, Money), Error> {
        let gross = Money::from_major(self.gross, currency).map_err(|_| Error::OutOfRange {
            what: "the expected gross saving",
            expected: "an amount that fits 64-bit minor units",
            found: self.gross,
        })?;
        let cost = Money {
            minor_units: self.cost_minor_units,
            currency,
        };
        let net = Money {
            minor_units: gross.minor_units.saturating_sub(cost.minor_units),
            currency,
        };
        Ok((gross, cost, net))
    }
}

/// Sums up what a list of contacts is expected to save.
///
/// Every figure is an expectation under the stated save rates, not a measured effect: only a
/// campaign with a control group can show one. Amounts cover the horizon that is part of the
/// customers' value; with a horizon of 12 months the saving is annual.
///
/// # Errors
/// [`Error::MixedCurrency`] if the offers count in different currencies, [`Error::OutOfRange`] for
/// a probability outside 0..=1.
pub fn compute_saving<'a>(
    contacts: impl IntoIterator<Item = PlannedContact<'a>>,
    currency: Currency,
) -> Result<Saving, Error> {
    let mut tally = SavingTally::default();
    for contact in contacts {
        tally.add(&contact, currency)?;
    }
    tally.finish(currency)
}

fn check_contact(contact: &PlannedContact<'_>, currency: Currency) -> Result<(), Error> {
    if !(0.0..=1.0).contains(&contact.probability) {
        return Err(Error::OutOfRange {
            what: "a contact's probability",
            expected: "from 0 to 1",
            found: contact.probability,
        });
    }
    for money in [contact.value, contact.cost] {
        if money.currency != currency {
            return Err(Error::MixedCurrency {
                expected: currency,
                found: money.currency,
            });
        }
    }
    Ok(())
}

/// The back-of-an-envelope saving that business plans quote: leavers x save rate x value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RoughSaving {
    /// Customers who leave in the period.
    pub n_leavers: u64,
    /// Share of them kept, 0..=1.
    pub save_rate: f64,
    /// Worth of keeping one.
    pub value: Money,
    /// The product.
    pub saving: Money,
    /// The product as text that can be checked by hand.
    pub arithmetic: String,
}

/// Multiplies the three inputs; shown only together with them.
///
/// # Errors
/// [`Error::OutOfRange`] for a save rate outside 0..=1 or a product too large for money.
pub fn compute_rough_saving(
    n_leavers: u64,
    save_rate: f64,
    value: Money,
) -> Result<RoughSaving, Error> {
    if !(0.0..=1.0).contains(&save_rate) {
        return Err(Error::OutOfRange {
            what: "the save rate",
            expected: "from 0 to 1",
            found: save_rate,
        });
    }
    #[expect(clippy::cast_precision_loss, reason = "nobody has 2^53 customers")]
    let amount = n_leavers as f64 * save_rate * value.to_major();
    let saving = Money::from_major(amount, value.currency).map_err(|_| Error::OutOfRange {
        what: "the saving",
        expected: "an amount that fits 64-bit minor units",
        found: amount,
    })?;
    let arithmetic = format!("{n_leavers} leavers x {save_rate} x {value} = {saving}");
    Ok(RoughSaving {
        n_leavers,
        save_rate,
        value,
        saving,
        arithmetic,
    })
}
