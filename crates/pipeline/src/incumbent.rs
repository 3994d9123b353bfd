//! The model in service, and whether a new one is really better.

use churn_engine::{Home, Scorer, ScorerParams};
use churn_metrics::delong_test;
use churn_registry::CHAMPION;

use crate::{
    Error, InputFiles, TrainRequest, candidate::TestPart, card::CardFacts, inputs::read_inputs,
    run_config::RunConfig,
};

/// What comparing with the model in service came to.
pub(crate) enum Verdict {
    /// Nothing is in service, or it can't be compared fairly; the reason in words.
    NotComparable(String),
    /// The new model is not shown to be worse.
    NotWorse(String),
    /// The model in service ranks the same test rows better, beyond chance.
    Worse {
        /// Its version.
        incumbent: String,
        /// The comparison in words.
        figures: String,
    },
    /// The model in service is for other data: it must not be put out of service by the way.
    OtherData {
        /// Its version.
        incumbent: String,
        /// What it is for, and how to go on.
        why: String,
    },
}

/// The model in service, when there is one.
pub(crate) fn in_service(home: &Home) -> Result<Option<String>, Error> {
    match home.registry().resolve(CHAMPION) {
        Ok(found) => Ok(Some(found.version.to_string())),
        Err(
            churn_registry::Error::NoModels { .. } | churn_registry::Error::UnknownReference { .. },
        ) => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

/// Compares a candidate's test probabilities with the model in service, of version `incumbent`, on the
/// same rows.
///
/// Fair only when the model in service was trained on the same file with the same seed and asked
/// for the same test part: then both kept the same rows aside. Otherwise it may have learned from
/// these very rows.
pub(crate) fn compare(
    home: &Home,
    request: &TrainRequest,
    incumbent: Option<&str>,
    facts: &CardFacts<'_>,
    test: Option<&TestPart>,
    candidate: &[f64],
    significance: f64,
) -> Result<Verdict, Error> {
    let Some(incumbent) = incumbent else {
        return Ok(Verdict::NotComparable(
            "no model was in service before".to_owned(),
        ));
    };
    let (version, model) = match home.registry().load(incumbent) {
        Ok(found) => found,
        Err(fault) => {
            return Ok(Verdict::NotComparable(format!(
                "the model in service can't be read: {fault}"
            )));
        }
    };
    let version = version.version.to_string();
    let card = &model.card;
    if card.trained_on.dataset != facts.dataset {
        return Ok(Verdict::OtherData {
            why: format!(
                "{version} in service is for another data set, '{}': use one --home per data set, or `churn models activate` a new version if '{}' is to take its place",
                card.trained_on.dataset, facts.dataset
            ),
            incumbent: version,
        });
    }
    let Some(test) = test else {
        return Ok(Verdict::NotComparable(
            "no test part, so no comparison with a model in service".to_owned(),
        ));
    };
    if card.trained_on.sha256 != facts.data_sha256
        || card.seed != facts.seed
        || card.trained_on.n_rows != facts.n_rows
        || model.spec.fingerprint() != test.table.spec().fingerprint()
        || !kept_same_rows_aside(home, &version, request)?
    {
        return Ok(Verdict::NotComparable(format!(
            "{version} in service was trained on other data or another split, so these test rows may have been its training rows: not compared"
        )));
    }
    let incumbent =
        Scorer::new(version.clone(), model, ScorerParams::default())?.probabilities(&test.table)?;
    let result = delong_test(&test.labels, candidate, &incumbent)?;
    let figures = format!(
        "ROC-AUC on the same {} test rows {:.4} against {:.4} of {version} in service, p = {:.3}",
        test.labels.len(),
        result.auc_a,
        result.auc_b,
        result.p_value
    );
    if result.p_value < significance && result.difference.mean < 0.0 {
        return Ok(Verdict::Worse {
            incumbent: version,
            figures,
        });
    }
    Ok(Verdict::NotWorse(figures))
}

/// Whether the run that made `version` was asked for the test part that `request` asks for.
fn kept_same_rows_aside(home: &Home, version: &str, request: &TrainRequest) -> Result<bool, Error> {
    let Some(run) = home.registry().show(version)?.run else {
        return Ok(false);
    };
    let before: Option<RunConfig> = serde_json::from_str(&run.config).ok();
    let inputs = read_inputs(home, request)?;
    let is_same_file = |before: &RunConfig, role: &str| {
        let of = |files: &InputFiles| files.get(role).map(|file| file.sha256.clone());
        before.inputs.as_ref().and_then(of) == of(&inputs)
    };
    Ok(before.is_some_and(|before| {
        let (was, is) = (before.train.test_share, request.config.test_share);
        before.holdout.is_some() == request.holdout.is_some()
            && is_same_file(&before, "holdout")
            && before.folds.is_some() == request.folds.is_some()
            && was.total_cmp(&is).is_eq()
    }))
}
