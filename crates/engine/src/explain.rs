//! One customer's score in full: every contribution, and what they sum to.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use churn_ensemble::Output;
use churn_retention::{Choice, Recommendation, RiskLevel};
use churn_schema::{ReadOptions, Table, open_table};
use serde::Serialize;

use crate::{
    Counterfactual, Error, InteractionValues, Scorer,
    merge::TableMerges,
    reasons::{Impact, write_impact},
    scores::Scores,
};

/// What one original column (or derived feature) adds to the score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contribution {
    /// Original column, or derived feature.
    pub feature: String,
    /// The customer's value; `None` when missing.
    pub value: Option<String>,
    /// On the model's scale; all of them and the base value sum to the margin.
    pub shap_value: f64,
    /// Probability points; all of them sum to the probability less the base probability, × 100.
    pub impact: f64,
    /// The sentence.
    pub text: String,
    /// Whether it is a protected attribute: part of the sum, and no reason to make an offer.
    pub protected: bool,
}

/// A contribution in words, or several that say the same thing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Statement {
    /// Original columns and derived features it stands for.
    pub features: Vec<String>,
    /// The sentence, e.g. `month-to-month contract`.
    pub sentence: String,
    /// On the model's scale; of several, their sum.
    pub shap_value: f64,
    /// Probability points; of several, their sum.
    pub impact: f64,
    /// Whether it is a protected attribute: part of the sum, and no reason to make an offer.
    pub protected: bool,
}

/// How far one customer is explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// Contributions of single columns.
    #[default]
    Contributions,
    /// What columns do in pairs too.
    Interactions,
}

/// A score with everything behind it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplainedCustomer {
    /// The key, when there is one.
    pub customer_id: Option<String>,
    /// The version that scored.
    pub model_version: String,
    /// Version of the features.
    pub feature_set_version: String,
    /// Calibrated probability of leaving.
    pub churn_probability: f64,
    /// Lower end of the interval around it; `None` when the model stores no intervals.
    pub probability_low: Option<f64>,
    /// Upper end of it.
    pub probability_high: Option<f64>,
    /// LOW, MEDIUM or HIGH.
    pub risk_level: RiskLevel,
    /// Calibrated probability at the base value: the average customer.
    pub base_probability: f64,
    /// What margin, base value and contributions are: log-odds, or a share for a forest.
    pub output: Output,
    /// Expected margin.
    pub base_value: f64,
    /// Background rows the contributions are against; 0 for the training data the model remembers.
    pub n_background: usize,
    /// The customer's margin.
    pub margin: f64,
    /// All contributions, strongest first.
    pub contributions: Vec<Contribution>,
    /// The same sum in words: columns that say the same thing are one statement. Strongest first.
    pub statements: Vec<Statement>,
    /// Offers that pay, best first.
    pub offers: Vec<Recommendation>,
    /// What the columns do in pairs; filled in by [`Scorer::explain_customer`] and
    /// [`Scorer::explain_values`] when asked for.
    pub interactions: Option<InteractionValues>,
    /// What would lower the risk; filled in by [`Scorer::explain_customer`] and
    /// [`Scorer::explain_values`].
    pub counterfactuals: Vec<Counterfactual>,
    /// Columns that had no value, as the model saw them.
    pub missing: Vec<String>,
}

impl Scorer {
    /// Explains row `row` of `table` in full. Needs a scorer made with reasons.
    ///
    /// # Errors
    /// As [`Scorer::score`]; a scorer without reasons gives [`Error::Unexplained`].
    pub fn explain(&self, table: &Table, row: usize) -> Result<ExplainedCustomer, Error> {
        let one = table.select(&[row]);
        self.scores(&one)?.explained(0)
    }

    /// Finds a customer by key in a file and explains the score.
    ///
    /// # Errors
    /// [`Error::UnknownCustomer`], [`Error::NoKey`], and as [`Scorer::explain`].
    pub fn explain_customer(
        &self,
        path: &Path,
        key: &str,
        depth: Depth,
    ) -> Result<ExplainedCustomer, Error> {
        let spec = Arc::new(self.model().spec.clone());
        if spec.key().is_none() {
            return Err(Error::NoKey {
                dataset: spec.name.clone(),
            });
        }
        let mut hint = String::new();
        for chunk in open_table(path, &spec, &ReadOptions::score())? {
            let parsed = chunk?.parse();
            let found = parsed
                .table
                .keys()
                .and_then(|keys| (0..parsed.table.n_rows()).find(|&row| keys.value(row) == key));
            if let Some(row) = found {
                return self.explain_fully(&parsed.table, row, depth);
            }
            if let Some(rejected) = parsed.rejected.iter().find(|row| names(&row.raw, key)) {
                let faults: Vec<String> =
                    rejected.faults.iter().map(|f| format!("{f:#}")).collect();
                hint = format!("; a refused row names it: {}", faults.join("; "));
            }
        }
        Err(Error::UnknownCustomer {
            key: key.to_owned(),
            path: path.to_owned(),
            hint,
        })
    }

    /// Explains a customer given as values by column. Columns left out count as missing.
    ///
    /// # Errors
    /// [`Error::RowRefused`] with the faults, and as [`Scorer::explain`].
    pub fn explain_values(
        &self,
        values: BTreeMap<String, serde_json::Value>,
        depth: Depth,
    ) -> Result<ExplainedCustomer, Error> {
        let spec = Arc::new(self.model().spec.clone());
        let parsed = Table::from_rows(&spec, &[values]);
        if parsed.table.n_rows() == 0 {
            let faults = parsed.rejected.iter().flat_map(|row| &row.faults);
            let faults = faults
                .map(|fault| format!("{fault:#}"))
                .collect::<Vec<_>>()
                .join("; ");
            return Err(Error::RowRefused { faults });
        }
        self.explain_fully(&parsed.table, 0, depth)
    }

    /// As [`Scorer::explain`], with what would lower the risk.
    fn explain_fully(
        &self,
        table: &Table,
        row: usize,
        depth: Depth,
    ) -> Result<ExplainedCustomer, Error> {
        let mut explained = self.explain(table, row)?;
        explained.counterfactuals = self.counterfactuals(table, row)?;
        if depth == Depth::Interactions {
            explained.interactions = Some(self.interactions(table, row)?);
        }
        Ok(explained)
    }
}

impl Scores<'_> {
    /// Row `row` in full.
    pub(crate) fn explained(&self, row: usize) -> Result<ExplainedCustomer, Error> {
        let why = self.why.as_ref().ok_or(Error::Unexplained)?;
        let (scorer, explanation) = (self.scorer, &why.explanation);
        let model = scorer.model();
        let (values, margin) = (explanation.row(row), explanation.margins[row]);
        let points = scorer.points(values, explanation.base, margin);
        let sentence = |impact: &Impact| {
            let mut text = String::new();
            scorer.sentences().write(&why.texts, impact, row, &mut text);
            text
        };
        let mut contributions: Vec<Contribution> = (0..points.len())
            .map(|group| {
                let impact = Impact {
                    group,
                    points: points[group],
                    merge: None,
                };
                let mut text = sentence(&impact);
                write_impact(impact.points, &mut text);
                Contribution {
                    feature: model.plan.groups[group].name.clone(),
                    value: why.texts.text(group, row),
                    shap_value: values[group],
                    impact: impact.points,
                    text,
                    protected: !scorer.showable()[group],
                }
            })
            .collect();
        contributions.sort_by(|a, b| b.impact.abs().total_cmp(&a.impact.abs()));
        let missing = model
            .spec
            .features()
            .filter(|column| self.table.is_missing(&column.name, row))
            .map(|column| column.name.clone())
            .collect();
        let interval = self.interval(row);
        Ok(ExplainedCustomer {
            customer_id: self.key(row).map(str::to_owned),
            model_version: scorer.version().to_owned(),
            feature_set_version: model.plan.fingerprint(),
            churn_probability: self.probabilities[row],
            probability_low: interval.map(|(low, _)| low),
            probability_high: interval.map(|(_, high)| high),
            risk_level: self.risk_level(row),
            base_probability: model.probability(explanation.base),
            output: model.predictor.output(),
            base_value: explanation.base,
            n_background: scorer.n_background(),
            margin,
            contributions,
            statements: self.statements(row, points, &sentence)?,
            offers: self.offers.row(row).iter().map(Choice::describe).collect(),
            interactions: None,
            counterfactuals: Vec::new(),
            missing,
        })
    }

    /// All contributions of a row in words, strongest first.
    fn statements(
        &self,
        row: usize,
        mut points: Vec<f64>,
        sentence: &dyn Fn(&Impact) -> String,
    ) -> Result<Vec<Statement>, Error> {
        let why = self.why.as_ref().ok_or(Error::Unexplained)?;
        let sentences = self.scorer.sentences();
        let mut merged = vec![None; points.len()];
        TableMerges::new(&sentences.merges, &why.texts).apply(row, &mut points, &mut merged);
        let (values, names) = (why.explanation.row(row), &self.scorer.model().plan.groups);
        let impacts = (0..points.len()).map(|group| Impact {
            group,
            points: points[group],
            merge: merged[group],
        });
        let is_told = |group: usize| {
            let mut merges = merged.iter().flatten();
            merges.any(|&merge| sentences.merges[merge].groups[1..].contains(&group))
        };
        let mut statements: Vec<Statement> = impacts
            .filter(|impact| !is_told(impact.group))
            .map(|impact| {
                let groups = sentences.groups(&impact);
                Statement {
                    features: groups.iter().map(|&g| names[g].name.clone()).collect(),
                    sentence: sentence(&impact),
                    shap_value: groups.iter().map(|&group| values[group]).sum(),
                    impact: impact.points,
                    protected: !self.scorer.showable()[impact.group],
                }
            })
            .collect();
        statements.sort_by(|a, b| b.impact.abs().total_cmp(&a.impact.abs()));
        Ok(statements)
    }
}

/// Whether a raw row holds `key` as a word of its own: `7` is not in `1970`.
fn names(raw: &str, key: &str) -> bool {
    !key.is_empty()
        && raw.match_indices(key).any(|(start, found)| {
            let before = raw[..start].chars().next_back();
            let after = raw[start + found.len()..].chars().next();
            ![before, after]
                .into_iter()
                .flatten()
                .any(char::is_alphanumeric)
        })
}
