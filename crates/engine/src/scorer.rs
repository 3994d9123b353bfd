//! One model version, ready to score.

use churn_explain::{Explainer, probability_points};
use churn_features::{GroupTexts, Matrix};
use churn_registry::Model;
use churn_retention::{Customer, Playbook, Recommendation};
use churn_schema::Table;

use crate::{
    Error, Reason, ScoredRow, ScoredTable,
    customer::RowValues,
    reasons::{reason, showable, strongest},
};

/// How many strongest reasons the playbook is told about, whatever number is shown.
const REASONS_FOR_OFFERS: usize = 5;

/// What a score comes with.
#[derive(Clone, Default)]
pub struct ScorerParams {
    /// Reasons per customer; 0 for none, which is faster. Default 0.
    pub n_reasons: usize,
    /// Where offers come from; `None` for no offers and the usual risk cut-offs.
    pub playbook: Option<Playbook>,
    /// Whether offers are worked out. Default false.
    pub with_offers: bool,
}

/// A model version with everything prepared that does not depend on the customer.
pub struct Scorer {
    version: String,
    model: Model,
    explainer: Option<Explainer>,
    showable: Vec<bool>,
    params: ScorerParams,
    playbook: Playbook,
}

impl Scorer {
    /// Prepares a model version.
    ///
    /// # Errors
    /// [`Error::Explain`] when the model can't be explained, [`Error::Playbook`] when no playbook
    /// was given and none can be made from the specification.
    pub fn new(version: String, model: Model, params: ScorerParams) -> Result<Self, Error> {
        let explains = params.n_reasons > 0 || params.with_offers;
        let explainer = if explains {
            let groups = model.plan.group_of_column();
            Some(Explainer::new(
                &model.predictor,
                &groups,
                model.plan.groups.len(),
            )?)
        } else {
            None
        };
        let playbook = match &params.playbook {
            Some(playbook) => playbook.clone(),
            None => Playbook::generic(&model.spec)?,
        };
        let showable = showable(&model.plan, &model.spec);
        Ok(Self {
            version,
            model,
            explainer,
            showable,
            params,
            playbook,
        })
    }

    /// The version it serves.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The model it serves.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// What explains it, when it was made with reasons.
    pub(crate) fn explainer(&self) -> Option<&Explainer> {
        self.explainer.as_ref()
    }

    /// Reasons per customer.
    #[must_use]
    pub fn n_reasons(&self) -> usize {
        self.params.n_reasons
    }

    /// Whether offers are worked out.
    #[must_use]
    pub fn with_offers(&self) -> bool {
        self.params.with_offers
    }

    /// The playbook in use.
    #[must_use]
    pub fn playbook(&self) -> &Playbook {
        &self.playbook
    }

    /// Calibrated probabilities of leaving, one per row.
    ///
    /// # Errors
    /// [`Error::Features`] when the table is of another specification,
    /// [`Error::NotAProbability`] when the model is broken.
    pub fn probabilities(&self, table: &Table) -> Result<Vec<f64>, Error> {
        let matrix = self.model.plan.transform(table)?;
        let mut margins = vec![0.0; matrix.n_rows()];
        self.model
            .predictor
            .margins_into(matrix.values(), &mut margins)?;
        self.calibrate(table, &margins)
    }

    /// Scores every row of `table`, in order.
    ///
    /// # Errors
    /// As [`Scorer::probabilities`], and [`Error::Explain`].
    pub fn score(&self, table: &Table) -> Result<ScoredTable, Error> {
        let matrix = self.model.plan.transform(table)?;
        let Some(explainer) = &self.explainer else {
            return self.without_reasons(table, &matrix);
        };
        let explanation = explainer.explain(matrix.values(), matrix.n_rows())?;
        let probabilities = self.calibrate(table, &explanation.margins)?;
        let texts = GroupTexts::new(&self.model.plan, table)?;
        let mut scored = ScoredTable::default();
        for (row, &probability) in probabilities.iter().enumerate() {
            let points: Vec<f64> = self.points(
                &explanation.contributions
                    [row * explanation.n_groups..(row + 1) * explanation.n_groups],
                explanation.base,
                explanation.margins[row],
            );
            let most = self.params.n_reasons.max(REASONS_FOR_OFFERS);
            let strongest = strongest(&points, &self.showable, most);
            let reasons: Vec<Reason> = strongest
                .iter()
                .take(self.params.n_reasons)
                .map(|&group| {
                    reason(
                        &self.model.spec,
                        &self.model.plan,
                        &texts,
                        group,
                        row,
                        points[group],
                    )
                })
                .collect();
            let offers = if self.params.with_offers {
                let raising: Vec<&str> = strongest
                    .iter()
                    .filter(|&&group| points[group] > 0.0)
                    .map(|&group| self.model.plan.groups[group].name.as_str())
                    .collect();
                self.offers(
                    table,
                    row,
                    probability,
                    &raising,
                    &mut scored.playbook_faults,
                )
            } else {
                Vec::new()
            };
            scored
                .rows
                .push(self.row(table, row, probability, reasons, offers));
        }
        Ok(scored)
    }

    /// Contributions of one row's groups in probability points, summing to the probability less
    /// that of the base, times 100.
    #[must_use]
    pub fn points(&self, contributions: &[f64], base: f64, margin: f64) -> Vec<f64> {
        let mut points = probability_points(contributions, base, margin, |margin| {
            self.model.probability(margin)
        });
        points.iter_mut().for_each(|point| *point *= 100.0);
        points
    }

    fn without_reasons(&self, table: &Table, matrix: &Matrix) -> Result<ScoredTable, Error> {
        let mut margins = vec![0.0; matrix.n_rows()];
        self.model
            .predictor
            .margins_into(matrix.values(), &mut margins)?;
        let probabilities = self.calibrate(table, &margins)?;
        let rows = probabilities
            .into_iter()
            .enumerate()
            .map(|(row, probability)| self.row(table, row, probability, Vec::new(), Vec::new()))
            .collect();
        Ok(ScoredTable {
            rows,
            playbook_faults: 0,
        })
    }

    fn calibrate(&self, table: &Table, margins: &[f64]) -> Result<Vec<f64>, Error> {
        margins
            .iter()
            .enumerate()
            .map(|(row, &margin)| {
                let value = self.model.probability(margin);
                if (0.0..=1.0).contains(&value) {
                    Ok(value)
                } else {
                    Err(Error::NotAProbability {
                        row: table.row_number(row),
                        value,
                    })
                }
            })
            .collect()
    }

    fn offers(
        &self,
        table: &Table,
        row: usize,
        probability: f64,
        reasons: &[&str],
        faults: &mut u64,
    ) -> Vec<Recommendation> {
        let monthly_revenue = self.model.spec.revenue().and_then(|column| {
            let numbers = table.numbers(&column.name)?;
            (!table.is_missing(&column.name, row)).then(|| numbers.value(row))
        });
        let values = RowValues { table, row };
        let advice = self.playbook.advise(&Customer {
            values: &values,
            probability,
            monthly_revenue,
            reasons,
        });
        *faults += advice.faults.len() as u64;
        advice.recommendations
    }

    fn row(
        &self,
        table: &Table,
        row: usize,
        churn_probability: f64,
        reasons: Vec<Reason>,
        offers: Vec<Recommendation>,
    ) -> ScoredRow {
        ScoredRow {
            key: table.keys().map(|keys| keys.value(row).to_owned()),
            row: table.row_number(row),
            churn_probability,
            risk_level: self.playbook.risk_level(churn_probability),
            reasons,
            offers,
        }
    }
}
