//! What a model must beat: chance, and the best rule of one column.

use std::collections::BTreeMap;

use churn_features::{Encoding, FeaturePlan, PlanParams};
use churn_schema::Table;
use serde::{Deserialize, Serialize};

use crate::Error;

/// The best rule that looks at one column: customers get the churn rate of their level, or of
/// their tenth of a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OneRule {
    /// The column or derived feature.
    pub feature: String,
    /// Words for it.
    pub label: String,
    bounds: Vec<f32>,
    rates: Vec<f64>,
    n_missing_rate: f64,
    plan: churn_features::FittedPlan,
}

/// Groups a number is cut into.
const TENTHS: usize = 10;

impl OneRule {
    /// The feature whose groups give the lowest log loss on the training rows (each rate shrunk
    /// towards the base rate by one row, so that a key does not win).
    ///
    /// # Errors
    /// As [`FeaturePlan::fit`].
    pub fn fit(plan: &FeaturePlan, table: &Table, labels: &[bool]) -> Result<Self, Error> {
        let plan = plan.with_params(PlanParams {
            categories: churn_features::CategoryEncoding::Native,
            ..PlanParams::trees()
        });
        let fitted = plan.fit(table)?;
        let matrix = fitted.transform(table)?;
        let base = rate(labels.iter().filter(|&&l| l).count(), labels.len(), 0.5);
        let mut best: Option<(f64, Self)> = None;
        for (index, (feature, group)) in fitted.features.iter().zip(&fitted.groups).enumerate() {
            let values: Vec<f32> = (0..matrix.n_rows())
                .map(|row| matrix.row(row)[index])
                .collect();
            let bounds = match feature.encoding {
                Encoding::Native { .. } => (1..256_u16).map(f32::from).collect(),
                _ => tenths(&values),
            };
            let (rates, n_missing_rate) = rates(&values, labels, &bounds, base);
            let rule = Self {
                feature: group.name.clone(),
                label: group.label.clone(),
                bounds,
                rates,
                n_missing_rate,
                plan: fitted.clone(),
            };
            let loss = rule.loss(&values, labels);
            if best.as_ref().is_none_or(|(lowest, _)| loss < *lowest) {
                best = Some((loss, rule));
            }
        }
        best.map(|(_, rule)| rule).ok_or(Error::OneClass {
            n_rows: labels.len(),
        })
    }

    /// The rule's probability of leaving for each row.
    ///
    /// # Errors
    /// As [`churn_features::FittedPlan::transform`].
    pub fn predict(&self, table: &Table) -> Result<Vec<f64>, Error> {
        let matrix = self.plan.transform(table)?;
        let index = self
            .plan
            .groups
            .iter()
            .position(|group| group.name == self.feature);
        let index = index.unwrap_or(0);
        Ok((0..matrix.n_rows())
            .map(|row| self.rate_of(matrix.row(row)[index]))
            .collect())
    }

    fn rate_of(&self, value: f32) -> f64 {
        if value.is_nan() {
            return self.n_missing_rate;
        }
        let place = self.bounds.partition_point(|&bound| bound <= value);
        self.rates
            .get(place)
            .copied()
            .unwrap_or(self.n_missing_rate)
    }

    fn loss(&self, values: &[f32], labels: &[bool]) -> f64 {
        values
            .iter()
            .zip(labels)
            .map(|(&value, &label)| {
                let p = self.rate_of(value);
                -if label { p.ln() } else { (1.0 - p).ln() }
            })
            .sum()
    }
}

/// Cuts at the tenths of the present values, without repeats.
fn tenths(values: &[f32]) -> Vec<f32> {
    let mut present: Vec<f32> = values
        .iter()
        .copied()
        .filter(|value| !value.is_nan())
        .collect();
    present.sort_by(f32::total_cmp);
    let mut cuts: Vec<f32> = (1..TENTHS)
        .filter_map(|tenth| present.get(tenth * present.len() / TENTHS).copied())
        .collect();
    cuts.dedup_by(|a, b| a.total_cmp(b).is_eq());
    cuts
}

fn rates(values: &[f32], labels: &[bool], bounds: &[f32], base: f64) -> (Vec<f64>, f64) {
    let mut counts: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    let mut missing = (0, 0);
    for (&value, &label) in values.iter().zip(labels) {
        let count = if value.is_nan() {
            &mut missing
        } else {
            counts
                .entry(bounds.partition_point(|&bound| bound <= value))
                .or_default()
        };
        count.0 += usize::from(label);
        count.1 += 1;
    }
    let places = 0..=bounds.len();
    let of = |count: (usize, usize)| rate(count.0, count.1, base);
    (
        places
            .map(|place| of(counts.get(&place).copied().unwrap_or_default()))
            .collect(),
        of(missing),
    )
}

fn rate(left: usize, rows: usize, base: f64) -> f64 {
    (left as f64 + base) / (rows as f64 + 1.0)
}
