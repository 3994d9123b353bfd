//! What a specification must satisfy; all faults are found in one pass.

use std::collections::BTreeMap;

use super::{
    CheckSpec, ColumnKind, ColumnSpec, DatasetSpec, DerivedSpec, MissingStrategy, Role,
    SPEC_FORMAT, words_rules,
};
use crate::Error;

/// One fault of a specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecFault {
    pub(crate) place: Place,
    /// Line and column in the text, both from 1, where known.
    pub position: Option<(u64, u64)>,
    /// What is wrong and how to fix it.
    pub message: String,
}

/// Which entry of the file a fault belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    File,
    Column(usize),
    Derived(usize),
    Check(usize),
    Same(usize),
}

impl DatasetSpec {
    /// Checks the whole specification.
    ///
    /// # Errors
    /// [`Error::Spec`] with every fault.
    pub fn check(&self) -> Result<(), Error> {
        let faults = self.faults();
        if faults.is_empty() {
            return Ok(());
        }
        Err(Error::Spec {
            source_name: self.name.clone(),
            faults,
        })
    }

    pub(crate) fn faults(&self) -> Vec<SpecFault> {
        let mut faults = Faults(Vec::new());
        check_file(self, &mut faults);
        check_roles(self, &mut faults);
        let mut names = BTreeMap::new();
        for (idx, column) in self.columns.iter().enumerate() {
            let place = Place::Column(idx);
            if let Some(first) = names.insert(column.name.as_str(), idx) {
                let name = &column.name;
                faults.add(
                    place,
                    format!(
                        "column {name} is listed twice (also as entry {}); remove one",
                        first + 1
                    ),
                );
            }
            check_column(column, place, &mut faults);
        }
        for (idx, derived) in self.derived.iter().enumerate() {
            let place = Place::Derived(idx);
            if names.insert(derived.name(), idx).is_some() {
                faults.add(
                    place,
                    format!(
                        "the name {} is already taken; choose another",
                        derived.name()
                    ),
                );
            }
            check_derived(self, derived, place, &mut faults);
        }
        for (idx, check) in self.checks.iter().enumerate() {
            check_check(self, check, Place::Check(idx), &mut faults);
        }
        words_rules::check(self, &mut faults);
        faults.0
    }
}

pub(super) struct Faults(Vec<SpecFault>);

impl Faults {
    pub(super) fn add(&mut self, place: Place, message: String) {
        self.0.push(SpecFault {
            place,
            position: None,
            message,
        });
    }
}

fn check_file(spec: &DatasetSpec, faults: &mut Faults) {
    let mut add = |message: String| faults.add(Place::File, message);
    if spec.format != SPEC_FORMAT {
        add(format!(
            "format is {}, this version reads format: {SPEC_FORMAT}",
            spec.format
        ));
    }
    if spec.name.trim().is_empty() {
        add("name is empty; give the data set a short name".to_owned());
    }
    let delimiter = spec.csv.delimiter;
    if !delimiter.is_ascii() || matches!(delimiter, '"' | '\n' | '\r' | '\0') {
        add(format!(
            "csv.delimiter is {delimiter:?}; expected one ASCII character such as , ; or a tab"
        ));
    }
    if !(0.0..=1.0).contains(&spec.max_rejected_share) {
        add(format!(
            "max_rejected_share is {}; expected a share from 0 to 1",
            spec.max_rejected_share
        ));
    }
    if let Some(value) = spec.value {
        if !(value.margin > 0.0 && value.margin <= 1.0) {
            add(format!(
                "value.margin is {}; expected a share above 0 and at most 1",
                value.margin
            ));
        }
        if !(value.horizon_months > 0.0 && value.horizon_months.is_finite()) {
            add(format!(
                "value.horizon_months is {}; expected a number above 0",
                value.horizon_months
            ));
        }
    }
    if spec.columns.is_empty() {
        add("columns is empty; list at least one feature".to_owned());
    }
}

fn check_roles(spec: &DatasetSpec, faults: &mut Faults) {
    for role in [Role::Key, Role::Target, Role::Revenue, Role::Timestamp] {
        let holders: Vec<_> = (0..)
            .zip(&spec.columns)
            .filter(|(_, c)| c.has_role(role))
            .collect();
        for (idx, column) in holders.iter().skip(1) {
            let (first, role) = (&holders[0].1.name, role.as_str());
            faults.add(Place::Column(*idx), format!("column {} has the role {role}, which {first} has already; one column can have it", column.name));
        }
    }
    if !spec.columns.is_empty() && spec.features().next().is_none() {
        faults.add(
            Place::File,
            "no column has the role feature; models need at least one".to_owned(),
        );
    }
    if spec.value.is_some() && (spec.revenue().is_none() || spec.currency.is_none()) {
        faults.add(
            Place::File,
            "value needs a column with the role revenue and a currency; add both or remove value"
                .to_owned(),
        );
    }
}

fn check_column(column: &ColumnSpec, place: Place, faults: &mut Faults) {
    let name = &column.name;
    let mut add = |message: String| faults.add(place, format!("column {name}: {message}"));
    if name.trim().is_empty() {
        add("the name is empty; give the header name".to_owned());
    }
    if column.roles.is_empty() {
        add("roles is empty; use [ignore] for a column nobody needs".to_owned());
    }
    if column.has_role(Role::Ignore) {
        if column.roles.len() > 1 {
            add("ignore cannot be combined with other roles".to_owned());
        }
        return;
    }
    let is_category = column.kind == ColumnKind::Category;
    for (role, kinds) in [
        (
            Role::Key,
            &[ColumnKind::Text, ColumnKind::Integer, ColumnKind::Category][..],
        ),
        (Role::Target, &[ColumnKind::Category]),
        (Role::Revenue, &[ColumnKind::Number, ColumnKind::Integer]),
        (Role::Timestamp, &[ColumnKind::Date]),
        (
            Role::Protected,
            &[
                ColumnKind::Category,
                ColumnKind::Integer,
                ColumnKind::Number,
            ],
        ),
    ] {
        if column.has_role(role) && !kinds.contains(&column.kind) {
            let expected: Vec<_> = kinds.iter().map(|kind| kind.as_str()).collect();
            add(format!(
                "the role {} needs kind {}, found {}",
                role.as_str(),
                expected.join(" or "),
                column.kind.as_str()
            ));
        }
    }
    if column.has_role(Role::Feature) {
        if column.has_role(Role::Key) || column.has_role(Role::Target) {
            add("a key or target cannot be a feature; remove one of the roles".to_owned());
        }
        if column.kind == ColumnKind::Text {
            add("free text cannot be a feature; use kind: category with open: true, or roles: [ignore]".to_owned());
        }
    }
    check_domain(column, is_category, &mut add);
    check_range(column, &mut add);
    check_target(column, &mut add);
    check_missing(column, is_category, &mut add);
}

fn check_domain(column: &ColumnSpec, is_category: bool, add: &mut impl FnMut(String)) {
    if !is_category && (!column.levels.is_empty() || column.open) {
        add(format!(
            "levels and open belong to kind category, found kind {}",
            column.kind.as_str()
        ));
    }
    if is_category && column.levels.is_empty() && !column.open && !column.has_role(Role::Key) {
        add(
            "a category needs its levels; list them, or say open: true to learn them in training"
                .to_owned(),
        );
    }
    let mut seen = std::collections::BTreeSet::new();
    for level in &column.levels {
        if level.trim() != level || level.is_empty() {
            add(format!(
                "level {level:?} is empty or has blanks at an end; values are trimmed before they are compared"
            ));
        }
        if !seen.insert(level) {
            add(format!("level {level:?} is listed twice"));
        }
    }
}

fn check_range(column: &ColumnSpec, add: &mut impl FnMut(String)) {
    if !column.is_numeric() {
        if column.min.is_some() || column.max.is_some() {
            add(format!(
                "min and max belong to numbers, found kind {}",
                column.kind.as_str()
            ));
        }
        return;
    }
    for bound in [column.min, column.max].into_iter().flatten() {
        if !bound.is_finite() {
            add(format!(
                "bound {bound} is not finite; leave it out for no bound"
            ));
        }
    }
    if let (Some(min), Some(max)) = (column.min, column.max)
        && min > max
    {
        add(format!("min {min} is above max {max}"));
    }
}

fn check_target(column: &ColumnSpec, add: &mut impl FnMut(String)) {
    match (&column.positive, column.has_role(Role::Target)) {
        (None, true) => add("the target needs positive: the level that means \"left\"".to_owned()),
        (Some(_), false) => add("positive belongs to the target column only".to_owned()),
        (Some(positive), true) => {
            if !column.levels.contains(positive) {
                add(format!(
                    "positive {positive:?} is not one of the levels {}",
                    column.levels.join(", ")
                ));
            }
            if column.levels.len() != 2 || column.open {
                add(format!(
                    "a target has exactly two levels, found {}",
                    column.levels.len()
                ));
            }
        }
        (None, false) => {}
    }
}

fn check_missing(column: &ColumnSpec, is_category: bool, add: &mut impl FnMut(String)) {
    match &column.missing {
        MissingStrategy::Median if !column.is_numeric() => {
            add("missing: median needs numbers; use most_frequent or own_level".to_owned());
        }
        MissingStrategy::OwnLevel if !is_category => {
            add("missing: own_level needs a category; use keep, median or constant".to_owned());
        }
        MissingStrategy::Constant { value } if column.is_numeric() && value.number().is_none() => {
            add(format!(
                "missing: constant {:?} is not a number",
                value.text()
            ));
        }
        MissingStrategy::Constant { value }
            if is_category && !column.open && !column.levels.contains(&value.text()) =>
        {
            add(format!(
                "missing: constant {:?} is not one of the levels",
                value.text()
            ));
        }
        _ => {}
    }
}

/// Says what is wrong with the use of `name` as a column, if anything.
fn wrong_input(spec: &DatasetSpec, name: &str, wants_number: bool) -> Option<String> {
    let Some(column) = spec.column(name) else {
        return Some(format!("there is no column {name}"));
    };
    if column.has_role(Role::Ignore) {
        return Some(format!("column {name} is ignored; give it another role"));
    }
    if wants_number && !column.is_numeric() {
        return Some(format!("column {name} is not a number"));
    }
    if !wants_number && column.kind != ColumnKind::Category {
        return Some(format!("column {name} is not a category"));
    }
    None
}

fn check_derived(spec: &DatasetSpec, derived: &DerivedSpec, place: Place, faults: &mut Faults) {
    let name = derived.name();
    let mut add = |message: String| faults.add(place, format!("derived {name}: {message}"));
    let wants_number = !matches!(
        derived,
        DerivedSpec::Cross { .. } | DerivedSpec::CountOf { .. }
    );
    for input in derived.inputs() {
        if let Some(message) = wrong_input(spec, input, wants_number) {
            add(message);
        } else if spec
            .column(input)
            .is_some_and(|c| !c.has_role(Role::Feature))
        {
            // Otherwise a derived feature could carry the target, or a column kept from models.
            add(format!(
                "column {input} is not a feature, so no feature may be computed from it"
            ));
        }
    }
    match derived {
        DerivedSpec::Bucket { edges, .. } => {
            let rising = edges.windows(2).all(|pair| pair[0] < pair[1]);
            if edges.is_empty() || !rising || edges.iter().any(|edge| !edge.is_finite()) {
                add("edges must be one or more finite numbers in rising order".to_owned());
            }
        }
        DerivedSpec::CountOf {
            columns, equals, ..
        } if columns.is_empty() || equals.is_empty() => {
            add("columns and equals each need at least one entry".to_owned());
        }
        _ => {}
    }
}

fn check_check(spec: &DatasetSpec, check: &CheckSpec, place: Place, faults: &mut Faults) {
    let name = check.name();
    let mut add = |message: String| faults.add(place, format!("check {name}: {message}"));
    match check {
        CheckSpec::ApproximateProduct {
            total,
            factors,
            tolerance,
            ..
        } => {
            for input in std::iter::once(total).chain(factors) {
                if let Some(message) = wrong_input(spec, input, true) {
                    add(message);
                }
            }
            if factors.is_empty() {
                add("factors needs at least one column".to_owned());
            }
            if !(*tolerance > 0.0 && tolerance.is_finite()) {
                add(format!(
                    "tolerance is {tolerance}; expected a share above 0 such as 0.2"
                ));
            }
        }
        CheckSpec::Implies { when, then, .. } => {
            if then.one_of.is_empty() {
                add("then.one_of needs at least one level".to_owned());
            }
            let when_level = std::slice::from_ref(&when.equals);
            for (column, levels) in [(&when.column, when_level), (&then.column, &then.one_of[..])] {
                if let Some(message) = wrong_input(spec, column, false) {
                    add(message);
                    continue;
                }
                let known = spec.column(column).map(|c| &c.levels);
                for level in levels {
                    if known.is_some_and(|known| !known.contains(level)) {
                        add(format!(
                            "{level:?} is not a listed level of column {column}"
                        ));
                    }
                }
            }
        }
    }
}
