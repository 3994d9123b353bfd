//! Rows sorted once by score; every ranking figure is one pass over them.
//!
//! A resample of the rows is a vector of counts per sorted row, so the bootstrap sorts once
//! and never copies scores. The plain figures are the case where every count is one.

use crate::error::{Error, check_classes, check_scores};

/// Rows in ascending order of score (ties keep their input order), with the tied groups.
#[derive(Debug, Clone)]
pub(crate) struct Ranked {
    /// Scores, ascending.
    pub(crate) scores: Vec<f64>,
    /// Labels in the same order.
    pub(crate) labels: Vec<bool>,
    /// Start of each group of equal scores, ascending, and the number of rows at the end.
    pub(crate) group_bounds: Vec<usize>,
}

/// How many positives and negatives share one score.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group {
    /// The score.
    pub(crate) score: f64,
    /// Positives with this score.
    pub(crate) positives: f64,
    /// Negatives with this score.
    pub(crate) negatives: f64,
}

impl Ranked {
    /// Sorts the rows. Refuses empty, unequal, non-finite and single-class inputs.
    pub(crate) fn new(labels: &[bool], input: &'static str, scores: &[f64]) -> Result<Self, Error> {
        check_scores(labels, input, scores)?;
        check_classes(labels)?;
        Ok(Self::sort(labels, scores))
    }

    /// Sorts checked rows; a single class is fine here.
    pub(crate) fn sort(labels: &[bool], scores: &[f64]) -> Self {
        let order = ascending_order(scores);
        let sorted: Vec<f64> = order.iter().map(|&row| scores[row]).collect();
        let labels = order.iter().map(|&row| labels[row]).collect();
        let mut group_bounds = vec![0];
        for position in 1..sorted.len() {
            if sorted[position] > sorted[position - 1] {
                group_bounds.push(position);
            }
        }
        group_bounds.push(sorted.len());
        Self {
            scores: sorted,
            labels,
            group_bounds,
        }
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.scores.len()
    }

    /// Tied groups from the highest score down, one count per row.
    pub(crate) fn groups_down(&self) -> Vec<Group> {
        self.counted_groups_down(&vec![1; self.len()])
    }

    /// Tied groups from the highest score down; `counts[i]` copies of sorted row `i`.
    /// Groups without any copy are left out: in that resample the score does not occur.
    pub(crate) fn counted_groups_down(&self, counts: &[u32]) -> Vec<Group> {
        let mut groups = Vec::with_capacity(self.group_bounds.len() - 1);
        for bounds in self.group_bounds.windows(2).rev() {
            let (mut positives, mut negatives) = (0u64, 0u64);
            let rows = bounds[0]..bounds[1];
            for (&label, &count) in self.labels[rows.clone()].iter().zip(&counts[rows]) {
                if label {
                    positives += u64::from(count);
                } else {
                    negatives += u64::from(count);
                }
            }
            if positives + negatives > 0 {
                groups.push(Group {
                    score: self.scores[bounds[0]],
                    positives: positives as f64,
                    negatives: negatives as f64,
                });
            }
        }
        groups
    }
}

/// Row indices in ascending order of score; ties keep their input order.
pub(crate) fn ascending_order(scores: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    // Adding positive zero turns negative zero into zero, so that the two tie.
    order.sort_by(|&a, &b| (scores[a] + 0.0).total_cmp(&(scores[b] + 0.0)));
    order
}

/// Positives and negatives over all groups.
pub(crate) fn totals(groups: &[Group]) -> (f64, f64) {
    groups
        .iter()
        .fold((0.0, 0.0), |(positives, negatives), group| {
            (positives + group.positives, negatives + group.negatives)
        })
}
