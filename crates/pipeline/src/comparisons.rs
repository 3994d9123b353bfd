//! Every pair of candidates, told apart or not.

use std::collections::BTreeSet;

use churn_zoo::{Comparison, Contestant, Ground, derive_seed, row_profits};

use crate::{Error, TrainRequest, candidate::Candidate};

/// Metrics compared over the folds besides those the policy ranks by.
const ALWAYS: [&str; 4] = ["roc_auc", "log_loss", "ece", "profit"];

/// Compares every pair in the order trained: on the test part when there is one, where the tests
/// are about the final models; else on the out-of-fold rows. Nothing is decided by it: the
/// decision was made on the folds before anybody looked at the test part.
///
/// `values` are what keeping each row of that ground is worth.
pub(crate) fn comparisons(
    request: &TrainRequest,
    candidates: &[Candidate],
    (ground, labels, values): (Ground, &[bool], &[f64]),
) -> Result<Vec<Comparison>, Error> {
    let policy = &request.policy.policy;
    let metrics: BTreeSet<&str> = policy
        .rank_by
        .iter()
        .map(String::as_str)
        .chain(ALWAYS)
        .collect();
    let metrics: Vec<&str> = metrics.into_iter().collect();
    let rows: Vec<(&[f64], Vec<f64>)> = candidates
        .iter()
        .map(|candidate| {
            let out_of_fold = &candidate.evidence.out_of_fold;
            let (probabilities, contacted): (&[f64], Vec<bool>) = match ground {
                Ground::TestPart => {
                    let threshold = candidate.evidence.threshold;
                    let probabilities = candidate.test_probabilities.as_slice();
                    let contacted = probabilities.iter().map(|&p| p >= threshold).collect();
                    (probabilities, contacted)
                }
                Ground::OutOfFold => (&out_of_fold.probabilities, out_of_fold.contacted.clone()),
            };
            let contacted = contacted.into_iter();
            let profits = row_profits(labels, values, contacted, policy.economics);
            (probabilities, profits)
        })
        .collect();
    let contestant = |index: usize| Contestant {
        name: candidates[index].algorithm.name(),
        title: candidates[index].algorithm.title(),
        evidence: &candidates[index].evidence,
        probabilities: rows[index].0,
        profits: &rows[index].1,
    };
    let mut comparisons = Vec::new();
    for a in 0..candidates.len() {
        for b in a + 1..candidates.len() {
            let seed = derive_seed(request.seed, "paired bootstrap", 0);
            comparisons.push(Comparison::new(
                [contestant(a), contestant(b)],
                (ground, labels),
                &metrics,
                policy.significance,
                (seed, request.config.bootstrap_replicates),
            )?);
        }
    }
    Ok(comparisons)
}
