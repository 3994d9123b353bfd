//! Reasons: what moved a score most, as sentences about original columns.

use churn_features::{FittedPlan, GroupTexts};
use churn_schema::{DatasetSpec, Role};
use serde::Serialize;

/// One reason for a score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// Original column, or derived feature.
    pub feature: String,
    /// The customer's value as a person would read it; `None` when missing.
    pub value: Option<String>,
    /// Probability points (hundredths of probability); positive raises the risk.
    pub impact: f64,
    /// The sentence, e.g. `month-to-month contract: +14.2 points`.
    pub text: String,
}

/// Which groups may be shown as reasons: all but protected attributes, which stay in the full
/// explanation but are no reason to treat anyone differently.
pub(crate) fn showable(plan: &FittedPlan, spec: &DatasetSpec) -> Vec<bool> {
    plan.groups
        .iter()
        .map(|group| {
            !group.columns.iter().any(|column| {
                spec.column(column)
                    .is_some_and(|column| column.has_role(Role::Protected))
            })
        })
        .collect()
}

/// The showable groups with the largest impacts, strongest first; groups without effect are left
/// out. Ties keep group order.
pub(crate) fn strongest(points: &[f64], showable: &[bool], most: usize) -> Vec<usize> {
    let mut groups: Vec<usize> = (0..points.len())
        .filter(|&group| showable[group] && points[group] != 0.0)
        .collect();
    groups.sort_by(|&a, &b| points[b].abs().total_cmp(&points[a].abs()));
    groups.truncate(most);
    groups
}

/// The reason a group gives for one row.
pub(crate) fn reason(
    spec: &DatasetSpec,
    plan: &FittedPlan,
    texts: &GroupTexts<'_>,
    group: usize,
    row: usize,
    impact: f64,
) -> Reason {
    let value = texts.text(group, row);
    let known = &plan.groups[group];
    let sentence = match spec.column(&known.name) {
        Some(column) => column.sentence(value.as_deref()),
        None => match &value {
            Some(value) => format!("{}: {value}", known.label),
            None => format!("{} is not known", known.label),
        },
    };
    Reason {
        text: reason_text(&sentence, impact),
        feature: known.name.clone(),
        value,
        impact,
    }
}

/// A sentence with its impact: `month-to-month contract: +14.2 points`.
#[must_use]
pub fn reason_text(sentence: &str, impact: f64) -> String {
    format!("{sentence}: {impact:+.1} points")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_showable_groups_come_first() {
        let points = [1.0, -5.0, 0.0, 5.0, 9.0];
        let showable = [true, true, true, true, false];
        assert_eq!(strongest(&points, &showable, 3), [1, 3, 0]);
    }

    #[test]
    fn a_reason_carries_sign_and_unit() {
        assert_eq!(
            reason_text("two-year contract", -3.25),
            "two-year contract: -3.2 points"
        );
        assert_eq!(
            reason_text("3 months with us", 14.0),
            "3 months with us: +14.0 points"
        );
    }
}
