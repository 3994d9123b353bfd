//! One customer's score in full: every contribution, and what they sum to.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use churn_ensemble::Output;
use churn_features::GroupTexts;
use churn_retention::{Recommendation, RiskLevel};
use churn_schema::{ReadOptions, Table, open_table};
use serde::Serialize;

use crate::{
    Error, Scorer,
    reasons::{Impact, write_reason},
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
    /// LOW, MEDIUM or HIGH.
    pub risk_level: RiskLevel,
    /// Calibrated probability at the base value: the average customer.
    pub base_probability: f64,
    /// What margin, base value and contributions are: log-odds, or a share for a forest.
    pub output: Output,
    /// Expected margin.
    pub base_value: f64,
    /// The customer's margin.
    pub margin: f64,
    /// All contributions, strongest first.
    pub contributions: Vec<Contribution>,
    /// Offers that pay, best first.
    pub offers: Vec<Recommendation>,
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
        let scored = self.score(&one)?;
        let explainer = self.explainer().ok_or(Error::Unexplained)?;
        let Some(scored) = scored.rows.into_iter().next() else {
            return Err(Error::Unexplained);
        };
        let model = self.model();
        let matrix = model.plan.transform(&one)?;
        let explanation = explainer.explain(matrix.values(), 1)?;
        let margin = explanation.margins[0];
        let points = self.points(explanation.row(0), explanation.base, margin);
        let texts = GroupTexts::new(&model.plan, &one)?;
        let mut contributions: Vec<Contribution> = (0..points.len())
            .map(|group| {
                let impact = Impact {
                    group,
                    points: points[group],
                };
                let mut text = String::new();
                write_reason(&self.sentences()[group], &texts, &impact, 0, &mut text);
                Contribution {
                    feature: model.plan.groups[group].name.clone(),
                    value: texts.text(group, 0),
                    shap_value: explanation.row(0)[group],
                    impact: points[group],
                    text,
                }
            })
            .collect();
        contributions.sort_by(|a, b| b.impact.abs().total_cmp(&a.impact.abs()));
        let missing = model
            .spec
            .features()
            .filter(|column| one.is_missing(&column.name, 0))
            .map(|column| column.name.clone())
            .collect();
        Ok(ExplainedCustomer {
            customer_id: scored.key,
            model_version: self.version().to_owned(),
            feature_set_version: model.plan.fingerprint(),
            churn_probability: scored.churn_probability,
            risk_level: scored.risk_level,
            base_probability: model.probability(explanation.base),
            output: model.predictor.output(),
            base_value: explanation.base,
            margin,
            contributions,
            offers: scored.offers,
            missing,
        })
    }

    /// Finds a customer by key in a file and explains the score.
    ///
    /// # Errors
    /// [`Error::UnknownCustomer`], [`Error::NoKey`], and as [`Scorer::explain`].
    pub fn explain_customer(&self, path: &Path, key: &str) -> Result<ExplainedCustomer, Error> {
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
                return self.explain(&parsed.table, row);
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
        self.explain(&parsed.table, 0)
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
