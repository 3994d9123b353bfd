//! What an explanation holds.

use serde::{Deserialize, Serialize};

use crate::Error;

/// SHAP values of many rows, on the scale of the model's margin: log-odds, or a share for a
/// random forest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// Number of rows.
    pub n_rows: usize,
    /// Number of values per row: original columns, or matrix columns.
    pub n_groups: usize,
    /// The margin when nothing is known of the customer.
    pub base: f64,
    /// Row-major, `n_rows × n_groups`; above 0 raises the margin. Each row and the base sum
    /// to the row's margin.
    pub contributions: Vec<f64>,
    /// The served margin of each row.
    pub margins: Vec<f64>,
}

impl Explanation {
    /// The contributions of one row, one per group; empty past the last row.
    #[must_use]
    pub fn row(&self, row_idx: usize) -> &[f64] {
        let start = row_idx.saturating_mul(self.n_groups);
        self.contributions
            .get(start..start.saturating_add(self.n_groups))
            .unwrap_or_default()
    }

    /// How far base and contributions of a row are from its margin.
    #[must_use]
    pub fn gap(&self, row_idx: usize) -> f64 {
        (self.base + self.row(row_idx).iter().sum::<f64>() - self.margins[row_idx]).abs()
    }

    /// Every row sums to its margin within `1e-6 × max(1, |margin|)`, or the first that does
    /// not is named.
    pub(crate) fn check_additive(&self) -> Result<(), Error> {
        (0..self.n_rows)
            .try_for_each(|row| check_additive(row, self.base, self.row(row), self.margins[row]))
    }
}

/// A row sums to its margin within `1e-6 × max(1, |margin|)`, or within what rounding leaves of
/// contributions many times larger that cancel.
pub(crate) fn check_additive(
    row: usize,
    base: f64,
    contributions: &[f64],
    margin: f64,
) -> Result<(), Error> {
    let gap = (base + contributions.iter().sum::<f64>() - margin).abs();
    let size: f64 = contributions.iter().map(|value| value.abs()).sum();
    // A gap that is not a number is no pass.
    if gap <= (1e-6 * margin.abs().max(1.0)).max(1e-12 * size) {
        Ok(())
    } else {
        Err(Error::NotAdditive { row, gap })
    }
}

#[cfg(test)]
mod tests {
    use super::Explanation;
    use crate::Error;

    #[test]
    fn a_row_that_does_not_add_up_is_named() {
        let mut explanation = Explanation {
            n_rows: 2,
            n_groups: 1,
            base: 1.0,
            contributions: vec![0.5, 0.5],
            margins: vec![1.5, 1.500_01],
        };
        let fault = explanation.check_additive().unwrap_err();
        assert!(matches!(fault, Error::NotAdditive { row: 1, gap } if gap > 9e-6));
        explanation.margins[1] = 1.5 + 5e-7;
        assert_eq!(explanation.check_additive(), Ok(()));
        explanation.margins[0] = f64::NAN;
        assert!(
            explanation.check_additive().is_err(),
            "not a number is no pass"
        );
    }
}
