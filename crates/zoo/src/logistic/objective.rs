//! The penalised log loss, its gradient and its curvature.

use crate::{Error, Samples, logistic::LogisticParams};

/// Widest matrix whose curvature (`n_columns²` doubles) is still held in memory: 288 MB.
const MAX_COLUMNS: usize = 6_000;

/// Training rows in the form the solver wants: the non-zero cells of each row, so that one-hot
/// columns cost only their ones.
pub(super) struct Problem<'a> {
    samples: Samples<'a>,
    weights: &'a [f64],
    /// Non-zero cells, row after row.
    cells: Vec<(u32, f64)>,
    /// Where each row's cells start; one more entry than rows.
    starts: Vec<usize>,
    c: f64,
    ridge: f64,
}

/// Gradient and curvature of the smooth part at a point.
pub(super) struct Derivatives {
    /// One per feature, then the intercept.
    pub(super) gradient: Vec<f64>,
    /// `(n_features + 1)²`, row-major; the lower triangle is filled.
    pub(super) hessian: Vec<f64>,
}

impl<'a> Problem<'a> {
    pub(super) fn new(
        samples: Samples<'a>,
        weights: &'a [f64],
        params: &LogisticParams,
    ) -> Result<Self, Error> {
        let n_columns = samples.matrix.n_columns();
        if n_columns > MAX_COLUMNS {
            return Err(Error::TooWide {
                n_columns,
                limit: MAX_COLUMNS,
            });
        }
        let (mut cells, mut starts) = (Vec::new(), vec![0]);
        for row in 0..samples.matrix.n_rows() {
            for (column, &value) in samples.matrix.row(row).iter().enumerate() {
                if !value.is_finite() {
                    let feature = samples.columns[column].name.clone();
                    return Err(Error::NotFinite {
                        row,
                        feature,
                        value,
                    });
                }
                if value != 0.0 {
                    cells.push((column as u32, f64::from(value)));
                }
            }
            starts.push(cells.len());
        }
        let ridge = 1.0 - params.l1_ratio;
        Ok(Self {
            samples,
            weights,
            cells,
            starts,
            c: params.c,
            ridge,
        })
    }

    pub(super) fn n_features(&self) -> usize {
        self.samples.matrix.n_columns()
    }

    fn row(&self, row: usize) -> &[(u32, f64)] {
        &self.cells[self.starts[row]..self.starts[row + 1]]
    }

    fn n_rows(&self) -> usize {
        self.samples.labels.len()
    }

    fn margin(&self, row: usize, point: &[f64]) -> f64 {
        let linear: f64 = self
            .row(row)
            .iter()
            .map(|&(column, value)| value * point[column as usize])
            .sum();
        linear + point[self.n_features()]
    }

    /// The smooth part of the objective.
    pub(super) fn smooth_loss(&self, point: &[f64]) -> f64 {
        let data: f64 = (0..self.n_rows())
            .map(|row| {
                let margin = self.margin(row, point);
                let signed = if self.samples.labels[row] {
                    -margin
                } else {
                    margin
                };
                self.weights[row] * softplus(signed)
            })
            .sum();
        let squares: f64 = point[..self.n_features()].iter().map(|b| b * b).sum();
        self.c * data + 0.5 * self.ridge * squares
    }

    pub(super) fn derivatives(&self, point: &[f64]) -> Derivatives {
        let n_features = self.n_features();
        let width = n_features + 1;
        let mut gradient = vec![0.0; width];
        let mut hessian = vec![0.0; width * width];
        for row in 0..self.n_rows() {
            let probability = sigmoid(self.margin(row, point));
            let target = f64::from(u8::from(self.samples.labels[row]));
            let slope = self.c * self.weights[row] * (probability - target);
            let curve = self.c * self.weights[row] * probability * (1.0 - probability);
            let cells = self.row(row);
            for (index, &(column, value)) in cells.iter().enumerate() {
                let column = column as usize;
                gradient[column] += slope * value;
                let scaled = curve * value;
                let line = &mut hessian[column * width..];
                for &(other, other_value) in &cells[..=index] {
                    line[other as usize] += scaled * other_value;
                }
                hessian[n_features * width + column] += scaled;
            }
            gradient[n_features] += slope;
            hessian[n_features * width + n_features] += curve;
        }
        for feature in 0..n_features {
            gradient[feature] += self.ridge * point[feature];
            hessian[feature * width + feature] += self.ridge;
        }
        Derivatives { gradient, hessian }
    }

    /// Mean of each matrix column over the training rows: what SHAP of a linear model compares to.
    pub(super) fn column_means(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.n_features()];
        for &(column, value) in &self.cells {
            sums[column as usize] += value;
        }
        let n = self.n_rows() as f64;
        sums.into_iter().map(|sum| sum / n).collect()
    }

    /// A start near the optimum: no effects, the intercept of the weighted base rate.
    pub(super) fn start(&self) -> Vec<f64> {
        let (mut left, mut all) = (0.0, 0.0);
        for (row, &weight) in self.weights.iter().enumerate() {
            all += weight;
            left += if self.samples.labels[row] {
                weight
            } else {
                0.0
            };
        }
        let mut point = vec![0.0; self.n_features() + 1];
        point[self.n_features()] = (left / (all - left)).ln();
        point
    }
}

/// `1 / (1 + e^-x)` without overflow.
pub(crate) fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

/// `ln(1 + e^x)` without overflow.
pub(crate) fn softplus(x: f64) -> f64 {
    if x > 0.0 {
        x + (-x).exp().ln_1p()
    } else {
        x.exp().ln_1p()
    }
}
