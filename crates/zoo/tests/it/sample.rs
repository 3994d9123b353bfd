//! Small data sets for trainers.

use churn_features::{Matrix, MatrixColumn};
use churn_zoo::Samples;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A matrix with everything that goes with it.
#[derive(Clone)]
pub(crate) struct Sample {
    pub(crate) rows: Vec<Vec<f32>>,
    pub(crate) labels: Vec<bool>,
    pub(crate) columns: Vec<MatrixColumn>,
    pub(crate) weights: Option<Vec<f32>>,
}

impl Sample {
    /// `n_rows` rows of four columns: two numbers and a flag that matter, a number that does not.
    /// About three in ten rows left.
    pub(crate) fn plain(n_rows: usize, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (mut rows, mut labels) = (Vec::new(), Vec::new());
        for _ in 0..n_rows {
            let row: Vec<f32> = vec![
                rng.random_range(-1.0..1.0),
                rng.random_range(0.0..10.0),
                f32::from(u8::from(rng.random_range(0.0..1.0) < 0.4)),
                rng.random_range(-5.0..5.0),
            ];
            let margin = 3.0 * row[0] - 0.4 * row[1] + 1.5 * row[2];
            labels.push(rng.random_range(0.0..1.0) < 1.0 / (1.0 + (-margin).exp()));
            rows.push(row);
        }
        Self::new(rows, labels)
    }

    /// Columns named `c0`, `c1`, ..., none categorical, no weights.
    pub(crate) fn new(rows: Vec<Vec<f32>>, labels: Vec<bool>) -> Self {
        let n_columns = rows.first().map_or(1, Vec::len);
        let columns = (0..n_columns as u32).map(|column| MatrixColumn {
            name: format!("c{column}"),
            group: column,
            categorical: false,
        });
        Self {
            rows,
            labels,
            columns: columns.collect(),
            weights: None,
        }
    }

    /// The columns at the given places, in the given order.
    pub(crate) fn with_columns(&self, places: &[usize]) -> Self {
        let pick = |row: &Vec<f32>| places.iter().map(|&place| row[place]).collect();
        Self {
            rows: self.rows.iter().map(pick).collect(),
            labels: self.labels.clone(),
            columns: places
                .iter()
                .map(|&place| self.columns[place].clone())
                .collect(),
            weights: self.weights.clone(),
        }
    }

    /// The same rows with a value changed.
    pub(crate) fn with_value(mut self, row: usize, column: usize, value: f32) -> Self {
        self.rows[row][column] = value;
        self
    }

    /// The rows one after the other.
    pub(crate) fn values(&self) -> Vec<f32> {
        self.rows.concat()
    }

    /// Hands over the matrix form.
    pub(crate) fn with_samples<T>(&self, of: impl FnOnce(Samples<'_>) -> T) -> T {
        let matrix = Matrix::from_values(self.values(), self.columns.len()).unwrap();
        of(Samples {
            matrix: &matrix,
            columns: &self.columns,
            labels: &self.labels,
            weights: self.weights.as_deref(),
        })
    }
}
