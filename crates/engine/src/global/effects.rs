//! How the values of a column move the predictions on average.

use serde::Serialize;

use super::sample::SampledRow;

/// Most bins a number is told in.
const MAX_BINS: usize = 8;

/// What one value, or one range of values, adds on average.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Effect {
    /// A level, a number, or a range such as `12 to 24`; `None` for rows without a value.
    pub value: Option<String>,
    /// Rows it is the mean of; for numbers, rows of the sample.
    pub n_rows: u64,
    /// Mean contribution, on the model's scale.
    pub mean_shap: f64,
    /// Mean probability points.
    pub mean_points: f64,
}

/// Sums over the rows of one level.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LevelSum {
    n_rows: u64,
    shap: f64,
    points: f64,
}

impl LevelSum {
    pub(crate) fn add(&mut self, shap: f64, points: f64) {
        self.n_rows += 1;
        self.shap += shap;
        self.points += points;
    }

    pub(crate) fn join(&mut self, other: &Self) {
        self.n_rows += other.n_rows;
        self.shap += other.shap;
        self.points += other.points;
    }

    pub(crate) fn effect(&self, value: Option<String>) -> Effect {
        let n_rows = self.n_rows.max(1) as f64;
        Effect {
            value,
            n_rows: self.n_rows,
            mean_shap: self.shap / n_rows,
            mean_points: self.points / n_rows,
        }
    }
}

/// The effects of a number over the rows of the sample: a bin for each value when there are few,
/// else bins of about equally many rows, lowest first, rows without a value last.
pub(crate) fn of_number(rows: &[SampledRow], group: usize) -> Vec<Effect> {
    let mut known: Vec<&SampledRow> = rows
        .iter()
        .filter(|row| !row.numbers[group].is_nan())
        .collect();
    known.sort_by(|a, b| {
        let by_value = a.numbers[group].total_cmp(&b.numbers[group]);
        by_value.then(a.rank.cmp(&b.rank))
    });
    let is_same = |a: f64, b: f64| a.total_cmp(&b).is_eq();
    let by_value: Vec<&[&SampledRow]> = known
        .chunk_by(|a, b| is_same(a.numbers[group], b.numbers[group]))
        .collect();
    let bins = if by_value.len() <= MAX_BINS {
        by_value.iter().map(|rows| rows.to_vec()).collect()
    } else {
        equal_bins(&by_value, known.len())
    };
    let mut effects: Vec<Effect> = bins
        .iter()
        .filter_map(|bin| Some(effect_of(bin, group, range_words(bin, group)?)))
        .collect();
    let unknown: Vec<&SampledRow> = rows
        .iter()
        .filter(|row| row.numbers[group].is_nan())
        .collect();
    if !unknown.is_empty() {
        effects.push(effect_of(&unknown, group, None));
    }
    effects
}

/// Bins of about equally many rows; equal values stay together, in the bin of the first of them.
fn equal_bins<'a>(by_value: &[&[&'a SampledRow]], n_rows: usize) -> Vec<Vec<&'a SampledRow>> {
    let mut bins: Vec<Vec<&SampledRow>> = vec![Vec::new(); MAX_BINS];
    let mut n_done = 0;
    for rows in by_value {
        // Below MAX_BINS: this value's rows are not done yet.
        bins[n_done * MAX_BINS / n_rows.max(1)].extend(rows.iter());
        n_done += rows.len();
    }
    bins.retain(|bin| !bin.is_empty());
    bins
}

fn effect_of(rows: &[&SampledRow], group: usize, value: Option<String>) -> Effect {
    let mut sum = LevelSum::default();
    for row in rows {
        let shap = row.shap[group];
        sum.add(shap, shap * row.points_per_unit);
    }
    sum.effect(value)
}

/// `12`, or `12 to 24`.
fn range_words(bin: &[&SampledRow], group: usize) -> Option<Option<String>> {
    let text = |row: &SampledRow| row.texts[group].clone().unwrap_or_default();
    let (first, last) = (text(bin.first()?), text(bin.last()?));
    Some(Some(if first == last {
        first
    } else {
        format!("{first} to {last}")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(values: &[f64]) -> Vec<SampledRow> {
        let row = |(rank, &value): (u64, &f64)| SampledRow {
            rank,
            shap: vec![value / 10.0],
            points_per_unit: 20.0,
            texts: vec![(!value.is_nan()).then(|| value.to_string())],
            numbers: vec![value],
            matrix: Vec::new(),
        };
        (0..).zip(values).map(row).collect()
    }

    #[test]
    fn few_values_are_told_one_by_one() {
        let effects = of_number(&rows(&[3.0, 1.0, 3.0]), 0);
        let told: Vec<_> = effects
            .iter()
            .map(|e| (e.value.as_deref(), e.n_rows))
            .collect();
        assert_eq!(told, [(Some("1"), 1), (Some("3"), 2)]);
        assert!((effects[1].mean_points - 6.0).abs() < 1e-12);
    }

    #[test]
    fn many_values_are_told_in_ranges_that_hold_all_rows() {
        let mut values: Vec<f64> = (0..100).map(f64::from).collect();
        values.extend([7.0; 100]);
        let effects = of_number(&rows(&values), 0);
        assert!(
            effects.len() <= MAX_BINS && effects.len() > 2,
            "{effects:?}"
        );
        assert_eq!(effects.iter().map(|e| e.n_rows).sum::<u64>(), 200);
        assert_eq!(
            effects[0].value.as_deref().unwrap().split(' ').next(),
            Some("0")
        );
    }

    #[test]
    fn rows_without_a_value_come_last() {
        let effects = of_number(&rows(&[f64::NAN, 2.0]), 0);
        assert_eq!(effects[1].value, None);
        assert_eq!(effects[1].n_rows, 1);
    }
}
