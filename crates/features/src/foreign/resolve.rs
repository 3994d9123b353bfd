//! From foreign columns to where each comes from, with every fault at once.

use churn_schema::{ColumnKind, ColumnSpec, DatasetSpec, DerivedSpec, MissingStrategy};

use super::names::{Found, Meaning, Names};
use super::{ColumnMap, ColumnSource, ForeignColumn};
use crate::fit::MISSING_LEVEL;
use crate::{Encoding, Error};

/// How one foreign column is made.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Made {
    /// The whole source in one column, encoded so.
    Whole(String, Encoding),
    /// 1 where the source has the level.
    Level(String, String),
}

/// What every foreign column is made of; `None` for those nobody looks at.
pub(super) struct Resolved {
    pub(super) made: Vec<Option<Made>>,
    pub(super) notes: Vec<String>,
}

/// What a source's values are.
enum Kind<'a> {
    Number,
    Date,
    /// With the levels the specification lists; none for an open one.
    Category(&'a [String]),
}

pub(super) fn resolve(
    spec: &DatasetSpec,
    columns: &[ForeignColumn],
    map: &ColumnMap,
) -> Result<Resolved, Error> {
    let names = Names::new(spec);
    let (mut notes, mut faults) = (Vec::new(), Vec::new());
    for name in map.keys() {
        if !columns.iter().any(|column| column.name == *name) {
            faults.push(format!(
                "'{name}' is in the map but not a column of the model"
            ));
        }
    }
    let mut made = Vec::with_capacity(columns.len());
    for column in columns {
        let one = match map.get(&column.name) {
            Some(source) => from_map(spec, column, source),
            None => from_name(spec, &names, column, &mut notes),
        };
        match one {
            Ok(one) => made.push(Some(one)),
            Err(_) if !column.is_used && !map.contains_key(&column.name) => {
                notes.push(format!(
                    "the model never looks at its column '{}', which was left out",
                    column.name
                ));
                made.push(None);
            }
            Err(fault) => {
                faults.push(format!("'{}' {fault}", column.name));
                made.push(None);
            }
        }
    }
    if !faults.is_empty() {
        return Err(Error::Foreign {
            n_columns: columns.len(),
            faults,
        });
    }
    Ok(Resolved { made, notes })
}

fn from_name(
    spec: &DatasetSpec,
    names: &Names<'_>,
    column: &ForeignColumn,
    notes: &mut Vec<String>,
) -> Result<Made, String> {
    let meaning = match names.find(&column.name, column.keeps_blanks) {
        Found::Exactly(meaning) => meaning,
        Found::Loosely(meaning) => {
            notes.push(format!(
                "'{}' was taken for {}",
                column.name,
                said(&meaning)
            ));
            meaning
        }
        Found::Ambiguous(meanings) => {
            let meanings: Vec<String> = meanings.iter().map(said).collect();
            return Err(format!(
                "could be {}; say which: {{column: ..., level: ...}}",
                meanings.join(" or ")
            ));
        }
        Found::SomeLevel(name) => {
            return Err(format!(
                "is a level of '{name}', but blanks were written as '_', so which one is not known; say it: {{column: {name}, level: ...}}, or list the levels of '{name}' in the specification"
            ));
        }
        Found::Nowhere => return Err(unknown(spec, column)),
    };
    match meaning {
        Meaning::Level(..) if column.levels.is_some() => Err(format!(
            "holds category codes but is called like {}; say what the codes mean: {{column: ..., categories: [...]}}",
            said(&meaning)
        )),
        Meaning::Level(name, level) => Ok(Made::Level(name, level)),
        Meaning::Whole(name) => {
            let encoding = whole(spec, column, &name, &ColumnSource::of(&name))?;
            note_fill(spec, &name, &encoding, notes);
            Ok(Made::Whole(name, encoding))
        }
    }
}

fn from_map(
    spec: &DatasetSpec,
    column: &ForeignColumn,
    source: &ColumnSource,
) -> Result<Made, String> {
    let name = source.column.clone();
    let given = [
        source.level.is_some(),
        source.categories.is_some(),
        source.values.is_some(),
    ];
    if given.iter().filter(|&&given| given).count() > 1 {
        return Err("is given more than one of level, categories and values; keep one".to_owned());
    }
    let kind = kind_of(spec, &name)
        .ok_or_else(|| format!("is said to come from '{name}', {}", no_feature(spec)))?;
    let Some(level) = &source.level else {
        return Ok(Made::Whole(
            name.clone(),
            whole(spec, column, &name, source)?,
        ));
    };
    if column.levels.is_some() {
        return Err("holds category codes, which are no single level; give categories".to_owned());
    }
    if source.missing.is_some() {
        return Err(
            "is given level and missing; missing is a level of its own: (missing)".to_owned(),
        );
    }
    let is_known = level == MISSING_LEVEL
        || match kind {
            Kind::Category(levels) => levels.is_empty() || levels.contains(level),
            Kind::Number => level.parse::<f64>().is_ok(),
            Kind::Date => false,
        };
    if is_known {
        Ok(Made::Level(name, level.clone()))
    } else {
        Err(format!(
            "is said to be the level '{level}' of '{name}', which has no such level{}",
            listed(&kind)
        ))
    }
}

/// The encoding of a source that fills a column of its own.
fn whole(
    spec: &DatasetSpec,
    column: &ForeignColumn,
    name: &str,
    source: &ColumnSource,
) -> Result<Encoding, String> {
    let kind = kind_of(spec, name).ok_or_else(|| no_feature(spec))?;
    match (&column.levels, &source.values) {
        (Some(_), Some(_)) => Err(
            "holds category codes, so values do not apply; give categories in code order"
                .to_owned(),
        ),
        (Some(levels), None) => codes(levels, &kind, name, source),
        (None, _) if source.categories.is_some() => {
            let levels = source.categories.clone().unwrap_or_default();
            codes(&levels, &kind, name, source)
        }
        (None, Some(values)) => numbered(values, &kind, name, source),
        (None, None) => number(&kind, name, source),
    }
}

/// Category codes in the order of the file, or of the map when the file has none.
fn codes(
    stored: &[String],
    kind: &Kind<'_>,
    name: &str,
    source: &ColumnSource,
) -> Result<Encoding, String> {
    let given = source.categories.as_deref();
    let levels = match (stored, given) {
        ([], None) => {
            return Err(format!(
                "holds category codes and the file does not say what they mean; list the categories of '{name}' in code order: {{column: {name}, categories: [...]}}{}",
                listed(kind)
            ));
        }
        ([], Some(given)) => given,
        (stored, Some(given)) if stored != given => {
            return Err(format!(
                "has its categories in the file ({}), and the map says others",
                stored.join(", ")
            ));
        }
        (stored, _) => stored,
    };
    let levels: Vec<String> = levels.iter().map(|level| as_known(level, kind)).collect();
    if let Some(twice) = (1..levels.len()).find(|&i| levels[..i].contains(&levels[i])) {
        return Err(format!("has the category '{}' twice", levels[twice]));
    }
    let is_met = match kind {
        Kind::Category([]) => true,
        Kind::Category(known) => known.iter().any(|level| levels.contains(level)),
        Kind::Number => levels.iter().all(|level| level.parse::<f64>().is_ok()),
        Kind::Date => false,
    };
    if !is_met {
        return Err(format!(
            "has the categories {} and none of them is in '{name}'{}",
            levels.join(", "),
            listed(kind)
        ));
    }
    let missing = match &source.missing {
        None => None,
        Some(text) => {
            let place = levels.iter().position(|level| level == text);
            Some(place.ok_or_else(|| {
                format!("counts a missing value as '{text}', which is none of its categories")
            })?)
        }
    };
    Ok(Encoding::Native { levels, missing })
}

/// The text the specification has for a category that a library may write another way.
fn as_known(level: &str, kind: &Kind<'_>) -> String {
    let Kind::Category(known) = kind else {
        return level.to_owned();
    };
    if known.iter().any(|other| other == level) {
        return level.to_owned();
    }
    let number = level.parse::<f64>().ok();
    let is_same = |other: &&String| {
        other.eq_ignore_ascii_case(level)
            || number.is_some_and(|number| {
                other
                    .parse::<f64>()
                    .is_ok_and(|x| x.total_cmp(&number).is_eq())
            })
    };
    let mut same = known.iter().filter(is_same);
    match (same.next(), same.next()) {
        (Some(only), None) => only.clone(),
        _ => level.to_owned(),
    }
}

/// A number for each level.
fn numbered(
    values: &std::collections::BTreeMap<String, f64>,
    kind: &Kind<'_>,
    name: &str,
    source: &ColumnSource,
) -> Result<Encoding, String> {
    let known = match kind {
        Kind::Category(known) => *known,
        Kind::Number | Kind::Date => {
            return Err(format!("is given values, but '{name}' is no category"));
        }
    };
    if let Some(level) = known.iter().find(|level| !values.contains_key(*level)) {
        return Err(format!("has no value for the level '{level}' of '{name}'"));
    }
    let stray = values
        .keys()
        .find(|level| !known.is_empty() && !known.contains(level));
    if let Some(level) = stray {
        return Err(format!(
            "has a value for '{level}', which is no level of '{name}'{}",
            listed(kind)
        ));
    }
    if let Some((level, value)) = values.iter().find(|(_, value)| !value.is_finite()) {
        return Err(format!(
            "has the value {value} for '{level}'; expected a finite number"
        ));
    }
    Ok(Encoding::Numbered {
        levels: values.keys().cloned().collect(),
        values: values.values().copied().collect(),
        missing: missing_number(source)?,
    })
}

/// A number as it is, or of a category whose levels are numbers or truth values.
fn number(kind: &Kind<'_>, name: &str, source: &ColumnSource) -> Result<Encoding, String> {
    let missing = missing_number(source)?;
    match kind {
        Kind::Number => Ok(Encoding::Number {
            fill: missing,
            shift: 0.0,
            scale: 1.0,
            flag_missing: false,
        }),
        Kind::Date => Err(format!(
            "is called like the date '{name}', and how a date became a number is not known; derive a number in the data, or leave the column out of the model"
        )),
        Kind::Category(levels) => {
            let values: Option<Vec<f64>> = levels.iter().map(|level| as_number(level)).collect();
            match values.filter(|values| !values.is_empty()) {
                Some(values) => Ok(Encoding::Numbered {
                    levels: levels.to_vec(),
                    values,
                    missing,
                }),
                None => Err(format!(
                    "is a number in the model and '{name}' is a category; say which number each level was: {{column: {name}, values: {{LEVEL: NUMBER, ...}}}}{}",
                    listed(kind)
                )),
            }
        }
    }
}

fn as_number(level: &str) -> Option<f64> {
    match level {
        "false" | "False" | "FALSE" => Some(0.0),
        "true" | "True" | "TRUE" => Some(1.0),
        _ => level.parse().ok().filter(|number: &f64| number.is_finite()),
    }
}

fn missing_number(source: &ColumnSource) -> Result<Option<f64>, String> {
    let Some(text) = &source.missing else {
        return Ok(None);
    };
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number
        .map(Some)
        .ok_or_else(|| format!("counts a missing value as '{text}'; expected a number"))
}

fn kind_of<'a>(spec: &'a DatasetSpec, name: &str) -> Option<Kind<'a>> {
    if let Some(column) = spec.features().find(|column| column.name == name) {
        return match column.kind {
            ColumnKind::Integer | ColumnKind::Number => Some(Kind::Number),
            ColumnKind::Date => Some(Kind::Date),
            ColumnKind::Category => Some(Kind::Category(domain(column))),
            ColumnKind::Text => None,
        };
    }
    let derived = spec.derived.iter().find(|derived| derived.name() == name)?;
    Some(match derived {
        DerivedSpec::Bucket { .. } | DerivedSpec::Cross { .. } => Kind::Category(&[]),
        _ => Kind::Number,
    })
}

fn domain(column: &ColumnSpec) -> &[String] {
    if column.open { &[] } else { &column.levels }
}

/// Says when the specification would have filled a gap that the model gets to see.
fn note_fill(spec: &DatasetSpec, name: &str, encoding: &Encoding, notes: &mut Vec<String>) {
    let Some(column) = spec.column(name) else {
        return;
    };
    let keeps = matches!(encoding, Encoding::Number { fill: None, .. });
    if keeps && column.missing != MissingStrategy::Keep {
        notes.push(format!(
            "missing values of '{name}' reach the model as missing, where the specification would have them {}; if the training rows were filled, say with what: {{column: {name}, missing: NUMBER}}",
            column.missing.words()
        ));
    }
}

fn said(meaning: &Meaning) -> String {
    match meaning {
        Meaning::Whole(name) => format!("'{name}'"),
        Meaning::Level(name, level) => format!("level '{level}' of '{name}'"),
    }
}

fn unknown(spec: &DatasetSpec, column: &ForeignColumn) -> String {
    let expected = if column.levels.is_some() {
        "{column: ..., categories: [...]}"
    } else {
        "{column: ...} or {column: ..., level: ...}"
    };
    format!(
        "is neither a feature of specification '{}' nor a column and one of its levels; say where it comes from: {expected}",
        spec.name
    )
}

fn no_feature(spec: &DatasetSpec) -> String {
    let known: Vec<&str> = spec
        .features()
        .map(|column| column.name.as_str())
        .chain(spec.derived.iter().map(DerivedSpec::name))
        .collect();
    format!(
        "which is no feature of specification '{}'; known are {}",
        spec.name,
        known.join(", ")
    )
}

fn listed(kind: &Kind<'_>) -> String {
    match kind {
        Kind::Category(levels) if !levels.is_empty() => {
            format!(" (levels: {})", levels.join(", "))
        }
        _ => String::new(),
    }
}

impl ColumnSource {
    /// The whole of a column, without further word.
    fn of(column: &str) -> Self {
        Self {
            column: column.to_owned(),
            level: None,
            categories: None,
            values: None,
            missing: None,
        }
    }
}
