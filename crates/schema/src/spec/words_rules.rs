//! What the words for reasons and the marks of what is ours to change must satisfy.

use std::collections::BTreeMap;

use super::rules::{Faults, Place};
use super::{Actionable, ColumnKind, ColumnSpec, DatasetSpec, Role};

pub(super) fn check(spec: &DatasetSpec, faults: &mut Faults) {
    for (idx, column) in spec.columns.iter().enumerate() {
        check_column(column, Place::Column(idx), faults);
    }
    let mut taken: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (idx, same) in spec.same.iter().enumerate() {
        let place = Place::Same(idx);
        let mut add =
            |message: String| faults.add(place, format!("same {:?}: {message}", same.say));
        if same.say.trim().is_empty() {
            add("say is empty; give the sentence that stands for all values".to_owned());
        }
        if same.values.len() < 2 {
            add("values needs two or more columns".to_owned());
        }
        for (name, value) in &same.values {
            if let Some(message) = wrong_member(spec, name, value) {
                add(message);
            }
            if let Some(first) = taken.insert((name, value), idx) {
                let first = &spec.same[first].say;
                add(format!("{name} {value:?} already belongs to {first:?}"));
            }
        }
    }
}

fn check_column(column: &ColumnSpec, place: Place, faults: &mut Faults) {
    let mut add = |message: String| faults.add(place, format!("column {}: {message}", column.name));
    let is_closed = column.kind == ColumnKind::Category && !column.open;
    let is_level = |value: &String| column.levels.contains(value);
    if is_closed && !column.has_role(Role::Ignore) {
        for value in column.say.keys().filter(|value| !is_level(value)) {
            add(format!("say: {value:?} is not one of the levels"));
        }
    }
    if let Actionable::To(levels) = &column.actionable {
        if levels.is_empty() {
            add(
                "actionable is an empty list; list the values we can bring, or leave it out"
                    .to_owned(),
            );
        }
        if column.kind != ColumnKind::Category {
            add("actionable: a list of values needs a category; use true for numbers".to_owned());
        }
        for level in levels.iter().filter(|level| is_closed && !is_level(level)) {
            add(format!("actionable: {level:?} is not one of the levels"));
        }
    }
    if !column.actionable.is_absent() {
        if !column.has_role(Role::Feature) {
            add("actionable: it is no feature, so changing it changes no score".to_owned());
        }
        if column.has_role(Role::Protected) {
            add("actionable: a protected attribute is nothing we change".to_owned());
        }
    }
}

/// Says why a value can't be one of several that say the same, if it can't.
fn wrong_member(spec: &DatasetSpec, name: &str, value: &str) -> Option<String> {
    let is_protected = |name: &str| {
        let column = spec.column(name);
        column.is_some_and(|column| column.has_role(Role::Protected))
    };
    if let Some(derived) = spec.derived.iter().find(|derived| derived.name() == name) {
        let protected = derived
            .inputs()
            .into_iter()
            .find(|input| is_protected(input));
        return protected.map(|input| format!("{name} is made from {input}, which is protected"));
    }
    let Some(column) = spec.column(name) else {
        return Some(format!("there is no column {name}"));
    };
    if !column.has_role(Role::Feature) {
        return Some(format!("column {name} is no feature"));
    }
    if is_protected(name) {
        return Some(format!("column {name} is protected and is never a reason"));
    }
    let is_level = column.open || column.levels.iter().any(|level| level == value);
    match column.kind {
        ColumnKind::Category if !is_level => {
            Some(format!("{value:?} is not a listed level of column {name}"))
        }
        ColumnKind::Integer | ColumnKind::Number if value.parse::<f64>().is_err() => {
            Some(format!("{value:?} is not a number, as column {name} needs"))
        }
        _ => None,
    }
}
