//! Scored customers as JSON lines.

use serde::Serialize;

use super::Layout;
use crate::{ScoredRow, scores::Scores};

/// A line: the row, and who scored it.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    row: ScoredRow,
    model_version: &'a str,
}

/// The lines of a chunk.
pub(super) fn encode_rows(layout: &Layout, scores: &Scores<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    for row in 0..scores.n_rows() {
        let line = Line {
            row: scores.row(row),
            model_version: &layout.model_version,
        };
        push_line(&line, &mut out);
    }
    out
}

/// Appends one line.
pub(super) fn push_line(line: &impl Serialize, out: &mut Vec<u8>) {
    // Plain data written to memory has no failing case.
    if serde_json::to_writer(&mut *out, line).is_ok() {
        out.push(b'\n');
    }
}
