//! A global view in figures, for tables and charts.

use churn_ensemble::Output;
use churn_registry::{CardFigures, Coefficient};
use serde::Serialize;

use super::{
    Effect, GlobalView, effects,
    part::{GroupSums, TailRow},
    sample::SampledRow,
};
use crate::{Error, Scorer};

/// Rows whose interactions are worked out at once.
const INTERACTION_ROWS: usize = 64;

/// What moves the predictions of a base or of a segment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GlobalReport {
    /// The version that was explained.
    pub model_version: String,
    /// The segment's rule; `None` for all customers.
    pub segment: Option<String>,
    /// Customers the means are over.
    pub n_rows: u64,
    /// Customers outside the segment.
    pub n_outside: u64,
    /// Customers for whom the segment's rule could not be worked out, mostly for a missing value.
    pub n_undecided: u64,
    /// Rows refused, and in no figure.
    pub n_rejected: u64,
    /// Customers in the sample that dots and the effects of numbers come from.
    pub n_sample: usize,
    /// What contributions are: log-odds, or a share for a forest.
    pub output: Output,
    /// Expected margin.
    pub base_value: f64,
    /// Calibrated probability at the base value.
    pub base_probability: f64,
    /// Mean calibrated probability of these customers.
    pub mean_probability: f64,
    /// One per original column and derived feature, strongest first.
    pub features: Vec<GlobalFeature>,
    /// How the importances beside the features were measured, in training; `None` for models
    /// that have none.
    pub importance_kind: Option<String>,
    /// Coefficients of a linear model, strongest first.
    pub coefficients: Vec<Coefficient>,
    /// Mean absolute interaction values, when asked for.
    pub interactions: Option<InteractionMatrix>,
}

/// One original column or derived feature over all customers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GlobalFeature {
    /// Original column, or derived feature.
    pub feature: String,
    /// Words for people.
    pub label: String,
    /// Whether it is a protected attribute, or made from one.
    pub protected: bool,
    /// Mean absolute contribution, on the model's scale.
    pub mean_abs_shap: f64,
    /// Its part of the sum over all columns, 0..=1.
    pub share: f64,
    /// Share of the model's own importances, 0..=1, measured in training and not on these
    /// customers; `None` for models that have none.
    pub importance: Option<f64>,
    /// Mean contribution: above 0 where these customers have it worse than the average one.
    pub mean_shap: f64,
    /// Mean absolute probability points.
    pub mean_abs_points: f64,
    /// Mean probability points.
    pub mean_points: f64,
    /// What each value adds on average; numbers in ranges.
    pub effects: Vec<Effect>,
    /// Single customers for a swarm, lowest contribution first: evenly thinned, with the strongest
    /// of either side all there.
    pub dots: Vec<Dot>,
}

/// One customer in a column's swarm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dot {
    /// The contribution.
    pub shap_value: f64,
    /// In probability points.
    pub points: f64,
    /// The customer's value; `None` when missing.
    pub value: Option<String>,
    /// Where a number lies among those of the sample, 0 lowest to 1 highest, for the colour;
    /// `None` for categories.
    pub place: Option<f64>,
}

/// Mean absolute SHAP interaction values.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InteractionMatrix {
    /// Original columns and derived features, in the order of the rows.
    pub feature_names: Vec<String>,
    /// Customers of the sample it is the mean of.
    pub n_rows: usize,
    /// One row per feature, symmetric; on the diagonal what a feature does on its own.
    pub mean_abs: Vec<Vec<f64>>,
}

impl InteractionMatrix {
    pub(super) fn new(scorer: &Scorer, rows: &[SampledRow]) -> Result<Self, Error> {
        let explainer = scorer.explainer().ok_or(Error::Unexplained)?;
        let n_groups = explainer.n_groups();
        let mut sums = vec![0.0; n_groups * n_groups];
        for block in rows.chunks(INTERACTION_ROWS) {
            let matrix: Vec<f32> = block
                .iter()
                .flat_map(|row| row.matrix.iter().copied())
                .collect();
            let found = explainer.interactions(&matrix, block.len())?;
            for row in 0..block.len() {
                let values = found.row(row).iter();
                sums.iter_mut()
                    .zip(values)
                    .for_each(|(sum, value)| *sum += value.abs());
            }
        }
        let n_rows = rows.len().max(1) as f64;
        let means = sums.chunks(n_groups.max(1));
        let groups = &scorer.model().plan.groups;
        Ok(Self {
            feature_names: groups.iter().map(|group| group.name.clone()).collect(),
            n_rows: rows.len(),
            mean_abs: means
                .map(|row| row.iter().map(|sum| sum / n_rows).collect())
                .collect(),
        })
    }
}

impl GlobalView<'_> {
    /// The view in figures.
    #[must_use]
    pub fn report(&self) -> GlobalReport {
        let (model, total) = (self.scorer.model(), &self.total);
        let n_rows = total.n_rows.max(1) as f64;
        let sum: f64 = total.groups.iter().map(|group| group.abs_shap).sum();
        let groups = total.groups.iter().zip(&model.plan.groups).enumerate();
        let mut features: Vec<GlobalFeature> = groups
            .map(|(idx, (sums, group))| GlobalFeature {
                feature: group.name.clone(),
                label: group.label.clone(),
                protected: !self.scorer.showable()[idx],
                mean_abs_shap: sums.abs_shap / n_rows,
                share: if sum > 0.0 { sums.abs_shap / sum } else { 0.0 },
                importance: importance(&model.card.figures, &group.name),
                mean_shap: sums.shap / n_rows,
                mean_abs_points: sums.abs_points / n_rows,
                mean_points: sums.points / n_rows,
                effects: self.effects(idx),
                dots: self.dots(idx, sums),
            })
            .collect();
        features.sort_by(|a, b| b.mean_abs_shap.total_cmp(&a.mean_abs_shap));
        let base = self
            .scorer
            .explainer()
            .map_or(0.0, churn_explain::Explainer::base);
        GlobalReport {
            model_version: self.scorer.version().to_owned(),
            segment: self.segment.clone(),
            n_rows: total.n_rows,
            n_outside: total.n_outside,
            n_undecided: total.n_undecided,
            n_rejected: total.n_rejected,
            n_sample: self.rows().len(),
            output: model.predictor.output(),
            base_value: base,
            base_probability: model.probability(base),
            mean_probability: total.sum_probability / n_rows,
            features,
            importance_kind: model
                .card
                .figures
                .importances
                .as_ref()
                .map(|importances| importances.kind.words().to_owned()),
            coefficients: model.card.figures.coefficients.clone(),
            interactions: self.interactions.clone(),
        }
    }

    /// What each value of a group adds on average.
    pub(super) fn effects(&self, group: usize) -> Vec<Effect> {
        let levels = &self.total.groups[group].levels;
        if levels.is_empty() {
            return effects::of_number(self.rows(), group);
        }
        let levels = levels.iter();
        levels
            .map(|(level, sum)| sum.effect(level.clone()))
            .collect()
    }

    /// The swarm of a group: every so many-th of the sample by contribution, and both tails.
    fn dots(&self, group: usize, sums: &GroupSums) -> Vec<Dot> {
        let mut numbers: Vec<f64> = self.rows().iter().map(|row| row.numbers[group]).collect();
        numbers.retain(|number| !number.is_nan());
        numbers.sort_by(f64::total_cmp);
        let tails: Vec<&TailRow> = sums.tails.iter().flatten().collect();
        let mut middle: Vec<&SampledRow> = self.rows().iter().collect();
        middle.retain(|row| !tails.iter().any(|tail| tail.rank == row.rank));
        middle.sort_by(|a, b| {
            let by_value = a.shap[group].total_cmp(&b.shap[group]);
            by_value.then(a.rank.cmp(&b.rank))
        });
        let most = self.n_dots.saturating_sub(tails.len()).max(1);
        let step = middle.len().div_ceil(most).max(1);
        let place = |number: f64| place_among(&numbers, number);
        let thinned = middle.iter().skip(step / 2).step_by(step).map(|row| Dot {
            shap_value: row.shap[group],
            points: row.shap[group] * row.points_per_unit,
            value: row.texts[group].clone(),
            place: place(row.numbers[group]),
        });
        let ends = tails.iter().map(|row| Dot {
            shap_value: row.shap,
            points: row.points,
            value: row.text.clone(),
            place: place(row.number),
        });
        let mut dots: Vec<Dot> = ends.chain(thinned).collect();
        dots.sort_by(|a, b| a.shap_value.total_cmp(&b.shap_value));
        dots
    }
}

/// What the card says of a feature.
fn importance(figures: &CardFigures, feature: &str) -> Option<f64> {
    let mut features = figures.importances.as_ref()?.features.iter();
    Some(features.find(|found| found.feature == feature)?.share)
}

/// Where a number lies among sorted ones, 0 to 1: the middle of its equals.
fn place_among(sorted: &[f64], number: f64) -> Option<f64> {
    if number.is_nan() || sorted.is_empty() {
        return None;
    }
    let below = sorted.partition_point(|known| known.total_cmp(&number).is_lt());
    let not_above = sorted.partition_point(|known| known.total_cmp(&number).is_le());
    let middle = (below + not_above) as f64 / 2.0;
    Some(middle / sorted.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::place_among;

    #[test]
    fn a_place_is_the_middle_of_equals() {
        let sorted = [1.0, 2.0, 2.0, 3.0];
        assert_eq!(place_among(&sorted, 2.0), Some(0.5));
        assert_eq!(place_among(&sorted, 9.0), Some(1.0));
        assert_eq!(place_among(&sorted, f64::NAN), None);
    }
}
