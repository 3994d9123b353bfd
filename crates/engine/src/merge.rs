//! Columns that say the same thing are one reason, with the sum of their points.

use churn_features::{FittedPlan, GroupTexts, ValueMatcher};
use churn_schema::DatasetSpec;

/// Groups of a plan that say the same thing where each has its value.
pub(crate) struct Merge {
    /// The sentence that stands for all.
    pub(crate) say: String,
    /// Indices into the groups of the plan, rising.
    pub(crate) groups: Vec<usize>,
    /// The value of each, as text.
    values: Vec<String>,
}

impl Merge {
    /// Those the specification declares, as far as the plan has the features.
    pub(crate) fn all(plan: &FittedPlan, spec: &DatasetSpec) -> Vec<Self> {
        let merges = spec.same.iter().map(|same| {
            let members = plan.groups.iter().enumerate();
            let members = members.filter_map(|(idx, group)| {
                let value = same.values.get(&group.name)?;
                Some((idx, value.clone()))
            });
            let (groups, values) = members.unzip();
            Self {
                say: same.say.clone(),
                groups,
                values,
            }
        });
        merges.filter(|merge| merge.groups.len() > 1).collect()
    }
}

/// The merges of a plan, ready for the rows of one table.
pub(crate) struct TableMerges<'a> {
    texts: &'a GroupTexts<'a>,
    /// Index of the merge, its groups, and what each has to match; merges no row of the table can
    /// have are left out.
    merges: Vec<(usize, &'a [usize], Vec<ValueMatcher>)>,
}

impl<'a> TableMerges<'a> {
    pub(crate) fn new(merges: &'a [Merge], texts: &'a GroupTexts<'a>) -> Self {
        let possible = merges.iter().enumerate().filter_map(|(merge_idx, merge)| {
            let members = merge.groups.iter().zip(&merge.values);
            let matchers = members
                .map(|(&group, value)| texts.matcher(group, value))
                .collect::<Option<Vec<_>>>()?;
            Some((merge_idx, merge.groups.as_slice(), matchers))
        });
        Self {
            texts,
            merges: possible.collect(),
        }
    }

    /// Moves the points of groups that say the same thing to the first of them. `merged` tells for
    /// each group which merge it now stands for; both have one entry per group.
    pub(crate) fn apply(&self, row: usize, points: &mut [f64], merged: &mut [Option<usize>]) {
        merged.fill(None);
        for (merge_idx, groups, matchers) in &self.merges {
            let mut members = groups.iter().zip(matchers);
            if !members.all(|(&group, &matcher)| self.texts.matches(group, row, matcher)) {
                continue;
            }
            let sum: f64 = groups.iter().map(|&group| points[group]).sum();
            groups.iter().for_each(|&group| points[group] = 0.0);
            points[groups[0]] = sum;
            merged[groups[0]] = Some(*merge_idx);
        }
    }
}
