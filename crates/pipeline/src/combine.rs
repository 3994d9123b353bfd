//! One candidate made of others: the blend, the stack.

use serde_json::{Map, Value, json};

use churn_zoo::{
    Algorithm, Combination, Fitted, FoldResult, Member, assemble, combine_all, combine_folds,
};

use crate::{
    Error,
    candidate::{Candidate, Trained},
};

/// Combines the members among `candidates`, with weights fitted on their out-of-fold margins.
///
/// `labels` are those of the development rows.
pub(crate) fn train(
    algorithm: Algorithm,
    combination: Combination,
    members: &[Algorithm],
    candidates: &[Candidate],
    labels: &[bool],
) -> Result<Trained, Error> {
    let candidates: Vec<&Candidate> = candidates
        .iter()
        .filter(|candidate| members.contains(&candidate.algorithm))
        .collect();
    if candidates.len() < 2 {
        let fault = "fewer than two of its members were trained".to_owned();
        return Err(churn_zoo::Error::Combination { fault }.into());
    }
    let folds: Vec<&[FoldResult]> = candidates.iter().map(|c| c.folds.as_slice()).collect();
    let weights = combine_all(combination, &folds, labels)?;
    let parts: Vec<Member<'_>> = candidates
        .iter()
        .map(|candidate| Member {
            plan: &candidate.model.plan,
            predictor: &candidate.model.predictor,
        })
        .collect();
    let (plan, predictor) = assemble(&weights, &parts)?;
    // For the card: what every member is, how far it was trained, what it counts.
    let (mut recipes, mut rounds, mut counts) = (Map::new(), Map::new(), Map::new());
    for (index, candidate) in candidates.iter().enumerate() {
        let name = candidate.algorithm.name();
        recipes.insert(name.to_owned(), candidate.parameters.clone());
        if let Some(n_rounds) = candidate.n_rounds {
            rounds.insert(name.to_owned(), n_rounds.into());
        }
        let count = json!({"weight": weights.weights[index], "share": weights.shares[index]});
        counts.insert(name.to_owned(), count);
    }
    let mut parameters = Map::new();
    parameters.insert("members".to_owned(), Value::Object(recipes));
    parameters.insert("rounds_kept".to_owned(), Value::Object(rounds));
    parameters.insert(
        "weights".to_owned(),
        json!({"intercept": weights.intercept, "members": counts}),
    );
    Ok(Trained {
        algorithm,
        parameters: Value::Object(parameters),
        folds: combine_folds(combination, &folds, labels)?,
        plan,
        fitted: Fitted {
            predictor,
            native: None,
            n_rounds: None,
        },
        own: None,
        tuning: Vec::new(),
    })
}
