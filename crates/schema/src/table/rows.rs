//! Tables from JSON objects: the same cells, rules and faults as from a file.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::Table;
use crate::read::{ParsedChunk, Purpose};
use crate::spec::DatasetSpec;

impl Table {
    /// Rows given as JSON objects, for scoring. Absent fields and `null` are missing values;
    /// numbers may also be given as text. Fields the specification does not name are a warning.
    #[must_use]
    pub fn from_rows(spec: &Arc<DatasetSpec>, rows: &[BTreeMap<String, Value>]) -> ParsedChunk {
        Self::from_rows_for(spec, rows, Purpose::Score)
    }

    /// As [`Self::from_rows`], for training if `purpose` says so.
    #[must_use]
    pub fn from_rows_for(
        spec: &Arc<DatasetSpec>,
        rows: &[BTreeMap<String, Value>],
        purpose: Purpose,
    ) -> ParsedChunk {
        crate::parse::parse_json_rows(spec, rows, purpose)
    }
}
