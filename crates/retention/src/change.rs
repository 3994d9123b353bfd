//! What an offer changes about the customer who takes it.

use churn_schema::{ColumnSpec, DatasetSpec, Role};
use serde::Serialize;

use crate::document::{Node, Tree};
use crate::nearest::find_nearest;
use crate::section::{Faults, Section};

/// A column an offer changes, and to what.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Original column; marked as actionable in the specification.
    pub column: String,
    /// One or more values to choose from.
    pub to: Vec<ChangeTo>,
}

/// A value an offer brings.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeTo {
    /// A level of a category.
    Level(String),
    /// A number.
    Number(f64),
    /// The customer's number, changed by so many per cent: -15 takes 15 % off.
    Percent(f64),
}

impl ChangeTo {
    /// The number it makes of a customer's; `None` for a level. Percentages are rounded to two
    /// decimals, as amounts of money are.
    #[must_use]
    pub fn number(&self, from: f64) -> Option<f64> {
        match self {
            Self::Level(_) => None,
            Self::Number(number) => Some(*number),
            Self::Percent(percent) => {
                Some((from * (1.0 + percent / 100.0) * 100.0).round() / 100.0)
            }
        }
    }
}

/// Reads `changes` of an offer, if there is any: a map from columns to a value or a list of values.
pub(crate) fn read_changes(
    offer: &Section<'_>,
    spec: &DatasetSpec,
    faults: &mut Faults,
) -> Vec<Change> {
    let Some(node) = offer.find("changes") else {
        return Vec::new();
    };
    let path = offer.path_of("changes");
    let Tree::Map(entries) = &node.value else {
        let message = format!(
            "expected columns and the values the offer brings, such as Contract: [One year]; found {}",
            node.value.kind()
        );
        faults.note(node.referenced.line(), path, message);
        return Vec::new();
    };
    let mut changes = Vec::new();
    for (name, values) in entries {
        let line = name.referenced.line();
        let path = format!("{path}.{}", name.value);
        let column = match find_column(spec, &name.value) {
            Ok(column) => column,
            Err(message) => {
                faults.note(line, path, message);
                continue;
            }
        };
        let nodes: Vec<&Node> = match &values.value {
            Tree::List(nodes) => nodes.iter().collect(),
            _ => vec![values],
        };
        if nodes.is_empty() {
            let message = "expected one value or more, found an empty list";
            faults.note(line, path.as_str(), message);
        }
        let mut to = Vec::new();
        for node in nodes {
            match read_value(column, &node.value) {
                Ok(value) => to.push(value),
                Err(message) => faults.note(node.referenced.line(), path.as_str(), message),
            }
        }
        changes.push(Change {
            column: column.name.clone(),
            to,
        });
    }
    changes
}

fn find_column<'s>(spec: &'s DatasetSpec, name: &str) -> Result<&'s ColumnSpec, String> {
    let Some(column) = spec.column(name) else {
        let names = spec.columns.iter().map(|column| column.name.as_str());
        return Err(match find_nearest(name, names) {
            Some(near) => format!("there is no column {name:?}; did you mean {near:?}?"),
            None => format!("there is no column {name:?}"),
        });
    };
    if column.actionable.is_absent() || !column.has_role(Role::Feature) {
        return Err(format!(
            "the specification does not say that {name} is ours to change; give the column `actionable`"
        ));
    }
    Ok(column)
}

fn read_value(column: &ColumnSpec, value: &Tree) -> Result<ChangeTo, String> {
    let name = &column.name;
    if column.is_numeric() {
        let found = || {
            format!(
                "expected a number or a change such as -15%; found {}",
                value.kind()
            )
        };
        return match value {
            Tree::Number(number) if number.is_finite() => Ok(ChangeTo::Number(*number)),
            Tree::Text(text) => text
                .strip_suffix('%')
                .and_then(|percent| percent.trim().parse::<f64>().ok())
                .filter(|percent| (-100.0..=1000.0).contains(percent))
                .map(ChangeTo::Percent)
                .ok_or_else(found),
            _ => Err(found()),
        };
    }
    let level = match value {
        Tree::Text(text) => text.clone(),
        Tree::Number(number) => number.to_string(),
        other => {
            return Err(format!(
                "expected a level of {name}, in quotes if it is Yes or No; found {}",
                other.kind()
            ));
        }
    };
    let is_level = column.open || column.levels.contains(&level);
    if !is_level {
        let levels = column.levels.join(", ");
        return Err(format!(
            "{level:?} is no level of {name}; levels are {levels}"
        ));
    }
    if !column.actionable.allows(&level) {
        return Err(format!(
            "the specification does not say that we can bring {name} to {level:?}; add it to `actionable`"
        ));
    }
    Ok(ChangeTo::Level(level))
}
