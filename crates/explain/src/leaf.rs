//! One leaf as a game: its values for every pattern of satisfied steps.
//!
//! A leaf is reached when the row satisfies every step of its path, one per column. When the
//! steps `S` are known and `p` are those the row satisfies, the game's value is
//! `value × [S ⊆ p] × W(rest)`, with `W(T)` the share of whatever stands in for the row that
//! satisfies all steps of `T`: a product of shares of cover, or the share of background rows
//! (Nadel and Wettenstein 2025, "Woodelf"). With `w(s) = s!(d − 1 − s)!/d!` and
//!
//! - `A(p)  = Σ over S ⊆ p of w(|S|) × W(rest)`
//! - `U(p)  = Σ over S ⊆ p, S not empty, of w(|S| − 1) × W(rest)`
//!
//! the Shapley value of step `i` is `−value × A(p)` where the row does not satisfy it, and
//! `value × (U(p) − U(p∖i) − A(p∖i))` where it does. Sums over subsets of all `2ᵈ` patterns
//! take `d` rounds of additions, so a leaf costs `d × 2ᵈ` however large the background is.
//! Interactions are the same with weights of one player less, and one more such sum.

/// Memory reused from leaf to leaf.
#[derive(Debug, Default)]
pub(crate) struct LeafGame {
    n_steps: usize,
    /// `W` by the set of steps that must be satisfied.
    shares: Vec<f64>,
    sums: [Vec<f64>; 3],
    /// Values of the patterns: `n_steps` each, or one per pair of steps, the later step
    /// outside: `(0, 1), (0, 2), (1, 2), (0, 3), ...`.
    pub(crate) values: Vec<f64>,
}

impl LeafGame {
    /// Shares of cover stand in: one share per step.
    pub(crate) fn set_shares(&mut self, steps: impl ExactSizeIterator<Item = f64>) {
        self.n_steps = steps.len();
        self.shares.clear();
        self.shares.push(1.0);
        for share in steps {
            for set in 0..self.shares.len() {
                self.shares.push(self.shares[set] * share);
            }
        }
    }

    /// Background rows stand in: `counts` says how many there are of each of `2ᵈ` patterns.
    pub(crate) fn set_counts(&mut self, n_steps: usize, counts: &[u64], n_rows: usize) {
        #[expect(clippy::cast_precision_loss, reason = "counts of rows are below 2^53")]
        let float = |count: u64| count as f64;
        let n_rows = float(n_rows as u64);
        self.n_steps = n_steps;
        self.shares.clear();
        self.shares.extend(counts.iter().map(|&count| float(count)));
        for step in 0..n_steps {
            for set in (0..1 << n_steps).filter(|set| set >> step & 1 == 0) {
                self.shares[set] += self.shares[set | 1 << step];
            }
        }
        for share in &mut self.shares {
            *share /= n_rows;
        }
    }

    /// Works out the values of all steps for every pattern.
    pub(crate) fn contributions(&mut self, value: f64) {
        let n = self.n_steps;
        self.values.clear();
        if n == 0 {
            return;
        }
        let weights = weights(n);
        self.sum_subsets(0, |size| weights.get(size).copied().unwrap_or(0.0));
        self.sum_subsets(1, |size| if size == 0 { 0.0 } else { weights[size - 1] });
        let [unknown, known, _] = &self.sums;
        self.values.reserve(n << n);
        for pattern in 0..1_usize << n {
            self.values.extend((0..n).map(|step| {
                let without = pattern & !(1 << step);
                let share = if without == pattern {
                    -unknown[pattern]
                } else {
                    known[pattern] - known[without] - unknown[without]
                };
                value * share
            }));
        }
    }

    /// Works out the interactions of all pairs of steps for every pattern: half of what a pair
    /// does together.
    pub(crate) fn interactions(&mut self, value: f64) {
        let n = self.n_steps;
        self.values.clear();
        if n < 2 {
            return;
        }
        let weights = weights(n - 1);
        let weight = |size: Option<usize>| size.and_then(|size| weights.get(size).copied());
        for (sum, less) in [(0, 0), (1, 1), (2, 2)] {
            self.sum_subsets(sum, |size| weight(size.checked_sub(less)).unwrap_or(0.0));
        }
        let [neither, either, both] = &self.sums;
        self.values.reserve((n * (n - 1) / 2) << n);
        for pattern in 0..1_usize << n {
            for other in 1..n {
                for one in 0..other {
                    let (i, j) = (1 << one, 1 << other);
                    let rest = pattern & !(i | j);
                    let share = match (pattern & i != 0, pattern & j != 0) {
                        (false, false) => neither[rest],
                        (true, false) => neither[rest] - (either[rest | i] - either[rest]),
                        (false, true) => neither[rest] - (either[rest | j] - either[rest]),
                        (true, true) => {
                            let together =
                                both[pattern] - both[rest | i] - both[rest | j] + both[rest];
                            let alone = either[rest | i] + either[rest | j] - 2.0 * either[rest];
                            together - alone + neither[rest]
                        }
                    };
                    self.values.push(0.5 * value * share);
                }
            }
        }
    }

    /// For every pattern the sum over its subsets `S` of `weight(|S|) × W(rest)`.
    fn sum_subsets(&mut self, place: usize, weight: impl Fn(usize) -> f64) {
        let sums = &mut self.sums[place];
        let all = self.shares.len() - 1;
        sums.clear();
        sums.extend(
            (0..self.shares.len())
                .map(|set| weight(set.count_ones() as usize) * self.shares[all ^ set]),
        );
        for step in 0..self.n_steps {
            let bit = 1 << step;
            for start in (0..sums.len()).step_by(2 * bit) {
                let (without, with) = sums[start..start + 2 * bit].split_at_mut(bit);
                for (with, without) in with.iter_mut().zip(without) {
                    *with += *without;
                }
            }
        }
    }
}

/// The Shapley weights of `n` players by the size of a set: `s!(n − 1 − s)!/n!`.
fn weights(n: usize) -> Vec<f64> {
    let float = |count: usize| u32::try_from(count).map_or(f64::MAX, f64::from);
    let mut weights = vec![1.0 / float(n)];
    for size in 1..n {
        weights.push(weights[size - 1] * float(size) / float(n - size));
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::{LeafGame, weights};

    #[test]
    fn weights_sum_to_one_over_all_sets() {
        for n in 1..12_u32 {
            let mut n_sets = 1.0;
            let mut sum = 0.0;
            for (size, weight) in (0..).zip(weights(n as usize)) {
                sum += n_sets * weight;
                n_sets *= f64::from(n - 1 - size) / f64::from(size + 1);
            }
            assert!((sum - 1.0).abs() < 1e-14, "{n}: {sum}");
        }
    }

    #[test]
    fn counts_that_are_independent_equal_shares() {
        // Two steps, satisfied by a half and by a quarter of eight rows independently.
        let mut by_share = LeafGame::default();
        by_share.set_shares([0.5, 0.25].into_iter());
        let mut by_count = LeafGame::default();
        by_count.set_counts(2, &[3, 3, 1, 1], 8);
        for work_out in [LeafGame::contributions, LeafGame::interactions] {
            work_out(&mut by_share, 3.0);
            work_out(&mut by_count, 3.0);
            assert_eq!(by_share.values.len(), by_count.values.len());
            for (one, other) in by_share.values.iter().zip(&by_count.values) {
                assert!((one - other).abs() < 1e-15);
            }
        }
        // Both steps satisfied: what the pair does together is 3 × ½ × ¾.
        assert!((by_count.values[3] - 0.5 * 3.0 * 0.5 * 0.75).abs() < 1e-15);
    }
}
