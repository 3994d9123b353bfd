//! Shapley values and interactions of a game by definition: sums over all coalitions.

/// A game of `n` players: its value for every set of them, as bits.
pub(crate) struct Game {
    n: usize,
    values: Vec<f64>,
}

impl Game {
    pub(crate) fn new(n: usize, value: impl Fn(u32) -> f64) -> Self {
        let values = (0..1_u32 << n).map(value).collect();
        Self { n, values }
    }

    /// The value of no player at all.
    pub(crate) fn base(&self) -> f64 {
        self.values[0]
    }

    /// The value of each player.
    pub(crate) fn shapley(&self) -> Vec<f64> {
        let gain = |set: usize, player: usize| self.values[set | 1 << player] - self.values[set];
        let value = |player: usize| {
            let sets = (0..self.values.len()).filter(|set| set >> player & 1 == 0);
            sets.map(|set| weight(set.count_ones(), self.n) * gain(set, player))
                .sum()
        };
        (0..self.n).map(value).collect()
    }

    /// The matrix of interactions, row-major: half of what each pair does together, and on the
    /// diagonal what is left of a player's value.
    pub(crate) fn interactions(&self) -> Vec<f64> {
        let n = self.n;
        let mut matrix = vec![0.0; n * n];
        for one in 0..n {
            for other in (0..n).filter(|&other| other != one) {
                let both = 1 << one | 1 << other;
                let together = |set: usize| {
                    self.values[set | both]
                        - self.values[set | 1 << one]
                        - self.values[set | 1 << other]
                        + self.values[set]
                };
                let sets = (0..self.values.len()).filter(|set| set & both == 0);
                matrix[one * n + other] = sets
                    .map(|set| 0.5 * weight(set.count_ones(), n - 1) * together(set))
                    .sum();
            }
        }
        for (player, value) in self.shapley().into_iter().enumerate() {
            let row: f64 = matrix[player * n..(player + 1) * n].iter().sum();
            matrix[player * n + player] = value - row;
        }
        matrix
    }
}

/// The Shapley weight of a set of `size` among `n` players.
fn weight(size: u32, n: usize) -> f64 {
    let factorial = |k: u32| (1..=k).map(f64::from).product::<f64>();
    factorial(size) * factorial(n as u32 - size - 1) / factorial(n as u32)
}

/// The matrix summed by group, `n_groups²` values.
pub(crate) fn grouped(matrix: &[f64], groups: &[u32], n_groups: usize) -> Vec<f64> {
    let mut sums = vec![0.0; n_groups * n_groups];
    for (one, row) in groups.iter().zip(matrix.chunks(groups.len())) {
        for (other, value) in groups.iter().zip(row) {
            sums[*one as usize * n_groups + *other as usize] += value;
        }
    }
    sums
}

#[track_caller]
pub(crate) fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() <= tolerance,
            "place {place}: {found} != {expected}"
        );
    }
}
