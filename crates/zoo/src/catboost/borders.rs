//! Borders of numbers by the greedy log-sum rule.

use std::{cmp::Ordering, collections::BinaryHeap};

/// At most `most` borders, increasing, that cut `values` (no NaN) into parts.
///
/// The part whose halves have the largest `ln(left) + ln(right) - ln(whole)` is cut next, at the
/// edge of the run of equal values its middle falls into; a border lies halfway between the values
/// beside it. This is CatBoost's `GreedyLogSum`.
pub(super) fn greedy_log_sum(mut values: Vec<f32>, most: usize) -> Vec<f32> {
    if values.is_empty() {
        return Vec::new();
    }
    values.sort_unstable_by(f32::total_cmp);
    let mut parts = BinaryHeap::from([Part::new(&values, 0, values.len())]);
    while parts.len() <= most {
        let Some(part) = parts.pop() else { break };
        if part.score == f64::NEG_INFINITY {
            parts.push(part);
            break;
        }
        parts.push(Part::new(&values, part.start, part.cut));
        parts.push(Part::new(&values, part.cut, part.end));
    }
    let mut borders: Vec<f32> = parts
        .iter()
        .filter(|part| part.start > 0)
        // Halved before they are added, so that large values do not overflow; and no -0.
        .map(|part| 0.5 * values[part.start - 1] + 0.5 * values[part.start] + 0.0)
        .collect();
    borders.sort_unstable_by(f32::total_cmp);
    borders.dedup();
    borders
}

/// Sorted values `start..end` and where to cut them.
struct Part {
    start: usize,
    end: usize,
    cut: usize,
    /// Negative infinity when all values are equal.
    score: f64,
}

impl Part {
    fn new(values: &[f32], start: usize, end: usize) -> Self {
        let middle = values[start + (end - start) / 2];
        let before = start + values[start..end].partition_point(|&x| x < middle);
        let after = start + values[start..end].partition_point(|&x| x <= middle);
        let score = |cut: usize| {
            if cut == start || cut == end {
                f64::NEG_INFINITY
            } else {
                log(cut - start) + log(end - cut) - log(end - start)
            }
        };
        let cut = if score(before) >= score(after) {
            before
        } else {
            after
        };
        Self {
            start,
            end,
            cut,
            score: score(cut),
        }
    }
}

fn log(count: usize) -> f64 {
    (count as f64 + 1e-8).ln()
}

impl Ord for Part {
    fn cmp(&self, other: &Self) -> Ordering {
        // Equal scores: the part further left first, so that the result is defined.
        self.score
            .total_cmp(&other.score)
            .then(other.start.cmp(&self.start))
    }
}

impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Part {}

#[cfg(test)]
mod tests {
    use super::greedy_log_sum;

    #[test]
    fn few_values_are_all_told_apart() {
        let values = vec![3.0, 1.0, 1.0, 2.0, 7.0];
        assert_eq!(greedy_log_sum(values, 254), [1.5, 2.5, 5.0]);
        assert!(greedy_log_sum(vec![4.0; 9], 254).is_empty());
        assert!(greedy_log_sum(Vec::new(), 254).is_empty());
    }

    #[test]
    fn one_border_is_near_the_median() {
        let values: Vec<f32> = (0..101_u8).map(f32::from).collect();
        assert_eq!(greedy_log_sum(values, 1), [49.5]);
    }
}
