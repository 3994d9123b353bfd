//! Derived features: computed from columns of the same row, the same way in training and serving.

use churn_schema::{DerivedSpec, Table};

use crate::{Error, values::Values};

/// Values of a derived feature. A missing input makes the result missing.
pub(crate) fn compute(table: &Table, derived: &DerivedSpec) -> Result<Values, Error> {
    match derived {
        DerivedSpec::Ratio {
            name,
            numerator,
            denominator,
            ..
        } => {
            let (top, bottom) = (
                numbers(table, name, numerator)?,
                numbers(table, name, denominator)?,
            );
            // A ratio to nothing is unknown, not infinite.
            Ok(zip(
                &top,
                &bottom,
                |a, b| if b == 0.0 { f64::NAN } else { a / b },
            ))
        }
        DerivedSpec::Difference {
            name, left, right, ..
        } => {
            let (left, right) = (numbers(table, name, left)?, numbers(table, name, right)?);
            Ok(zip(&left, &right, |a, b| a - b))
        }
        DerivedSpec::Log { name, of, .. } => {
            let of = numbers(table, name, of)?;
            Ok(Values::Numbers(
                of.iter()
                    .map(|&x| if x > -1.0 { x.ln_1p() } else { f64::NAN })
                    .collect(),
            ))
        }
        DerivedSpec::Bucket {
            name, of, edges, ..
        } => {
            let of = numbers(table, name, of)?;
            let codes = of
                .iter()
                .map(|&x| {
                    if x.is_nan() {
                        -1
                    } else {
                        edges.partition_point(|&edge| edge <= x) as i32
                    }
                })
                .collect();
            Ok(Values::Categories {
                codes,
                levels: bucket_levels(edges),
            })
        }
        DerivedSpec::Cross {
            name, left, right, ..
        } => {
            let (left, right) = (
                categories(table, name, left)?,
                categories(table, name, right)?,
            );
            Ok(cross(&left, &right))
        }
        DerivedSpec::CountOf {
            name,
            columns,
            equals,
            ..
        } => count_of(table, name, columns, equals),
    }
}

/// Names of the buckets between `edges`: `< 12`, `12 to 24`, `>= 24`.
fn bucket_levels(edges: &[f64]) -> Vec<String> {
    let (Some(first), Some(last)) = (edges.first(), edges.last()) else {
        return vec!["all".to_owned()];
    };
    let inner = edges
        .windows(2)
        .map(|pair| format!("{} to {}", pair[0], pair[1]));
    std::iter::once(format!("< {first}"))
        .chain(inner)
        .chain(std::iter::once(format!(">= {last}")))
        .collect()
}

fn zip(left: &[f64], right: &[f64], combine: impl Fn(f64, f64) -> f64) -> Values {
    // NaN in, NaN out: arithmetic on a missing value stays missing.
    Values::Numbers(
        left.iter()
            .zip(right)
            .map(|(&a, &b)| combine(a, b))
            .collect(),
    )
}

fn cross(left: &(Vec<i32>, Vec<String>), right: &(Vec<i32>, Vec<String>)) -> Values {
    let n_right = right.1.len() as i32;
    let codes = left
        .0
        .iter()
        .zip(&right.0)
        .map(|(&a, &b)| if a < 0 || b < 0 { -1 } else { a * n_right + b })
        .collect();
    let levels = left
        .1
        .iter()
        .flat_map(|a| right.1.iter().map(move |b| format!("{a} & {b}")))
        .collect();
    Values::Categories { codes, levels }
}

/// How many of `columns` hold one of the values `equals`; a missing cell counts as not.
fn count_of(
    table: &Table,
    name: &str,
    columns: &[String],
    equals: &[String],
) -> Result<Values, Error> {
    let mut counts = vec![0.0; table.n_rows()];
    for column in columns {
        let (codes, levels) = categories(table, name, column)?;
        let counted: Vec<bool> = levels.iter().map(|level| equals.contains(level)).collect();
        for (count, &code) in counts.iter_mut().zip(&codes) {
            if usize::try_from(code).is_ok_and(|code| counted[code]) {
                *count += 1.0;
            }
        }
    }
    Ok(Values::Numbers(counts))
}

fn numbers(table: &Table, feature: &str, column: &str) -> Result<Vec<f64>, Error> {
    match Values::of_column(table, column)? {
        Values::Numbers(numbers) => Ok(numbers),
        Values::Categories { .. } => Err(wrong_type(feature, column, "a number")),
    }
}

fn categories(
    table: &Table,
    feature: &str,
    column: &str,
) -> Result<(Vec<i32>, Vec<String>), Error> {
    match Values::of_column(table, column)? {
        Values::Categories { codes, levels } => Ok((codes, levels)),
        Values::Numbers(_) => Err(wrong_type(feature, column, "a category")),
    }
}

fn wrong_type(feature: &str, column: &str, expected: &str) -> Error {
    Error::Derived {
        feature: feature.to_owned(),
        fault: format!("column '{column}' must be {expected}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_named_by_their_edges() {
        assert_eq!(bucket_levels(&[12.0, 24.0]), ["< 12", "12 to 24", ">= 24"]);
        assert_eq!(bucket_levels(&[]), ["all"]);
    }

    #[test]
    fn a_cross_keeps_missing_missing() {
        let left = (vec![0, 1, -1], vec!["a".to_owned(), "b".to_owned()]);
        let right = (vec![1, -1, 0], vec!["x".to_owned(), "y".to_owned()]);
        let Values::Categories { codes, levels } = cross(&left, &right) else {
            panic!("a cross is a category")
        };
        assert_eq!(codes, [1, -1, -1]);
        assert_eq!(levels, ["a & x", "a & y", "b & x", "b & y"]);
    }
}
