//! What a group's value is, in words a reader knows.

use churn_schema::{Cells, Table, write_number};

use crate::{Error, FittedPlan, Source, values::Values};

/// The values of all groups of a table as text. Columns are found and derived features computed
/// once, when this is made; reading a cell then costs no more than writing it.
pub struct GroupTexts<'a> {
    groups: Vec<GroupValues<'a>>,
}

/// A value to compare with, in the form the cells have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueMatcher {
    /// Index of a level.
    Code(i32),
    /// A number.
    Number(f64),
}

/// Numbers a person would write alike; a missing one, which is no number, is like none.
fn is_same(number: f64, wanted: f64) -> bool {
    (number - wanted).abs() < 1e-9
}

enum GroupValues<'a> {
    Column(Cells<'a>),
    Derived(Values),
}

impl<'a> GroupTexts<'a> {
    /// Prepares the groups of `plan` for the rows of `table`.
    ///
    /// # Errors
    /// As [`FittedPlan::transform`].
    pub fn new(plan: &FittedPlan, table: &'a Table) -> Result<Self, Error> {
        let groups = plan.features.iter().map(|feature| match &feature.source {
            Source::Column(column) => match table.cells(column) {
                Some(cells) => Ok(GroupValues::Column(cells)),
                None => Err(Error::MissingColumn {
                    column: column.clone(),
                }),
            },
            Source::Derived(_) => Values::read(table, &feature.source).map(GroupValues::Derived),
        });
        Ok(Self {
            groups: groups.collect::<Result<_, _>>()?,
        })
    }

    /// Prepares the question whether a group has the value that reads `text`; `None` when no row
    /// of this table has it.
    #[must_use]
    pub fn matcher(&self, group: usize, text: &str) -> Option<ValueMatcher> {
        let number = || text.parse().ok().map(ValueMatcher::Number);
        match self.groups.get(group)? {
            GroupValues::Column(Cells::Categories(view)) => {
                view.code_of(text).map(ValueMatcher::Code)
            }
            GroupValues::Column(Cells::Numbers(_)) | GroupValues::Derived(Values::Numbers(_)) => {
                number()
            }
            GroupValues::Column(_) => None,
            GroupValues::Derived(Values::Categories { levels, .. }) => {
                let code = levels.iter().position(|level| level == text)?;
                i32::try_from(code).ok().map(ValueMatcher::Code)
            }
        }
    }

    /// Whether a group has the value of `matcher`, which was made for it by [`Self::matcher`].
    #[must_use]
    pub fn matches(&self, group: usize, row: usize, matcher: ValueMatcher) -> bool {
        match (self.groups.get(group), matcher) {
            (Some(GroupValues::Column(Cells::Categories(view))), ValueMatcher::Code(code)) => {
                view.code(row) == Some(code)
            }
            (Some(GroupValues::Column(cells)), ValueMatcher::Number(wanted)) => cells
                .number(row)
                .is_some_and(|number| is_same(number, wanted)),
            (
                Some(GroupValues::Derived(Values::Numbers(numbers))),
                ValueMatcher::Number(wanted),
            ) => numbers
                .get(row)
                .is_some_and(|&number| is_same(number, wanted)),
            (
                Some(GroupValues::Derived(Values::Categories { codes, .. })),
                ValueMatcher::Code(code),
            ) => codes.get(row) == Some(&code),
            _ => false,
        }
    }

    /// The value of group `group` in row `row` as a number; `None` when missing, out of range, or
    /// not a number.
    #[must_use]
    pub fn number(&self, group: usize, row: usize) -> Option<f64> {
        match self.groups.get(group)? {
            GroupValues::Column(cells) => cells.number(row),
            GroupValues::Derived(Values::Numbers(numbers)) => {
                numbers.get(row).copied().filter(|number| !number.is_nan())
            }
            GroupValues::Derived(Values::Categories { .. }) => None,
        }
    }

    /// The value of group `group` in row `row`; `None` when missing or out of range.
    #[must_use]
    pub fn text(&self, group: usize, row: usize) -> Option<String> {
        let mut text = String::new();
        self.write(group, row, &mut text).then_some(text)
    }

    /// Appends what [`GroupTexts::text`] gives to `out`. Returns false, and appends nothing, when
    /// there is no value.
    pub fn write(&self, group: usize, row: usize, out: &mut String) -> bool {
        match self.groups.get(group) {
            None => false,
            Some(GroupValues::Column(cells)) => cells.write_text(row, out),
            Some(GroupValues::Derived(Values::Numbers(numbers))) => match numbers.get(row) {
                Some(number) if !number.is_nan() => {
                    // Two decimals are enough to know a computed value by.
                    write_number((number * 100.0).round() / 100.0, out);
                    true
                }
                _ => false,
            },
            Some(GroupValues::Derived(Values::Categories { codes, levels })) => {
                let code = codes.get(row).and_then(|&code| usize::try_from(code).ok());
                let level = code.and_then(|code| levels.get(code));
                level.inspect(|level| out.push_str(level)).is_some()
            }
        }
    }
}
