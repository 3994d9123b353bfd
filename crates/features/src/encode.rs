//! Writing one feature's values into the matrix.

use crate::{Encoding, Error, FittedFeature, Matrix, Source, values::Values};

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
                    .map(|&x| ((if x.is_nan() { fill } else { x } - shift) / scale) as f32),
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
            // Where each level of this table's dictionary goes, worked out once per table.
            let places: Vec<Option<usize>> = met
                .iter()
                .enumerate()
                .map(|(hint, level)| {
                    find(levels, level, hint)
                        .or_else(|| pooled.contains(level).then_some(levels.len()))
                })
                .collect();
            for (row, &code) in codes.iter().enumerate() {
                let place = match usize::try_from(code) {
                    Ok(code) => places[code],
                    Err(_) => *missing,
                };
                if let Some(place) = place {
                    matrix.set(row, first + place, 1.0);
                }
            }
            Ok(())
        }
        (Encoding::Native { levels, missing }, Values::Categories { codes, levels: met }) => {
            let places: Vec<f32> = met
                .iter()
                .enumerate()
                .map(|(hint, level)| {
                    find(levels, level, hint).map_or(f32::NAN, |place| place as f32)
                })
                .collect();
            let missing = missing.map_or(f32::NAN, |place| place as f32);
            matrix.fill_column(
                first,
                codes
                    .iter()
                    .map(|&code| usize::try_from(code).map_or(missing, |code| places[code])),
            );
            Ok(())
        }
        // A plan with forms within forms is not consistent and is never read.
        (Encoding::Several { .. }, _) => Err(type_error(feature, "feature in plain forms")),
        (Encoding::Number { .. }, Values::Categories { .. }) => Err(type_error(feature, "number")),
        (_, Values::Numbers(_)) => Err(type_error(feature, "category")),
    }
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
