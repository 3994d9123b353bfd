//! How one column moves the predictions by its value, and which other column changes that most.

use serde::Serialize;

use super::{Effect, GlobalView, InteractionMatrix, sample::SampledRow};
use crate::Error;

/// Rows of the sample that a partner is looked for in.
const PARTNER_ROWS: usize = 300;

/// One column's values against their contributions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dependence {
    /// Original column, or derived feature.
    pub feature: String,
    /// Words for people.
    pub label: String,
    /// The column with which it interacts most; `None` when it interacts with none.
    pub partner: Option<Partner>,
    /// What each value adds on average; numbers in ranges.
    pub effects: Vec<Effect>,
    /// The customers of the sample, lowest value first.
    pub points: Vec<DependencePoint>,
}

/// The column that changes another one's effect most.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Partner {
    /// Original column, or derived feature.
    pub feature: String,
    /// Words for people.
    pub label: String,
    /// Mean absolute interaction value of the two, both places of the matrix together.
    pub strength: f64,
    /// Customers of the sample it is the mean of.
    pub n_rows: usize,
}

/// One customer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DependencePoint {
    /// The customer's value; `None` when missing.
    pub value: Option<String>,
    /// The value as a number, for the axis; `None` for categories.
    pub number: Option<f64>,
    /// The contribution, on the model's scale.
    pub shap_value: f64,
    /// In probability points.
    pub points: f64,
    /// The partner's value, for the colour.
    pub partner_value: Option<String>,
    /// The partner's value as a number.
    pub partner_number: Option<f64>,
}

impl GlobalView<'_> {
    /// One column's values against their contributions, with the partner of the largest mean
    /// absolute interaction value. The partner comes from the view's interactions, or from a few
    /// hundred rows of its sample.
    ///
    /// # Errors
    /// [`Error::UnknownFeature`], and as [`crate::Scorer::explain`].
    pub fn dependence(&self, feature: &str) -> Result<Dependence, Error> {
        let group = self.group(feature)?;
        let partner = self.partner(group)?;
        let of = |row: &SampledRow, group: usize| {
            let number = row.numbers[group];
            (
                row.texts[group].clone(),
                (!number.is_nan()).then_some(number),
            )
        };
        let mut rows: Vec<&SampledRow> = self.rows().iter().collect();
        rows.sort_by(|a, b| {
            let by_number = a.numbers[group].total_cmp(&b.numbers[group]);
            let by_text = || a.texts[group].cmp(&b.texts[group]);
            by_number.then_with(by_text).then(a.rank.cmp(&b.rank))
        });
        let points = rows.into_iter().map(|row| {
            let (value, number) = of(row, group);
            let (partner_value, partner_number) = match &partner {
                Some((other, _)) => of(row, *other),
                None => (None, None),
            };
            DependencePoint {
                value,
                number,
                shap_value: row.shap[group],
                points: row.shap[group] * row.points_per_unit,
                partner_value,
                partner_number,
            }
        });
        Ok(Dependence {
            feature: feature.to_owned(),
            label: self.scorer.model().plan.groups[group].label.clone(),
            points: points.collect(),
            effects: self.effects(group),
            partner: partner.map(|(_, partner)| partner),
        })
    }

    /// The group that interacts most with `group`.
    fn partner(&self, group: usize) -> Result<Option<(usize, Partner)>, Error> {
        let n_rows = self.rows().len().min(PARTNER_ROWS);
        let own;
        let matrix = match &self.interactions {
            Some(matrix) => matrix,
            None => {
                own = InteractionMatrix::new(self.scorer, &self.rows()[..n_rows])?;
                &own
            }
        };
        let strengths = matrix.mean_abs[group].iter().enumerate();
        let best = strengths
            .filter(|&(other, &strength)| other != group && strength > 0.0)
            // Of equally strong ones the first.
            .max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
        Ok(best.map(|(other, strength)| {
            let found = &self.scorer.model().plan.groups[other];
            let partner = Partner {
                feature: found.name.clone(),
                label: found.label.clone(),
                strength: 2.0 * strength,
                n_rows: matrix.n_rows,
            };
            (other, partner)
        }))
    }
}
