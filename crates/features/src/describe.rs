//! What a group's value is, in words a reader knows.

use churn_schema::{Cells, Table, write_number};

use crate::{Error, FittedPlan, Source, values::Values};

/// The values of all groups of a table as text. Columns are found and derived features computed
/// once, when this is made; reading a cell then costs no more than writing it.
pub struct GroupTexts<'a> {
    groups: Vec<GroupValues<'a>>,
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
