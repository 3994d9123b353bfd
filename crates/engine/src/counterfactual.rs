//! What would change a score: moves that are ours to make, re-scored by the model itself.

use std::{collections::BTreeMap, sync::Arc};

use churn_retention::{ChangeTo, Customer, Offer, RiskLevel};
use churn_schema::{Cells, Role, Table, broken_checks, write_number};
use serde::Serialize;
use serde_json::Value;

use crate::{Error, Scorer, customer::PlaybookColumns};

/// Said with every counterfactual.
pub const CAUTION: &str = "what the model says of such a customer, not a promise: the change itself need not keep anybody";

/// Most columns one suggestion changes.
const MAX_CHANGES: usize = 2;
/// Most suggestions that change one column, and most that change two.
const MOST: [usize; MAX_CHANGES] = [3, 1];
/// A suggestion lowers the probability by this much at least.
const MIN_DROP: f64 = 0.01;
/// A second change is worth mentioning if it brings this much more than the first alone.
const MIN_FURTHER_DROP: f64 = 0.005;
/// Most alternatives of one offer that are looked at.
const MAX_ALTERNATIVES: usize = 64;

/// A customer as they would be after one or two changes an offer brings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Counterfactual {
    /// What is changed.
    pub changes: Vec<ColumnChange>,
    /// The offers that bring it, by id.
    pub offers: Vec<String>,
    /// The model's probability for the changed customer.
    pub churn_probability: f64,
    /// Its risk level.
    pub risk_level: RiskLevel,
    /// Probability points less than now; below 0.
    pub impact: f64,
    /// In words: `one-year contract: 61.2 % instead of 83.5 %`.
    pub text: String,
}

/// One column before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnChange {
    /// Original column.
    pub feature: String,
    /// The customer's value.
    pub from: String,
    /// The value the offer brings.
    pub to: String,
    /// The new value as a sentence.
    pub sentence: String,
}

/// One way to carry out one or two offers.
#[derive(Clone)]
struct Move<'a> {
    offers: Vec<&'a Offer>,
    /// New values by column, in column order.
    values: BTreeMap<&'a str, String>,
}

impl Scorer {
    /// What would lower the risk of row `row` of `table`: changes of one or two columns, best first
    /// within each number. Only columns the specification marks as actionable are touched, only
    /// values are used that an offer brings for which this customer is eligible, and combinations
    /// that break a check of the specification are left out. Every probability is the model's own
    /// for the changed row. Say [`CAUTION`] with them. Needs a scorer made with reasons.
    ///
    /// # Errors
    /// As [`Scorer::explain`].
    pub fn counterfactuals(&self, table: &Table, row: usize) -> Result<Vec<Counterfactual>, Error> {
        let one = table.select(&[row]);
        let scores = self.scores(&one)?;
        let now = *scores.probabilities.first().ok_or(Error::Unexplained)?;
        let raising = self.raising(&scores, 0)?;
        let columns = PlaybookColumns::new(&one, self.playbook().used_columns());
        let customer = Customer {
            values: &columns.row(0),
            probability: now,
            monthly_revenue: columns.revenue(0),
            reasons: &raising,
        };
        let offers = self.playbook().adviser().eligible_changes(&customer);
        let moves = with_pairs(
            offers
                .iter()
                .flat_map(|offer| moves_of(offer, &one))
                .collect(),
        );
        if moves.is_empty() {
            return Ok(Vec::new());
        }
        let scored = self.score_moves(&one, moves)?;
        Ok(select(scored, now)
            .into_iter()
            .map(|(moved, probability)| self.describe(&one, &moved, now, probability))
            .collect())
    }

    /// The probability after each move; moves that give no plausible customer are left out.
    fn score_moves<'a>(
        &self,
        one: &Table,
        moves: Vec<Move<'a>>,
    ) -> Result<Vec<(Move<'a>, f64)>, Error> {
        let now = values_of(one);
        // The customer as they are comes first, to compare checks with.
        let mut rows = vec![now.clone()];
        rows.extend(moves.iter().map(|moved| {
            let mut row = now.clone();
            for (column, value) in &moved.values {
                row.insert((*column).to_owned(), Value::from(value.as_str()));
            }
            row
        }));
        let table = Table::from_rows(&Arc::clone(one.spec()), &rows).table;
        let probabilities = self.probabilities(&table)?;
        let broken = broken_checks(&table);
        let Some(broken_now) = broken.first().filter(|_| table.row_number(0) == 1) else {
            return Ok(Vec::new());
        };
        // Rows that were refused, say for a number out of range, are not in the table.
        let kept = (1..table.n_rows()).filter(|&row| {
            let newly = broken[row].iter().any(|check| !broken_now.contains(check));
            !newly
        });
        let scored = kept.filter_map(|row| {
            let place = usize::try_from(table.row_number(row))
                .ok()?
                .checked_sub(2)?;
            Some((moves.get(place)?.clone(), probabilities[row]))
        });
        Ok(scored.collect())
    }

    fn describe(&self, one: &Table, moved: &Move<'_>, now: f64, then: f64) -> Counterfactual {
        let changes: Vec<ColumnChange> = moved
            .values
            .iter()
            .map(|(&column, value)| {
                let spec = one.spec().column(column);
                ColumnChange {
                    feature: column.to_owned(),
                    from: one.value_text(column, 0).unwrap_or_default(),
                    to: value.clone(),
                    sentence: spec.map_or_else(
                        || value.clone(),
                        |column| column.wording().sentence(Some(value)),
                    ),
                }
            })
            .collect();
        let sentences: Vec<&str> = changes.iter().map(|c| c.sentence.as_str()).collect();
        let text = format!(
            "{}: {:.1} % instead of {:.1} %",
            sentences.join(", "),
            then * 100.0,
            now * 100.0
        );
        Counterfactual {
            offers: moved.offers.iter().map(|offer| offer.id.clone()).collect(),
            churn_probability: then,
            risk_level: self.playbook().risk_level(then),
            impact: (then - now) * 100.0,
            text,
            changes,
        }
    }
}

/// The customer's cells as the file had them, without the target.
fn values_of(one: &Table) -> BTreeMap<String, Value> {
    let columns = one.spec().columns.iter();
    columns
        .filter(|column| !column.has_role(Role::Target) && !column.has_role(Role::Ignore))
        .filter_map(|column| {
            let value = one.value_text(&column.name, 0)?;
            Some((column.name.clone(), Value::from(value)))
        })
        .collect()
}

/// All ways to carry out one offer: a value for each column it changes that the customer does not
/// have already.
fn moves_of<'a>(offer: &'a Offer, one: &Table) -> Vec<Move<'a>> {
    let mut moves = vec![Move {
        offers: vec![offer],
        values: BTreeMap::new(),
    }];
    for change in &offer.changes {
        let Some(cells) = one.cells(&change.column) else {
            return Vec::new();
        };
        let mut from = String::new();
        if !cells.write_text(0, &mut from) {
            // Nobody knows what would be changed.
            return Vec::new();
        }
        let values: Vec<String> = change
            .to
            .iter()
            .filter_map(|to| new_value(to, &cells))
            .collect();
        if values.contains(&from) {
            continue;
        }
        let with = |value: &String| {
            let mut longer = moves.clone();
            for moved in &mut longer {
                moved.values.insert(&change.column, value.clone());
            }
            longer
        };
        moves = values
            .iter()
            .flat_map(with)
            .take(MAX_ALTERNATIVES)
            .collect();
    }
    moves.retain(|moved| !moved.values.is_empty() && moved.values.len() <= MAX_CHANGES);
    moves
}

fn new_value(to: &ChangeTo, cells: &Cells<'_>) -> Option<String> {
    if let ChangeTo::Level(level) = to {
        return Some(level.clone());
    }
    let mut text = String::new();
    write_number(to.number(cells.number(0)?)?, &mut text);
    Some(text)
}

/// Moves that pairs are made of: as many as keep one customer's changed rows near two thousand.
const MOST_PAIRED: usize = 64;

/// The moves, and all pairs of them that can be made together; of a playbook that brings more than
/// [`MOST_PAIRED`] to one customer, pairs of the first.
fn with_pairs(mut moves: Vec<Move<'_>>) -> Vec<Move<'_>> {
    let n_single = moves.len().min(MOST_PAIRED);
    for first in 0..n_single {
        for second in first + 1..n_single {
            let (a, b) = (&moves[first], &moves[second]);
            let (one, other) = (a.offers[0], b.offers[0]);
            let excludes = one.id == other.id
                || (one.exclusive_group.is_some() && one.exclusive_group == other.exclusive_group);
            let overlaps = a.values.keys().any(|column| b.values.contains_key(column));
            if excludes || overlaps || a.values.len() + b.values.len() > MAX_CHANGES {
                continue;
            }
            let mut both = a.clone();
            both.offers.push(other);
            both.values.extend(b.values.clone());
            moves.push(both);
        }
    }
    moves
}

/// The moves worth showing: of those that change the same columns the best, none whose second
/// change hardly adds to the first, fewer changes first and then the lower probability.
fn select(mut scored: Vec<(Move<'_>, f64)>, now: f64) -> Vec<(Move<'_>, f64)> {
    scored.retain(|(_, then)| now - then >= MIN_DROP);
    // A stable sort: equal ones stay in the order of the playbook.
    scored.sort_by(|a, b| {
        let by_changes = a.0.values.len().cmp(&b.0.values.len());
        by_changes.then(a.1.total_cmp(&b.1))
    });
    let mut chosen: Vec<(Move<'_>, f64)> = Vec::new();
    let mut n_chosen = [0; MAX_CHANGES];
    for (moved, then) in scored {
        let columns = || moved.values.keys();
        let is_worse = chosen.iter().any(|(other, other_then)| {
            let same_columns = other.values.keys().eq(columns());
            let is_part = other
                .values
                .keys()
                .all(|column| moved.values.contains_key(column));
            same_columns || (is_part && other_then - then < MIN_FURTHER_DROP)
        });
        let place = moved.values.len() - 1;
        if !is_worse && n_chosen[place] < MOST[place] {
            n_chosen[place] += 1;
            chosen.push((moved, then));
        }
    }
    chosen
}
