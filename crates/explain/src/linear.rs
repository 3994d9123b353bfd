//! Linear models, with their own means or a background sample for what is not known.

use churn_ensemble::Linear;

use crate::pairs::Background;

/// What the values of a linear model are counted from.
#[derive(Debug)]
pub(crate) struct LinearOrigin {
    /// One mean per matrix column; a missing value counts as the model's own mean.
    means: Vec<f64>,
    /// The margin of the mean row.
    pub(crate) base: f64,
}

impl LinearOrigin {
    /// The model's training means.
    pub(crate) fn training(linear: &Linear) -> Self {
        Self {
            means: linear.means().to_vec(),
            base: linear.mean_margin(),
        }
    }

    /// The means of the background rows.
    pub(crate) fn background(linear: &Linear, background: &Background) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
        let share = 1.0 / background.n_rows as f64;
        let n_features = linear.n_features();
        let mut means = vec![0.0; n_features];
        for row in background.rows.chunks_exact(n_features.max(1)) {
            for ((sum, value), &mean) in means.iter_mut().zip(row).zip(linear.means()) {
                *sum += value_or(*value, mean);
            }
        }
        for mean in &mut means {
            *mean *= share;
        }
        let terms = linear.coefficients().iter().zip(&means);
        let base = terms.fold(linear.intercept(), |sum, (coefficient, mean)| {
            sum + coefficient * mean
        });
        Self { means, base }
    }

    /// Adds the contributions of one row to `out`, summed by `groups`.
    pub(crate) fn add_row(&self, linear: &Linear, row: &[f32], groups: &[u32], out: &mut [f64]) {
        let columns = row.iter().zip(linear.means()).zip(linear.coefficients());
        for (((value, &mean), coefficient), (&group, origin)) in
            columns.zip(groups.iter().zip(&self.means))
        {
            out[group as usize] += coefficient * (value_or(*value, mean) - origin);
        }
    }
}

fn value_or(value: f32, mean: f64) -> f64 {
    if value.is_nan() {
        mean
    } else {
        f64::from(value)
    }
}
