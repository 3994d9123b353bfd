//! Where to look next, given what is known.

use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha12Rng;

use super::{Outcome, TrialRecord, parzen::Density, record::mean, space::Axis};
use crate::seed::derive_seed;

/// Candidates drawn from the density of good trials; the one that is most unlike the bad wins.
const N_CANDIDATES: usize = 24;
/// The best of so many trials count as good ...
const GOOD_SHARE: f64 = 0.1;
/// ... but no more than this.
const MOST_GOOD: usize = 25;

/// A trial whose result is known, and where it lies.
pub(super) struct Known<'a> {
    pub(super) record: &'a TrialRecord,
    pub(super) places: &'a [f64],
}

/// The proposal of the estimator: `known` are the trials of completed batches in order of their
/// numbers, `running` those proposed before this one in the same batch.
pub(super) fn propose(
    axes: &[Axis],
    known: &[Known<'_>],
    running: &[&[f64]],
    rng: &mut ChaCha12Rng,
) -> Vec<f64> {
    let good = good_trials(known);
    let part = |is_good: bool| -> Vec<&[f64]> {
        let rows = known
            .iter()
            .zip(&good)
            .filter(|(_, good)| **good == is_good);
        rows.map(|(trial, _)| trial.places).collect()
    };
    let good_density = Density::new(axes, &part(true));
    let bad: Vec<&[f64]> = part(false)
        .into_iter()
        .chain(running.iter().copied())
        .collect();
    let bad_density = Density::new(axes, &bad);
    let tried = |places: &[f64]| {
        let mut all = known
            .iter()
            .map(|trial| trial.places)
            .chain(running.iter().copied());
        all.any(|other| other == places)
    };
    let mut best: Option<((bool, f64), Vec<f64>)> = None;
    for _ in 0..N_CANDIDATES {
        let places = good_density.sample(rng);
        // On a coarse grid the best place may be tried already: then a new one is worth more.
        let score = (
            !tried(&places),
            good_density.log_density(&places) - bad_density.log_density(&places),
        );
        let better = best.as_ref().is_none_or(|(best, _)| {
            score
                .0
                .cmp(&best.0)
                .then(score.1.total_cmp(&best.1))
                .is_gt()
        });
        if better {
            best = Some((score, places));
        }
    }
    best.map(|(_, places)| places).unwrap_or_default()
}

/// Which trials are good: complete ones by loss first, then pruned ones, those that came further
/// first. Failed ones never.
fn good_trials(known: &[Known<'_>]) -> Vec<bool> {
    let mut order: Vec<(usize, usize, f64)> = Vec::new();
    for (index, trial) in known.iter().enumerate() {
        let record = trial.record;
        let n_done = record.fold_losses.len();
        let rank = match record.outcome {
            Outcome::Complete { loss } => (index, 0, loss),
            Outcome::Pruned { .. } => (
                index,
                usize::MAX - n_done,
                mean(&record.fold_losses).unwrap_or(f64::INFINITY),
            ),
            Outcome::Failed { .. } => continue,
        };
        order.push(rank);
    }
    order.sort_by(|a, b| a.1.cmp(&b.1).then(a.2.total_cmp(&b.2)));
    let n_good = ((GOOD_SHARE * order.len() as f64).ceil() as usize).min(MOST_GOOD);
    let mut good = vec![false; known.len()];
    order
        .iter()
        .take(n_good)
        .for_each(|&(index, _, _)| good[index] = true);
    good
}

/// Places of trial `number` of the first `n_startup`: a Latin hypercube, so that every parameter
/// is tried in each of `n_startup` equal parts of its axis.
pub(super) fn startup_places(
    axes: &[Axis],
    number: usize,
    n_startup: usize,
    seed: u64,
) -> Vec<f64> {
    let mut rng = ChaCha12Rng::seed_from_u64(derive_seed(seed, "tuning startup", number as u64));
    let place = |(index, axis): (usize, &Axis)| {
        let mut parts: Vec<usize> = (0..n_startup).collect();
        let mut shuffle =
            ChaCha12Rng::seed_from_u64(derive_seed(seed, "tuning strata", index as u64));
        parts.shuffle(&mut shuffle);
        let share = (parts[number] as f64 + rng.random::<f64>()) / n_startup as f64;
        match *axis {
            Axis::Line { low, high } => low + share * (high - low),
            Axis::Cells { n_cells: n } | Axis::Choice { n_values: n } => {
                (share * n as f64).floor().min((n - 1) as f64)
            }
        }
    };
    axes.iter().enumerate().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: usize, losses: &[f64], outcome: Outcome) -> TrialRecord {
        TrialRecord {
            number,
            params: Default::default(),
            fold_losses: losses.to_vec(),
            outcome,
            seconds: 0.0,
        }
    }

    #[test]
    fn complete_trials_rank_before_pruned_ones_and_failed_ones_not_at_all() {
        let failed = || Outcome::Failed {
            fault: "no".to_owned(),
        };
        let mut records = vec![
            record(0, &[0.1], Outcome::Pruned { after_folds: 1 }),
            record(1, &[], failed()),
            record(2, &[9.0, 9.0], Outcome::Complete { loss: 9.0 }),
        ];
        let good = |records: &[TrialRecord]| {
            let known: Vec<Known<'_>> = records
                .iter()
                .map(|record| Known {
                    record,
                    places: &[],
                })
                .collect();
            good_trials(&known)
        };
        assert_eq!(good(&records), [false, false, true]);
        // Eleven that count: two are good. The second is the pruned one that came furthest.
        records.extend(
            (3..12).map(|n| record(n, &[0.1 * n as f64; 2], Outcome::Pruned { after_folds: 2 })),
        );
        let good = good(&records);
        let chosen: Vec<usize> = (0..good.len()).filter(|&index| good[index]).collect();
        assert_eq!(chosen, [2, 3]);
    }

    #[test]
    fn startup_trials_cover_every_part_of_every_axis() {
        let axes = [
            Axis::Line {
                low: -2.0,
                high: 2.0,
            },
            Axis::Choice { n_values: 5 },
        ];
        let places: Vec<Vec<f64>> = (0..10)
            .map(|number| startup_places(&axes, number, 10, 5))
            .collect();
        let mut parts: Vec<usize> = places
            .iter()
            .map(|p| ((p[0] + 2.0) * 2.5) as usize)
            .collect();
        parts.sort_unstable();
        assert_eq!(parts, (0..10).collect::<Vec<_>>());
        for value in 0..5 {
            let hits = places.iter().filter(|p| p[1] as usize == value).count();
            assert_eq!(hits, 2);
        }
        assert_ne!(
            places,
            (0..10)
                .map(|n| startup_places(&axes, n, 10, 6))
                .collect::<Vec<_>>()
        );
    }
}
