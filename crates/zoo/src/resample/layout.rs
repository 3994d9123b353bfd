//! Which matrix columns are numbers, which together are a category, and what a difference costs.

use std::collections::BTreeMap;

use churn_features::Matrix;

use super::{Distance, Method, ResampleParams, neighbours::Points};
use crate::{Error, Samples};

/// The columns of a training matrix as distances see them.
pub(super) struct Layout {
    pub(super) numbers: Vec<Number>,
    pub(super) nominals: Vec<Nominal>,
}

/// A column that is a number.
pub(super) struct Number {
    pub(super) column: usize,
    /// Mean over the training rows, which a missing value counts as.
    mean: f64,
    /// Distances are taken in this unit.
    unit: f64,
}

/// Columns that say one category: codes, or indicators of one group.
pub(super) struct Nominal {
    pub(super) columns: Vec<usize>,
    /// Added to a squared distance when two rows differ.
    cost: f64,
}

impl Layout {
    pub(super) fn new(
        samples: Samples<'_>,
        minority: &[usize],
        params: ResampleParams,
    ) -> Result<Self, Error> {
        let matrix = samples.matrix;
        let columns = samples.columns;
        let is_indicator: Vec<bool> = (0..matrix.n_columns())
            .map(|column| is_indicator(matrix, column))
            .collect();
        if params.method == Method::Smote
            && let Some(column) = columns.iter().find(|column| column.categorical)
        {
            return Err(Error::Resampling {
                fault: format!(
                    "column '{}' holds category codes, and there is nothing between two codes; use smote_nc or a plan that one-hot encodes",
                    column.name
                ),
            });
        }
        let mut numbers = Vec::new();
        let mut groups: BTreeMap<(u32, usize), Vec<usize>> = BTreeMap::new();
        for (index, column) in columns.iter().enumerate() {
            if column.categorical {
                groups.insert((column.group, index + 1), vec![index]);
            } else if is_indicator[index] {
                groups.entry((column.group, 0)).or_default().push(index);
            } else {
                numbers.push(Number::new(matrix, index, params.distance));
            }
        }
        let groups: Vec<Vec<usize>> = groups.into_values().collect();
        let nominals = match params.method {
            Method::Smote => groups
                .into_iter()
                .flat_map(|columns| euclidean(matrix, columns))
                .collect(),
            Method::SmoteNc | Method::Adasyn => {
                let cost = median_variance(matrix, minority, &numbers);
                groups
                    .into_iter()
                    .map(|columns| Nominal { columns, cost })
                    .collect()
            }
        };
        Ok(Self { numbers, nominals })
    }

    /// All rows of `matrix` as points.
    pub(super) fn points(&self, matrix: &Matrix) -> Points {
        let n_rows = matrix.n_rows();
        let mut numbers = Vec::with_capacity(n_rows * self.numbers.len());
        for row in 0..n_rows {
            let row = matrix.row(row);
            numbers.extend(
                self.numbers
                    .iter()
                    .map(|number| number.coordinate(row[number.column])),
            );
        }
        let mut codes = vec![0; n_rows * self.nominals.len()];
        for (place, nominal) in self.nominals.iter().enumerate() {
            let mut levels: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
            for row in 0..n_rows {
                let values = matrix.row(row);
                let level: Vec<u32> = nominal
                    .columns
                    .iter()
                    .map(|&column| values[column].to_bits())
                    .collect();
                let next = levels.len() as u32;
                codes[row * self.nominals.len() + place] = *levels.entry(level).or_insert(next);
            }
        }
        let costs = self
            .nominals
            .iter()
            .map(|nominal| nominal.cost as f32)
            .collect();
        Points::new(numbers, codes, costs, self.numbers.len(), n_rows)
    }
}

impl Number {
    fn new(matrix: &Matrix, column: usize, distance: Distance) -> Self {
        let present = || {
            (0..matrix.n_rows())
                .map(|row| f64::from(matrix.row(row)[column]))
                .filter(|x| !x.is_nan())
        };
        let (mean, variance) = moments(present);
        let unit = match distance {
            Distance::Standardized if variance > 0.0 => variance.sqrt(),
            _ => 1.0,
        };
        Self { column, mean, unit }
    }

    fn coordinate(&self, value: f32) -> f32 {
        if value.is_nan() {
            0.0
        } else {
            ((f64::from(value) - self.mean) / self.unit) as f32
        }
    }
}

/// Whether all values are 0 or 1.
fn is_indicator(matrix: &Matrix, column: usize) -> bool {
    (0..matrix.n_rows()).all(|row| {
        let bits = matrix.row(row)[column].to_bits();
        bits == 0_f32.to_bits() || bits == 1_f32.to_bits()
    })
}

/// Indicators such that differing categories cost what they do in plain Euclidean distance: a
/// one-hot group differs in two columns at once, any other column on its own.
fn euclidean(matrix: &Matrix, columns: Vec<usize>) -> Vec<Nominal> {
    let one_hot = columns.len() > 1
        && (0..matrix.n_rows()).all(|row| {
            let row = matrix.row(row);
            columns.iter().filter(|&&column| row[column] > 0.5).count() == 1
        });
    if one_hot {
        return vec![Nominal { columns, cost: 2.0 }];
    }
    columns
        .into_iter()
        .map(|column| Nominal {
            columns: vec![column],
            cost: 1.0,
        })
        .collect()
}

/// Square of the median standard deviation of the numbers over the rarer class: what a differing
/// category costs in SMOTE-NC. 1 without numbers.
fn median_variance(matrix: &Matrix, minority: &[usize], numbers: &[Number]) -> f64 {
    let mut deviations: Vec<f64> = numbers
        .iter()
        .map(|number| {
            let values = || {
                minority
                    .iter()
                    .map(|&row| f64::from(number.coordinate(matrix.row(row)[number.column])))
            };
            moments(values).1.sqrt()
        })
        .collect();
    deviations.sort_by(f64::total_cmp);
    let n = deviations.len();
    if n == 0 {
        return 1.0;
    }
    f64::midpoint(deviations[(n - 1) / 2], deviations[n / 2]).powi(2)
}

/// Mean and variance (over n) in two passes; zeros without values.
fn moments<I: Iterator<Item = f64>>(values: impl Fn() -> I) -> (f64, f64) {
    let n = values().count().max(1) as f64;
    let mean = values().sum::<f64>() / n;
    (mean, values().map(|x| (x - mean).powi(2)).sum::<f64>() / n)
}
