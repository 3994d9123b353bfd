//! What to do with the cells of each column, worked out once per file.

use hashbrown::HashMap;

use crate::spec::{CheckSpec, ColumnKind, ColumnSpec, DatasetSpec, Role};
use crate::table::held_columns;
use crate::validate::RowCheck;

/// Parsing rules of a specification.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) columns: Vec<ColumnPlan>,
    pub(crate) missing_tokens: Vec<Vec<u8>>,
    /// Missing tokens that are themselves numbers, as -999.
    pub(crate) numeric_tokens: Vec<Vec<u8>>,
    /// Checks whose failure rejects the row.
    pub(crate) strict_checks: Vec<RowCheck>,
}

/// Parsing rules of one column.
#[derive(Debug)]
pub(crate) struct ColumnPlan {
    pub(crate) spec: ColumnSpec,
    pub(crate) is_integer: bool,
    pub(crate) is_key: bool,
    pub(crate) is_target: bool,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) levels: Levels,
}

impl Plan {
    pub(crate) fn new(spec: &DatasetSpec) -> Self {
        let tokens: Vec<Vec<u8>> = spec
            .missing_tokens
            .iter()
            .map(|t| t.trim().as_bytes().to_vec())
            .collect();
        let is_number = |token: &&Vec<u8>| fast_float2::parse::<f64, _>(token).is_ok();
        let is_strict = |check: &&CheckSpec| check.severity() == crate::spec::CheckSeverity::Error;
        Self {
            columns: held_columns(spec).map(ColumnPlan::new).collect(),
            numeric_tokens: tokens.iter().filter(is_number).cloned().collect(),
            missing_tokens: tokens,
            strict_checks: spec
                .checks
                .iter()
                .filter(is_strict)
                .filter_map(|check| RowCheck::new(check, spec))
                .collect(),
        }
    }

    pub(crate) fn is_missing_token(&self, text: &[u8]) -> bool {
        text.is_empty() || self.missing_tokens.iter().any(|token| token == text)
    }
}

impl ColumnPlan {
    fn new(column: &ColumnSpec) -> Self {
        Self {
            is_integer: column.kind == ColumnKind::Integer,
            is_key: column.has_role(Role::Key),
            is_target: column.has_role(Role::Target),
            min: column.min.unwrap_or(f64::NEG_INFINITY),
            max: column.max.unwrap_or(f64::INFINITY),
            levels: Levels::new(&column.levels),
            spec: column.clone(),
        }
    }
}

/// Finds the code of a level by its bytes.
#[derive(Debug)]
pub(crate) enum Levels {
    /// Few levels: comparing them in turn beats hashing.
    Few(Vec<Box<[u8]>>),
    Many(HashMap<Box<[u8]>, i32>),
}

impl Levels {
    const MAX_FEW: usize = 12;

    fn new(levels: &[String]) -> Self {
        if levels.len() <= Self::MAX_FEW {
            return Self::Few(levels.iter().map(|level| level.as_bytes().into()).collect());
        }
        Self::Many(
            (0..)
                .zip(levels)
                .map(|(code, level)| (level.as_bytes().into(), code))
                .collect(),
        )
    }

    #[inline]
    pub(crate) fn find(&self, text: &[u8]) -> Option<i32> {
        match self {
            Self::Few(levels) => {
                let found = levels.iter().position(|level| **level == *text)?;
                // At most twelve levels, so this always succeeds.
                i32::try_from(found).ok()
            }
            Self::Many(codes) => codes.get(text).copied(),
        }
    }
}
