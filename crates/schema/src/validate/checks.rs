//! Checks between the columns of a row, evaluated while parsing and over whole tables.

use arrow_array::{Array, Float64Array};

use super::report::{CheckReport, Graded};
use crate::spec::{CheckSeverity, CheckSpec, DatasetSpec};
use crate::table::{CategoryView, Table, held_columns};
use crate::{Fault, FaultCode, Severity};

/// A check with its columns looked up.
#[derive(Debug)]
pub(crate) struct RowCheck {
    pub(crate) name: String,
    pub(crate) expected: String,
    severity: CheckSeverity,
    rule: Rule,
}

#[derive(Debug)]
enum Rule {
    Product {
        total: usize,
        factors: Vec<usize>,
        tolerance: f64,
    },
    Implies {
        when: (usize, i32),
        then: (usize, Vec<i32>),
    },
}

/// What a check says about one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Verdict {
    /// A value is missing, or the condition does not hold.
    NotEvaluated,
    Passed {
        gap: f64,
    },
    Failed {
        gap: f64,
    },
}

impl Verdict {
    pub(crate) fn is_failure(self) -> bool {
        matches!(self, Self::Failed { .. })
    }
}

impl RowCheck {
    /// `None` if a column or level does not exist, which [`DatasetSpec::check`] reports.
    pub(crate) fn new(check: &CheckSpec, spec: &DatasetSpec) -> Option<Self> {
        let place = |name: &str| held_columns(spec).position(|column| column.name == name);
        let code = |column: &str, level: &str| {
            let position = spec
                .column(column)?
                .levels
                .iter()
                .position(|known| known == level)?;
            i32::try_from(position).ok()
        };
        let (expected, rule) = match check {
            CheckSpec::ApproximateProduct {
                total,
                factors,
                tolerance,
                ..
            } => {
                let places: Option<Vec<usize>> = factors.iter().map(|name| place(name)).collect();
                let percent = tolerance * 100.0;
                let expected = format!("{total} within {percent:.0} % of {}", factors.join(" x "));
                (
                    expected,
                    Rule::Product {
                        total: place(total)?,
                        factors: places?,
                        tolerance: *tolerance,
                    },
                )
            }
            CheckSpec::Implies { when, then, .. } => {
                let codes: Option<Vec<i32>> = then
                    .one_of
                    .iter()
                    .map(|level| code(&then.column, level))
                    .collect();
                let expected = format!(
                    "{} to be {} where {} is {}",
                    then.column,
                    then.one_of.join(" or "),
                    when.column,
                    when.equals
                );
                let when = (place(&when.column)?, code(&when.column, &when.equals)?);
                (
                    expected,
                    Rule::Implies {
                        when,
                        then: (place(&then.column)?, codes?),
                    },
                )
            }
        };
        let name = check.name().to_owned();
        Some(Self {
            name,
            expected,
            severity: check.severity(),
            rule,
        })
    }

    /// Evaluates one row. `number` gives NaN and `code` a negative number for missing values.
    pub(crate) fn evaluate(
        &self,
        number: impl Fn(usize) -> f64,
        code: impl Fn(usize) -> i32,
    ) -> Verdict {
        match &self.rule {
            Rule::Product {
                total,
                factors,
                tolerance,
            } => {
                let total = number(*total);
                let product: f64 = factors.iter().map(|idx| number(*idx)).product();
                if total.is_nan() || product.is_nan() {
                    return Verdict::NotEvaluated;
                }
                let difference = (total - product).abs();
                let gap = if difference <= 0.0 {
                    0.0
                } else {
                    difference / product.abs()
                };
                if gap <= *tolerance {
                    Verdict::Passed { gap }
                } else {
                    Verdict::Failed { gap }
                }
            }
            Rule::Implies { when, then } => {
                let found = code(then.0);
                if code(when.0) != when.1 || found < 0 {
                    Verdict::NotEvaluated
                } else if then.1.contains(&found) {
                    Verdict::Passed { gap: 0.0 }
                } else {
                    Verdict::Failed { gap: 0.0 }
                }
            }
        }
    }
}

/// For each row of `table` the places, in [`DatasetSpec::checks`], of the checks it fails, rising.
#[must_use]
pub fn broken_checks(table: &Table) -> Vec<Vec<usize>> {
    let spec = table.spec();
    let mut broken = vec![Vec::new(); table.n_rows()];
    let columns = Columns::new(table);
    for (check_idx, check) in spec.checks.iter().enumerate() {
        let Some(check) = RowCheck::new(check, spec) else {
            continue;
        };
        for (row_idx, broken) in broken.iter_mut().enumerate() {
            if columns.evaluate(&check, row_idx).is_failure() {
                broken.push(check_idx);
            }
        }
    }
    broken
}

/// The columns of a table, found once for all rows and checks.
struct Columns<'a> {
    numbers: Vec<Option<&'a Float64Array>>,
    categories: Vec<Option<CategoryView<'a>>>,
}

impl<'a> Columns<'a> {
    fn new(table: &'a Table) -> Self {
        let names = || held_columns(table.spec()).map(|column| column.name.as_str());
        Self {
            numbers: names().map(|name| table.numbers(name)).collect(),
            categories: names().map(|name| table.categories(name)).collect(),
        }
    }

    fn evaluate(&self, check: &RowCheck, row_idx: usize) -> Verdict {
        let number = |idx: usize| match self.numbers[idx] {
            Some(array) if array.is_valid(row_idx) => array.value(row_idx),
            _ => f64::NAN,
        };
        let code = |idx: usize| {
            let code = self.categories[idx].and_then(|view| view.code(row_idx));
            code.unwrap_or(-1)
        };
        check.evaluate(number, code)
    }
}

/// Counts of one check over all rows.
#[derive(Debug)]
pub(super) struct CheckTally {
    check: RowCheck,
    n_evaluated: u64,
    n_failed: u64,
    n_within: [u64; 4],
}

impl CheckTally {
    pub(super) fn all(spec: &DatasetSpec) -> Vec<Self> {
        let checks = spec
            .checks
            .iter()
            .filter_map(|check| RowCheck::new(check, spec));
        checks
            .map(|check| Self {
                check,
                n_evaluated: 0,
                n_failed: 0,
                n_within: [0; 4],
            })
            .collect()
    }

    /// Counts a row that parsing rejected because of this check.
    pub(super) fn count_rejected(&mut self, fault: &Fault) {
        if fault.code == FaultCode::CheckFailed && fault.value.as_ref() == Some(&self.check.name) {
            self.n_evaluated += 1;
            self.n_failed += 1;
        }
    }

    /// Counts good rows and adds a warning for each that fails.
    pub(super) fn add(&mut self, table: &Table, file: &str, failed: &mut Vec<Fault>) {
        let columns = Columns::new(table);
        let tolerances = [0.05, 0.10, 0.20, self.tolerance().unwrap_or(0.0)];
        for row_idx in 0..table.n_rows() {
            let verdict = columns.evaluate(&self.check, row_idx);
            let (Verdict::Passed { gap } | Verdict::Failed { gap }) = verdict else {
                continue;
            };
            self.n_evaluated += 1;
            for (n_within, tolerance) in self.n_within.iter_mut().zip(tolerances) {
                *n_within += u64::from(gap <= tolerance);
            }
            if verdict.is_failure() {
                self.n_failed += 1;
                failed.push(self.warning(file, table.row_number(row_idx)));
            }
        }
    }

    pub(super) fn report(self, n_good: u64) -> CheckReport {
        let share = |count: u64| {
            if n_good == 0 {
                0.0
            } else {
                count as f64 / n_good as f64
            }
        };
        let graded = self.tolerance().map(|tolerance| Graded {
            within_5_percent: share(self.n_within[0]),
            within_10_percent: share(self.n_within[1]),
            within_20_percent: share(self.n_within[2]),
            within_tolerance: share(self.n_within[3]),
            tolerance,
        });
        CheckReport {
            name: self.check.name,
            expected: self.check.expected,
            n_evaluated: self.n_evaluated,
            n_failed: self.n_failed,
            graded,
        }
    }

    fn tolerance(&self) -> Option<f64> {
        match self.check.rule {
            Rule::Product { tolerance, .. } => Some(tolerance),
            Rule::Implies { .. } => None,
        }
    }

    fn warning(&self, file: &str, row: u64) -> Fault {
        let severity = match self.check.severity {
            CheckSeverity::Warning => Severity::Warning,
            CheckSeverity::Error => Severity::Error,
        };
        Fault {
            severity,
            code: FaultCode::CheckFailed,
            file: file.to_owned(),
            row: Some(row),
            line: None,
            column: None,
            value: Some(self.check.name.clone()),
            expected: self.check.expected.clone(),
            fix: "look at the row; it is used as it is".to_owned(),
        }
    }
}
