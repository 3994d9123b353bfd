//! What a model must beat: chance, and the best rule of one column.

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
    /// The feature whose groups give the lowest log loss on the training rows, each row judged by
    /// the others of its group (and rates shrunk towards the base rate by one row), so that many
    /// small groups gain nothing by being small.
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
            let (counts, missing) = counts(&values, labels, &bounds);
            let of = |count: &Count| rate(count.left, count.rows, base);
            let rule = Self {
                feature: group.name.clone(),
                label: group.label.clone(),
                rates: counts.iter().map(of).collect(),
                n_missing_rate: of(&missing),
                bounds,
                plan: fitted.clone(),
            };
            let groups = counts.iter().chain([&missing]);
            let loss: f64 = groups.map(|count| count.loss_of_others(base)).sum();
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
}

/// Rows of a group.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    left: usize,
    rows: usize,
}

impl Count {
    /// Log loss of its rows, each by the rate of the others.
    fn loss_of_others(self, base: f64) -> f64 {
        let (left, stayed) = (self.left, self.rows - self.left);
        let mut loss = 0.0;
        if left > 0 {
            loss -= left as f64 * rate(left - 1, self.rows - 1, base).ln();
        }
        if stayed > 0 {
            loss -= stayed as f64 * (1.0 - rate(left, self.rows - 1, base)).ln();
        }
        loss
    }
}

/// Cuts at the tenths of the present values, without repeats; a value that several tenths share is
/// cut off on both sides, so that it is a group of its own.
fn tenths(values: &[f32]) -> Vec<f32> {
    let mut present: Vec<f32> = values
        .iter()
        .copied()
        .filter(|value| !value.is_nan())
        .collect();
    present.sort_by(f32::total_cmp);
    let tenths: Vec<f32> = (1..TENTHS)
        .filter_map(|tenth| present.get(tenth * present.len() / TENTHS).copied())
        .collect();
    let mut cuts = Vec::with_capacity(2 * TENTHS);
    for same in tenths.chunk_by(|a, b| a.total_cmp(b).is_eq()) {
        cuts.push(same[0]);
        if same.len() > 1 {
            cuts.push(same[0].next_up());
        }
    }
    cuts.dedup_by(|a, b| a.total_cmp(b).is_eq());
    cuts
}

/// Rows by group, and those without a value.
fn counts(values: &[f32], labels: &[bool], bounds: &[f32]) -> (Vec<Count>, Count) {
    let mut counts = vec![Count::default(); bounds.len() + 1];
    let mut missing = Count::default();
    for (&value, &label) in values.iter().zip(labels) {
        let count = if value.is_nan() {
            &mut missing
        } else {
            &mut counts[bounds.partition_point(|&bound| bound <= value)]
        };
        count.left += usize::from(label);
        count.rows += 1;
    }
    (counts, missing)
}

fn rate(left: usize, rows: usize, base: f64) -> f64 {
    (left as f64 + base) / (rows as f64 + 1.0)
}

#[cfg(test)]
mod tests {
    use super::{Count, tenths};

    #[test]
    fn a_value_most_rows_share_is_a_group_of_its_own() {
        let values: Vec<f32> = (0..100_u8).map(|row| f32::from(row.max(70) - 70)).collect();
        let cuts = tenths(&values);
        let group = |value: f32| cuts.partition_point(|&cut| cut <= value);
        assert!(group(0.0) < group(1.0), "{cuts:?}");
        assert_eq!(cuts.len(), 4, "{cuts:?}");
    }

    #[test]
    fn groups_of_one_row_say_no_more_than_the_base_rate() {
        let base = 0.3;
        let alone = |left| Count { left, rows: 1 }.loss_of_others(base);
        assert!((alone(1) + f64::ln(base)).abs() < 1e-12);
        assert!((alone(0) + f64::ln(1.0 - base)).abs() < 1e-12);
        // Ten rows that agree say something: nine others and a base row.
        let agreeing = Count { left: 10, rows: 10 }.loss_of_others(base);
        assert!((agreeing + 10.0 * f64::ln(9.3 / 10.0)).abs() < 1e-12);
        assert_eq!(
            Count::default().loss_of_others(base).to_bits(),
            0.0_f64.to_bits()
        );
    }
}
