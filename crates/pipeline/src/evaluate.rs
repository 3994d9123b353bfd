//! Judging a registered model on labelled rows.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use churn_engine::{Home, Scorer, ScorerParams};
use churn_metrics::{
    CALIBRATION_BINS, CalibrationSummary, Interval, ReliabilityBin, bootstrap_all,
    calibration_summary, reliability_table,
};
use churn_registry::Card;
use churn_schema::{ReadOptions, read_all};
use serde::Serialize;

use crate::{Error, candidate::named, train::check_rejected};

/// How a model does on a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// The version judged.
    pub model_version: String,
    /// Good rows judged on.
    pub n_rows: u64,
    /// Rows refused.
    pub n_rejected: u64,
    /// Decision threshold behind precision, recall and the like.
    pub threshold: f64,
    /// Figures with 95 % bootstrap intervals.
    pub metrics: BTreeMap<String, Interval>,
    /// The calibration error beside what chance alone would show.
    pub calibration: CalibrationSummary,
    /// Ten bins of equal mass: what was said against what happened.
    pub reliability: Vec<ReliabilityBin>,
    /// Said when the file is the one the model was trained on.
    pub caution: Option<String>,
}

/// Sets of labels drawn to see what chance does to the calibration error.
const CHANCE_DRAWS: usize = 200;

/// Judges the model `reference` on the labelled rows of `path`.
///
/// # Errors
/// [`Error::Data`] when the file can't be read, [`Error::Registry`] when there is no such model.
pub fn evaluate(
    home: &Home,
    reference: &str,
    path: &Path,
    seed: u64,
    n_replicates: usize,
) -> Result<Evaluation, Error> {
    let (version, model) = home.registry().load(reference)?;
    let version = version.version.to_string();
    let spec = Arc::new(model.spec.clone());
    if spec.target().is_none() {
        return Err(Error::NoTarget {
            spec: spec.name.clone(),
        });
    }
    let (table, validation) = read_all(path, &spec, &ReadOptions::train())?;
    check_rejected(path, &validation)?;
    let labels = table.labels().ok_or_else(|| Error::NoRows {
        path: path.to_owned(),
        detail: ": not every row has a target".to_owned(),
    })?;
    let caution = caution(&model.card, validation.content_sha256.as_deref());
    let threshold = model.threshold;
    let probabilities =
        Scorer::new(version.clone(), model, ScorerParams::default())?.probabilities(&table)?;
    let metrics = bootstrap_all(&labels, &probabilities, threshold, seed, n_replicates)?;
    Ok(Evaluation {
        model_version: version,
        n_rows: validation.n_good,
        n_rejected: validation.n_rejected,
        threshold,
        metrics: named(&metrics),
        calibration: calibration_summary(
            &labels,
            &probabilities,
            CALIBRATION_BINS,
            seed,
            CHANCE_DRAWS,
        )?,
        reliability: reliability_table(&labels, &probabilities, 10)?,
        caution,
    })
}

/// What must be said when a file has had a part in making the model.
fn caution(card: &Card, sha256: Option<&str>) -> Option<String> {
    let judged_on = card.imported.as_ref().and_then(|of| of.judged_on.as_ref());
    let said = if sha256 == Some(card.trained_on.sha256.as_str()) {
        "this is the file the model was trained on: the figures are too good to hold for new customers"
    } else if judged_on.is_some_and(|rows| sha256 == Some(rows.sha256.as_str())) {
        "calibrator and threshold were chosen on this very file: the figures are somewhat too good"
    } else {
        return None;
    };
    Some(said.to_owned())
}
