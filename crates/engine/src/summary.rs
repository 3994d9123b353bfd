//! What the report keeps of a chunk's scores.

use std::collections::BTreeMap;

use churn_retention::{Contacted, EfficiencyTally, RiskLevel, SavingTally};

use crate::{Error, ScoredRow, scores::Scores};

/// Counts and sums over some rows, and the rows worth most.
#[derive(Default)]
pub(crate) struct Summary {
    pub(crate) n_scored: u64,
    pub(crate) by_risk: BTreeMap<RiskLevel, u64>,
    pub(crate) by_offer: BTreeMap<String, u64>,
    pub(crate) playbook_faults: u64,
    pub(crate) expected_leavers: f64,
    pub(crate) saving: SavingTally,
    pub(crate) efficiency: EfficiencyTally,
    pub(crate) top: Vec<ScoredRow>,
}

impl Summary {
    pub(crate) fn new(scores: &Scores<'_>, n_top: usize) -> Result<Self, Error> {
        let mut summary = Self {
            n_scored: scores.n_rows() as u64,
            playbook_faults: scores.playbook_faults,
            top: top_rows(scores, n_top),
            ..Self::default()
        };
        for (row, &probability) in scores.probabilities.iter().enumerate() {
            *summary.by_risk.entry(scores.risk_level(row)).or_default() += 1;
            summary.expected_leavers += probability;
            let best = scores.best_offer(row);
            let title = best.map_or("do nothing", |choice| choice.offer.title.as_str());
            match summary.by_offer.get_mut(title) {
                Some(count) => *count += 1,
                None => _ = summary.by_offer.insert(title.to_owned(), 1),
            }
            let contacted = match best {
                Some(choice) => {
                    let contact = choice.contact(probability);
                    summary.saving.add(&contact, choice.cost.currency)?;
                    Contacted::Yes
                }
                None => Contacted::No,
            };
            summary.efficiency.add(probability, contacted)?;
        }
        Ok(summary)
    }

    /// Adds the rows that follow; keeps the `n_top` worth most of both.
    pub(crate) fn join(&mut self, part: &Self, n_top: usize) {
        self.n_scored += part.n_scored;
        self.playbook_faults += part.playbook_faults;
        self.expected_leavers += part.expected_leavers;
        self.saving.join(&part.saving);
        self.efficiency.join(&part.efficiency);
        for (level, count) in &part.by_risk {
            *self.by_risk.entry(*level).or_default() += count;
        }
        for (offer, count) in &part.by_offer {
            *self.by_offer.entry(offer.clone()).or_default() += count;
        }
        self.top.extend(part.top.iter().cloned());
        let worth = |row: &ScoredRow| {
            let best = row.offers.first();
            best.map_or(0, |offer| offer.expected_value.minor_units)
        };
        self.top.sort_by(|a, b| {
            worth(b)
                .cmp(&worth(a))
                .then(b.churn_probability.total_cmp(&a.churn_probability))
                .then(a.row.cmp(&b.row))
        });
        self.top.truncate(n_top);
    }
}

/// The rows worth most: by expected value of the best offer, then by probability.
fn top_rows(scores: &Scores<'_>, most: usize) -> Vec<ScoredRow> {
    if most == 0 {
        return Vec::new();
    }
    let worth = |row: usize| {
        let best = scores.best_offer(row);
        best.map_or(0, |choice| choice.expected_value.minor_units)
    };
    let mut rows: Vec<usize> = (0..scores.n_rows()).collect();
    rows.sort_by(|&a, &b| {
        let (left, right) = (scores.probabilities[a], scores.probabilities[b]);
        worth(b).cmp(&worth(a)).then(right.total_cmp(&left))
    });
    rows.truncate(most);
    rows.into_iter().map(|row| scores.row(row)).collect()
}
