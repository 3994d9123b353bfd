//! What columns do in pairs for one customer.

use churn_schema::Table;
use serde::Serialize;

use crate::{Error, Scorer};

/// SHAP interaction values of one customer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InteractionValues {
    /// Original columns and derived features, in the order of the rows.
    pub feature_names: Vec<String>,
    /// One row per feature, symmetric: each row sums to the feature's contribution, on the diagonal
    /// is what it does on its own.
    pub values: Vec<Vec<f64>>,
    /// All pairs that have an effect, strongest first.
    pub pairs: Vec<Pair>,
}

/// What two columns do together, beyond what each does on its own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pair {
    /// The two.
    pub features: [String; 2],
    /// On the model's scale: both places of the matrix together.
    pub shap_value: f64,
    /// In probability points.
    pub impact: f64,
}

impl Scorer {
    /// The interaction values of row `row` of `table`. Needs a scorer made with reasons.
    ///
    /// # Errors
    /// As [`Scorer::explain`].
    pub fn interactions(&self, table: &Table, row: usize) -> Result<InteractionValues, Error> {
        let explainer = self.explainer().ok_or(Error::Unexplained)?;
        let plan = &self.model().plan;
        let matrix = plan.transform(&table.select(&[row]))?;
        let found = explainer.interactions(matrix.values(), 1)?;
        let names: Vec<String> = plan.groups.iter().map(|group| group.name.clone()).collect();
        let margin = *found.margins.first().ok_or(Error::Unexplained)?;
        let per_unit = self.points_per_unit(found.base, margin);
        let n_groups = names.len();
        let mut pairs = Vec::new();
        for one in 0..n_groups {
            for other in one + 1..n_groups {
                let shap_value = 2.0 * found.value(0, one, other);
                if shap_value != 0.0 {
                    pairs.push(Pair {
                        features: [names[one].clone(), names[other].clone()],
                        shap_value,
                        impact: shap_value * per_unit,
                    });
                }
            }
        }
        pairs.sort_by(|a, b| b.shap_value.abs().total_cmp(&a.shap_value.abs()));
        let rows = found.row(0).chunks(n_groups.max(1));
        Ok(InteractionValues {
            feature_names: names,
            values: rows.map(<[f64]>::to_vec).collect(),
            pairs,
        })
    }
}
