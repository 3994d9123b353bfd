//! The scores of one table as figures; words are made only for what is shown.

use churn_explain::Explanation;
use churn_features::GroupTexts;
use churn_retention::{Choice, RiskLevel};
use churn_schema::Table;

use crate::{
    Reason, ScoredRow, ScoredTable, Scorer,
    ragged::Ragged,
    reasons::{Impact, write_impact},
};

/// What was found out about every row of a table.
pub(crate) struct Scores<'a> {
    pub(crate) scorer: &'a Scorer,
    pub(crate) table: &'a Table,
    /// One per row, on the predictor's scale.
    pub(crate) margins: Vec<f64>,
    /// One per row.
    pub(crate) probabilities: Vec<f64>,
    /// What the scores are made of; only when there are reasons or offers.
    pub(crate) why: Option<Why<'a>>,
    /// The strongest reasons of each row, strongest first.
    pub(crate) reasons: Ragged<Impact>,
    /// The offers that pay for each row, best first.
    pub(crate) offers: Ragged<Choice<'a>>,
    /// Rules of the playbook that could not be worked out, counted over all rows.
    pub(crate) playbook_faults: u64,
}

/// Contributions, and the values they come from.
pub(crate) struct Why<'a> {
    pub(crate) explanation: Explanation,
    pub(crate) texts: GroupTexts<'a>,
}

impl<'a> Scores<'a> {
    pub(crate) fn n_rows(&self) -> usize {
        self.probabilities.len()
    }

    pub(crate) fn key(&self, row: usize) -> Option<&str> {
        Some(self.table.keys()?.value(row))
    }

    pub(crate) fn risk_level(&self, row: usize) -> RiskLevel {
        self.scorer.playbook().risk_level(self.probabilities[row])
    }

    /// Ends of the interval around a row's probability, when the model stores intervals.
    pub(crate) fn interval(&self, row: usize) -> Option<(f64, f64)> {
        self.scorer.model().interval(self.margins[row])
    }

    pub(crate) fn best_offer(&self, row: usize) -> Option<&Choice<'a>> {
        self.offers.row(row).first()
    }

    /// Appends the sentence of a row's reason of the given rank, from 0; false when there is none.
    pub(crate) fn write_reason(&self, row: usize, rank: usize, out: &mut String) -> bool {
        let (Some(why), Some(impact)) = (&self.why, self.reasons.row(row).get(rank)) else {
            return false;
        };
        self.scorer.sentences().write(&why.texts, impact, row, out);
        write_impact(impact.points, out);
        true
    }

    fn reason(&self, row: usize, rank: usize, impact: &Impact) -> Reason {
        let groups = &self.scorer.model().plan.groups;
        let stands_for = self.scorer.sentences().groups(impact);
        let mut text = String::new();
        self.write_reason(row, rank, &mut text);
        Reason {
            feature: groups[impact.group].name.clone(),
            features: stands_for
                .iter()
                .map(|&group| groups[group].name.clone())
                .collect(),
            value: self
                .why
                .as_ref()
                .and_then(|why| why.texts.text(impact.group, row)),
            impact: impact.points,
            text,
        }
    }

    /// One row in full.
    pub(crate) fn row(&self, row: usize) -> ScoredRow {
        let reasons = self.reasons.row(row).iter().enumerate();
        let interval = self.interval(row);
        ScoredRow {
            key: self.key(row).map(str::to_owned),
            row: self.table.row_number(row),
            churn_probability: self.probabilities[row],
            probability_low: interval.map(|(low, _)| low),
            probability_high: interval.map(|(_, high)| high),
            risk_level: self.risk_level(row),
            reasons: reasons
                .map(|(rank, impact)| self.reason(row, rank, impact))
                .collect(),
            offers: self.offers.row(row).iter().map(Choice::describe).collect(),
        }
    }

    /// All rows in full.
    pub(crate) fn rows(&self) -> ScoredTable {
        ScoredTable {
            rows: (0..self.n_rows()).map(|row| self.row(row)).collect(),
            playbook_faults: self.playbook_faults,
        }
    }
}
