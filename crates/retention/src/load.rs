//! From the text of a playbook to a checked [`Playbook`], collecting every fault.

use std::collections::BTreeSet;
use std::sync::Arc;

use cel::Env;
use churn_schema::{Currency, DatasetSpec, Money, Role};

use crate::change::read_changes;
use crate::columns::{Column, ColumnKind, Columns};
use crate::document::{Node, Tree, parse_document};
use crate::error::Error;
use crate::expression::{Expression, Wanted};
use crate::offer::{MonthlyCost, Offer, OfferCost, SaveRate};
use crate::playbook::Playbook;
use crate::risk::RiskCutoffs;
use crate::section::{Faults, Range, Section};
use crate::worth::{MarginAndHorizon, ValueInputs};

const PLAYBOOK_KEYS: [&str; 6] = [
    "dataset",
    "currency",
    "defaults",
    "risk",
    "offers",
    "description",
];
const OFFER_KEYS: [&str; 9] = [
    "id",
    "title",
    "kind",
    "cost",
    "eligible",
    "priority",
    "save_rate",
    "exclusive_group",
    "changes",
];

/// What offers are checked against.
struct Loader<'a> {
    env: Arc<Env>,
    spec: &'a DatasetSpec,
    columns: Columns,
    currency: Currency,
    /// Ids so far, also of offers with faults.
    ids: Vec<String>,
    faults: &'a mut Faults,
}

pub(crate) fn load_playbook(
    text: &str,
    source_name: &str,
    spec: &DatasetSpec,
) -> Result<Playbook, Error> {
    let document = parse_document(text, source_name)?;
    let mut faults = Faults::default();
    let playbook = read_playbook(&document, source_name, spec, &mut faults);
    match playbook {
        Some(playbook) if faults.is_empty() => Ok(playbook),
        _ => Err(Error::Invalid {
            source_name: source_name.to_owned(),
            faults: faults.into_sorted(),
        }),
    }
}

fn read_playbook(
    document: &Node,
    source_name: &str,
    spec: &DatasetSpec,
    faults: &mut Faults,
) -> Option<Playbook> {
    let section = Section::open(document, "", &PLAYBOOK_KEYS, faults)?;
    check_dataset(&section, spec, faults);
    let currency = read_currency(&section, spec, faults);
    let value = read_value(&section, spec, currency, faults);
    let risk = read_risk(&section, faults);
    let env = Arc::new(Env::stdlib());
    let mut loader = Loader {
        env: Arc::clone(&env),
        spec,
        columns: collect_columns(spec),
        currency,
        ids: Vec::new(),
        faults,
    };
    let offers = loader.read_offers(&section)?;
    let mut used_columns = BTreeSet::new();
    let mut uses_reasons = false;
    for expression in offers
        .iter()
        .flat_map(|offer| [Some(&offer.eligible), offer.priority.as_ref()])
        .flatten()
    {
        used_columns.extend(expression.columns.iter().cloned());
        uses_reasons |= expression.uses_reasons;
    }
    Some(Playbook {
        name: source_name.to_owned(),
        is_generic: false,
        risk,
        value,
        offers: offers.into(),
        used_columns: used_columns.into_iter().collect(),
        uses_reasons,
        env,
    })
}

fn check_dataset(section: &Section<'_>, spec: &DatasetSpec, faults: &mut Faults) {
    if let Some(dataset) = section.find_text(
        "dataset",
        "the name of the data set it is written for",
        faults,
    ) && dataset != spec.name
    {
        let line = section
            .find("dataset")
            .map_or(section.line, |node| node.referenced.line());
        let message = format!(
            "written for {dataset:?} but the data set is {:?}; use a playbook of its own or the generic one",
            spec.name
        );
        faults.note(line, "dataset", message);
    }
}

/// The playbook's currency, which must be the data set's; [`Currency::NONE`] when neither
/// names one.
fn read_currency(section: &Section<'_>, spec: &DatasetSpec, faults: &mut Faults) -> Currency {
    let line = section
        .find("currency")
        .map_or(section.line, |node| node.referenced.line());
    let named = section.find_text("currency", "three capital letters such as USD", faults);
    let own = named.and_then(|code| match code.parse::<Currency>() {
        Ok(currency) => Some(currency),
        Err(_) => {
            faults.note(
                line,
                "currency",
                format!("expected three capital letters such as USD, found {code:?}"),
            );
            None
        }
    });
    if let (Some(own), Some(theirs)) = (own, spec.currency)
        && own != theirs
    {
        let message =
            format!("{own} but the data set counts in {theirs}; convert the playbook's amounts");
        faults.note(line, "currency", message);
    }
    own.or(spec.currency).unwrap_or(Currency::NONE)
}

fn read_value(
    section: &Section<'_>,
    spec: &DatasetSpec,
    currency: Currency,
    faults: &mut Faults,
) -> ValueInputs {
    let defaults = section.find("defaults").and_then(|node| {
        Section::open(
            node,
            "defaults",
            &["monthly_revenue", "customer_value"],
            faults,
        )
    });
    let mut find = |key| {
        defaults
            .as_ref()
            .and_then(|found| found.find_number(key, Range::NotNegative, faults))
    };
    let (default_monthly_revenue, default_customer_value) =
        (find("monthly_revenue"), find("customer_value"));
    let margin_and_horizon = spec.value.map(|rule| MarginAndHorizon {
        margin: rule.margin,
        horizon_months: rule.horizon_months,
    });
    let has_revenue = spec.revenue().is_some() || default_monthly_revenue.is_some();
    if default_customer_value.is_none() && !(margin_and_horizon.is_some() && has_revenue) {
        let message = format!(
            "missing; the specification of {:?} gives no revenue column with margin and horizon, so say here what keeping a customer is worth",
            spec.name
        );
        faults.note(section.line, "defaults.customer_value", message);
    }
    ValueInputs {
        currency,
        margin_and_horizon,
        default_monthly_revenue,
        default_customer_value,
    }
}

fn read_risk(section: &Section<'_>, faults: &mut Faults) -> RiskCutoffs {
    let Some(node) = section.find("risk") else {
        return RiskCutoffs::default();
    };
    let Some(risk) = Section::open(node, "risk", &["medium", "high"], faults) else {
        return RiskCutoffs::default();
    };
    let medium = risk.require_number("medium", Range::Share, faults);
    let high = risk.require_number("high", Range::Share, faults);
    let Some((medium, high)) = medium.zip(high) else {
        return RiskCutoffs::default();
    };
    RiskCutoffs::new(medium, high).unwrap_or_else(|| {
        faults.note(
            risk.line,
            "risk",
            format!("medium ({medium}) must not be above high ({high})"),
        );
        RiskCutoffs::default()
    })
}

/// Columns an expression may name: all but what is not read or not known when offers are made.
pub(crate) fn collect_columns(spec: &DatasetSpec) -> Columns {
    let mut columns = Columns::default();
    for column in &spec.columns {
        if column.has_role(Role::Target) {
            columns.refuse(
                &column.name,
                "it is the target, which nobody knows when offers are made",
            );
        } else if column.has_role(Role::Ignore) {
            columns.refuse(
                &column.name,
                "the specification says to ignore it, so its values are not read",
            );
        } else {
            let kind = if column.is_numeric() {
                ColumnKind::Number
            } else {
                ColumnKind::Text
            };
            let levels = if column.open {
                Vec::new()
            } else {
                column.levels.clone()
            };
            columns.insert(&column.name, Column { kind, levels });
        }
    }
    for derived in &spec.derived {
        columns.insert_reason(derived.name());
    }
    columns
}

impl Loader<'_> {
    fn read_offers(&mut self, section: &Section<'_>) -> Option<Vec<Offer>> {
        let node = section.require(
            "offers",
            "a list of offers (an empty list means: never do anything)",
            self.faults,
        )?;
        let Tree::List(nodes) = &node.value else {
            self.faults.note(
                node.referenced.line(),
                "offers",
                format!("expected a list of offers, found {}", node.value.kind()),
            );
            return None;
        };
        let offers = nodes
            .iter()
            .enumerate()
            .filter_map(|(offer_idx, node)| self.read_offer(node, &format!("offers[{offer_idx}]")))
            .collect();
        Some(offers)
    }

    /// Reads every field before giving up on any, so that all faults are told.
    fn read_offer(&mut self, node: &Node, path: &str) -> Option<Offer> {
        let offer = Section::open(node, path, &OFFER_KEYS, self.faults)?;
        let id = self.read_id(&offer);
        let title = offer.require_text("title", "plain words for the customer's file", self.faults);
        let kind = offer.require_text(
            "kind",
            "discount, email, upgrade, call or another sort of action",
            self.faults,
        );
        let cost = self.read_cost(&offer);
        let save_rate = self.read_save_rate(&offer);
        let purpose = "a CEL expression that is true for customers who may get it, or just true";
        let eligible = offer.require("eligible", purpose, self.faults);
        let eligible =
            eligible.and_then(|node| self.read_expression(&offer, "eligible", node, Wanted::Bool));
        let priority_node = offer.find("priority");
        let priority = priority_node
            .and_then(|node| self.read_expression(&offer, "priority", node, Wanted::Number));
        let exclusive_group = offer.find_text(
            "exclusive_group",
            "the name of a group of which a customer gets one",
            self.faults,
        );
        let changes = read_changes(&offer, self.spec, self.faults);
        Some(Offer {
            changes,
            id: id?,
            title: title?,
            kind: kind?,
            cost: cost?,
            save_rate: save_rate?,
            exclusive_group,
            eligible: eligible?,
            priority,
        })
    }

    fn read_id(&mut self, offer: &Section<'_>) -> Option<String> {
        let purpose = "a short stable name such as annual-discount";
        let id = offer.require_text("id", purpose, self.faults)?;
        if self.ids.contains(&id) {
            let message = format!("{id:?} is the id of an earlier offer; ids must be unique");
            self.faults.note(offer.line, offer.path_of("id"), message);
        }
        self.ids.push(id.clone());
        Some(id)
    }

    fn read_cost(&mut self, offer: &Section<'_>) -> Option<OfferCost> {
        let node = offer.require(
            "cost",
            "what it costs: fixed, per_month, months",
            self.faults,
        )?;
        let cost = Section::open(
            node,
            &offer.path_of("cost"),
            &["fixed", "per_month", "months"],
            self.faults,
        )?;
        let fixed = match cost.find("fixed") {
            Some(_) => cost.find_number("fixed", Range::NotNegative, self.faults),
            None => Some(0.0),
        };
        let fixed = fixed.and_then(|amount| self.read_money(amount, &cost, "fixed"));
        let (per_month, months) = (cost.find("per_month"), cost.find("months"));
        if per_month.is_some() != months.is_some() {
            let message = "per_month and months go together; give both or neither";
            self.faults.note(cost.line, cost.path.clone(), message);
        }
        let read_per_month = per_month.map(|node| self.read_per_month(node, &cost));
        let read_months = months.map(|node| self.read_months(node, &cost));
        match (read_per_month, read_months) {
            (None, None) => Some(OfferCost {
                fixed: fixed?,
                per_month: None,
                months: 0,
            }),
            (Some(per_month), Some(months)) => Some(OfferCost {
                fixed: fixed?,
                per_month: Some(per_month?),
                months: months?,
            }),
            _ => None,
        }
    }

    fn read_months(&mut self, node: &Node, cost: &Section<'_>) -> Option<u32> {
        match node.value {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "whole and from 1 to 1200"
            )]
            Tree::Number(months) if months.fract() == 0.0 && (1.0..=1200.0).contains(&months) => {
                Some(months as u32)
            }
            _ => {
                let found = node.value.kind();
                let message =
                    format!("expected a whole number of months from 1 to 1200, found {found}");
                self.faults
                    .note(node.referenced.line(), cost.path_of("months"), message);
                None
            }
        }
    }

    /// A number is money, a text such as `15%` a share of the customer's monthly revenue.
    fn read_per_month(&mut self, node: &Node, cost: &Section<'_>) -> Option<MonthlyCost> {
        if let Tree::Text(text) = &node.value {
            let share = text
                .strip_suffix('%')
                .and_then(|number| number.trim().parse::<f64>().ok());
            if let Some(percent) = share.filter(|percent| (0.0..=100.0).contains(percent)) {
                return Some(MonthlyCost::RevenueShare(percent / 100.0));
            }
        }
        if let Tree::Number(amount) = node.value
            && amount.is_finite()
            && amount >= 0.0
        {
            return self
                .read_money(amount, cost, "per_month")
                .map(MonthlyCost::Amount);
        }
        let message = format!(
            "expected an amount of at least 0, or a share of the monthly revenue such as 15%; found {}",
            node.value.kind()
        );
        self.faults
            .note(node.referenced.line(), cost.path_of("per_month"), message);
        None
    }

    fn read_money(&mut self, amount: f64, section: &Section<'_>, key: &str) -> Option<Money> {
        let money = Money::from_major(amount, self.currency).ok();
        if money.is_none() {
            self.faults.note(
                section.line,
                section.path_of(key),
                format!("{amount} is too large for an amount of money"),
            );
        }
        money
    }

    fn read_save_rate(&mut self, offer: &Section<'_>) -> Option<SaveRate> {
        let purpose = "the share of would-be leavers it keeps: value (0 to 1) and source (where the number comes from)";
        let node = offer.require("save_rate", purpose, self.faults)?;
        let rate = Section::open(
            node,
            &offer.path_of("save_rate"),
            &["value", "source"],
            self.faults,
        )?;
        let value = rate.require_number("value", Range::Share, self.faults);
        let source = rate.require_text(
            "source",
            "words that say where the number comes from",
            self.faults,
        );
        Some(SaveRate {
            value: value?,
            source: source?,
        })
    }

    fn read_expression(
        &mut self,
        offer: &Section<'_>,
        key: &str,
        node: &Node,
        wanted: Wanted,
    ) -> Option<Expression> {
        let source = match &node.value {
            Tree::Text(text) => text.trim().to_owned(),
            Tree::Bool(flag) => flag.to_string(),
            Tree::Number(number) => number.to_string(),
            other => {
                let message = format!("expected a CEL expression, found {}", other.kind());
                self.faults
                    .note(node.referenced.line(), offer.path_of(key), message);
                return None;
            }
        };
        match Expression::parse(&source, wanted, &self.env, &self.columns) {
            Ok(expression) => Some(expression),
            Err(messages) => {
                for message in messages {
                    self.faults
                        .note(node.referenced.line(), offer.path_of(key), message);
                }
                None
            }
        }
    }
}
