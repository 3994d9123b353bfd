//! Ordered target statistics, and the byte that holds all of them.
//!
//! The statistic of a row is `(good + prior) / (total + 1)` over the rows of its bucket that come
//! *before* it in a random order, so that its own label is not in it (Prokhorenkova et al. 2018).
//! It is cut into 16 equal parts. The three priors 0, 0.5 and 1 give three such numbers; together
//! they take few values, so one byte (a *joint code*) holds all three: once a bucket has 15 rows
//! before, neighbouring priors differ by one part at most and their sum tells them apart; below,
//! every pair of counts has a code of its own.

use super::projection::{Answers, answers};

/// Borders of a statistic; its parts are `0..=15`.
pub(super) const N_BORDERS: u32 = 15;
/// Parts of a statistic.
pub(super) const N_PARTS: usize = 16;
/// Joint codes in use.
pub(super) const N_JOINT: usize = FIRST_SMALL + 120;
/// Codes below are sums of parts.
const FIRST_SMALL: usize = 46;

/// A statistic of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Share of leavers, with prior 0.
    Zero,
    /// Share of leavers, with prior 0.5.
    Half,
    /// Share of leavers, with prior 1.
    One,
    /// Rows of the bucket by rows of the fullest.
    Counter,
}

impl Kind {
    /// Those a joint code holds.
    pub(super) const SHARES: [Self; 3] = [Self::Zero, Self::Half, Self::One];

    pub(super) fn prior(self) -> f32 {
        match self {
            Self::Zero | Self::Counter => 0.0,
            Self::Half => 0.5,
            Self::One => 1.0,
        }
    }

    /// The answer of every byte to "is the statistic's part above `border`".
    pub(super) fn answers(self, border: u8) -> Answers {
        let border = u32::from(border);
        match self {
            Self::Counter => answers(|byte| byte as u32 > border),
            _ => answers(|byte| byte < N_JOINT && part_of(byte, self as usize) > border),
        }
    }
}

/// The joint code of a row with `total` rows before it in its bucket, `good` of them leavers.
pub(super) fn joint_code(good: u32, total: u32) -> u8 {
    if total < N_BORDERS {
        return (FIRST_SMALL as u32 + total * (total + 1) / 2 + good) as u8;
    }
    let divisor = total + 1;
    let (quotient, rest) = if good < 1 << 27 {
        (N_BORDERS * good / divisor, N_BORDERS * good % divisor)
    } else {
        let wide = u64::from(N_BORDERS) * u64::from(good);
        let divisor = u64::from(divisor);
        ((wide / divisor) as u32, (wide % divisor) as u32)
    };
    let half = u32::from(2 * u64::from(rest) + 15 >= 2 * u64::from(divisor));
    let one = u32::from(u64::from(rest) + 15 >= u64::from(divisor));
    (3 * quotient + half + one) as u8
}

/// The part of prior `prior / 2` that a joint code stands for.
fn part_of(code: usize, prior: usize) -> u32 {
    if code < FIRST_SMALL {
        return (code as u32 + prior as u32) / 3;
    }
    let place = code - FIRST_SMALL;
    let mut total = 0;
    while (total + 1) * (total + 2) / 2 <= place {
        total += 1;
    }
    let good = place - total * (total + 1) / 2;
    (N_BORDERS * (2 * good + prior) as u32) / (2 * (total as u32 + 1))
}

/// Parts of the three priors, for every joint code.
pub(super) fn parts_of_codes() -> [[u8; 3]; N_JOINT] {
    std::array::from_fn(|code| std::array::from_fn(|prior| part_of(code, prior) as u8))
}

/// Joint codes of all rows, which come in the order that counts. `bucket` gives the bucket of a
/// position, `None` where there is none.
pub(super) fn ordered_codes(
    labels: &[u8],
    n_buckets: usize,
    bucket: impl Fn(usize) -> Option<usize>,
) -> Vec<u8> {
    let mut counts = vec![[0_u32; 2]; n_buckets];
    let none = joint_code(0, 0);
    labels
        .iter()
        .enumerate()
        .map(|(position, &label)| {
            let Some(bucket) = bucket(position) else {
                return none;
            };
            let [good, total] = &mut counts[bucket];
            let code = joint_code(*good, *total);
            *good += u32::from(label);
            *total += 1;
            code
        })
        .collect()
}

/// The part a bucket's count falls into: it depends on no label, so no order is needed.
pub(super) fn counter_part(count: u32, fullest: u32) -> u8 {
    (u64::from(N_BORDERS) * u64::from(count) / (u64::from(fullest) + 1)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joint_codes_hold_the_parts_of_all_priors() {
        let parts = parts_of_codes();
        for total in 0..400_u32 {
            for good in 0..=total {
                let code = usize::from(joint_code(good, total));
                assert!(code < N_JOINT);
                for (prior, &part) in parts[code].iter().enumerate() {
                    // 15 × (good + prior / 2) / (total + 1), in whole numbers.
                    let expected = 15 * (2 * good + prior as u32) / (2 * (total + 1));
                    assert_eq!(u32::from(part), expected, "{good} of {total}, {prior}");
                }
            }
        }
    }

    #[test]
    fn large_counts_do_not_overflow() {
        let parts = parts_of_codes()[usize::from(joint_code(3_000_000_000, 4_000_000_000))];
        assert_eq!(parts, [11, 11, 11]);
    }

    #[test]
    fn a_row_sees_the_rows_before_it_only() {
        let buckets = [Some(0), Some(1), Some(0), None, Some(0), Some(1)];
        let labels = [1, 0, 0, 1, 1, 1];
        let codes = ordered_codes(&labels, 2, |position| buckets[position]);
        let naive: Vec<u8> = (0..labels.len())
            .map(|row| {
                let before: Vec<u8> = (0..row)
                    .filter(|&other| buckets[other].is_some() && buckets[other] == buckets[row])
                    .map(|other| labels[other])
                    .collect();
                let good = before.iter().map(|&label| u32::from(label)).sum();
                joint_code(good, before.len() as u32)
            })
            .collect();
        assert_eq!(codes, naive);
    }
}
