//! One model version, ready to score.

use churn_explain::{Explainer, probability_points};
use churn_features::GroupTexts;
use churn_registry::Model;
use churn_retention::{Customer, Playbook};
use churn_schema::Table;

use crate::{
    Error, ScoredTable,
    customer::PlaybookColumns,
    merge::TableMerges,
    ragged::Ragged,
    reasons::{Impact, Sentences, showable, strongest_into},
    scores::{Scores, Why},
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
    n_background: usize,
    showable: Vec<bool>,
    sentences: Sentences,
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
        let sentences = Sentences::new(&model.plan, &model.spec);
        Ok(Self {
            version,
            model,
            explainer,
            n_background: 0,
            showable,
            sentences,
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

    pub(crate) fn replace_explainer(&mut self, explainer: Explainer, n_background: usize) {
        self.explainer = Some(explainer);
        self.n_background = n_background;
    }

    /// Background rows that scores are explained against; 0 for the training data the model
    /// remembers.
    #[must_use]
    pub fn n_background(&self) -> usize {
        self.n_background
    }

    /// How the groups of the plan are spoken of.
    pub(crate) fn sentences(&self) -> &Sentences {
        &self.sentences
    }

    /// Which groups of the plan may be shown as reasons.
    pub(crate) fn showable(&self) -> &[bool] {
        &self.showable
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
        self.calibrate(table, &self.margins(table)?)
    }

    /// The predictor's margin of every row.
    fn margins(&self, table: &Table) -> Result<Vec<f64>, Error> {
        let matrix = self.model.plan.transform(table)?;
        let mut margins = vec![0.0; matrix.n_rows()];
        self.model
            .predictor
            .margins_into(matrix.values(), &mut margins)?;
        Ok(margins)
    }

    /// Scores every row of `table`, in order.
    ///
    /// # Errors
    /// As [`Scorer::probabilities`], and [`Error::Explain`].
    pub fn score(&self, table: &Table) -> Result<ScoredTable, Error> {
        Ok(self.scores(table)?.rows())
    }

    /// Scores every row without reasons and offers, in order, whatever the scorer was made with.
    ///
    /// # Errors
    /// As [`Scorer::probabilities`].
    pub fn score_plain(&self, table: &Table) -> Result<ScoredTable, Error> {
        let mut scores = self.no_scores(table);
        self.fill_probabilities(&mut scores)?;
        Ok(scores.rows())
    }

    /// The scores of every row as figures.
    pub(crate) fn scores<'a>(&'a self, table: &'a Table) -> Result<Scores<'a>, Error> {
        let mut scores = self.no_scores(table);
        match &self.explainer {
            Some(explainer) => self.explain_all(explainer, &mut scores)?,
            None => self.fill_probabilities(&mut scores)?,
        }
        Ok(scores)
    }

    fn no_scores<'a>(&'a self, table: &'a Table) -> Scores<'a> {
        Scores {
            scorer: self,
            table,
            margins: Vec::new(),
            probabilities: Vec::new(),
            why: None,
            reasons: Ragged::with_capacity(0),
            offers: Ragged::with_capacity(0),
            playbook_faults: 0,
        }
    }

    /// Fills in the probability of every row and nothing else.
    fn fill_probabilities(&self, scores: &mut Scores<'_>) -> Result<(), Error> {
        scores.margins = self.margins(scores.table)?;
        scores.probabilities = self.calibrate(scores.table, &scores.margins)?;
        Ok(())
    }

    /// Fills in everything of every row.
    fn explain_all<'a>(
        &'a self,
        explainer: &Explainer,
        scores: &mut Scores<'a>,
    ) -> Result<(), Error> {
        let table = scores.table;
        let matrix = self.model.plan.transform(table)?;
        let n_rows = matrix.n_rows();
        let explanation = explainer
            .explain(matrix.values(), n_rows)
            .map_err(|fault| of_row(fault, table))?;
        let texts = GroupTexts::new(&self.model.plan, table)?;
        let merges = TableMerges::new(&self.sentences.merges, &texts);
        scores.probabilities = self.calibrate(table, &explanation.margins)?;
        scores.margins.clone_from(&explanation.margins);
        scores.reasons = Ragged::with_capacity(n_rows);
        scores.offers = Ragged::with_capacity(n_rows);
        let columns = PlaybookColumns::new(table, self.playbook.used_columns());
        let mut adviser = self.playbook.adviser();
        let (mut strongest, mut raising) = (Vec::new(), Vec::new());
        let mut merged = vec![None; explanation.n_groups];
        let most = self.params.n_reasons.max(REASONS_FOR_OFFERS);
        for (row, &probability) in scores.probabilities.iter().enumerate() {
            let margin = explanation.margins[row];
            let mut points = self.points(explanation.row(row), explanation.base, margin);
            merges.apply(row, &mut points, &mut merged);
            strongest_into(&points, &self.showable, most, &mut strongest);
            let impact = |&group: &usize| Impact {
                group,
                points: points[group],
                merge: merged[group],
            };
            let shown = strongest.iter().take(self.params.n_reasons);
            scores.reasons.push(shown.map(impact));
            if self.params.with_offers {
                self.raising_into(strongest.iter().map(impact), &mut raising);
                let choices = adviser.choose(&Customer {
                    values: &columns.row(row),
                    probability,
                    monthly_revenue: columns.revenue(row),
                    reasons: &raising,
                });
                scores.playbook_faults += choices.faults.len() as u64;
                scores.offers.push(choices.offers);
            }
        }
        scores.why = Some(Why { explanation, texts });
        Ok(())
    }

    /// The names of the features among `impacts` that raise the risk.
    fn raising_into<'s>(
        &'s self,
        impacts: impl Iterator<Item = Impact>,
        raising: &mut Vec<&'s str>,
    ) {
        raising.clear();
        for impact in impacts.filter(|impact| impact.points > 0.0) {
            let groups = self.sentences.groups(&impact).iter();
            raising.extend(groups.map(|&group| self.model.plan.groups[group].name.as_str()));
        }
    }

    /// What raises the risk of a scored row, strongest first: the reasons offers are chosen by.
    pub(crate) fn raising(&self, scores: &Scores<'_>, row: usize) -> Result<Vec<&str>, Error> {
        let why = scores.why.as_ref().ok_or(Error::Unexplained)?;
        let explanation = &why.explanation;
        let margin = explanation.margins[row];
        let mut points = self.points(explanation.row(row), explanation.base, margin);
        let mut merged = vec![None; points.len()];
        let merges = TableMerges::new(&self.sentences.merges, &why.texts);
        merges.apply(row, &mut points, &mut merged);
        let (mut strongest, mut raising) = (Vec::new(), Vec::new());
        let most = self.params.n_reasons.max(REASONS_FOR_OFFERS);
        strongest_into(&points, &self.showable, most, &mut strongest);
        let impacts = strongest.iter().map(|&group| Impact {
            group,
            points: points[group],
            merge: merged[group],
        });
        self.raising_into(impacts, &mut raising);
        Ok(raising)
    }

    /// Probability points per unit of contribution, for a row of this margin.
    pub(crate) fn points_per_unit(&self, base: f64, margin: f64) -> f64 {
        self.points(&[1.0], base, margin)[0]
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
}

/// A fault that names the row of the data instead of that of the matrix.
fn of_row(fault: churn_explain::Error, table: &Table) -> churn_explain::Error {
    match fault {
        churn_explain::Error::NotAdditive { row, gap } => churn_explain::Error::NotAdditive {
            row: usize::try_from(table.row_number(row)).unwrap_or(row),
            gap,
        },
        other => other,
    }
}
