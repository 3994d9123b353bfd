//! What one column holds: kind, domain, missing tokens.

use arrow_array::Array;

use super::{InferOptions, Sample, names};
use crate::parse::parse_date;
use crate::spec::{ColumnKind, ColumnSpec, MissingStrategy};
use crate::table::CategoryView;

/// Texts that mean "no value" beside numbers.
const NUMBER_TOKENS: [&str; 20] = [
    "NA", "N/A", "n/a", "na", "NaN", "nan", "NULL", "null", "None", "none", "?", "-", "--", ".",
    "#N/A", "missing", "Missing", "Unknown", "unknown", "UNKNOWN",
];
/// Texts that mean "no value" beside words; "None" and "Unknown" are levels there.
const WORD_TOKENS: [&str; 10] = [
    "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "?", "#N/A", "<NA>",
];

/// A column of the sample with its counts.
pub(super) struct Profile<'a> {
    pub(super) spec: ColumnSpec,
    pub(super) view: CategoryView<'a>,
    /// Rows per code.
    pub(super) counts: Vec<u64>,
    pub(super) n_rows: usize,
    /// Rows with a value.
    pub(super) n_present: u64,
    /// Distinct values, without missing tokens.
    pub(super) n_distinct: usize,
    /// Values by code if the column is numeric; NaN for missing tokens.
    pub(super) numbers: Option<Vec<f64>>,
    /// Missing tokens met.
    pub(super) tokens: Vec<String>,
}

impl<'a> Profile<'a> {
    pub(super) fn all(sample: &'a Sample, options: &InferOptions) -> Vec<Self> {
        sample
            .header
            .iter()
            .filter_map(|name| Some(Self::new(name, sample.table.categories(name)?, options)))
            .collect()
    }

    fn new(name: &str, view: CategoryView<'a>, options: &InferOptions) -> Self {
        let n_rows = view.codes.len();
        let mut counts = vec![0_u64; view.values.len()];
        for code in view.codes.iter().flatten() {
            if let Some(count) = usize::try_from(code)
                .ok()
                .and_then(|code| counts.get_mut(code))
            {
                *count += 1;
            }
        }
        let levels: Vec<&str> = view.values.iter().map(Option::unwrap_or_default).collect();
        let mut spec = ColumnSpec::new(name, ColumnKind::Category);
        spec.label = names::label(name).filter(|label| label != name);
        let numbers = as_numbers(&levels);
        let known: &[&str] = if numbers.is_some() {
            &NUMBER_TOKENS
        } else {
            &WORD_TOKENS
        };
        let is_token = |level: &str| known.contains(&level);
        let tokens: Vec<String> = levels
            .iter()
            .filter(|level| is_token(level))
            .map(|level| (*level).to_owned())
            .collect();
        let n_token_rows: u64 = levels
            .iter()
            .zip(&counts)
            .filter(|(level, _)| is_token(level))
            .map(|(_, n)| n)
            .sum();
        let values: Vec<&str> = levels
            .into_iter()
            .filter(|level| !is_token(level))
            .collect();
        let n_present = counts.iter().sum::<u64>() - n_token_rows;
        let n_missing = n_rows as u64 - n_present;
        decide_kind(&mut spec, numbers.as_deref(), &values, n_missing, options);
        Self {
            spec,
            view,
            counts,
            n_rows,
            n_present,
            n_distinct: values.len(),
            numbers,
            tokens,
        }
    }

    /// Whether every row has a value of its own.
    pub(super) fn is_unique(&self) -> bool {
        self.n_distinct == self.n_rows
    }

    /// Whether at most one row in twenty repeats a value or has none: a few repeated customers
    /// do not make an identifier something else.
    pub(super) fn is_nearly_unique(&self) -> bool {
        self.n_distinct * 20 >= self.n_rows * 19
    }

    /// Values in row order, for numeric columns.
    pub(super) fn numbers_by_row(&self) -> impl Iterator<Item = f64> {
        let numbers = self.numbers.as_deref().unwrap_or_default();
        self.view.codes.iter().map(move |code| {
            let code = code.and_then(|code| usize::try_from(code).ok());
            code.and_then(|code| numbers.get(code))
                .copied()
                .unwrap_or(f64::NAN)
        })
    }

    /// Whether it counts the rows: whole numbers that go up by one.
    pub(super) fn is_row_counter(&self) -> bool {
        let numbers: Vec<f64> = self.numbers_by_row().collect();
        self.n_rows > 1
            && numbers
                .windows(2)
                .all(|pair| (pair[1] - pair[0] - 1.0).abs() < 1e-9)
    }
}

/// The value of each level if all are numbers or missing tokens, and at least one is a number.
fn as_numbers(levels: &[&str]) -> Option<Vec<f64>> {
    let mut n_numbers = 0;
    let mut numbers = Vec::with_capacity(levels.len());
    for level in levels {
        let value = fast_float2::parse::<f64, _>(level)
            .ok()
            .filter(|value| value.is_finite());
        match value {
            Some(value) if !has_leading_zero(level) => {
                n_numbers += 1;
                numbers.push(value);
            }
            _ if NUMBER_TOKENS.contains(level) => numbers.push(f64::NAN),
            _ => return None,
        }
    }
    (n_numbers > 0).then_some(numbers)
}

/// `00042` is an identifier, not a number.
fn has_leading_zero(level: &str) -> bool {
    let bytes = level.as_bytes();
    bytes.len() > 1 && bytes[0] == b'0' && bytes[1].is_ascii_digit()
}

fn decide_kind(
    spec: &mut ColumnSpec,
    numbers: Option<&[f64]>,
    values: &[&str],
    n_missing: u64,
    options: &InferOptions,
) {
    if let Some(numbers) = numbers {
        let mut present: Vec<f64> = numbers.iter().copied().filter(|x| !x.is_nan()).collect();
        present.sort_by(f64::total_cmp);
        let is_flag = values.len() <= 2 && values.iter().all(|value| matches!(*value, "0" | "1"));
        if !is_flag {
            let is_whole = |x: &f64| x.trunc().total_cmp(x).is_eq() && x.abs() < 9e15;
            let is_integer =
                present.iter().all(is_whole) && !values.iter().any(|v| v.contains('.'));
            spec.kind = if is_integer {
                ColumnKind::Integer
            } else {
                ColumnKind::Number
            };
            if n_missing > 0 {
                spec.missing = MissingStrategy::Median;
            }
            return;
        }
    } else if !values.is_empty() && values.iter().all(|v| parse_date(v.as_bytes()).is_some()) {
        spec.kind = ColumnKind::Date;
        return;
    }
    if n_missing > 0 {
        spec.missing = MissingStrategy::OwnLevel;
    }
    if values.len() > options.max_levels {
        spec.open = true;
        return;
    }
    spec.levels = values.iter().map(|value| (*value).to_owned()).collect();
    spec.levels.sort();
}
