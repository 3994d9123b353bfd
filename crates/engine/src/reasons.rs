//! Reasons: what moved a score most, as sentences about original columns.

use churn_features::{FittedPlan, Group, GroupTexts};
use churn_schema::{DatasetSpec, Role, Wording};
use serde::Serialize;

use crate::{merge::Merge, number::write_fixed};

/// One reason for a score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// Original column, or derived feature; the first of them where several say the same thing.
    pub feature: String,
    /// All that it stands for; more than one where several columns say the same thing.
    pub features: Vec<String>,
    /// The customer's value as a person would read it; `None` when missing.
    pub value: Option<String>,
    /// Probability points (hundredths of probability); positive raises the risk. Of several
    /// columns, their sum.
    pub impact: f64,
    /// The sentence, e.g. `month-to-month contract: +14.2 points`.
    pub text: String,
}

/// Which groups may be shown as reasons: all but protected attributes, which stay in the full
/// explanation but are no reason to treat anyone differently.
pub(crate) fn showable(plan: &FittedPlan, spec: &DatasetSpec) -> Vec<bool> {
    let is_protected = |column: &String| {
        let column = spec.column(column);
        column.is_some_and(|column| column.has_role(Role::Protected))
    };
    let is_showable = |group: &Group| !group.columns.iter().any(is_protected);
    plan.groups.iter().map(is_showable).collect()
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

/// What one group, or several that say the same thing, add to one row's score.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Impact {
    /// Index into the groups of the plan; the first of several.
    pub(crate) group: usize,
    /// Probability points; positive raises the risk.
    pub(crate) points: f64,
    /// Which merge it stands for, if for more than one group.
    pub(crate) merge: Option<usize>,
}

/// How the groups of a plan are spoken of.
pub(crate) struct Sentences {
    /// One per group.
    wordings: Vec<Wording>,
    pub(crate) merges: Vec<Merge>,
}

impl Sentences {
    /// Those of a plan; a derived feature, which is no column, is spoken of by its label.
    pub(crate) fn new(plan: &FittedPlan, spec: &DatasetSpec) -> Self {
        let wording = |group: &Group| match spec.column(&group.name) {
            Some(column) => column.wording(),
            None => Wording::new("{label}: {value}", &group.label),
        };
        Self {
            wordings: plan.groups.iter().map(wording).collect(),
            merges: Merge::all(plan, spec),
        }
    }

    /// Appends the sentence of an impact: `month-to-month contract`.
    pub(crate) fn write(
        &self,
        texts: &GroupTexts<'_>,
        impact: &Impact,
        row: usize,
        out: &mut String,
    ) {
        match impact.merge.and_then(|merge| self.merges.get(merge)) {
            Some(merge) => out.push_str(&merge.say),
            None => {
                self.wordings[impact.group].write(out, |out| texts.write(impact.group, row, out))
            }
        }
    }

    /// The groups an impact stands for.
    pub(crate) fn groups<'a>(&'a self, impact: &'a Impact) -> &'a [usize] {
        match impact.merge.and_then(|merge| self.merges.get(merge)) {
            Some(merge) => &merge.groups,
            None => std::slice::from_ref(&impact.group),
        }
    }
}

/// Appends an impact to its sentence: `: +14.2 points`.
pub(crate) fn write_impact(points: f64, out: &mut String) {
    out.push_str(": ");
    if points.is_sign_positive() {
        out.push('+');
    }
    write_fixed(points, 1, out);
    out.push_str(" points");
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
        for (points, expected) in [(-3.25, "it: -3.2 points"), (14.0, "it: +14.0 points")] {
            let mut text = "it".to_owned();
            write_impact(points, &mut text);
            assert_eq!(text, expected);
        }
    }
}
