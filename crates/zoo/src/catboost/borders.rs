//! Borders of numbers by the greedy log-sum rule.

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
    let mut parts = Heap(vec![Part::new(&values, 0, values.len())]);
    while parts.0.len() <= most {
        let Some(part) = parts.pop() else { break };
        if part.score == f64::NEG_INFINITY {
            parts.push(part);
            break;
        }
        parts.push(Part::new(&values, part.start, part.cut));
        parts.push(Part::new(&values, part.cut, part.end));
    }
    let mut borders: Vec<f32> = parts
        .0
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

/// Parts with the best on top. Which of equal ones comes first is decided by the moves of the
/// heap, and these are the moves CatBoost's makes: equal scores are common, and the borders would
/// differ.
struct Heap(Vec<Part>);

impl Heap {
    fn push(&mut self, part: Part) {
        self.0.push(part);
        self.rise(self.0.len() - 1);
    }

    /// The hole the top leaves sinks to a leaf along the better children; the last part fills it
    /// and rises.
    fn pop(&mut self) -> Option<Part> {
        let parts = &mut self.0;
        let last = parts.len().checked_sub(1)?;
        let mut hole = 0;
        while 2 * hole < last {
            let (left, right) = (2 * hole + 1, 2 * hole + 2);
            let is_right = right <= last && parts[left].score < parts[right].score;
            let child = if is_right { right } else { left };
            parts.swap(hole, child);
            hole = child;
        }
        parts.swap(hole, last);
        let top = parts.pop();
        if hole < last {
            self.rise(hole);
        }
        top
    }

    fn rise(&mut self, mut place: usize) {
        while place > 0 {
            let parent = (place - 1) / 2;
            if self.0[parent].score >= self.0[place].score {
                break;
            }
            self.0.swap(parent, place);
            place = parent;
        }
    }
}

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

    #[test]
    fn borders_are_those_catboost_finds() {
        let text = include_str!("../../testdata/catboost_borders.json");
        let stored: serde_json::Value = serde_json::from_str(text).unwrap();
        let list = |value: &serde_json::Value| -> Vec<f32> {
            let numbers = value.as_array().unwrap().iter();
            numbers.map(|x| x.as_f64().unwrap() as f32).collect()
        };
        let cases = stored["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 16);
        for case in cases {
            let name = case["name"].as_str().unwrap();
            let most = case["border_count"].as_u64().unwrap() as usize;
            let found = greedy_log_sum(list(&stored["columns"][name]), most);
            let expected = list(&case["borders"]);
            assert_eq!(found.len(), expected.len(), "{name}, {most}");
            // The file has nine digits.
            let differ = found
                .iter()
                .zip(&expected)
                .filter(|(a, b)| (**a - **b).abs() > 1e-6 * b.abs().max(1e-3))
                .count();
            assert_eq!(differ, 0, "{name}, {most}: {found:?} {expected:?}");
        }
    }
}
