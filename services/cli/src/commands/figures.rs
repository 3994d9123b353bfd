//! Calibration and comparisons of candidates as text.

use churn_pipeline::{CandidateOutcome, TrainOutcome};
use churn_registry::{CalibrationSummary, CardFigures, ReliabilityBin};

use super::{grouped, percent};
use crate::table::TextTable;

/// What was said against what happened, in bins of equal mass.
pub(crate) fn reliability(bins: &[ReliabilityBin]) -> String {
    let mut table = TextTable::new(&[">said", ">happened", "95 % interval", ">customers", ">left"]);
    for bin in bins {
        table.row(vec![
            percent(bin.mean_probability),
            percent(bin.observed_rate),
            format!("[{}, {}]", percent(bin.rate_low), percent(bin.rate_high)),
            grouped(bin.n_rows as u64),
            grouped(bin.n_positive as u64),
        ]);
    }
    table.render()
}

/// A calibration error beside what chance alone would show.
pub(crate) fn judged(summary: &CalibrationSummary) -> String {
    let chance = &summary.if_calibrated;
    let verdict = if summary.is_like_calibrated() {
        "as of a calibrated model"
    } else {
        "more than chance"
    };
    format!(
        "{:.4}, {verdict} ({:.4} [{:.4}, {:.4}])",
        summary.ece, chance.mean, chance.low, chance.high
    )
}

/// What calibration did to every candidate, on the out-of-fold rows of the first repeat.
pub(crate) fn calibration(outcome: &TrainOutcome) -> String {
    let mut table = TextTable::new(&[
        "model",
        "calibration",
        ">said before",
        ">after",
        ">happened",
        ">error before",
        "error after (a calibrated model's)",
    ]);
    for candidate in &outcome.candidates {
        let report = &candidate.calibration_report;
        table.row(vec![
            candidate.algorithm.clone(),
            report.kind.clone(),
            percent(report.before.mean_probability),
            percent(report.after.mean_probability),
            percent(report.after.observed_rate),
            format!("{:.4}", report.before.ece),
            judged(&report.after),
        ]);
    }
    let mut parts = vec![format!(
        "calibration of out-of-fold probabilities\n{}",
        table.render()
    )];
    parts.extend(outcome.candidates.iter().filter_map(resampled));
    let chosen = outcome
        .candidates
        .iter()
        .find(|candidate| outcome.champion.as_ref() == Some(&candidate.version));
    if let Some(chosen) = chosen {
        parts.push(format!(
            "reliability of {}\n{}",
            chosen.algorithm,
            reliability(&chosen.calibration_report.reliability)
        ));
    }
    parts.join("\n\n")
}

/// What resampling did, when there was any.
fn resampled(candidate: &CandidateOutcome) -> Option<String> {
    let method = candidate.params.get("resampling")?.get("method")?;
    let report = &candidate.calibration_report;
    Some(format!(
        "resampling ({}) moved the mean probability of {} to {} where {} left, calibration error {:.4}; {} calibration brought them to {} and {:.4}",
        method.as_str().unwrap_or_default(),
        candidate.algorithm,
        percent(report.before.mean_probability),
        percent(report.before.observed_rate),
        report.before.ece,
        report.kind,
        percent(report.after.mean_probability),
        report.after.ece
    ))
}

/// Each pair of candidates: areas under the curve and profit, row by row.
pub(crate) fn comparisons(outcome: &TrainOutcome) -> Option<String> {
    let lines: Vec<String> = outcome
        .comparisons
        .iter()
        .flat_map(|comparison| comparison.sentences.iter().take(2))
        .map(|sentence| format!("  - {sentence}"))
        .collect();
    (!lines.is_empty()).then(|| format!("pairs\n{}", lines.join("\n")))
}

/// Features shown of a card at most.
const SHOWN: usize = 15;

/// What a card shows of the inside of a model; nothing for a card without figures.
pub(crate) fn figures(figures: &CardFigures) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some(importances) = &figures.importances {
        let mut table = TextTable::new(&["feature", ">share"]);
        for feature in importances.features.iter().take(SHOWN) {
            table.row(vec![feature.label.clone(), percent(feature.share)]);
        }
        parts.push(format!(
            "importances by {}\n{}",
            importances.kind.words(),
            table.render()
        ));
    }
    if !figures.coefficients.is_empty() {
        let mut table = TextTable::new(&["coefficient", ">log-odds", ">per", ">odds times"]);
        for coefficient in figures.coefficients.iter().take(SHOWN) {
            table.row(vec![
                coefficient.label.clone(),
                format!("{:+.4}", coefficient.log_odds),
                format!("{:.4}", coefficient.per),
                format!("{:.3}", coefficient.log_odds.exp()),
            ]);
        }
        parts.push(table.render());
    }
    if let Some(own) = &figures.out_of_bag {
        parts.push(format!(
            "out of bag: ROC-AUC {:.4}, log loss {:.4} on {} rows",
            own.roc_auc,
            own.log_loss,
            grouped(own.n_rows)
        ));
    }
    if let Some(report) = &figures.calibration {
        parts.push(format!(
            "calibration ({}): error {} before, {} after\n{}",
            report.kind,
            judged(&report.before),
            judged(&report.after),
            reliability(&report.reliability)
        ));
    }
    parts
}
