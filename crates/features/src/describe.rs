//! What a group's value is, in words a reader knows.

use churn_schema::Table;

use crate::{Error, FittedPlan, Source, values::Values};

/// The values of all groups of a table as text. Columns are read from the table when asked for,
/// derived features are computed once.
pub struct GroupTexts<'a> {
    plan: &'a FittedPlan,
    table: &'a Table,
    derived: Vec<Option<Values>>,
}

impl<'a> GroupTexts<'a> {
    /// Prepares the groups of `plan` for the rows of `table`.
    ///
    /// # Errors
    /// As [`FittedPlan::transform`].
    pub fn new(plan: &'a FittedPlan, table: &'a Table) -> Result<Self, Error> {
        let derived = plan.features.iter().map(|feature| match &feature.source {
            Source::Column(_) => Ok(None),
            Source::Derived(_) => Values::read(table, &feature.source).map(Some),
        });
        Ok(Self {
            plan,
            table,
            derived: derived.collect::<Result<_, _>>()?,
        })
    }

    /// The value of group `group` in row `row`; `None` when missing or out of range.
    #[must_use]
    pub fn text(&self, group: usize, row: usize) -> Option<String> {
        match self.derived.get(group)? {
            None => self
                .table
                .value_text(&self.plan.groups.get(group)?.name, row),
            Some(Values::Numbers(numbers)) => {
                let number = *numbers.get(row)?;
                (!number.is_nan()).then(|| format!("{}", (number * 100.0).round() / 100.0 + 0.0))
            }
            Some(Values::Categories { codes, levels }) => {
                levels.get(usize::try_from(*codes.get(row)?).ok()?).cloned()
            }
        }
    }
}
