//! Contributions of every customer as CSV, Parquet or JSON lines.
//!
//! Columns: the key, `churn_probability`, `base_value`, `margin`, then `shap_` and after them
//! `impact_` with the name of each original column and derived feature, then `model_version`.
//! `base_value` and all `shap_` columns sum to `margin`.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use churn_schema::write_number;
use serde::Serialize;

use super::{Encoded, Head, OutputFormat, json::push_line, quote};
use crate::{
    Error, Scorer,
    number::write_fixed,
    scores::{Scores, Why},
};

/// What the columns of an explained file are.
pub(crate) struct ExplainedLayout {
    key: Option<String>,
    features: Vec<String>,
    model_version: String,
}

impl ExplainedLayout {
    pub(crate) fn new(scorer: &Scorer) -> Self {
        let model = scorer.model();
        let groups = model.plan.groups.iter();
        Self {
            key: model.spec.key().map(|column| column.name.clone()),
            features: groups.map(|group| group.name.clone()).collect(),
            model_version: scorer.version().to_owned(),
        }
    }

    fn names(&self) -> Vec<String> {
        let first = self.key.clone().unwrap_or_else(|| "row".to_owned());
        let fixed = ["churn_probability", "base_value", "margin"].map(str::to_owned);
        let with = |prefix: &'static str| {
            let features = self.features.iter();
            features.map(move |feature| format!("{prefix}_{feature}"))
        };
        std::iter::once(first)
            .chain(fixed)
            .chain(with("shap"))
            .chain(with("impact"))
            .chain(["model_version".to_owned()])
            .collect()
    }

    fn schema(&self) -> SchemaRef {
        let names = self.names();
        let n_names = names.len();
        let fields = names.into_iter().enumerate().map(|(place, name)| {
            let is_text = place == 0 || place + 1 == n_names;
            let kind = if is_text {
                DataType::Utf8
            } else {
                DataType::Float64
            };
            Field::new(name, kind, false)
        });
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }
}

/// The head of an explained file.
pub(crate) fn explained_head(format: OutputFormat, layout: &ExplainedLayout) -> Head {
    match format {
        OutputFormat::Csv => {
            let mut line = Vec::new();
            for (place, name) in layout.names().iter().enumerate() {
                if place > 0 {
                    line.push(b',');
                }
                quote(&mut line, name);
            }
            line.push(b'\n');
            Head::Text(line)
        }
        OutputFormat::JsonLines => Head::Text(Vec::new()),
        OutputFormat::Parquet => Head::Parquet(layout.schema()),
    }
}

/// The rows of an explained chunk.
pub(crate) fn encode_explained(
    format: OutputFormat,
    layout: &ExplainedLayout,
    scores: &Scores<'_>,
) -> Result<Encoded, Error> {
    let why = scores.why.as_ref().ok_or(Error::Unexplained)?;
    match format {
        OutputFormat::Csv => Ok(Encoded::Text(csv(layout, scores, why))),
        OutputFormat::JsonLines => Ok(Encoded::Text(json_lines(layout, scores, why))),
        OutputFormat::Parquet => {
            batch(layout, scores, why)
                .map(Encoded::Parquet)
                .map_err(|fault| Error::Encode {
                    fault: fault.to_string(),
                })
        }
    }
}

fn key(scores: &Scores<'_>, row: usize) -> String {
    let key = scores.key(row).map(str::to_owned);
    key.unwrap_or_else(|| scores.table.row_number(row).to_string())
}

fn points(scores: &Scores<'_>, why: &Why<'_>, row: usize) -> Vec<f64> {
    let explanation = &why.explanation;
    let margin = explanation.margins[row];
    scores
        .scorer
        .points(explanation.row(row), explanation.base, margin)
}

fn csv(layout: &ExplainedLayout, scores: &Scores<'_>, why: &Why<'_>) -> Vec<u8> {
    let (mut out, mut text) = (Vec::new(), String::new());
    for row in 0..scores.n_rows() {
        quote(&mut out, &key(scores, row));
        text.clear();
        text.push(',');
        write_fixed(scores.probabilities[row], 6, &mut text);
        let margin = why.explanation.margins[row];
        let exact = [why.explanation.base, margin].into_iter();
        for value in exact.chain(why.explanation.row(row).iter().copied()) {
            text.push(',');
            // In full, so that the sums can be checked.
            write_number(value, &mut text);
        }
        for points in points(scores, why, row) {
            text.push(',');
            write_fixed(points, 4, &mut text);
        }
        text.push(',');
        out.extend_from_slice(text.as_bytes());
        quote(&mut out, &layout.model_version);
        out.push(b'\n');
    }
    out
}

/// One customer as a line.
#[derive(Serialize)]
struct Line<'a> {
    customer_id: Option<&'a str>,
    row: u64,
    churn_probability: f64,
    base_value: f64,
    margin: f64,
    feature_names: &'a [String],
    shap_values: &'a [f64],
    impacts: Vec<f64>,
    model_version: &'a str,
}

fn json_lines(layout: &ExplainedLayout, scores: &Scores<'_>, why: &Why<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    for row in 0..scores.n_rows() {
        let line = Line {
            customer_id: scores.key(row),
            row: scores.table.row_number(row),
            churn_probability: scores.probabilities[row],
            base_value: why.explanation.base,
            margin: why.explanation.margins[row],
            feature_names: &layout.features,
            shap_values: why.explanation.row(row),
            impacts: points(scores, why, row),
            model_version: &layout.model_version,
        };
        push_line(&line, &mut out);
    }
    out
}

fn batch(
    layout: &ExplainedLayout,
    scores: &Scores<'_>,
    why: &Why<'_>,
) -> Result<RecordBatch, ArrowError> {
    let explanation = &why.explanation;
    let (n_rows, n_groups) = (scores.n_rows(), explanation.n_groups);
    let numbers = |of: &dyn Fn(usize) -> f64| -> ArrayRef {
        Arc::new((0..n_rows).map(of).collect::<Float64Array>())
    };
    let points: Vec<Vec<f64>> = (0..n_rows).map(|row| points(scores, why, row)).collect();
    let keys = (0..n_rows).map(|row| Some(key(scores, row)));
    let versions = (0..n_rows).map(|_| Some(layout.model_version.as_str()));
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(keys.collect::<StringArray>()),
        numbers(&|row| scores.probabilities[row]),
        numbers(&|_| explanation.base),
        numbers(&|row| explanation.margins[row]),
    ];
    columns.extend((0..n_groups).map(|group| numbers(&|row| explanation.row(row)[group])));
    columns.extend((0..n_groups).map(|group| numbers(&|row| points[row][group])));
    columns.push(Arc::new(versions.collect::<StringArray>()));
    RecordBatch::try_new(layout.schema(), columns)
}
