//! Choosing between candidates by a written policy, with the reasons written down.

use churn_metrics::{Interval, corrected_paired_test};
use serde::{Deserialize, Serialize};

use crate::{Algorithm, Economics, Error, Evidence, ThresholdPolicy, compare::verdict};

/// A policy: what a model must reach, how the rest are ordered, and the inputs of money figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelectionPolicy {
    /// How the decision threshold is chosen; `recall` and `precision` are figures at it.
    pub threshold: ThresholdPolicy,
    /// Inputs of the profit figures.
    pub economics: Economics,
    /// Figures a candidate must reach.
    #[serde(default)]
    pub gates: Vec<Gate>,
    /// Metrics that order the candidates, most important first; the next one decides among those
    /// that can't be told apart on the one before.
    pub rank_by: Vec<String>,
    /// Operational limits.
    #[serde(default)]
    pub limits: Limits,
    /// Chance of calling equal candidates different, in (0, 1); default 0.05.
    #[serde(default = "default_significance")]
    pub significance: f64,
}

fn default_significance() -> f64 {
    0.05
}

/// One figure a candidate must reach. It fails only when the whole interval lies on the wrong
/// side: a figure that one split reaches and the next misses proves nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Name of the metric.
    pub metric: String,
    /// Least value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Greatest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

/// Operational limits; `None` means no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Longest time to score and explain one customer, in milliseconds (99th percentile).
    pub latency_ms: Option<f64>,
    /// Largest bundle, in megabytes of 1,000,000 bytes.
    pub size_mb: Option<f64>,
}

/// How a candidate stands to one gate or limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The whole interval is on the right side.
    Passed,
    /// The interval holds the bound: neither shown to pass nor to fail. Lets the candidate on.
    Undecided,
    /// The whole interval is on the wrong side.
    Failed,
}

/// The outcome of one gate or limit for one candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateResult {
    /// What was judged, e.g. `roc_auc >= 0.85`.
    pub gate: String,
    /// The outcome.
    pub standing: Standing,
    /// The outcome in words with its figures.
    pub text: String,
}

/// A candidate as selection sees it.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Which family.
    pub algorithm: Algorithm,
    /// What cross-validation says.
    pub evidence: &'a Evidence,
    /// Time to score and explain one customer, in microseconds (99th percentile).
    pub latency_us: f64,
    /// Size of the bundle in bytes.
    pub size_bytes: u64,
}

/// The outcome of a selection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The chosen family; `None` when every candidate failed.
    pub champion: Option<Algorithm>,
    /// One sentence.
    pub text: String,
    /// Each step taken, in order.
    pub reasons: Vec<String>,
    /// Gates of each candidate, in the order given.
    pub gates: Vec<Vec<GateResult>>,
}

impl SelectionPolicy {
    /// Names of metrics a policy may use.
    pub fn metric_names() -> impl Iterator<Item = &'static str> {
        churn_metrics::MetricSet::<f64>::names()
            .iter()
            .copied()
            .chain(["profit"])
    }

    /// Checks names and ranges; all faults, one per line, empty when sound.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let named = self
            .gates
            .iter()
            .map(|gate| &gate.metric)
            .chain(&self.rank_by);
        for metric in named.filter(|metric| !Self::metric_names().any(|name| name == *metric)) {
            let known = Self::metric_names().collect::<Vec<_>>().join(", ");
            faults.push(format!("unknown metric '{metric}'; known are {known}"));
        }
        for gate in self
            .gates
            .iter()
            .filter(|gate| gate.min.is_none() && gate.max.is_none())
        {
            faults.push(format!(
                "the gate on '{}' needs 'min' or 'max'",
                gate.metric
            ));
        }
        if self.rank_by.is_empty() {
            faults.push("'rank_by' is empty; name at least one metric, e.g. lift_at_20".to_owned());
        }
        if !(self.significance > 0.0 && self.significance < 1.0) {
            faults.push(format!(
                "'significance' is {}; expected a number in (0, 1)",
                self.significance
            ));
        }
        if !(0.0..=1.0).contains(&self.economics.save_rate) {
            faults.push(format!(
                "'save_rate' is {}; expected 0 to 1",
                self.economics.save_rate
            ));
        }
        if !(self.economics.contact_cost >= 0.0 && self.economics.contact_cost.is_finite()) {
            faults.push(format!(
                "'contact_cost' is {}; expected at least 0",
                self.economics.contact_cost
            ));
        }
        if let ThresholdPolicy::RecallAtLeast(x) | ThresholdPolicy::Fixed(x) = self.threshold
            && !(0.0..=1.0).contains(&x)
        {
            faults.push(format!("'threshold' is {x}; expected 0 to 1"));
        }
        faults
    }

    /// Applies the policy: gates, limits, then order, preferring the smallest bundle among candidates that
    /// can't be told apart (paired t-test over folds, corrected after Nadeau and Bengio 2003).
    ///
    /// # Errors
    /// A metric test that can't be computed.
    pub fn choose(&self, candidates: &[Candidate<'_>]) -> Result<Decision, Error> {
        let gates: Vec<Vec<GateResult>> = candidates
            .iter()
            .map(|candidate| self.judge(candidate))
            .collect();
        let mut reasons = Vec::new();
        let mut standing: Vec<&Candidate<'_>> = Vec::new();
        for (candidate, results) in candidates.iter().zip(&gates) {
            let failed: Vec<&GateResult> = results
                .iter()
                .filter(|gate| gate.standing == Standing::Failed)
                .collect();
            if failed.is_empty() {
                standing.push(candidate);
            }
            for gate in failed {
                reasons.push(format!(
                    "{} is out: {}",
                    candidate.algorithm.title(),
                    gate.text
                ));
            }
            for gate in results
                .iter()
                .filter(|gate| gate.standing == Standing::Undecided)
            {
                reasons.push(format!(
                    "{} stays in: {}",
                    candidate.algorithm.title(),
                    gate.text
                ));
            }
        }
        for metric in &self.rank_by {
            if standing.len() > 1 {
                standing = self.keep_best(metric, &standing, &mut reasons)?;
            }
        }
        // What is made of others is never simpler than one of them.
        standing.sort_by_key(|candidate| {
            let is_combined = candidate.algorithm.combination().is_some();
            (is_combined, candidate.size_bytes, candidate.algorithm)
        });
        let Some(champion) = standing.first().map(|candidate| candidate.algorithm) else {
            let text = "no candidate passed the policy; none was chosen".to_owned();
            return Ok(Decision {
                champion: None,
                text,
                reasons,
                gates,
            });
        };
        let text = if standing.len() > 1 {
            let rest: Vec<&str> = standing[1..].iter().map(|c| c.algorithm.title()).collect();
            reasons.push(format!(
                "{} and {} are not distinguishable on any of {}; the smallest family is preferred, and a family to a combination",
                champion.title(),
                rest.join(", "),
                self.rank_by.join(", ")
            ));
            format!(
                "{} was chosen as the smallest family among models that can't be told apart",
                champion.title()
            )
        } else {
            format!("{} was chosen", champion.title())
        };
        Ok(Decision {
            champion: Some(champion),
            text,
            reasons,
            gates,
        })
    }

    fn judge(&self, candidate: &Candidate<'_>) -> Vec<GateResult> {
        let gates = self.gates.iter().flat_map(|gate| {
            let interval = figure(candidate.evidence, &gate.metric);
            let at = if AT_THRESHOLD.contains(&gate.metric.as_str()) {
                format!(" at {}", self.threshold)
            } else {
                String::new()
            };
            let bounds = [(gate.min, true), (gate.max, false)];
            bounds.into_iter().filter_map(move |(bound, is_least)| {
                bound.map(|bound| judge_gate(&gate.metric, &at, interval, bound, is_least))
            })
        });
        let latency_ms = candidate.latency_us / 1_000.0;
        let size_mb = candidate.size_bytes as f64 / 1e6;
        let limits = [
            ("latency", latency_ms, self.limits.latency_ms, "ms"),
            ("size", size_mb, self.limits.size_mb, "MB"),
        ];
        let limits = limits.into_iter().filter_map(|(name, found, limit, unit)| {
            limit.map(|limit| judge_limit(name, found, limit, unit))
        });
        gates.chain(limits).collect()
    }

    /// The candidates not shown to be worse than the best on `metric`.
    fn keep_best<'a>(
        &self,
        metric: &str,
        candidates: &[&'a Candidate<'a>],
        reasons: &mut Vec<String>,
    ) -> Result<Vec<&'a Candidate<'a>>, Error> {
        let sign = if is_lower_better(metric) { -1.0 } else { 1.0 };
        let mean = |candidate: &Candidate<'_>| sign * figure(candidate.evidence, metric).mean;
        let mut best = candidates[0];
        for &candidate in &candidates[1..] {
            if mean(candidate) > mean(best) {
                best = candidate;
            }
        }
        let mut kept = Vec::new();
        for &candidate in candidates {
            if std::ptr::eq(candidate, best) {
                kept.push(candidate);
                continue;
            }
            let test = corrected_paired_test(
                &best.evidence.scores(metric),
                &candidate.evidence.scores(metric),
                best.evidence.fold_sizes.0,
                best.evidence.fold_sizes.1,
            )?;
            reasons.push(verdict(
                [best.algorithm.title(), candidate.algorithm.title()],
                metric,
                test.difference,
                test.p_value,
                self.significance,
                is_lower_better(metric),
            ));
            if test.p_value >= self.significance {
                kept.push(candidate);
            }
        }
        Ok(kept)
    }
}

/// Metrics that depend on the decision threshold.
const AT_THRESHOLD: [&str; 6] = [
    "accuracy",
    "precision",
    "recall",
    "f1",
    "matthews",
    "profit",
];
/// Metrics of which less is better.
const LOWER_IS_BETTER: [&str; 3] = ["log_loss", "brier", "ece"];

/// Whether less of `metric` is better.
pub(crate) fn is_lower_better(metric: &str) -> bool {
    LOWER_IS_BETTER.contains(&metric)
}

fn figure(evidence: &Evidence, metric: &str) -> Interval {
    if metric == "profit" {
        return evidence.profit_per_customer;
    }
    evidence.metrics.get(metric).copied().unwrap_or_default()
}

fn judge_gate(metric: &str, at: &str, found: Interval, bound: f64, is_least: bool) -> GateResult {
    let (sign, passed, failed) = if is_least {
        (">=", found.low >= bound, found.high < bound)
    } else {
        ("<=", found.high <= bound, found.low > bound)
    };
    let standing = match (passed, failed) {
        (true, _) => Standing::Passed,
        (_, true) => Standing::Failed,
        _ => Standing::Undecided,
    };
    let verdict = match standing {
        Standing::Passed => "lies wholly on the right side of",
        Standing::Undecided => "holds the bound of",
        Standing::Failed => "lies wholly on the wrong side of",
    };
    let gate = format!("{metric} {sign} {bound}");
    let text = format!(
        "{metric}{at} is {:.4} [{:.4}, {:.4}], which {verdict} '{gate}'",
        found.mean, found.low, found.high
    );
    GateResult {
        gate,
        standing,
        text,
    }
}

fn judge_limit(name: &str, found: f64, limit: f64, unit: &str) -> GateResult {
    let standing = if found <= limit {
        Standing::Passed
    } else {
        Standing::Failed
    };
    GateResult {
        gate: format!("{name} <= {limit} {unit}"),
        standing,
        text: format!("{name} is {found:.3} {unit}, the limit {limit} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(low: f64, high: f64, bound: f64, expected: Standing) {
        let found = Interval {
            mean: f64::midpoint(low, high),
            low,
            high,
        };
        let result = judge_gate("roc_auc", "", found, bound, true);
        assert_eq!(result.standing, expected, "{}", result.text);
    }

    #[test]
    fn a_gate_fails_only_when_the_interval_lies_wholly_on_the_wrong_side() {
        check(0.83, 0.87, 0.85, Standing::Undecided);
        check(0.80, 0.84, 0.85, Standing::Failed);
        check(0.85, 0.88, 0.85, Standing::Passed);
    }

    #[test]
    fn an_unsound_policy_is_told_all_its_faults() {
        let policy = SelectionPolicy {
            threshold: ThresholdPolicy::RecallAtLeast(1.5),
            economics: Economics {
                contact_cost: -1.0,
                save_rate: 2.0,
            },
            gates: vec![Gate {
                metric: "auc".to_owned(),
                min: None,
                max: None,
            }],
            rank_by: vec![],
            limits: Limits::default(),
            significance: 0.05,
        };
        assert_eq!(policy.faults().len(), 6, "{:#?}", policy.faults());
    }
}
