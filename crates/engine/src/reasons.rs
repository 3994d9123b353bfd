//! Reasons: what moved a score most, as sentences about original columns.

use churn_features::{FittedPlan, GroupTexts};
use churn_schema::{DatasetSpec, Phrase, Role};
use serde::Serialize;

use crate::number::write_fixed;

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

/// The showable groups with the largest impacts, strongest first, into `groups`; groups without
/// effect are left out. Ties keep group order.
pub(crate) fn strongest_into(
    points: &[f64],
    showable: &[bool],
    most: usize,
    groups: &mut Vec<usize>,
) {
    groups.clear();
    groups.extend((0..points.len()).filter(|&group| showable[group] && points[group] != 0.0));
    groups.sort_unstable_by(|&a, &b| {
        let by_size = points[b].abs().total_cmp(&points[a].abs());
        by_size.then(a.cmp(&b))
    });
    groups.truncate(most);
}

/// What a group adds to one row's score.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Impact {
    /// Index into the groups of the plan.
    pub(crate) group: usize,
    /// Probability points; positive raises the risk.
    pub(crate) points: f64,
}

/// How a group is spoken of.
pub(crate) struct Sentence {
    /// With a value.
    known: Phrase,
    /// Without.
    missing: String,
}

impl Sentence {
    /// The sentences of all groups of a plan, in order.
    pub(crate) fn all(plan: &FittedPlan, spec: &DatasetSpec) -> Vec<Self> {
        let groups = plan.groups.iter();
        groups
            .map(|group| match spec.column(&group.name) {
                Some(column) => Self {
                    known: column.phrase(),
                    missing: column.sentence(None),
                },
                None => Self {
                    known: Phrase::new("{label}: {value}", &group.label),
                    missing: format!("{} is not known", group.label),
                },
            })
            .collect()
    }
}

/// Appends the sentence of a reason with its impact: `month-to-month contract: +14.2 points`.
pub(crate) fn write_reason(
    sentence: &Sentence,
    texts: &GroupTexts<'_>,
    impact: &Impact,
    row: usize,
    out: &mut String,
) {
    let start = out.len();
    let mut is_known = true;
    sentence.known.write(out, |out| {
        is_known &= texts.write(impact.group, row, out);
    });
    if !is_known {
        out.truncate(start);
        out.push_str(&sentence.missing);
    }
    write_impact(impact.points, out);
}

fn write_impact(points: f64, out: &mut String) {
    out.push_str(": ");
    if points.is_sign_positive() {
        out.push('+');
    }
    write_fixed(points, 1, out);
    out.push_str(" points");
}

/// A sentence with its impact: `month-to-month contract: +14.2 points`.
#[must_use]
pub fn reason_text(sentence: &str, impact: f64) -> String {
    let mut text = sentence.to_owned();
    write_impact(impact, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_showable_groups_come_first() {
        let points = [1.0, -5.0, 0.0, 5.0, 9.0];
        let showable = [true, true, true, true, false];
        let mut groups = vec![7];
        strongest_into(&points, &showable, 3, &mut groups);
        assert_eq!(groups, [1, 3, 0]);
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
