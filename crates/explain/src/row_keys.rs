//! Keys of a single row: what its ranks add to the keys of all parts at once.

/// So many times as many keys are added by the vector as one by one in the same time.
const VECTOR_GAIN: usize = 16;
/// Numbers the sums of all planes may take; past it keys come from the tests themselves.
const MAX_SUMS: usize = 8 << 20;

/// For every plane what a rank adds to the key of every part: sums at some ranks, and the steps
/// in between.
#[derive(Debug, Default)]
pub(crate) struct RowKeys {
    /// The keys of a row that passes no test.
    first: Vec<u16>,
    planes: Vec<PlaneKeys>,
    /// One per part for every stop of every plane.
    sums: Vec<u16>,
    steps: Vec<Step>,
}

/// A plane's piece of [`RowKeys`].
#[derive(Debug)]
struct PlaneKeys {
    plane: usize,
    /// Ranks from one stop to the next.
    stride: usize,
    /// Where the sums of its first stop are, which is rank `stride`.
    first_sum: usize,
    /// By rank, the end of its steps; past the last rank no test is left.
    ends: Vec<usize>,
}

/// What a passed test adds to the key of a part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) part: usize,
    pub(crate) by: u16,
}

impl RowKeys {
    /// Those of parts with these first keys and tests, each test with its plane and least rank;
    /// none when they would take too much memory.
    pub(crate) fn new(first: Vec<u16>, mut tests: Vec<(u32, i16, Step)>) -> Option<Self> {
        tests.sort_by_key(|&(plane, least, _)| (plane, least));
        let mut keys = Self {
            first,
            ..Self::default()
        };
        for same in tests.chunk_by(|one, other| one.0 == other.0) {
            keys.push(same)?;
        }
        Some(keys)
    }

    /// Appends a plane: its tests by least rank.
    fn push(&mut self, tests: &[(u32, i16, Step)]) -> Option<()> {
        let n_parts = self.first.len();
        let last = usize::try_from(tests.last()?.1).ok()?;
        if tests[0].1 <= 0 {
            return None;
        }
        let first_step = self.steps.len();
        self.steps.extend(tests.iter().map(|&(_, _, step)| step));
        let end = |rank: usize| {
            let is_passed =
                |test: &(u32, i16, Step)| usize::try_from(test.1).is_ok_and(|least| least <= rank);
            first_step + tests.partition_point(is_passed)
        };
        let ends: Vec<usize> = (0..=last).map(end).collect();
        let steps_by_rank = tests.len().div_ceil(last.max(1));
        let stride = (n_parts / VECTOR_GAIN / steps_by_rank).max(1);
        let first_sum = self.sums.len();
        if first_sum + last / stride * n_parts > MAX_SUMS {
            return None;
        }
        let mut sum = vec![0_u16; n_parts];
        let mut done = first_step;
        for rank in (stride..=last).step_by(stride) {
            add_steps(&self.steps[done..ends[rank]], &mut sum);
            done = ends[rank];
            self.sums.extend_from_slice(&sum);
        }
        self.planes.push(PlaneKeys {
            plane: usize::try_from(tests[0].0).ok()?,
            stride,
            first_sum,
            ends,
        });
        Some(())
    }

    /// The key of each part for a row of these ranks, in place of what `keys` held.
    pub(crate) fn keys_into(&self, ranks: &[i16], keys: &mut Vec<u16>) {
        keys.clear();
        keys.extend_from_slice(&self.first);
        for plane in &self.planes {
            let rank = usize::try_from(ranks[plane.plane]).unwrap_or(0);
            let rank = rank.min(plane.ends.len() - 1);
            let n_stops = rank / plane.stride;
            // No test asks for less than rank 1, so rank 0 ends where the plane's steps begin.
            let done = plane.ends[n_stops * plane.stride];
            if let Some(before) = n_stops.checked_sub(1) {
                let first = plane.first_sum + before * keys.len();
                let sums = &self.sums[first..first + keys.len()];
                for (key, &sum) in keys.iter_mut().zip(sums) {
                    *key = key.wrapping_add(sum);
                }
            }
            add_steps(&self.steps[done..plane.ends[rank]], keys);
        }
    }
}

fn add_steps(steps: &[Step], keys: &mut [u16]) {
    for step in steps {
        keys[step.part] = keys[step.part].wrapping_add(step.by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_asking_every_test() {
        let n_parts = 200;
        let first: Vec<u16> = (0..).map(|part| part * 300).take(n_parts).collect();
        let mut tests = Vec::new();
        for part in 0..n_parts {
            for (plane, n_borders) in [(0_u32, 1), (2, 90), (3, 7)] {
                let least = 1 + i16::try_from(part * 31 % n_borders).unwrap();
                let by = u16::try_from(part * 7919 % 60_000).unwrap();
                tests.push((plane, least, Step { part, by }));
            }
        }
        let keys = RowKeys::new(first.clone(), tests.clone()).unwrap();
        let strides: Vec<usize> = keys.planes.iter().map(|plane| plane.stride).collect();
        assert!(strides.contains(&1) && strides.iter().any(|&stride| stride > 1));
        let mut found = vec![7];
        for rank in -1..95 {
            let ranks = [rank % 2, 50, rank, 90 - rank];
            let mut expected = first.clone();
            for &(plane, least, step) in &tests {
                if ranks[plane as usize] >= least {
                    expected[step.part] = expected[step.part].wrapping_add(step.by);
                }
            }
            keys.keys_into(&ranks, &mut found);
            assert_eq!(found, expected, "{ranks:?}");
        }
    }

    #[test]
    fn too_many_ranks_for_too_many_parts_are_left_to_the_tests() {
        let first = vec![0; 10_000];
        let tests = (1..5000).map(|least| (0, least, Step { part: 0, by: 1 }));
        assert!(RowKeys::new(first.clone(), tests.clone().take(3).collect()).is_some());
        let many = tests.flat_map(|test| vec![test; 200]);
        assert!(RowKeys::new(first, many.collect()).is_none());
    }
}
