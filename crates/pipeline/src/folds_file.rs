//! The user's own folds and holdout.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use churn_schema::Table;
use churn_zoo::{Fold, folds_from_assignments};

use crate::Error;

/// Rows of `table` whose keys are listed in the holdout file (one key per line, or the first
/// field of each line; a header line is recognised by not being a key).
pub(crate) fn read_holdout(path: &Path, table: &Table) -> Result<Vec<usize>, Error> {
    let rows = rows_by_key(path, table)?;
    let bad = |fault: String| Error::BadFolds {
        path: path.to_owned(),
        fault,
    };
    let mut held_out = BTreeSet::new();
    let mut unknown = Vec::new();
    for (line, fields) in read_lines(path)? {
        let Some(key) = fields.first() else { continue };
        match rows.get(key.as_str()) {
            Some(&row) => _ = held_out.insert(row),
            None if line == 1 => {}
            None => unknown.push(format!("'{key}' (line {line})")),
        }
    }
    // Rows of a few keys may have been refused; more than that, and keys are written differently.
    check_unknown(&unknown, held_out.len() / 20).map_err(bad)?;
    if held_out.is_empty() {
        return Err(bad(
            "no key of the file is in the data; list one key per line".to_owned(),
        ));
    }
    Ok(held_out.into_iter().collect())
}

/// Folds over the rows of `table` from a file with the columns key, repeat, fold.
pub(crate) fn read_folds(path: &Path, table: &Table) -> Result<Vec<Fold>, Error> {
    let rows = rows_by_key(path, table)?;
    let bad = |fault: String| Error::BadFolds {
        path: path.to_owned(),
        fault,
    };
    let mut assignments = Vec::new();
    let mut unknown = Vec::new();
    for (line, fields) in read_lines(path)? {
        let [key, repeat, fold] = fields.as_slice() else {
            return Err(bad(format!(
                "line {line} has {} fields; expected three: key, repeat, fold",
                fields.len()
            )));
        };
        let (repeat, fold) = match (repeat.parse::<usize>(), fold.parse::<usize>()) {
            (Ok(repeat), Ok(fold)) if repeat < 1000 && fold < 1000 => (repeat, fold),
            _ if line == 1 => continue,
            _ => {
                return Err(bad(format!(
                    "line {line}: repeat '{repeat}' and fold '{fold}' must be whole numbers from 0 to 999"
                )));
            }
        };
        match rows.get(key.as_str()) {
            Some(&row) => assignments.push((row, repeat, fold)),
            None => unknown.push(format!("'{key}' (line {line})")),
        }
    }
    // The keys of a holdout taken out before are among those of the folds.
    check_unknown(&unknown, assignments.len()).map_err(bad)?;
    if assignments.is_empty() {
        return Err(bad(
            "assigns no row to a fold; list key, repeat, fold of every row, one row per line"
                .to_owned(),
        ));
    }
    folds_from_assignments(table.n_rows(), &assignments).map_err(|fault| bad(fault.to_string()))
}

/// Keys that are not in the data are a mistake, unless their rows are simply elsewhere: up to
/// `tolerated` of them may be unknown.
fn check_unknown(unknown: &[String], tolerated: usize) -> Result<(), String> {
    if unknown.len() <= tolerated {
        return Ok(());
    }
    let shown = unknown
        .iter()
        .take(3)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    Err(format!(
        "{} keys are not in the data, e.g. {shown}; the first column must hold the dataset's key",
        unknown.len()
    ))
}

fn rows_by_key<'a>(path: &Path, table: &'a Table) -> Result<BTreeMap<&'a str, usize>, Error> {
    let keys = table.keys().ok_or_else(|| Error::BadFolds {
        path: path.to_owned(),
        fault: format!(
            "dataset '{}' has no key column, so rows can't be named; give one column the role 'key'",
            table.spec().name
        ),
    })?;
    Ok((0..table.n_rows())
        .map(|row| (keys.value(row), row))
        .collect())
}

/// Lines of a small comma-separated file with their numbers, blank ones left out.
fn read_lines(path: &Path) -> Result<Vec<(usize, Vec<String>)>, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let fields = |line: &str| {
        line.split(',')
            .map(|field| field.trim().trim_matches('"').to_owned())
            .collect()
    };
    Ok(text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| (index + 1, fields(line)))
        .collect())
}
