//! Two candidates on the same folds and the same rows: what can be told apart.

use std::collections::BTreeMap;

use churn_metrics::{
    DelongTest, Interval, PairedBootstrap, PairedTest, corrected_paired_test, delong_test,
    paired_bootstrap,
};
use serde::Serialize;

use crate::{Economics, Error, Evidence};

/// The rows two models are compared on, one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// Rows no candidate saw: the tests are about the final models themselves.
    TestPart,
    /// Rows of the first repeat, each judged by a model that did not see it. The models of the
    /// folds are taken as given, so the chance of training is not in these intervals.
    OutOfFold,
}

impl Ground {
    fn words(self) -> &'static str {
        match self {
            Self::TestPart => "the test part",
            Self::OutOfFold => "the out-of-fold rows",
        }
    }
}

/// A candidate as it enters a comparison.
#[derive(Debug, Clone, Copy)]
pub struct Contestant<'a> {
    /// Short name, for records.
    pub name: &'a str,
    /// Name for readers.
    pub title: &'a str,
    /// What cross-validation says.
    pub evidence: &'a Evidence,
    /// Calibrated probability of each row compared on.
    pub probabilities: &'a [f64],
    /// Money earned on each row; see [`row_profits`].
    pub profits: &'a [f64],
}

/// What can be said of two candidates. All differences are `a - b`; p-values are two-sided and
/// not adjusted for the number of pairs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The first candidate.
    pub a: String,
    /// The second.
    pub b: String,
    /// By metric: the corrected paired t-test over the folds (Nadeau and Bengio 2003).
    pub folds: BTreeMap<String, PairedTest>,
    /// The rows of the two tests below.
    pub ground: Ground,
    /// How many they are.
    pub n_rows: usize,
    /// Areas under the ROC curve (DeLong, DeLong and Clarke-Pearson 1988).
    pub roc_auc: DelongTest,
    /// Money per customer, each at its own threshold, by the paired bootstrap.
    pub profit: PairedBootstrap,
    /// All of it in sentences.
    pub sentences: Vec<String>,
}

impl Comparison {
    /// Compares two candidates on `labels`, the rows of `ground`, and on the folds by `metrics`.
    ///
    /// # Errors
    /// What the tests refuse: one class, unequal lengths, fewer than two folds.
    pub fn new(
        [a, b]: [Contestant<'_>; 2],
        (ground, labels): (Ground, &[bool]),
        metrics: &[&str],
        significance: f64,
        (seed, n_replicates): (u64, usize),
    ) -> Result<Self, Error> {
        let roc_auc = delong_test(labels, a.probabilities, b.probabilities)?;
        let profit = paired_bootstrap(labels, a.profits, b.profits, seed, n_replicates)?;
        let mut folds = BTreeMap::new();
        for &metric in metrics {
            let (n_train, n_held_out) = a.evidence.fold_sizes;
            let scores = [a, b].map(|contestant| contestant.evidence.scores(metric));
            let test = corrected_paired_test(&scores[0], &scores[1], n_train, n_held_out)?;
            folds.insert(metric.to_owned(), test);
        }
        let say = |what: String, difference: Interval, p_value: f64, lower_is_better: bool| {
            let names = [a.title, b.title];
            verdict(
                names,
                &what,
                difference,
                p_value,
                significance,
                lower_is_better,
            )
        };
        let ground_words = ground.words();
        let mut sentences = vec![
            say(
                format!("roc_auc of {ground_words} (DeLong)"),
                roc_auc.difference,
                roc_auc.p_value,
                false,
            ),
            say(
                format!("profit per customer of {ground_words} (bootstrap)"),
                profit.difference,
                profit.p_value,
                false,
            ),
        ];
        sentences.extend(folds.iter().map(|(metric, test)| {
            let lower = crate::selection::is_lower_better(metric);
            let what = format!("{metric} over the folds");
            say(what, test.difference, test.p_value, lower)
        }));
        Ok(Self {
            a: a.name.to_owned(),
            b: b.name.to_owned(),
            folds,
            ground,
            n_rows: labels.len(),
            roc_auc,
            profit,
            sentences,
        })
    }
}

/// `A beats B on X: ...` or `A and B are not distinguishable on X: ...`, with the figures.
pub(crate) fn verdict(
    [a, b]: [&str; 2],
    what: &str,
    difference: Interval,
    p_value: f64,
    significance: f64,
    lower_is_better: bool,
) -> String {
    let figures = format!(
        "difference {:+.4} [{:+.4}, {:+.4}], p = {p_value:.3}",
        difference.mean, difference.low, difference.high
    );
    if p_value >= significance {
        return format!("{a} and {b} are not distinguishable on {what}: {figures}");
    }
    if (difference.mean < 0.0) == lower_is_better {
        format!("{a} beats {b} on {what}: {figures}")
    } else {
        format!("{a} is worse than {b} on {what}: {figures}")
    }
}

/// Money earned on each row: a contact costs, and a contacted leaver stays with the save rate.
#[must_use]
pub fn row_profits(
    labels: &[bool],
    values: &[f64],
    contacted: impl Iterator<Item = bool>,
    economics: Economics,
) -> Vec<f64> {
    labels
        .iter()
        .zip(values)
        .zip(contacted)
        .map(|((&left, &value), contacted)| {
            if !contacted {
                return 0.0;
            }
            let saved = if left {
                economics.save_rate * value
            } else {
                0.0
            };
            saved - economics.contact_cost
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(mean: f64, p_value: f64, lower_is_better: bool, expected: &str) {
        let difference = Interval {
            mean,
            low: mean - 0.1,
            high: mean + 0.1,
        };
        let text = verdict(["A", "B"], "x", difference, p_value, 0.05, lower_is_better);
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn verdicts_name_the_better_one_only_when_it_is_shown() {
        check(0.2, 0.3, false, "A and B are not distinguishable on x");
        check(0.2, 0.01, false, "A beats B on x: difference +0.2000");
        check(-0.2, 0.01, false, "A is worse than B");
        check(-0.2, 0.01, true, "A beats B");
    }

    #[test]
    fn a_contact_costs_and_a_contacted_leaver_may_stay() {
        let economics = Economics {
            contact_cost: 10.0,
            save_rate: 0.5,
        };
        let contacted = [true, true, false].into_iter();
        let profits = row_profits(&[true, false, true], &[100.0; 3], contacted, economics);
        let expected = [40.0, -10.0, 0.0];
        assert!(
            profits
                .iter()
                .zip(expected)
                .all(|(p, e)| (p - e).abs() < 1e-12)
        );
    }
}
