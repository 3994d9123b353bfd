//! What a card shows of the inside of a model: importances, coefficients, curves.

use std::collections::BTreeMap;

use churn_ensemble::{ImportanceKind, Predictor, xgboost};
use churn_features::{Encoding, FittedPlan};
use churn_registry::{CardFigures, Coefficient, FeatureImportance, Importances, OutOfBag};
use churn_zoo::{Algorithm, Evidence};

/// The figures of a fitted candidate. `native` is the trainer's own file, where there is one.
pub(crate) fn figures(
    algorithm: Algorithm,
    plan: &FittedPlan,
    predictor: &Predictor,
    native: Option<&[u8]>,
    evidence: &Evidence,
    out_of_bag: Option<OutOfBag>,
) -> CardFigures {
    CardFigures {
        calibration: Some(evidence.calibration_report.clone()),
        profit_curve: Some(evidence.profit_curve.clone()),
        importances: importances(algorithm, plan, predictor, native),
        coefficients: coefficients(plan, predictor),
        out_of_bag,
        usual: BTreeMap::new(),
    }
}

/// Shares of the original columns, largest first.
fn importances(
    algorithm: Algorithm,
    plan: &FittedPlan,
    predictor: &Predictor,
    native: Option<&[u8]>,
) -> Option<Importances> {
    // The trainer's file knows the gains; the model as data keeps what serving needs.
    let gains = native
        .filter(|_| algorithm == Algorithm::Xgboost)
        .and_then(|bytes| xgboost::gains_ubj(bytes, plan.n_columns()).ok())
        .map(|gains| (ImportanceKind::Gain, gains));
    let (kind, columns) = gains.or_else(|| predictor.importances())?;
    Some(shares(plan, kind, columns))
}

/// What the card of a model trained elsewhere shows of its inside before it is judged.
pub(crate) fn figures_of_imported(plan: &FittedPlan, predictor: &Predictor) -> CardFigures {
    CardFigures {
        importances: predictor
            .importances()
            .map(|(kind, columns)| shares(plan, kind, columns)),
        coefficients: coefficients(plan, predictor),
        ..CardFigures::default()
    }
}

/// Sums matrix columns into features, largest share first.
fn shares(plan: &FittedPlan, kind: ImportanceKind, columns: Vec<f64>) -> Importances {
    let mut features: Vec<FeatureImportance> = plan
        .groups
        .iter()
        .map(|group| FeatureImportance {
            feature: group.name.clone(),
            label: group.label.clone(),
            share: 0.0,
        })
        .collect();
    for (column, share) in plan.columns.iter().zip(columns) {
        if let Some(feature) = features.get_mut(column.group as usize) {
            feature.share += share;
        }
    }
    features.sort_by(|a, b| b.share.total_cmp(&a.share));
    Importances { kind, features }
}

/// Coefficients of a linear model with labels for readers, strongest first.
fn coefficients(plan: &FittedPlan, predictor: &Predictor) -> Vec<Coefficient> {
    let Predictor::Linear(linear) = predictor else {
        return Vec::new();
    };
    let mut values = linear.coefficients().iter();
    let mut coefficients = Vec::with_capacity(linear.n_features());
    for (group, feature) in plan.groups.iter().zip(&plan.features) {
        for (words, per) in column_words(&feature.encoding) {
            let Some(&log_odds) = values.next() else {
                break;
            };
            coefficients.push(Coefficient {
                feature: group.name.clone(),
                label: format!("{}{words}", group.label),
                log_odds,
                per,
            });
        }
    }
    coefficients.sort_by(|a, b| b.log_odds.abs().total_cmp(&a.log_odds.abs()));
    coefficients
}

/// For each matrix column of a feature what stands after its label, and the change in the
/// feature's own unit that the coefficient is for.
fn column_words(encoding: &Encoding) -> Vec<(String, f64)> {
    match encoding {
        Encoding::Number {
            scale,
            flag_missing,
            ..
        } => {
            let missing = flag_missing.then(|| (" is missing".to_owned(), 1.0));
            std::iter::once((String::new(), *scale))
                .chain(missing)
                .collect()
        }
        Encoding::OneHot { levels, pooled, .. } => levels
            .iter()
            .map(|level| (format!(": {level}"), 1.0))
            .chain((!pooled.is_empty()).then(|| (": (other)".to_owned(), 1.0)))
            .collect(),
        Encoding::Native { .. } | Encoding::Numbered { .. } => vec![(String::new(), 1.0)],
        Encoding::Several { forms } => forms.iter().flat_map(column_words).collect(),
    }
}
