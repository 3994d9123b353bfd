//! The best split of a node on one column, from its histogram.

use churn_ensemble::Test;

use super::{SideSums, bins::ColumnBins, tally::Tally};

/// A way to send the rows of a node to two sides.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Split<T> {
    /// What is impure after it: lower is better.
    pub(super) impurity: f64,
    /// The rows that go left.
    pub(super) left: T,
    /// Whether missing values go left.
    pub(super) default_left: bool,
    pub(super) place: Place,
}

/// Which bins go left.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Place {
    /// Bins up to this one.
    UpTo(u8),
    /// Every bin that holds a value.
    AllValues,
    /// All bins but these.
    AllBut(Vec<u8>),
}

/// What splits are judged by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judge {
    /// Factors on the weights of those that stayed and of those that left.
    pub(super) class_weights: SideSums,
    pub(super) min_rows: u32,
}

impl Judge {
    /// Weights after class weights.
    pub(super) fn weights<T: Tally>(&self, tally: T) -> SideSums {
        let weights = tally.weights();
        SideSums {
            stayed: weights.stayed * self.class_weights.stayed,
            left: weights.left * self.class_weights.left,
        }
    }

    /// Gini impurity of two sides, weighted by their sizes, halved; `None` when a side is too
    /// small.
    fn judge<T: Tally>(&self, left: T, right: T) -> Option<f64> {
        if left.n_rows() < self.min_rows || right.n_rows() < self.min_rows {
            return None;
        }
        let (left, right) = (self.weights(left), self.weights(right));
        let (left_total, right_total) = (left.total(), right.total());
        let both = left_total * right_total;
        if both <= 0.0 {
            return None;
        }
        let impurity =
            left.stayed * left.left * right_total + right.stayed * right.left * left_total;
        Some(impurity / both)
    }
}

impl SideSums {
    pub(super) fn total(self) -> f64 {
        self.stayed + self.left
    }

    /// Gini impurity times size, halved.
    pub(super) fn impurity(self) -> f64 {
        let total = self.total();
        if total > 0.0 {
            self.stayed * self.left / total
        } else {
            0.0
        }
    }
}

/// The best split on a column and whether the column tells any two rows of the node apart.
pub(super) struct Found<T> {
    pub(super) split: Option<Split<T>>,
    pub(super) is_constant: bool,
}

/// Searches the histogram of one column: a bin per value, then the one for missing values.
/// Missing values are tried on both sides, and by themselves. `order` is that of the categories,
/// and empty for numbers; `filled` names the bins of a number that may hold rows, all without it.
pub(super) fn find<T: Tally>(
    column: &ColumnBins,
    order: &[u8],
    filled: Option<Filled>,
    histogram: &[T],
    total: T,
    judge: &Judge,
) -> Found<T> {
    let n_bins = column.n_bins();
    let (values, missing) = (&histogram[..n_bins], histogram[n_bins]);
    let mut search = Search {
        judge,
        total,
        missing,
        best: None,
    };
    let n_filled = match column {
        ColumnBins::Numeric { .. } => match filled {
            Some(filled) => search.ordered(values, filled.take_while(|&bin| bin < n_bins)),
            None => search.ordered(values, 0..n_bins),
        },
        ColumnBins::Categorical { .. } => search.categories(values, order),
    };
    if missing.n_rows() > 0 && n_filled > 0 {
        search.offer(total.without(missing), false, || Place::AllValues);
    }
    Found {
        split: search.best,
        is_constant: n_filled + usize::from(missing.n_rows() > 0) < 2,
    }
}

/// Codes met among the rows of a node, in rising order: in a small node few of the bins of a number
/// are filled, and looking at the others is most of the work.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Filled([u64; 4]);

impl Filled {
    pub(super) fn insert(&mut self, code: u8) {
        self.0[usize::from(code / 64)] |= 1 << (code % 64);
    }
}

impl Iterator for Filled {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let word = self.0.iter().position(|&word| word != 0)?;
        let bit = self.0[word].trailing_zeros() as usize;
        self.0[word] &= self.0[word] - 1;
        Some(64 * word + bit)
    }
}

struct Search<'a, T> {
    judge: &'a Judge,
    total: T,
    missing: T,
    best: Option<Split<T>>,
}

impl<T: Tally> Search<'_, T> {
    /// Splits between neighbouring filled bins; gives the number of filled bins.
    fn ordered(&mut self, values: &[T], bins: impl Iterator<Item = usize>) -> usize {
        let mut below = T::default();
        let mut n_filled = 0;
        let mut last = 0;
        for bin in bins {
            let tally = values[bin];
            if tally.n_rows() == 0 {
                continue;
            }
            if n_filled > 0 {
                // Between empty bins the border is the middle one.
                let up_to = usize::midpoint(last, bin - 1) as u8;
                self.offer_both(below, || Place::UpTo(up_to));
            }
            below.add(tally);
            last = bin;
            n_filled += 1;
        }
        n_filled
    }

    /// Splits of the categories in a given order; by share of leavers, they would hold the best
    /// of all splits into two sets (Breiman et al. 1984, theorem 4.5).
    fn categories(&mut self, values: &[T], order: &[u8]) -> usize {
        let is_filled = |&bin: &u8| values[usize::from(bin)].n_rows() > 0;
        let order: Vec<u8> = order.iter().copied().filter(is_filled).collect();
        let mut first = T::default();
        let rest = self.total.without(self.missing);
        for place in 1..order.len() {
            first.add(values[usize::from(order[place - 1])]);
            // Categories nobody listed go left, so the side with more rows is the left one.
            let second = rest.without(first);
            let (low, high) = order.split_at(place);
            let (left, listed) = if first.n_rows() > second.n_rows() {
                (first, high)
            } else {
                (second, low)
            };
            self.offer_both(left, || Place::AllBut(listed.to_vec()));
        }
        order.len()
    }

    /// Offers a split of the values with missing ones on either side; when there are none, a
    /// missing value met later goes with the heavier side.
    fn offer_both(&mut self, left: T, place: impl Fn() -> Place) {
        if self.missing.n_rows() == 0 {
            let right = self.total.without(left);
            let default_left =
                self.judge.weights(left).total() >= self.judge.weights(right).total();
            self.offer(left, default_left, place);
            return;
        }
        self.offer(left, false, &place);
        let mut with_missing = left;
        with_missing.add(self.missing);
        self.offer(with_missing, true, &place);
    }

    fn offer(&mut self, left: T, default_left: bool, place: impl Fn() -> Place) {
        let Some(impurity) = self.judge.judge(left, self.total.without(left)) else {
            return;
        };
        if self
            .best
            .as_ref()
            .is_none_or(|best| impurity < best.impurity)
        {
            self.best = Some(Split {
                impurity,
                left,
                default_left,
                place: place(),
            });
        }
    }
}

impl Place {
    /// For each code of the column, the missing one included, whether it goes left.
    pub(super) fn table(&self, n_bins: usize, default_left: bool) -> [bool; 256] {
        let mut table = [true; 256];
        match self {
            Self::UpTo(bin) => table[usize::from(*bin) + 1..].fill(false),
            Self::AllValues => {}
            Self::AllBut(bins) => {
                for &bin in bins {
                    table[usize::from(bin)] = false;
                }
            }
        }
        table[n_bins] = default_left;
        table
    }

    /// The question that sends values the same way.
    pub(super) fn test(&self, column: &ColumnBins) -> Test {
        match (self, column) {
            (Self::UpTo(bin), ColumnBins::Numeric { cuts }) => Test::Less(cuts[usize::from(*bin)]),
            (Self::AllBut(bins), ColumnBins::Categorical { codes, .. }) => {
                let listed = bins.iter().flat_map(|&bin| &codes[usize::from(bin)]);
                Test::NotIn(listed.copied().collect())
            }
            (_, ColumnBins::Categorical { .. }) => Test::NotIn(Vec::new()),
            (_, ColumnBins::Numeric { .. }) => Test::Less(f32::INFINITY),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Judge, find};
    use crate::forest::{
        SideSums,
        bins::ColumnBins,
        tally::{Counts, Tally},
    };

    const JUDGE: Judge = Judge {
        class_weights: SideSums {
            stayed: 1.0,
            left: 1.5,
        },
        min_rows: 2,
    };

    /// Rows of one bin, then the sum of all.
    fn histogram(rows: &[(u8, bool)], n_bins: usize) -> (Vec<Counts>, Counts) {
        let mut bins = vec![Counts::default(); n_bins + 1];
        let mut total = Counts::default();
        for &(bin, left) in rows {
            let tally = Counts::of_row(1, 1.0, left);
            bins[usize::from(bin)].add(tally);
            total.add(tally);
        }
        (bins, total)
    }

    /// The best impurity over every set of bins `allowed` says may go left.
    fn brute(rows: &[(u8, bool)], n_bins: usize, allowed: impl Fn(u32) -> bool) -> Option<f64> {
        let (bins, total) = histogram(rows, n_bins);
        let impurities = (1..(1_u32 << (n_bins + 1)) - 1)
            .filter(|&set| allowed(set))
            .filter_map(|set| {
                let mut left = Counts::default();
                for (bin, &tally) in bins.iter().enumerate() {
                    if set >> bin & 1 == 1 {
                        left.add(tally);
                    }
                }
                JUDGE.judge(left, total.without(left))
            });
        impurities.min_by(f64::total_cmp)
    }

    /// Bins by their share of leavers.
    fn by_share(bins: &[Counts]) -> Vec<u8> {
        let share = |&bin: &u8| {
            let weights = bins[usize::from(bin)].weights();
            weights.left / weights.total()
        };
        let mut order: Vec<u8> = (0..bins.len() as u8 - 1).collect();
        order.sort_by(|a, b| share(a).total_cmp(&share(b)));
        order
    }

    /// What the table and the judge say of a split found.
    fn check(column: &ColumnBins, rows: &[(u8, bool)], expected: Option<f64>) {
        let n_bins = column.n_bins();
        let (bins, total) = histogram(rows, n_bins);
        let found = find(column, &[], None, &bins, total, &JUDGE).split;
        assert_eq!(found.is_some(), expected.is_some(), "{rows:?}");
        let (Some(found), Some(expected)) = (found, expected) else {
            return;
        };
        assert!(
            (found.impurity - expected).abs() < 1e-9,
            "{rows:?} {found:?}"
        );
        let table = found.place.table(n_bins, found.default_left);
        let mut left = Counts::default();
        for (bin, &tally) in bins.iter().enumerate() {
            if table[bin] {
                left.add(tally);
            }
        }
        assert_eq!(
            left, found.left,
            "the table sends the rows that were counted"
        );
    }

    fn categorical(n_bins: u8) -> ColumnBins {
        ColumnBins::Categorical {
            codes: (0..u32::from(n_bins)).map(|code| vec![code]).collect(),
            bin_of: (0..n_bins).collect(),
        }
    }

    proptest! {
        #[test]
        fn numbers_are_split_at_the_best_place_with_missing_values_on_the_best_side(
            rows in prop::collection::vec((0..6_u8, any::<bool>()), 1..40),
        ) {
            let column = ColumnBins::Numeric { cuts: vec![1.0, 2.0, 3.0, 4.0] };
            // Five bins and the missing one; values on the left are a run from the first bin.
            let is_run = |set: u32| {
                let values = set & 0b1_1111;
                (values + 1).is_power_of_two()
            };
            check(&column, &rows, brute(&rows, 5, is_run));
        }

        #[test]
        fn categories_are_split_into_the_best_two_sets(
            rows in prop::collection::vec((0..6_u8, any::<bool>()), 1..40),
        ) {
            // Too few rows on a side rule out sets the order by share never tries.
            let expected = brute(&rows, 5, |_| true);
            let column = categorical(5);
            let (bins, total) = histogram(&rows, 5);
            let free = Judge { min_rows: 1, ..JUDGE };
            let found = find(&column, &by_share(&bins), None, &bins, total, &free).split.map(|split| split.impurity);
            if let Some(expected) = expected {
                prop_assert!(found.is_some_and(|found| found <= expected + 1e-9));
            }
        }
    }

    #[test]
    fn unseen_categories_go_with_the_side_of_more_rows() {
        let rows: Vec<(u8, bool)> = [(0, true); 3]
            .into_iter()
            .chain([(1, false); 4])
            .chain([(2, false); 4])
            .collect();
        let column = categorical(4);
        let (bins, total) = histogram(&rows, 4);
        let split = find(&column, &by_share(&bins), None, &bins, total, &JUDGE)
            .split
            .unwrap();
        let table = split.place.table(4, split.default_left);
        assert_eq!(&table[..5], [false, true, true, true, true]);
    }

    #[test]
    fn a_column_of_one_value_is_constant_and_of_one_value_and_gaps_is_not() {
        let column = ColumnBins::Numeric { cuts: vec![1.0] };
        for (rows, expected) in [
            (vec![(1, true), (1, false)], true),
            (vec![(2, true), (2, false)], true),
            (vec![(1, true), (2, false)], false),
            (vec![(0, true), (1, false)], false),
        ] {
            let (bins, total) = histogram(&rows, 2);
            let found = find(&column, &[], None, &bins, total, &JUDGE);
            assert_eq!(found.is_constant, expected, "{rows:?}");
        }
    }
}
