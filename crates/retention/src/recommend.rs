//! What to do for one customer: the offers that pay, best first.

use cel::common::types::CelDouble;
use churn_schema::Money;
use serde::Serialize;

use crate::binding::{Binding, OfferBinding};
use crate::customer::Customer;
use crate::expression::build_context;
use crate::faults::{EvaluationFault, FaultPart};
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

/// One offer's figures for one customer, before its rules are asked.
struct Prospect<'p> {
    offer: &'p Offer,
    cost: Money,
    expected_value: Money,
    priority: f64,
}

impl Playbook {
    /// The offers that pay for a customer, best first; empty means "do nothing".
    ///
    /// As [`Playbook::advise`] without the faults.
    #[must_use]
    pub fn recommend(&self, customer: &Customer<'_>) -> Vec<Recommendation> {
        self.advise(customer).recommendations
    }

    /// The offers that pay for a customer, and what could not be worked out.
    ///
    /// Expected value = probability x save rate x value - cost, with the probability rounded to
    /// four decimals and amounts to minor units, so that the printed arithmetic can be
    /// repeated by hand. Only offers above 0 are asked for eligibility (money is cheaper to
    /// reckon than rules). Order: priority, then expected value, then id; of an exclusive
    /// group the first stays. A rule that fails for this customer makes its offer
    /// ineligible and is returned as a fault.
    #[must_use]
    pub fn advise(&self, customer: &Customer<'_>) -> Advice {
        let mut faults = Vec::new();
        if !(0.0..=1.0).contains(&customer.probability) {
            let message = format!(
                "expected a probability from 0 to 1, found {}",
                customer.probability
            );
            faults.push(EvaluationFault::new("", FaultPart::Probability, message));
            return Advice {
                recommendations: Vec::new(),
                faults,
            };
        }
        let Some(value) = self.value.compute(customer.monthly_revenue) else {
            let message = "no monthly revenue; give the row one or set defaults.monthly_revenue or defaults.customer_value";
            faults.push(EvaluationFault::new(
                "",
                FaultPart::Value,
                message.to_owned(),
            ));
            return Advice {
                recommendations: Vec::new(),
                faults,
            };
        };
        let probability = round_probability(customer.probability);
        let mut prospects = self.compute_prospects(customer, probability, value, &mut faults);
        if prospects.is_empty() {
            return Advice {
                recommendations: Vec::new(),
                faults,
            };
        }
        let binding = Binding::new(
            customer,
            &self.used_columns,
            self.uses_reasons,
            value.to_major(),
        );
        let context = build_context(&self.env, &binding);
        prospects.retain_mut(|prospect| {
            let outcome = ask_rules(self, prospect, &binding, &context);
            outcome.unwrap_or_else(|fault| {
                faults.push(fault);
                false
            })
        });
        prospects.sort_by(|a, b| {
            b.priority
                .total_cmp(&a.priority)
                .then(
                    b.expected_value
                        .minor_units
                        .cmp(&a.expected_value.minor_units),
                )
                .then(a.offer.id.cmp(&b.offer.id))
        });
        let recommendations = keep_best_of_groups(prospects)
            .into_iter()
            .map(|prospect| describe(&prospect, probability, value))
            .collect();
        Advice {
            recommendations,
            faults,
        }
    }

    /// Offers with a positive expected value.
    fn compute_prospects(
        &self,
        customer: &Customer<'_>,
        probability: f64,
        value: Money,
        faults: &mut Vec<EvaluationFault>,
    ) -> Vec<Prospect<'_>> {
        let revenue = self.value.monthly_revenue(customer.monthly_revenue);
        let mut prospects = Vec::new();
        for offer in self.offers.iter() {
            let cost = offer
                .cost
                .compute(revenue)
                .and_then(|cost| Money::from_major(cost, value.currency).ok());
            let Some(cost) = cost else {
                let message = "the cost is a share of the monthly revenue, which is missing; set defaults.monthly_revenue";
                faults.push(EvaluationFault::new(
                    &offer.id,
                    FaultPart::Cost,
                    message.to_owned(),
                ));
                continue;
            };
            let gain = probability * offer.save_rate.value * value.to_major();
            let Ok(expected_value) = Money::from_major(gain - cost.to_major(), value.currency)
            else {
                continue;
            };
            if expected_value.minor_units > 0 {
                let priority = expected_value.to_major();
                prospects.push(Prospect {
                    offer,
                    cost,
                    expected_value,
                    priority,
                });
            }
        }
        prospects
    }
}

/// Whether the offer's rules admit it; sets its priority.
fn ask_rules(
    playbook: &Playbook,
    prospect: &mut Prospect<'_>,
    binding: &Binding<'_>,
    context: &cel::Context<'_, '_>,
) -> Result<bool, EvaluationFault> {
    let offer = prospect.offer;
    if !offer.eligible.is_always_true() {
        let eligible = offer
            .eligible
            .evaluate_bool(context)
            .map_err(|message| EvaluationFault::new(&offer.id, FaultPart::Eligible, message))?;
        if !eligible {
            return Ok(false);
        }
    }
    if let Some(priority) = &offer.priority {
        let binding = OfferBinding {
            customer: binding,
            cost: CelDouble::from(prospect.cost.to_major()),
            expected_value: CelDouble::from(prospect.expected_value.to_major()),
        };
        let context = build_context(&playbook.env, &binding);
        prospect.priority = priority
            .evaluate_number(&context)
            .map_err(|message| EvaluationFault::new(&offer.id, FaultPart::Priority, message))?;
    }
    Ok(true)
}

/// Of sorted prospects, keeps the first of every exclusive group.
fn keep_best_of_groups(prospects: Vec<Prospect<'_>>) -> Vec<Prospect<'_>> {
    let mut taken: Vec<&str> = Vec::new();
    prospects
        .into_iter()
        .filter(|prospect| match prospect.offer.exclusive_group.as_deref() {
            Some(group) if taken.contains(&group) => false,
            Some(group) => {
                taken.push(group);
                true
            }
            None => true,
        })
        .collect()
}

fn describe(prospect: &Prospect<'_>, probability: f64, value: Money) -> Recommendation {
    let offer = prospect.offer;
    let amount = |money: Money| {
        money
            .to_string()
            .replace(&format!(" {}", money.currency), "")
    };
    let arithmetic = format!(
        "{} x {} x {} - {} = {}",
        format_share(probability),
        format_share(offer.save_rate.value),
        amount(value),
        amount(prospect.cost),
        prospect.expected_value
    );
    Recommendation {
        offer_id: offer.id.clone(),
        title: offer.title.clone(),
        kind: offer.kind.clone(),
        cost: prospect.cost,
        save_rate: offer.save_rate.value,
        value,
        expected_value: prospect.expected_value,
        arithmetic,
    }
}

/// Four decimals: what people are shown is what is reckoned with.
fn round_probability(probability: f64) -> f64 {
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
