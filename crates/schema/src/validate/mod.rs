//! What a whole data set is like: counts, faults, missing values, repeats, outliers, checks.

mod checks;
mod outliers;
mod repeats;
mod report;
mod tally;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

pub(crate) use checks::RowCheck;
pub use checks::broken_checks;
pub use repeats::row_groups;
pub use report::{
    CheckReport, Duplicates, FaultCount, Graded, LevelCount, MissingReport, OutlierReport,
    Validation,
};

use crate::read::{ParsedChunk, RejectedRow};
use crate::spec::DatasetSpec;
use crate::table::Table;
use crate::{Fault, FaultCode, Severity};
use checks::CheckTally;
use repeats::{KeySet, RowGroups};
use tally::ColumnTally;

/// Most faults listed in a [`Validation`]; counts stay exact beyond.
pub const MAX_LISTED_FAULTS: usize = 1000;
/// Of these, most that are no errors, so that warnings never crowd errors out.
const MAX_LISTED_NOTES: usize = 500;

/// Gathers a [`Validation`] from parsed chunks, in order.
///
/// Memory grows by the keys, by 28 bytes per distinct row and by 8 bytes per number, up to
/// five million numbers per column.
#[derive(Debug)]
pub struct Validator {
    spec: Arc<DatasetSpec>,
    file: String,
    content_sha256: Option<String>,
    n_rows: u64,
    n_rejected: u64,
    target: BTreeMap<String, u64>,
    fault_counts: BTreeMap<(FaultCode, Severity, Option<String>), u64>,
    faults: Vec<Fault>,
    n_notes: usize,
    keys: KeySet,
    n_duplicate_keys: u64,
    groups: RowGroups,
    columns: Vec<ColumnTally>,
    checks: Vec<CheckTally>,
}

impl Validator {
    /// A validator that has seen nothing yet.
    #[must_use]
    pub fn new(spec: &Arc<DatasetSpec>) -> Self {
        Self {
            file: String::new(),
            content_sha256: None,
            n_rows: 0,
            n_rejected: 0,
            target: BTreeMap::new(),
            fault_counts: BTreeMap::new(),
            faults: Vec::new(),
            n_notes: 0,
            keys: KeySet::default(),
            n_duplicate_keys: 0,
            groups: RowGroups::default(),
            columns: ColumnTally::all(spec),
            checks: CheckTally::all(spec),
            spec: Arc::clone(spec),
        }
    }

    /// Names the input in the report.
    pub fn set_file(&mut self, path: &Path) {
        self.file = path.display().to_string();
    }

    /// Records the hash of the input, see [`crate::TableReader::content_sha256`].
    pub fn set_content_sha256(&mut self, sha256: Option<String>) {
        self.content_sha256 = sha256;
    }

    /// Takes up faults that belong to no row, see [`crate::TableReader::notes`].
    pub fn note(&mut self, faults: &[Fault]) {
        for fault in faults {
            self.count_fault(fault);
        }
    }

    /// Takes up a chunk. Rows whose key occurred before count as rejected.
    pub fn observe(&mut self, chunk: &ParsedChunk) {
        let duplicates = self.take_up(chunk);
        if duplicates.is_empty() {
            self.tally(&chunk.table);
        } else {
            self.tally(
                &chunk
                    .table
                    .select(&others(chunk.table.n_rows(), &duplicates)),
            );
        }
    }

    /// As [`Self::observe`], and moves rows whose key occurred before to the rejected ones.
    #[must_use]
    pub fn admit(&mut self, chunk: ParsedChunk) -> ParsedChunk {
        let duplicates = self.take_up(&chunk);
        if duplicates.is_empty() {
            self.tally(&chunk.table);
            return chunk;
        }
        let mut admitted = ParsedChunk {
            table: chunk
                .table
                .select(&others(chunk.table.n_rows(), &duplicates)),
            rejected: chunk.rejected.clone(),
            faults: chunk.faults.clone(),
            source: chunk.source.clone(),
        };
        for (row_idx, fault) in duplicates {
            let (raw, line) = chunk.raw_text(row_idx);
            let row = chunk.table.row_number(row_idx);
            admitted.faults.push(fault.clone());
            admitted.rejected.push(RejectedRow {
                row,
                line,
                raw,
                faults: vec![fault],
            });
        }
        admitted.rejected.sort_by_key(|rejected| rejected.row);
        admitted.faults.sort_by_key(|fault| fault.row);
        self.tally(&admitted.table);
        admitted
    }

    /// The report over everything seen.
    #[must_use]
    pub fn finish(mut self) -> Validation {
        let n_good = self.n_rows - self.n_rejected;
        let no_values: Vec<Fault> = self
            .columns
            .iter()
            .filter_map(|column| column.no_values(n_good, &self.file))
            .collect();
        for fault in &no_values {
            self.count_fault(fault);
        }
        let mut levels: Vec<LevelCount> = Vec::new();
        let mut target = self.target;
        for level in self
            .spec
            .target()
            .map(|t| t.levels.as_slice())
            .unwrap_or_default()
        {
            let count = target.remove(level).unwrap_or(0);
            levels.push(LevelCount {
                level: level.clone(),
                count,
            });
        }
        levels.extend(
            target
                .into_iter()
                .map(|(level, count)| LevelCount { level, count }),
        );
        let fault_counts = self
            .fault_counts
            .into_iter()
            .map(|((code, severity, column), count)| FaultCount {
                code,
                severity,
                column,
                count,
            })
            .collect();
        Validation {
            dataset: self.spec.name.clone(),
            file: self.file,
            content_sha256: self.content_sha256,
            n_rows: self.n_rows,
            n_good,
            n_rejected: self.n_rejected,
            max_rejected_share: self.spec.max_rejected_share,
            target: levels,
            fault_counts,
            faults: self.faults,
            missing: self
                .columns
                .iter()
                .map(|column| column.missing(n_good))
                .collect(),
            duplicates: self.groups.report(self.n_duplicate_keys),
            outliers: self
                .columns
                .into_iter()
                .filter_map(ColumnTally::outliers)
                .collect(),
            checks: self
                .checks
                .into_iter()
                .map(|check| check.report(n_good))
                .collect(),
        }
    }

    /// Counts rows and faults of a chunk; returns its rows with a key seen before.
    fn take_up(&mut self, chunk: &ParsedChunk) -> Vec<(usize, Fault)> {
        if self.file.is_empty()
            && let Some(fault) = chunk.faults.first()
        {
            self.file.clone_from(&fault.file);
        }
        self.n_rows += (chunk.table.n_rows() + chunk.rejected.len()) as u64;
        self.n_rejected += chunk.rejected.len() as u64;
        for fault in &chunk.faults {
            self.count_fault(fault);
            for check in &mut self.checks {
                check.count_rejected(fault);
            }
        }
        let duplicates = self.find_duplicates(chunk);
        for (_, fault) in &duplicates {
            self.count_fault(fault);
        }
        self.n_rejected += duplicates.len() as u64;
        self.n_duplicate_keys += duplicates.len() as u64;
        duplicates
    }

    fn find_duplicates(&mut self, chunk: &ParsedChunk) -> Vec<(usize, Fault)> {
        let mut found = Vec::new();
        let (Some(keys), Some(column)) = (chunk.table.keys(), self.spec.key()) else {
            return found;
        };
        for (row_idx, key) in keys.iter().enumerate() {
            let Some(key) = key else { continue };
            let row = chunk.table.row_number(row_idx);
            let Some(first_row) = self.keys.insert(key, row) else {
                continue;
            };
            found.push((
                row_idx,
                Fault {
                    severity: Severity::Error,
                    code: FaultCode::DuplicateKey,
                    file: self.file.clone(),
                    row: Some(row),
                    line: chunk.raw_text(row_idx).1,
                    column: Some(column.name.clone()),
                    value: Some(crate::fault::shown_value(key.as_bytes())),
                    expected: format!("each key once, row {first_row} has it already"),
                    fix: "remove the repeated row; the first one is used".to_owned(),
                },
            ));
        }
        found
    }

    fn count_fault(&mut self, fault: &Fault) {
        let place = (fault.code, fault.severity, fault.column.clone());
        *self.fault_counts.entry(place).or_default() += 1;
        let is_note = fault.severity != Severity::Error;
        if self.faults.len() >= MAX_LISTED_FAULTS || (is_note && self.n_notes >= MAX_LISTED_NOTES) {
            return;
        }
        self.n_notes += usize::from(is_note);
        self.faults.push(fault.clone());
    }

    /// Takes up good rows.
    fn tally(&mut self, table: &Table) {
        for column in &mut self.columns {
            column.add(table);
        }
        self.groups.add(table);
        if let Some(target) = self.spec.target()
            && let Some(view) = table.categories(&target.name)
        {
            for level in (0..table.n_rows()).filter_map(|row_idx| view.level(row_idx)) {
                match self.target.get_mut(level) {
                    Some(count) => *count += 1,
                    None => drop(self.target.insert(level.to_owned(), 1)),
                }
            }
        }
        let mut failed = Vec::new();
        for check in &mut self.checks {
            check.add(table, &self.file, &mut failed);
        }
        for fault in &failed {
            self.count_fault(fault);
        }
    }
}

/// All rows but the duplicates.
fn others(n_rows: usize, duplicates: &[(usize, Fault)]) -> Vec<usize> {
    let mut skip = duplicates.iter().map(|(row_idx, _)| *row_idx).peekable();
    (0..n_rows)
        .filter(|row_idx| skip.next_if_eq(row_idx).is_none())
        .collect()
}
