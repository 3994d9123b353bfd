//! The leakage guard: refuses data that would make every figure a fairy tale.
//!
//! Looked for, by name: copies of the target, columns recorded after the outcome, row numbers and
//! identifiers, rates computed from the very labels to be learned, files resampled before the
//! split, and equal rows on both sides of a split the user brings.

use std::collections::BTreeMap;

use churn_features::{CategoryEncoding, Encoding, FeaturePlan, FittedPlan, Matrix, PlanParams};
use churn_metrics::roc_auc;
use churn_schema::{Table, row_groups};
use churn_zoo::Fold;
use serde::{Deserialize, Serialize};

use crate::{Error, split::Split};

/// What the guard tolerates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeakageConfig {
    /// Columns looked at and accepted: known before the customer decides, whatever they look like.
    pub allow: Vec<String>,
    /// Highest ROC-AUC a single column may reach, 0.5..=1. Default 0.97.
    pub max_single_column_auc: f64,
    /// Largest share of rows that may equal a row on the other side of a split the user brings,
    /// 0..=1. Default 0.02.
    pub max_straddling_share: f64,
}

impl Default for LeakageConfig {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            max_single_column_auc: 0.97,
            max_straddling_share: 0.02,
        }
    }
}

impl LeakageConfig {
    /// Values out of range; empty when sound.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !(0.5..=1.0).contains(&self.max_single_column_auc) {
            faults.push(format!(
                "'leakage.max_single_column_auc' is {}; expected a number from 0.5 to 1",
                self.max_single_column_auc
            ));
        }
        if !(0.0..=1.0).contains(&self.max_straddling_share) {
            faults.push(format!(
                "'leakage.max_straddling_share' is {}; expected a number from 0 to 1",
                self.max_straddling_share
            ));
        }
        faults
    }
}

/// From this ROC-AUC on a column is called a copy of the target.
const COPY_AUC: f64 = 0.999;
/// Fewest rows on which an identifier can be told from chance.
const MIN_ROWS: usize = 100;
/// Share of repeated rows in one class that gives resampling away, and how many times that of the
/// other class it must be.
const REPEATED_SHARE: f64 = 0.2;
const REPEATED_RATIO: f64 = 3.0;
/// How near a value must be to the share of leavers among its rows to be that share.
const RATE_TOLERANCE: f64 = 1e-4;

/// Refuses what is found, all of it at once.
pub(crate) fn check(rows: &Split, config: &LeakageConfig, user_split: bool) -> Result<(), Error> {
    let params = PlanParams {
        categories: CategoryEncoding::Native,
        ..PlanParams::trees()
    };
    let spec = rows.development.spec().clone();
    let plan = FeaturePlan::new(spec, params).fit(&rows.development)?;
    let matrix = plan.transform(&rows.development)?;
    let mut findings = columns(&plan, &matrix, (&rows.development, &rows.labels), config);
    let groups = row_groups(&rows.development);
    findings.extend(resampling(&groups, &rows.labels));
    if user_split {
        findings.extend(straddling(&rows.development, &groups, &rows.folds, config));
    }
    findings.extend(holdout_repeats(rows, config));
    if findings.is_empty() {
        return Ok(());
    }
    Err(Error::Leakage { findings })
}

fn columns(
    plan: &FittedPlan,
    matrix: &Matrix,
    (table, labels): (&Table, &[bool]),
    config: &LeakageConfig,
) -> Vec<String> {
    let mut findings = Vec::new();
    for (index, group) in plan.groups.iter().enumerate() {
        if group
            .columns
            .iter()
            .any(|column| config.allow.contains(column))
        {
            continue;
        }
        let values: Vec<f32> = (0..matrix.n_rows())
            .map(|row| matrix.row(row)[index])
            .collect();
        let is_number = matches!(plan.features[index].encoding, Encoding::Number { .. });
        let found = identifier(table, &group.name, &values, is_number)
            .or_else(|| rate_of_target(&values, labels, is_number))
            .or_else(|| tells_all(&values, labels, is_number, config));
        if let Some(found) = found {
            findings.push(format!(
                "column '{}' {found}; give it the role 'ignore' in the specification, or list it under 'leakage.allow' in the settings if it is truly known before",
                group.name
            ));
        }
    }
    findings
}

/// A number that is different in every row and rises or falls with the rows. Account numbers of
/// nine digits are alike as features (`values`), so the table's own numbers are looked at.
fn identifier(table: &Table, column: &str, values: &[f32], is_number: bool) -> Option<String> {
    if !is_number || values.len() < MIN_ROWS {
        return None;
    }
    let values: Vec<f64> = match table.numbers(column) {
        Some(numbers) => numbers.iter().map(|x| x.unwrap_or(f64::NAN)).collect(),
        None => values.iter().map(|&x| f64::from(x)).collect(),
    };
    let rising = values.windows(2).all(|pair| pair[0] < pair[1]);
    let falling = values.windows(2).all(|pair| pair[0] > pair[1]);
    (rising || falling)
        .then(|| "follows the order of the rows: it is a row number or an identifier".to_owned())
}

/// A number that is, value by value, the share of leavers among the rows that have it.
fn rate_of_target(values: &[f32], labels: &[bool], is_number: bool) -> Option<String> {
    if !is_number {
        return None;
    }
    let mut counts: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
    let mut n_present = 0;
    for (value, &label) in values.iter().zip(labels) {
        if value.is_nan() {
            continue;
        }
        if !(0.0..=1.0).contains(value) {
            return None;
        }
        n_present += 1;
        let count = counts.entry(value.to_bits()).or_default();
        count.0 += usize::from(label);
        count.1 += 1;
    }
    let is_rate = |(bits, (left, rows)): (&u32, &(usize, usize))| {
        let rate = *left as f64 / *rows as f64;
        (f64::from(f32::from_bits(*bits)) - rate).abs() <= RATE_TOLERANCE
    };
    // The test part is out by now, so rates over all rows fit these only nearly: most of the rows
    // must lie within three standard errors, and the values must be no plain zeros and ones.
    let near = |(bits, (left, rows)): (&u32, &(usize, usize))| {
        let value = f64::from(f32::from_bits(*bits));
        let rate = *left as f64 / *rows as f64;
        let error = (rate * (1.0 - rate) / *rows as f64).sqrt();
        (value - rate).abs() <= (3.0 * error).max(RATE_TOLERANCE)
    };
    let large: Vec<_> = counts.iter().filter(|(_, count)| count.1 >= 30).collect();
    let n_large: usize = large.iter().map(|(_, count)| count.1).sum();
    let inner = large.iter().filter(|(bits, _)| {
        let value = f32::from_bits(**bits);
        value > 0.001 && value < 0.999
    });
    let fits = counts.iter().all(is_rate) || large.iter().all(|&entry| near(entry));
    (inner.count() >= 2 && fits && n_large * 10 >= n_present * 9).then(|| {
        "is the share of leavers among the rows of each value: an encoding fitted on the labels of all rows".to_owned()
    })
}

/// A column that alone tells who left, judged on the half of the rows its rates were not taken
/// from.
fn tells_all(
    values: &[f32],
    labels: &[bool],
    is_number: bool,
    config: &LeakageConfig,
) -> Option<String> {
    let auc = single_column_auc(values, labels, is_number)?;
    if auc < config.max_single_column_auc {
        return None;
    }
    Some(if auc >= COPY_AUC {
        format!("is a copy of the target in other words (alone it reaches ROC-AUC {auc:.4})")
    } else {
        format!(
            "alone tells who left with ROC-AUC {auc:.4}: it was probably recorded after the customer had left"
        )
    })
}

/// Cuts a number is put into.
const CUTS: usize = 20;
/// Rows to a value from which the values of a number are looked at one by one.
const ROWS_A_VALUE: usize = 10;

/// Of a number the twentieths are looked at, and every value by itself where values repeat.
fn single_column_auc(values: &[f32], labels: &[bool], is_number: bool) -> Option<f64> {
    let by_place = auc_by(&places(values, is_number), labels);
    if !is_number {
        return by_place;
    }
    let exact: Vec<i64> = values.iter().map(|x| i64::from(x.to_bits())).collect();
    let n_distinct = exact
        .iter()
        .collect::<std::collections::BTreeSet<_>>()
        .len();
    if n_distinct * ROWS_A_VALUE > values.len() {
        return by_place;
    }
    let by_value = auc_by(&exact, labels);
    Some(by_place?.max(by_value?))
}

fn auc_by(place: &[i64], labels: &[bool]) -> Option<f64> {
    let mut scores = vec![0.0; labels.len()];
    let base = labels.iter().filter(|&&label| label).count() as f64 / labels.len() as f64;
    for half in [0, 1] {
        let mut counts: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
        for row in (0..labels.len()).filter(|&row| half_of(row) != half) {
            let count = counts.entry(place[row]).or_default();
            count.0 += f64::from(u8::from(labels[row]));
            count.1 += 1.0;
        }
        for row in (0..labels.len()).filter(|&row| half_of(row) == half) {
            let (left, rows) = counts.get(&place[row]).copied().unwrap_or_default();
            scores[row] = (left + base) / (rows + 1.0);
        }
    }
    roc_auc(labels, &scores).ok()
}

/// Which half a row is in: a hash, so that order in the file plays no part.
fn half_of(row: usize) -> u64 {
    churn_zoo::derive_seed(0, "leakage guard", row as u64) & 1
}

/// The level, or the twentieth of a number, of each row; -1 for missing.
fn places(values: &[f32], is_number: bool) -> Vec<i64> {
    let mut present: Vec<f32> = values
        .iter()
        .copied()
        .filter(|value| !value.is_nan())
        .collect();
    present.sort_by(f32::total_cmp);
    let cuts: Vec<f32> = (1..CUTS)
        .filter_map(|cut| present.get(cut * present.len() / CUTS).copied())
        .collect();
    values
        .iter()
        .map(|&value| {
            if value.is_nan() {
                -1
            } else if is_number {
                cuts.partition_point(|&cut| cut <= value) as i64
            } else {
                value as i64
            }
        })
        .collect()
}

/// Rows of one class that repeat others, far more than in the other class: oversampling.
fn resampling(groups: &[usize], labels: &[bool]) -> Option<String> {
    let share = |class: bool| {
        let rows = (0..labels.len()).filter(|&row| labels[row] == class);
        let (mut n, mut repeated) = (0_usize, 0_usize);
        for row in rows {
            n += 1;
            repeated += usize::from(groups[row] != row && labels[groups[row]] == class);
        }
        repeated as f64 / n.max(1) as f64
    };
    let (left, stayed) = (share(true), share(false));
    let (more, less, class) = if left > stayed {
        (left, stayed, "left")
    } else {
        (stayed, left, "stayed")
    };
    // Oversampling fills the rarer class up, so it is never much larger than the other; a class that
    // is larger by nature repeats more by nature.
    let n_left = labels.iter().filter(|&&label| label).count();
    let (n_more, n_less) = if left > stayed {
        (n_left, labels.len() - n_left)
    } else {
        (labels.len() - n_left, n_left)
    };
    let filled_up = n_more as f64 <= 1.2 * n_less as f64;
    (filled_up && more > REPEATED_SHARE && more > REPEATED_RATIO * less).then(|| {
        format!(
            "{:.0} % of the customers who {class} repeat another row exactly, {:.0} % of the others: the file was resampled before the split, so copies of test rows are in training; give the file as it was before resampling",
            more * 100.0,
            less * 100.0
        )
    })
}

/// Rows of the user's holdout that equal rows to be trained on.
fn holdout_repeats(rows: &Split, config: &LeakageConfig) -> Option<String> {
    let test = rows.test.as_ref()?;
    let (first, row) = rows.holdout_repeats.first()?;
    let count = rows.holdout_repeats.len();
    let share = count as f64 / test.labels.len() as f64;
    (share > config.max_straddling_share).then(|| {
        format!(
            "the holdout and the rows to train on share {count} equal rows ({:.1} % of the holdout), e.g. data rows {first} and {row}; keep equal rows on one side",
            share * 100.0
        )
    })
}

/// Equal rows in different folds of the user's.
fn straddling(
    table: &Table,
    groups: &[usize],
    folds: &[Fold],
    config: &LeakageConfig,
) -> Option<String> {
    let worst = folds
        .iter()
        .map(|fold| (fold, fold.split.straddling(groups).count()))
        .max_by_key(|(_, count)| *count)?;
    let (fold, count) = worst;
    let share = count as f64 / groups.len() as f64;
    if share <= config.max_straddling_share {
        return None;
    }
    let (first, row) = fold.split.straddling(groups).next()?;
    Some(format!(
        "fold {} of repeat {} has {count} rows ({:.1} %) that equal rows on its other side, e.g. data rows {} and {}; put equal rows into one fold",
        fold.index,
        fold.repeat,
        share * 100.0,
        table.row_number(first),
        table.row_number(row)
    ))
}
