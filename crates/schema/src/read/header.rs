//! From the header of a file to which field feeds which column.

use std::path::Path;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use super::{Purpose, ReadOptions};
use crate::parse::Plan;
use crate::spec::{ColumnSpec, DatasetSpec, Role};
use crate::table::held_columns;
use crate::{Error, Fault, FaultCode, Severity};

/// How the fields of a source map to the columns of a table.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) spec: Arc<DatasetSpec>,
    pub(crate) file: String,
    pub(crate) purpose: Purpose,
    pub(crate) max_field_bytes: usize,
    pub(crate) header: Vec<String>,
    /// Per source field the held column it feeds.
    pub(crate) column_of_field: Vec<Option<usize>>,
    /// Held columns that no field feeds.
    pub(crate) absent: Vec<usize>,
    pub(crate) notes: Vec<Fault>,
    pub(crate) plan: Plan,
}

impl Layout {
    /// Matches the header to the specification.
    pub(crate) fn new(
        path: &Path,
        header: Vec<String>,
        spec: &Arc<DatasetSpec>,
        options: &ReadOptions,
    ) -> Result<Self, Error> {
        let path_buf = || path.to_path_buf();
        if header.len() > options.max_columns {
            return Err(Error::TooManyColumns {
                path: path_buf(),
                n_columns: header.len(),
                limit: options.max_columns,
            });
        }
        let file = path.display().to_string();
        let held: Vec<&ColumnSpec> = held_columns(spec).collect();
        let position: HashMap<&str, usize> = held
            .iter()
            .enumerate()
            .map(|(idx, column)| (column.name.as_str(), idx))
            .collect();
        let mut notes = Vec::new();
        let mut fed = vec![false; held.len()];
        let mut repeated = Vec::new();
        let mut seen: HashSet<&str> = HashSet::new();
        let mut column_of_field = Vec::with_capacity(header.len());
        for (field_idx, name) in header.iter().enumerate() {
            let column = position.get(name.as_str()).copied();
            let is_repeat = !seen.insert(name);
            match column {
                Some(idx) if fed[idx] => repeated.push(name.clone()),
                Some(idx) => fed[idx] = true,
                None => notes.extend(note_unused(&file, spec, name, field_idx, is_repeat)),
            }
            column_of_field.push(column);
        }
        drop(seen);
        if !repeated.is_empty() {
            repeated.sort();
            repeated.dedup();
            return Err(Error::DuplicateColumns {
                path: path_buf(),
                columns: repeated,
            });
        }
        let absent: Vec<usize> = (0..held.len()).filter(|idx| !fed[*idx]).collect();
        let (needed, optional): (Vec<usize>, Vec<usize>) = absent
            .iter()
            .partition(|idx| is_needed(held[**idx], options.purpose));
        if !needed.is_empty() {
            let columns: Vec<String> = needed.iter().map(|idx| held[*idx].name.clone()).collect();
            let hint = missing_hint(&columns, &header);
            return Err(Error::MissingColumns {
                path: path_buf(),
                columns,
                hint,
            });
        }
        for idx in optional {
            if held[idx].has_role(Role::Target) {
                continue;
            }
            notes.push(note(
                &file,
                FaultCode::AbsentColumn,
                Severity::Info,
                &held[idx].name,
                "this optional column",
                "its values are taken as missing",
            ));
        }
        Ok(Self {
            spec: Arc::clone(spec),
            file,
            purpose: options.purpose,
            max_field_bytes: options.max_field_bytes,
            header,
            column_of_field,
            absent,
            notes,
            plan: Plan::new(spec),
        })
    }

    /// One field per held column, in order: for rows that come by name.
    pub(crate) fn of_spec(spec: &Arc<DatasetSpec>, file: &str, purpose: Purpose) -> Self {
        let header: Vec<String> = held_columns(spec)
            .map(|column| column.name.clone())
            .collect();
        Self {
            spec: Arc::clone(spec),
            file: file.to_owned(),
            purpose,
            max_field_bytes: ReadOptions::new(purpose).max_field_bytes,
            column_of_field: (0..header.len()).map(Some).collect(),
            header,
            absent: Vec::new(),
            notes: Vec::new(),
            plan: Plan::new(spec),
        }
    }
}

/// For scoring only features and the key are needed; training needs every held column.
fn is_needed(column: &ColumnSpec, purpose: Purpose) -> bool {
    purpose == Purpose::Train || column.has_role(Role::Feature) || column.has_role(Role::Key)
}

fn note_unused(
    file: &str,
    spec: &DatasetSpec,
    name: &str,
    field_idx: usize,
    is_repeat: bool,
) -> Option<Fault> {
    if name.is_empty() {
        let place = format!("number {}", field_idx + 1);
        return Some(note(
            file,
            FaultCode::EmptyColumnName,
            Severity::Warning,
            &place,
            "a name in the header",
            "the column is not read; name it to use it",
        ));
    }
    if is_repeat {
        return Some(note(
            file,
            FaultCode::DuplicateColumn,
            Severity::Warning,
            name,
            "each name once",
            "none of the columns of this name is read",
        ));
    }
    if spec.column(name).is_some() {
        return None;
    }
    Some(note(
        file,
        FaultCode::ExtraColumn,
        Severity::Warning,
        name,
        "a column of the specification",
        "the column is not read; list it (roles: [ignore] for one nobody needs)",
    ))
}

fn note(
    file: &str,
    code: FaultCode,
    severity: Severity,
    column: &str,
    expected: &str,
    fix: &str,
) -> Fault {
    Fault {
        severity,
        code,
        file: file.to_owned(),
        row: None,
        line: None,
        column: Some(column.to_owned()),
        value: None,
        expected: expected.to_owned(),
        fix: fix.to_owned(),
    }
}

fn missing_hint(columns: &[String], header: &[String]) -> String {
    let plain = |text: &str| -> String {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    };
    for column in columns {
        if let Some(similar) = header.iter().find(|name| plain(name) == plain(column)) {
            return format!(
                "the file has {similar:?} instead of {column:?}: rename it in the file or the specification"
            );
        }
    }
    let shown: Vec<&str> = header.iter().take(8).map(String::as_str).collect();
    let more = if header.len() > shown.len() {
        ", ..."
    } else {
        ""
    };
    format!(
        "the file has {}{more}; add them or correct the specification",
        shown.join(", ")
    )
}
