//! From the bytes of one cell to a typed value, or to a fault that says what to do.

use super::parse_date;
use super::plan::{ColumnPlan, Plan};
use super::suggest::nearest_level;
use crate::fault::shown_value;
use crate::read::Purpose;
use crate::table::ColumnBuilder;
use crate::{FaultCode, Severity};

/// A fault inside a row, before it is known where the row stands.
#[derive(Debug)]
pub(super) struct CellFault {
    pub(super) severity: Severity,
    pub(super) code: FaultCode,
    pub(super) column: Option<usize>,
    pub(super) value: Option<String>,
    pub(super) expected: String,
    pub(super) fix: String,
}

/// What applies to all cells of a chunk.
pub(super) struct Cells<'a> {
    pub(super) plan: &'a Plan,
    pub(super) purpose: Purpose,
    pub(super) max_bytes: usize,
}

/// Largest magnitude at which every whole number is exact in `f64`.
const MAX_EXACT_INTEGER: f64 = 9_007_199_254_740_992.0;

/// Parses one cell and adds it to its column. On `Err` with severity error nothing is added.
#[inline]
pub(super) fn push_cell(
    cells: &Cells<'_>,
    column_idx: usize,
    raw: &[u8],
    builder: &mut ColumnBuilder,
) -> Result<(), Box<CellFault>> {
    let column = &cells.plan.columns[column_idx];
    let text = trim(raw);
    if text.len() > cells.max_bytes {
        return Err(fault(
            column_idx,
            FaultCode::TooLong,
            text,
            format!("at most {} bytes", cells.max_bytes),
            "shorten the field; such length often means a missing quote".to_owned(),
        ));
    }
    match builder {
        ColumnBuilder::Number(values) => match fast_float2::parse::<f64, _>(text) {
            Ok(value)
                if value >= column.min
                    && value <= column.max
                    && value.abs() <= LARGEST
                    && (!column.is_integer || is_exact_integer(value))
                    && cells.plan.numeric_tokens.is_empty() =>
            {
                // Adding zero turns -0 into 0, which prints and hashes like any other zero.
                values.push(value + 0.0);
                Ok(())
            }
            _ => {
                values.push(number_or_fault(cells.plan, column_idx, text)?);
                Ok(())
            }
        },
        ColumnBuilder::Category(category) => match column.levels.find(text) {
            Some(code) => {
                category.push_code(code);
                Ok(())
            }
            None => push_other_level(cells, column_idx, text, builder),
        },
        ColumnBuilder::Text(builder) => {
            if column.is_key && text.is_empty() {
                return Err(fault(
                    column_idx,
                    FaultCode::MissingKey,
                    text,
                    "a key in every row".to_owned(),
                    "fill in the key".to_owned(),
                ));
            }
            if !column.is_key && cells.plan.is_missing_token(text) {
                builder.push(None);
                return Ok(());
            }
            // Chunks are checked for valid UTF-8 before, so the lossy form is only a safeguard.
            builder.push(Some(&String::from_utf8_lossy(text)));
            Ok(())
        }
        ColumnBuilder::Date(_) => push_date(cells, column_idx, text, builder),
    }
}

fn push_date(
    cells: &Cells<'_>,
    column_idx: usize,
    text: &[u8],
    builder: &mut ColumnBuilder,
) -> Result<(), Box<CellFault>> {
    if cells.plan.is_missing_token(text) {
        builder.push_missing();
        return Ok(());
    }
    match (parse_date(text), builder) {
        (Some(micros), ColumnBuilder::Date(values)) => {
            values.push(micros);
            Ok(())
        }
        _ => Err(fault(
            column_idx,
            FaultCode::NotADate,
            text,
            "a date as 2024-05-31 or 2024-05-31T12:00:00Z".to_owned(),
            "write the date year first".to_owned(),
        )),
    }
}

/// Largest number taken: features are single precision, where a larger one would be infinite.
const LARGEST: f64 = f32::MAX as f64;

/// The cold path of numbers: missing, or a fault with a hint.
#[cold]
fn number_or_fault(plan: &Plan, column_idx: usize, text: &[u8]) -> Result<f64, Box<CellFault>> {
    let column = &plan.columns[column_idx];
    if plan.is_missing_token(text) {
        return Ok(f64::NAN);
    }
    let wanted = if column.is_integer {
        "a whole number"
    } else {
        "a number"
    };
    let Ok(value) = fast_float2::parse::<f64, _>(text) else {
        return Err(fault(
            column_idx,
            FaultCode::NotANumber,
            text,
            wanted.to_owned(),
            number_hint(text),
        ));
    };
    let refuse = |code, expected: String, fix: &str| {
        Err(fault(column_idx, code, text, expected, fix.to_owned()))
    };
    if !value.is_finite() || value.abs() > LARGEST {
        let fix = if text.iter().any(u8::is_ascii_digit) {
            "it is too large to hold; correct it"
        } else {
            "list it under missing_tokens if it means no value"
        };
        return refuse(
            FaultCode::NotFinite,
            format!("{wanted} that is finite"),
            fix,
        );
    }
    if column.is_integer && !is_exact_integer(value) {
        return refuse(
            FaultCode::NotAnInteger,
            "a whole number up to 2^53".to_owned(),
            "use kind: number for fractions, kind: text for long identifiers",
        );
    }
    if value < column.min || value > column.max {
        return refuse(
            FaultCode::OutOfRange,
            range_words(column),
            "correct the value, or min and max in the specification",
        );
    }
    Ok(value + 0.0)
}

/// A level outside the domain: missing, learned, a warning or an error.
#[cold]
fn push_other_level(
    cells: &Cells<'_>,
    column_idx: usize,
    text: &[u8],
    builder: &mut ColumnBuilder,
) -> Result<(), Box<CellFault>> {
    let column = &cells.plan.columns[column_idx];
    let is_scoring = cells.purpose == Purpose::Score;
    if cells.plan.is_missing_token(text) {
        if column.is_target && !is_scoring {
            return Err(fault(
                column_idx,
                FaultCode::MissingTarget,
                text,
                format!("one of {}", column.spec.levels.join(", ")),
                "training needs rows whose outcome is known; leave the row out".to_owned(),
            ));
        }
        builder.push_missing();
        return Ok(());
    }
    if column.is_target && is_scoring {
        // The target is not used here, so what it holds is nobody's concern.
        builder.push_missing();
        return Ok(());
    }
    let ColumnBuilder::Category(category) = builder else {
        return Ok(());
    };
    let level = String::from_utf8_lossy(text);
    if column.spec.open {
        category.push_extra(&level);
        return Ok(());
    }
    let expected = format!("one of {}", shown_levels(&column.spec.levels));
    let fix = match nearest_level(&level, &column.spec.levels) {
        Some(near) => format!("did you mean {near:?}? correct the value, or add the level"),
        None => "correct the value, or add the level to the specification".to_owned(),
    };
    let mut fault = fault(column_idx, FaultCode::UnknownCategory, text, expected, fix);
    if is_scoring {
        category.push_extra(&level);
        fault.severity = Severity::Warning;
    }
    Err(fault)
}

fn fault(
    column_idx: usize,
    code: FaultCode,
    text: &[u8],
    expected: String,
    fix: String,
) -> Box<CellFault> {
    let value = Some(shown_value(text));
    Box::new(CellFault {
        severity: Severity::Error,
        code,
        column: Some(column_idx),
        value,
        expected,
        fix,
    })
}

/// Without blanks at the ends; most cells have none, which the first test finds out.
#[inline]
fn trim(raw: &[u8]) -> &[u8] {
    match (raw.first(), raw.last()) {
        (Some(first), Some(last)) if *first > b' ' && *last > b' ' => raw,
        _ => raw.trim_ascii(),
    }
}

#[inline]
fn is_exact_integer(value: f64) -> bool {
    value.trunc().total_cmp(&value).is_eq() && value.abs() <= MAX_EXACT_INTEGER
}

fn range_words(column: &ColumnPlan) -> String {
    let unit = column
        .spec
        .unit
        .as_ref()
        .map(|unit| format!(" {unit}"))
        .unwrap_or_default();
    match (column.spec.min, column.spec.max) {
        (Some(min), Some(max)) => format!("{min} to {max}{unit}"),
        (Some(min), None) => format!("at least {min}{unit}"),
        (None, Some(max)) => format!("at most {max}{unit}"),
        (None, None) => "any number".to_owned(),
    }
}

fn shown_levels(levels: &[String]) -> String {
    let shown: Vec<&str> = levels.iter().take(8).map(String::as_str).collect();
    let more = if levels.len() > shown.len() {
        format!(", ... ({} levels)", levels.len())
    } else {
        String::new()
    };
    shown.join(", ") + &more
}

/// Why a text is not a number, for the usual suspects.
fn number_hint(text: &[u8]) -> String {
    let parses = |drop: &[u8], point: Option<u8>| {
        let kept: Vec<u8> = text
            .iter()
            .filter(|b| !drop.contains(b))
            .map(|b| if point == Some(*b) { b'.' } else { *b })
            .collect();
        let value = fast_float2::parse::<f64, _>(&kept)
            .ok()
            .filter(|v| v.is_finite());
        value.map(|_| String::from_utf8_lossy(&kept).into_owned())
    };
    let n_commas = text.iter().filter(|b| **b == b',').count();
    let has_point = text.contains(&b'.');
    if n_commas == 1
        && !has_point
        && let Some(plain) = parses(b"", Some(b','))
    {
        return format!("write the decimal point as a dot ({plain}); no separators in thousands");
    }
    if n_commas > 0
        && let Some(plain) = parses(b", ", None)
    {
        return format!("write it without separators: {plain}");
    }
    if let Some(plain) = parses(b" _'", None) {
        return format!("write it without separators: {plain}");
    }
    if let Some(plain) = parses("$€£%".as_bytes(), None) {
        return format!("write the bare number {plain}; the unit belongs in the specification");
    }
    "correct the value, or list it under missing_tokens if it means no value".to_owned()
}
