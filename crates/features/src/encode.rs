//! Writing one feature's values into the matrix.

use crate::{Encoding, Error, FittedFeature, Matrix, Source, fit::MISSING_LEVEL, values::Values};

/// Stands for a number that is none of the levels; no level can be called so.
const UNKNOWN_LEVEL: &str = "\u{0}";

/// Writes `values` into the columns of `matrix` from `first` on.
pub(crate) fn write(
    matrix: &mut Matrix,
    first: usize,
    feature: &FittedFeature,
    values: &Values,
) -> Result<(), Error> {
    let Encoding::Several { forms } = &feature.encoding else {
        return write_form(matrix, first, feature, &feature.encoding, values);
    };
    let mut first = first;
    for form in forms {
        write_form(matrix, first, feature, form, values)?;
        first += form.n_columns();
    }
    Ok(())
}

fn write_form(
    matrix: &mut Matrix,
    first: usize,
    feature: &FittedFeature,
    form: &Encoding,
    values: &Values,
) -> Result<(), Error> {
    match (form, values) {
        (
            Encoding::Number {
                fill,
                shift,
                scale,
                flag_missing,
            },
            Values::Numbers(values),
        ) => {
            let fill = fill.unwrap_or(f64::NAN);
            matrix.fill_column(
                first,
                values
                    .iter()
                    .map(|&x| within((if x.is_nan() { fill } else { x } - shift) / scale)),
            );
            if *flag_missing {
                matrix.fill_column(
                    first + 1,
                    values.iter().map(|x| f32::from(u8::from(x.is_nan()))),
                );
            }
            Ok(())
        }
        (
            Encoding::OneHot {
                levels,
                pooled,
                missing,
            },
            Values::Categories { codes, levels: met },
        ) => {
            write_one_hot(matrix, first, (levels, pooled), *missing, (codes, met));
            Ok(())
        }
        (Encoding::Native { levels, missing }, Values::Categories { codes, levels: met }) => {
            let number = |hint, level: &String| find(levels, level, hint).map(|place| place as f32);
            let missing = missing.map(|place| place as f32);
            write_numbers(matrix, first, (codes, met), number, missing);
            Ok(())
        }
        // A plan with forms within forms is not consistent and is never read.
        (Encoding::Several { .. }, _) => Err(type_error(feature, "feature in plain forms")),
        (
            Encoding::Numbered {
                levels,
                values,
                missing,
            },
            Values::Categories { codes, levels: met },
        ) => {
            let number =
                |hint, level: &String| find(levels, level, hint).map(|place| values[place] as f32);
            let missing = missing.map(|number| number as f32);
            write_numbers(matrix, first, (codes, met), number, missing);
            Ok(())
        }
        (Encoding::Number { .. }, Values::Categories { .. }) => Err(type_error(feature, "number")),
        (
            Encoding::OneHot { levels, .. }
            | Encoding::Native { levels, .. }
            | Encoding::Numbered { levels, .. },
            Values::Numbers(numbers),
        ) => match codes_of_numbers(levels, numbers) {
            Some(categories) => write_form(matrix, first, feature, form, &categories),
            None => Err(type_error(feature, "category")),
        },
    }
}

/// Sets a one in the column of each row's level; `met` are the codes and levels of this table.
fn write_one_hot(
    matrix: &mut Matrix,
    first: usize,
    (levels, pooled): (&[String], &[String]),
    missing: Option<usize>,
    (codes, met): (&[i32], &[String]),
) {
    // Where each level of this table's dictionary goes, worked out once per table.
    let places: Vec<Option<usize>> = met
        .iter()
        .enumerate()
        .map(|(hint, level)| {
            find(levels, level, hint).or_else(|| pooled.contains(level).then_some(levels.len()))
        })
        .collect();
    for (row, &code) in codes.iter().enumerate() {
        let place = match usize::try_from(code) {
            Ok(code) => places[code],
            Err(_) => missing,
        };
        if let Some(place) = place {
            matrix.set(row, first + place, 1.0);
        }
    }
}

/// Writes the number of each row's level into one column; NaN for an unknown level, and for a
/// missing value without a number of its own.
fn write_numbers(
    matrix: &mut Matrix,
    first: usize,
    (codes, met): (&[i32], &[String]),
    number: impl Fn(usize, &String) -> Option<f32>,
    missing: Option<f32>,
) {
    let numbers: Vec<f32> = met
        .iter()
        .enumerate()
        .map(|(hint, level)| number(hint, level).unwrap_or(f32::NAN))
        .collect();
    let missing = missing.unwrap_or(f32::NAN);
    matrix.fill_column(
        first,
        codes
            .iter()
            .map(|&code| usize::try_from(code).map_or(missing, |code| numbers[code])),
    );
}

/// Numbers as categories, for levels that are all written as numbers (but for the one that stands
/// for a missing value), as models trained elsewhere may have them; `None` when they are not.
fn codes_of_numbers(levels: &[String], numbers: &[f64]) -> Option<Values> {
    let mut places: Vec<(f64, i32)> = Vec::with_capacity(levels.len());
    for (place, level) in levels.iter().enumerate() {
        if level != MISSING_LEVEL {
            // Adding zero turns -0 into 0.
            places.push((level.parse::<f64>().ok()? + 0.0, place as i32));
        }
    }
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    let unknown = levels.len() as i32;
    let code = |&number: &f64| {
        if number.is_nan() {
            return -1;
        }
        let found = places.binary_search_by(|(level, _)| level.total_cmp(&(number + 0.0)));
        found.map_or(unknown, |place| places[place].1)
    };
    let mut met = levels.to_vec();
    met.push(UNKNOWN_LEVEL.to_owned());
    Some(Values::Categories {
        codes: numbers.iter().map(code).collect(),
        levels: met,
    })
}

/// Position of `level`, looking first where it stands when dictionary and plan agree.
fn find(levels: &[String], level: &str, hint: usize) -> Option<usize> {
    if levels.get(hint).is_some_and(|candidate| candidate == level) {
        return Some(hint);
    }
    levels.iter().position(|candidate| candidate == level)
}

fn type_error(feature: &FittedFeature, expected: &'static str) -> Error {
    let column = match &feature.source {
        Source::Column(name) => name.clone(),
        Source::Derived(derived) => derived.name().to_owned(),
    };
    Error::ColumnType { column, expected }
}
/// As f32; what is past its range becomes the last number of it, for an infinite feature has no
/// explanation. NaN stays.
fn within(value: f64) -> f32 {
    (value as f32).clamp(-f32::MAX, f32::MAX)
}
