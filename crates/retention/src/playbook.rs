//! The file of offers and rules.

use std::sync::Arc;

use cel::Env;
use churn_schema::DatasetSpec;
use serde::Serialize;

use crate::error::Error;
use crate::load;
use crate::offer::{Offer, OfferCost, SaveRate};
use crate::risk::{RiskCutoffs, RiskLevel};
use crate::worth::ValueInputs;

/// The neutral playbook for data sets that have none of their own.
const GENERIC: &str = include_str!("generic.yaml");

/// Offers, their value and their rules, checked against a data set.
///
/// Cheap to clone and safe to share between threads; it holds no state that changes.
#[derive(Clone)]
pub struct Playbook {
    pub(crate) name: String,
    pub(crate) is_generic: bool,
    pub(crate) risk: RiskCutoffs,
    pub(crate) value: ValueInputs,
    pub(crate) offers: Arc<[Offer]>,
    /// Columns that some expression names, sorted: only these are bound.
    pub(crate) used_columns: Arc<[String]>,
    pub(crate) uses_reasons: bool,
    pub(crate) env: Arc<Env>,
}

impl Playbook {
    /// Reads and checks a playbook for a data set.
    ///
    /// `source_name` stands in messages for the file. Checked: keys, types and ranges, that the
    /// file is meant for this data set and currency, that ids are unique, and every
    /// expression: syntax, column names, types, and texts that are no level of their column.
    ///
    /// # Errors
    /// [`Error::Syntax`] if it is not YAML; [`Error::Invalid`] with all other faults, each with
    /// its line.
    pub fn from_yaml(text: &str, source_name: &str, spec: &DatasetSpec) -> Result<Self, Error> {
        load::load_playbook(text, source_name, spec)
    }

    /// A neutral playbook for a data set that has none: an e-mail and a call, chosen on
    /// probability and money alone, with assumed costs and save rates.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the specification's own value inputs are out of range.
    pub fn generic(spec: &DatasetSpec) -> Result<Self, Error> {
        let mut playbook = load::load_playbook(GENERIC, "generic playbook", spec)?;
        playbook.is_generic = true;
        Ok(playbook)
    }

    /// The file it came from.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this is [`Playbook::generic`]: its costs and save rates are assumptions for any
    /// business and must be shown as such.
    #[must_use]
    pub fn is_generic(&self) -> bool {
        self.is_generic
    }

    /// The offers, in the order of the file.
    #[must_use]
    pub fn offers(&self) -> &[Offer] {
        &self.offers
    }

    /// Where risk levels begin.
    #[must_use]
    pub fn risk_cutoffs(&self) -> RiskCutoffs {
        self.risk
    }

    /// The level of a probability.
    #[must_use]
    pub fn risk_level(&self, probability: f64) -> RiskLevel {
        self.risk.level(probability)
    }

    /// The inputs of a customer's value.
    #[must_use]
    pub fn value_inputs(&self) -> &ValueInputs {
        &self.value
    }

    /// Original columns that some rule reads, sorted; nothing else is asked of a customer.
    #[must_use]
    pub fn used_columns(&self) -> &[String] {
        &self.used_columns
    }

    /// Every assumption behind the money, to be shown beside it.
    #[must_use]
    pub fn assumptions(&self) -> Assumptions<'_> {
        Assumptions {
            playbook: &self.name,
            is_generic: self.is_generic,
            value: &self.value,
            offers: self
                .offers
                .iter()
                .map(|offer| OfferAssumption {
                    offer_id: &offer.id,
                    title: &offer.title,
                    cost: &offer.cost,
                    save_rate: &offer.save_rate,
                })
                .collect(),
        }
    }
}

impl std::fmt::Debug for Playbook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Playbook")
            .field("name", &self.name)
            .field(
                "offers",
                &self
                    .offers
                    .iter()
                    .map(|offer| &offer.id)
                    .collect::<Vec<_>>(),
            )
            .finish_non_exhaustive()
    }
}

/// Inputs of every money figure of a playbook.
#[derive(Debug, Clone, Serialize)]
pub struct Assumptions<'p> {
    /// The file.
    pub playbook: &'p str,
    /// Whether the offers are the generic ones.
    pub is_generic: bool,
    /// What a customer is worth.
    pub value: &'p ValueInputs,
    /// The offers.
    pub offers: Vec<OfferAssumption<'p>>,
}

/// What is assumed about one offer.
#[derive(Debug, Clone, Serialize)]
pub struct OfferAssumption<'p> {
    /// The offer.
    pub offer_id: &'p str,
    /// Its plain words.
    pub title: &'p str,
    /// Its cost.
    pub cost: &'p OfferCost,
    /// How often it works, and who says so.
    pub save_rate: &'p SaveRate,
}
