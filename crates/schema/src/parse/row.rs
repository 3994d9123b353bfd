//! Collecting rows: cells go to builders, and a row with an error is taken back.

use crate::read::{CsvChunk, Layout, ParsedChunk, RejectedRow};
use crate::table::{ColumnBuilder, Table};
use crate::{Fault, FaultCode, Severity};
use std::sync::Arc;

use super::value::{CellFault, Cells, push_cell};

/// Where a row stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) row: u64,
    pub(super) line: Option<u64>,
}

/// Gathers the rows of one chunk.
pub(super) struct RowParser<'a> {
    layout: &'a Layout,
    builders: Vec<ColumnBuilder>,
    row_numbers: Vec<u64>,
    rejected: Vec<RejectedRow>,
    faults: Vec<Fault>,
    row_faults: Vec<CellFault>,
}

impl<'a> RowParser<'a> {
    pub(super) fn new(layout: &'a Layout, capacity: usize) -> Self {
        let columns = &layout.plan.columns;
        Self {
            layout,
            builders: columns
                .iter()
                .map(|c| ColumnBuilder::new(&c.spec, capacity))
                .collect(),
            row_numbers: Vec::with_capacity(capacity),
            rejected: Vec::new(),
            faults: Vec::new(),
            row_faults: Vec::new(),
        }
    }

    /// Adds a cell of the current row to held column `column_idx`.
    #[inline]
    pub(super) fn cell(&mut self, column_idx: usize, raw: &[u8]) {
        let plan = &self.layout.plan;
        let cells = Cells {
            plan,
            purpose: self.layout.purpose,
            max_bytes: self.layout.max_field_bytes,
        };
        if let Err(fault) = push_cell(&cells, column_idx, raw, &mut self.builders[column_idx]) {
            self.row_faults.push(*fault);
        }
    }

    /// Adds a fault to the current row.
    pub(super) fn fault(&mut self, fault: CellFault) {
        self.row_faults.push(fault);
    }

    /// Drops the cells and cell faults of the current row and keeps one fault of the whole row.
    pub(super) fn reject_whole(&mut self, place: Place, raw: &[u8], fault: CellFault) {
        self.row_faults.clear();
        self.row_faults.push(fault);
        self.take_back();
        self.reject(place, raw);
    }

    /// Ends the current row: fills columns no field fed, checks, keeps or rejects it.
    #[inline]
    pub(super) fn end_row(&mut self, place: Place, raw: impl FnOnce() -> Vec<u8>) {
        let layout = self.layout;
        for column_idx in &layout.absent {
            self.builders[*column_idx].push_missing();
        }
        if !layout.plan.strict_checks.is_empty() {
            self.strict_checks();
        }
        if self.row_faults.is_empty() {
            self.row_numbers.push(place.row);
            return;
        }
        if self
            .row_faults
            .iter()
            .any(|fault| fault.severity == Severity::Error)
        {
            self.take_back();
            self.reject(place, &raw());
            return;
        }
        self.row_numbers.push(place.row);
        for fault in self.row_faults.drain(..) {
            self.faults
                .push(fault.at(&layout.file, place, &layout.plan));
        }
    }

    /// The table and everything that did not make it.
    pub(super) fn finish(self, source: Option<Arc<CsvChunk>>) -> ParsedChunk {
        let table = Table::from_builders(&self.layout.spec, self.builders, self.row_numbers);
        #[expect(
            clippy::expect_used,
            reason = "every kept row added exactly one value of the right type to every column"
        )]
        let table = table.expect("columns of one length and the declared types");
        ParsedChunk {
            table,
            rejected: self.rejected,
            faults: self.faults,
            source,
        }
    }

    fn take_back(&mut self) {
        let n_rows = self.row_numbers.len();
        for builder in &mut self.builders {
            builder.truncate(n_rows);
        }
    }

    fn reject(&mut self, place: Place, raw: &[u8]) {
        let layout = self.layout;
        let faults: Vec<Fault> = self
            .row_faults
            .drain(..)
            .map(|fault| fault.at(&layout.file, place, &layout.plan))
            .collect();
        self.faults.extend(faults.iter().cloned());
        let raw = String::from_utf8_lossy(raw).into_owned();
        self.rejected.push(RejectedRow {
            row: place.row,
            line: place.line,
            raw,
            faults,
        });
    }

    fn strict_checks(&mut self) {
        let builders = &self.builders;
        // A row that misses a cell is rejected anyway; its builders are out of step.
        if self
            .row_faults
            .iter()
            .any(|fault| fault.severity == Severity::Error)
        {
            return;
        }
        let number = |idx: usize| builders[idx].last_number();
        let code = |idx: usize| builders[idx].last_code();
        for check in &self.layout.plan.strict_checks {
            if check.evaluate(number, code).is_failure() {
                self.row_faults.push(CellFault {
                    severity: Severity::Error,
                    code: FaultCode::CheckFailed,
                    column: None,
                    value: Some(check.name.clone()),
                    expected: check.expected.clone(),
                    fix: format!("correct the row, or relax the check {:?}", check.name),
                });
            }
        }
    }
}

impl CellFault {
    fn at(self, file: &str, place: Place, plan: &super::Plan) -> Fault {
        Fault {
            severity: self.severity,
            code: self.code,
            file: file.to_owned(),
            row: Some(place.row),
            line: place.line,
            column: self.column.map(|idx| plan.columns[idx].spec.name.clone()),
            value: self.value,
            expected: self.expected,
            fix: self.fix,
        }
    }
}
