//! What a histogram bin counts.

use super::SideSums;

/// The sum over some rows of what a split is judged by.
pub(super) trait Tally: Copy + Default + Send + Sync {
    /// Whether taking away what was added leaves what was there before, to the bit.
    const IS_EXACT: bool;
    /// One row drawn `draws` times, each with weight `weight`.
    fn of_row(draws: u32, weight: f32, left: bool) -> Self;
    /// Adds the rows of `other`.
    fn add(&mut self, other: Self);
    /// All of it where `code` is 1, nothing where it is 0.
    fn if_one(self, code: u8) -> Self;
    /// Takes away the rows of `other`, which are among these.
    fn without(self, other: Self) -> Self;
    /// Distinct rows.
    fn n_rows(self) -> u32;
    /// Weight of those that stayed and of those that left, before class weights.
    fn weights(self) -> SideSums;
}

/// Bits of each of the three counts of [`Counts`].
const FIELD_BITS: u32 = 21;
const FIELD: u64 = (1 << FIELD_BITS) - 1;

/// Rows, draws and draws of leavers, side by side in one word, so that a row costs one addition.
/// Right as long as no count passes [`Counts::MAX_ROWS`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Counts(u64);

impl Counts {
    /// Most rows (and draws) that can be counted.
    pub(super) const MAX_ROWS: usize = FIELD as usize;
}

impl Tally for Counts {
    const IS_EXACT: bool = true;

    #[inline]
    fn if_one(self, code: u8) -> Self {
        Self(self.0 & u64::from(code).wrapping_neg())
    }

    fn of_row(draws: u32, _weight: f32, left: bool) -> Self {
        let draws = u64::from(draws);
        let draws_left = if left { draws } else { 0 };
        Self(1 | draws << FIELD_BITS | draws_left << (2 * FIELD_BITS))
    }

    #[inline]
    fn add(&mut self, other: Self) {
        self.0 = self.0.wrapping_add(other.0);
    }

    #[inline]
    fn without(self, other: Self) -> Self {
        Self(self.0.wrapping_sub(other.0))
    }

    #[inline]
    fn n_rows(self) -> u32 {
        (self.0 & FIELD) as u32
    }

    #[inline]
    fn weights(self) -> SideSums {
        let draws = (self.0 >> FIELD_BITS & FIELD) as u32;
        let left = (self.0 >> (2 * FIELD_BITS)) as u32;
        SideSums {
            stayed: f64::from(draws - left),
            left: f64::from(left),
        }
    }
}

/// The same with a weight per row, and for more rows than [`Counts`] can count.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sums {
    weights: SideSums,
    n_rows: u32,
}

impl Tally for Sums {
    const IS_EXACT: bool = false;

    #[inline]
    fn if_one(self, code: u8) -> Self {
        if code == 1 { self } else { Self::default() }
    }

    fn of_row(draws: u32, weight: f32, left: bool) -> Self {
        let weight = f64::from(draws) * f64::from(weight);
        let weights = if left {
            SideSums {
                stayed: 0.0,
                left: weight,
            }
        } else {
            SideSums {
                stayed: weight,
                left: 0.0,
            }
        };
        Self { weights, n_rows: 1 }
    }

    #[inline]
    fn add(&mut self, other: Self) {
        self.weights.stayed += other.weights.stayed;
        self.weights.left += other.weights.left;
        self.n_rows += other.n_rows;
    }

    #[inline]
    fn without(self, other: Self) -> Self {
        // Rounding must not leave a weight below 0.
        Self {
            weights: SideSums {
                stayed: (self.weights.stayed - other.weights.stayed).max(0.0),
                left: (self.weights.left - other.weights.left).max(0.0),
            },
            n_rows: self.n_rows - other.n_rows,
        }
    }

    #[inline]
    fn n_rows(self) -> u32 {
        self.n_rows
    }

    #[inline]
    fn weights(self) -> SideSums {
        self.weights
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, Sums, Tally};

    #[test]
    fn both_tallies_count_alike_up_to_the_limit() {
        let rows = [(1, false), (3, true), (2, true), (5, false)];
        let (mut counts, mut sums) = (Counts::default(), Sums::default());
        for (draws, left) in rows {
            counts.add(Counts::of_row(draws, 1.0, left));
            sums.add(Sums::of_row(draws, 1.0, left));
        }
        assert_eq!((counts.n_rows(), sums.n_rows()), (4, 4));
        assert_eq!(counts.weights(), sums.weights());
        let rest = counts.without(Counts::of_row(3, 1.0, true));
        assert_eq!(rest.n_rows(), 3);
        assert_eq!(
            rest.weights(),
            sums.without(Sums::of_row(3, 1.0, true)).weights()
        );
        assert_eq!(counts.if_one(1), counts);
        assert_eq!(sums.if_one(1), sums);
        assert_eq!((counts.if_one(0).n_rows(), sums.if_one(0).n_rows()), (0, 0));
        let full = Counts::of_row(Counts::MAX_ROWS as u32, 1.0, true);
        assert!((full.weights().left - Counts::MAX_ROWS as f64).abs() < 0.5);
        assert!(full.weights().stayed.abs() < 0.5 && full.n_rows() == 1);
    }
}
