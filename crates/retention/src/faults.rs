//! What could not be worked out for a customer, counted instead of hidden.

use std::collections::BTreeMap;

use serde::Serialize;

/// Which part of an offer failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultPart {
    /// The customer's probability is no probability.
    Probability,
    /// The customer's value is not known.
    Value,
    /// The offer's cost is not known for this customer.
    Cost,
    /// The rule who may get it.
    Eligible,
    /// The rule for its place in the order.
    Priority,
}

/// One thing that failed for one customer; the offer was left out, the row went on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EvaluationFault {
    /// The offer; empty when no offer could be reckoned at all.
    pub offer_id: String,
    /// Which part.
    pub part: FaultPart,
    /// What happened and how to avoid it.
    pub message: String,
}

impl EvaluationFault {
    pub(crate) fn new(offer_id: &str, part: FaultPart, message: String) -> Self {
        EvaluationFault {
            offer_id: offer_id.to_owned(),
            part,
            message,
        }
    }
}

/// Faults of many customers, by offer and part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FaultTally {
    counts: BTreeMap<(String, FaultPart), (u64, String)>,
}

/// One line of a [`FaultTally`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FaultCount {
    /// The offer; empty when no offer could be reckoned at all.
    pub offer_id: String,
    /// Which part.
    pub part: FaultPart,
    /// Customers concerned.
    pub n_customers: u64,
    /// The message of the first of them.
    pub example: String,
}

impl FaultTally {
    /// Adds one customer's faults.
    pub fn add(&mut self, faults: &[EvaluationFault]) {
        for fault in faults {
            self.add_count(&fault.offer_id, fault.part, 1, &fault.message);
        }
    }

    /// Adds the tally of a later block of customers; merging blocks in their order gives the same
    /// result as one pass.
    pub fn merge(&mut self, later: &FaultTally) {
        for ((offer_id, part), (count, example)) in &later.counts {
            self.add_count(offer_id, *part, *count, example);
        }
    }

    /// The lines, by offer and part; empty when nothing failed.
    #[must_use]
    pub fn lines(&self) -> Vec<FaultCount> {
        self.counts
            .iter()
            .map(|((offer_id, part), (count, example))| FaultCount {
                offer_id: offer_id.clone(),
                part: *part,
                n_customers: *count,
                example: example.clone(),
            })
            .collect()
    }

    fn add_count(&mut self, offer_id: &str, part: FaultPart, count: u64, example: &str) {
        let line = self
            .counts
            .entry((offer_id.to_owned(), part))
            .or_insert_with(|| (0, example.to_owned()));
        line.0 += count;
    }
}
