//! Advice for many customers: rules are asked once for each set of inputs that differs.

use std::cell::OnceCell;
use std::collections::HashMap;

use cel::common::types::CelDouble;
use churn_schema::Money;

use crate::binding::{Binding, OfferBinding};
use crate::customer::{Customer, Value};
use crate::expression::{Expression, build_context};
use crate::faults::{EvaluationFault, FaultPart};
use crate::offer::Offer;
use crate::playbook::Playbook;
use crate::recommend::{Choice, round_probability};

/// Answers of one rule that are kept at most; past it rules are asked each time.
const MAX_ANSWERS: usize = 1 << 16;

/// Chooses offers for one customer after another.
///
/// Remembers the answer of every rule that reads nothing but columns and `"name" in reasons`, by
/// the values it read: a rule is a pure function of them, so the outcome is that of asking
/// it anew. Made by [`Playbook::adviser`]; one per thread.
pub struct Adviser<'p> {
    playbook: &'p Playbook,
    /// By offer.
    answers: Vec<Answers>,
    inputs: Vec<u8>,
}

/// A rule's answers by what it read; see [`write_inputs`].
type Answers = HashMap<Box<[u8]>, Result<bool, String>>;

/// The outcome for one customer, in figures.
#[derive(Debug, Clone, Default)]
pub struct Choices<'p> {
    /// Best first; empty means "do nothing".
    pub offers: Vec<Choice<'p>>,
    /// Expressions or amounts that could not be worked out; those offers were left out.
    pub faults: Vec<EvaluationFault>,
}

/// An offer that pays, before its rules are asked.
struct Prospect<'p> {
    offer_idx: usize,
    choice: Choice<'p>,
    priority: f64,
}

/// A customer and, made when a rule has to be asked, what expressions see of them.
struct Asked<'a> {
    playbook: &'a Playbook,
    customer: &'a Customer<'a>,
    /// One per column the playbook uses.
    cells: &'a [Value<'a>],
    value: f64,
    binding: OnceCell<Binding<'a>>,
}

impl<'a> Asked<'a> {
    fn binding(&self) -> &Binding<'a> {
        self.binding.get_or_init(|| {
            Binding::new(
                self.customer,
                &self.playbook.used_columns,
                self.cells,
                self.playbook.uses_reasons,
                self.value,
            )
        })
    }
}

impl<'p> Adviser<'p> {
    pub(crate) fn new(playbook: &'p Playbook) -> Self {
        Self {
            playbook,
            answers: playbook.offers.iter().map(|_| HashMap::new()).collect(),
            inputs: Vec::new(),
        }
    }

    /// The offers that pay for a customer, best first, and what could not be worked out.
    ///
    /// Expected value = probability x save rate x value - cost, with the probability rounded to
    /// four decimals and amounts to minor units, so that the printed arithmetic can be
    /// repeated by hand. Only offers above 0 are asked for eligibility (money is cheaper to
    /// reckon than rules). Order: priority, then expected value, then id; of an exclusive
    /// group the first stays. A rule that fails for this customer makes its offer
    /// ineligible and is returned as a fault.
    pub fn choose(&mut self, customer: &Customer<'_>) -> Choices<'p> {
        let mut choices = Choices::default();
        if !(0.0..=1.0).contains(&customer.probability) {
            let message = format!(
                "expected a probability from 0 to 1, found {}",
                customer.probability
            );
            choices.fault("", FaultPart::Probability, message);
            return choices;
        }
        let Some(value) = self.playbook.value.compute(customer.monthly_revenue) else {
            let message = "no monthly revenue; give the row one or set defaults.monthly_revenue or defaults.customer_value";
            choices.fault("", FaultPart::Value, message.to_owned());
            return choices;
        };
        let mut prospects = compute_prospects(self.playbook, customer, value, &mut choices);
        if prospects.is_empty() {
            return choices;
        }
        let cells = cells(self.playbook, customer);
        let asked = Asked {
            playbook: self.playbook,
            customer,
            cells: &cells,
            value: value.to_major(),
            binding: OnceCell::new(),
        };
        prospects.retain_mut(|prospect| {
            self.ask_rules(prospect, &asked).unwrap_or_else(|fault| {
                choices.faults.push(fault);
                false
            })
        });
        prospects.sort_by(|a, b| {
            let worth = |prospect: &Prospect<'_>| prospect.choice.expected_value.minor_units;
            b.priority
                .total_cmp(&a.priority)
                .then(worth(b).cmp(&worth(a)))
                .then(a.choice.offer.id.cmp(&b.choice.offer.id))
        });
        choices.offers = keep_best_of_groups(prospects);
        choices
    }

    /// The offers that change something about the customer and whose rules admit them, whether they
    /// pay or not, in the order of the playbook. Without a value of the customer there are none.
    pub fn eligible_changes(&mut self, customer: &Customer<'_>) -> Vec<&'p Offer> {
        let playbook = self.playbook;
        let Some(value) = playbook.value.compute(customer.monthly_revenue) else {
            return Vec::new();
        };
        let cells = cells(playbook, customer);
        let asked = Asked {
            playbook,
            customer,
            cells: &cells,
            value: value.to_major(),
            binding: OnceCell::new(),
        };
        let offers = playbook.offers.iter().enumerate();
        offers
            .filter(|(_, offer)| !offer.changes.is_empty())
            .filter(|(idx, offer)| self.ask_eligible(*idx, offer, &asked) == Ok(true))
            .map(|(_, offer)| offer)
            .collect()
    }

    /// Whether the offer's rules admit it; sets its priority.
    fn ask_rules(
        &mut self,
        prospect: &mut Prospect<'_>,
        asked: &Asked<'_>,
    ) -> Result<bool, EvaluationFault> {
        let offer = prospect.choice.offer;
        let eligible = self.ask_eligible(prospect.offer_idx, offer, asked);
        let eligible = eligible
            .map_err(|message| EvaluationFault::new(&offer.id, FaultPart::Eligible, message))?;
        if eligible && let Some(priority) = &offer.priority {
            let binding = OfferBinding {
                customer: asked.binding(),
                cost: CelDouble::from(prospect.choice.cost.to_major()),
                expected_value: CelDouble::from(prospect.choice.expected_value.to_major()),
            };
            let context = build_context(&self.playbook.env, &binding);
            prospect.priority = priority
                .evaluate_number(&context)
                .map_err(|message| EvaluationFault::new(&offer.id, FaultPart::Priority, message))?;
        }
        Ok(eligible)
    }

    fn ask_eligible(
        &mut self,
        offer_idx: usize,
        offer: &Offer,
        asked: &Asked<'_>,
    ) -> Result<bool, String> {
        let rule = &offer.eligible;
        if rule.is_always_true() {
            return Ok(true);
        }
        let evaluate = || {
            let context = build_context(&self.playbook.env, asked.binding());
            rule.evaluate_bool(&context)
        };
        if !rule.is_repeatable() {
            return evaluate();
        }
        write_inputs(rule, asked, &mut self.inputs);
        let answers = &mut self.answers[offer_idx];
        if let Some(answer) = answers.get(self.inputs.as_slice()) {
            return answer.clone();
        }
        let answer = evaluate();
        if answers.len() < MAX_ANSWERS {
            answers.insert(self.inputs.as_slice().into(), answer.clone());
        }
        answer
    }
}

impl Choices<'_> {
    fn fault(&mut self, offer_id: &str, part: FaultPart, message: String) {
        self.faults
            .push(EvaluationFault::new(offer_id, part, message));
    }
}

/// The values of the columns a playbook reads.
fn cells<'a>(playbook: &Playbook, customer: &Customer<'a>) -> Vec<Value<'a>> {
    let columns = playbook.used_columns.iter();
    columns
        .map(|column| customer.values.value(column).unwrap_or(Value::Missing))
        .collect()
}

/// Offers with a positive expected value.
fn compute_prospects<'p>(
    playbook: &'p Playbook,
    customer: &Customer<'_>,
    value: Money,
    choices: &mut Choices<'p>,
) -> Vec<Prospect<'p>> {
    let probability = round_probability(customer.probability);
    let revenue = playbook.value.monthly_revenue(customer.monthly_revenue);
    let mut prospects = Vec::new();
    for (offer_idx, offer) in playbook.offers.iter().enumerate() {
        let cost = offer
            .cost
            .compute(revenue)
            .and_then(|cost| Money::from_major(cost, value.currency).ok());
        let Some(cost) = cost else {
            let message = "the cost is a share of the monthly revenue, which is missing; set defaults.monthly_revenue";
            choices.fault(&offer.id, FaultPart::Cost, message.to_owned());
            continue;
        };
        let gain = probability * offer.save_rate.value * value.to_major();
        let Ok(expected_value) = Money::from_major(gain - cost.to_major(), value.currency) else {
            continue;
        };
        if expected_value.minor_units > 0 {
            prospects.push(Prospect {
                offer_idx,
                priority: expected_value.to_major(),
                choice: Choice {
                    offer,
                    probability,
                    cost,
                    value,
                    expected_value,
                },
            });
        }
    }
    prospects
}

/// Everything a repeatable rule reads of a customer, as bytes that differ when any of it differs.
fn write_inputs(rule: &Expression, asked: &Asked<'_>, out: &mut Vec<u8>) {
    out.clear();
    for column in &rule.columns {
        let place = asked.playbook.used_columns.binary_search(column).ok();
        match place.and_then(|place| asked.cells.get(place)) {
            Some(Value::Number(number)) if !number.is_nan() => {
                out.push(b'n');
                out.extend_from_slice(&number.to_bits().to_le_bytes());
            }
            Some(Value::Text(text)) => {
                out.push(b't');
                out.extend_from_slice(&text.len().to_le_bytes());
                out.extend_from_slice(text.as_bytes());
            }
            Some(Value::Number(_) | Value::Missing) | None => out.push(b'-'),
        }
    }
    for name in &rule.sought_reasons {
        out.push(u8::from(asked.customer.reasons.contains(&name.as_str())));
    }
}

/// Of sorted prospects, keeps the first of every exclusive group.
fn keep_best_of_groups(prospects: Vec<Prospect<'_>>) -> Vec<Choice<'_>> {
    let mut taken: Vec<&str> = Vec::new();
    prospects
        .into_iter()
        .map(|prospect| prospect.choice)
        .filter(|choice| match choice.offer.exclusive_group.as_deref() {
            Some(group) if taken.contains(&group) => false,
            Some(group) => {
                taken.push(group);
                true
            }
            None => true,
        })
        .collect()
}
