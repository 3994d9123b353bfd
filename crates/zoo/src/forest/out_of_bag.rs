//! What the trees that did not see a row say of it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bits of the number of votes in a cell; the sum of shares is above them.
const COUNT_BITS: u32 = 16;
/// Parts of one a share is counted in.
const ONE: f64 = (1_u64 << 30) as f64;

/// The sum and number of votes for each row.
///
/// Shares are added as whole numbers, so the order in which threads add them can't change a sum.
/// 65,535 votes fit.
pub(super) struct Votes {
    cells: Vec<AtomicU64>,
}

impl Votes {
    pub(super) fn new(n_rows: usize) -> Self {
        Self {
            cells: (0..n_rows).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// One tree's share of leavers for a row, 0..=1.
    pub(super) fn add(&self, row: usize, share: f64) {
        #[expect(clippy::cast_sign_loss, reason = "a share is at least 0")]
        let parts = (share * ONE).round() as u64;
        // Only the sum matters, not what other threads see meanwhile.
        self.cells[row].fetch_add(parts << COUNT_BITS | 1, Ordering::Relaxed);
    }

    /// The mean share of each row; `None` for rows every tree saw.
    pub(super) fn shares(self) -> Vec<Option<f64>> {
        self.cells
            .into_iter()
            .map(|cell| {
                let cell = cell.into_inner();
                let count = cell & ((1 << COUNT_BITS) - 1);
                (count > 0).then(|| (cell >> COUNT_BITS) as f64 / ONE / count as f64)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Votes;

    #[test]
    fn votes_are_averaged_and_the_fullest_cell_does_not_overflow() {
        let votes = Votes::new(3);
        votes.add(0, 0.25);
        votes.add(0, 0.5);
        for _ in 0..65_535 {
            votes.add(2, 1.0);
        }
        let shares = votes.shares();
        assert_eq!(shares[1], None);
        assert!((shares[0].unwrap() - 0.375).abs() < 1e-9);
        assert!((shares[2].unwrap() - 1.0).abs() < 1e-9);
    }
}
