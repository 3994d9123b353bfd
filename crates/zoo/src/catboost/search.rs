//! Growing one symmetric tree, level by level.

use std::{collections::BTreeSet, sync::Arc};

use rayon::prelude::*;

use super::{
    CatboostParams,
    fold::{Fold, Source, Split, fits},
    histogram::{Partition, Tracked},
    projection::{BucketStore, Buckets, Condition, Projection},
    quantized::Quantized,
    random::Random,
    score::{Found, Question, Scoring, Scratch, best_splits},
    statistic::{Kind, N_JOINT, N_PARTS},
};

/// From so many rows on the candidates of a level are scored in parallel.
const PARALLEL_ROWS: usize = 20_000;

/// New combinations are penalised, and cost a pass over the rows each. They are left out where the
/// penalty puts them out of reach: where even this multiple of the best score without them loses.
const REACH: f64 = 1.05;

/// What stays from tree to tree.
pub(super) struct Known {
    pub(super) store: BucketStore,
    /// Combinations in use, by whether as counters: they are not penalised again.
    pub(super) used: BTreeSet<(bool, Projection)>,
    /// Memory for sums, to use again.
    pub(super) rooms: Vec<Vec<u64>>,
}

/// A source of candidates with what its buckets are.
struct Candidate {
    source: Source,
    buckets: Option<Arc<Buckets>>,
    n_codes: usize,
    /// Factor on scores.
    factor: f64,
    is_late: bool,
}

/// What the sums of a candidate are made from.
enum From {
    /// The level before.
    Before(Tracked),
    /// Rows, in this memory.
    Nothing(Vec<u64>),
}

/// Place among the candidates, the candidate, its sums.
type Task<'a> = (usize, &'a Candidate, From);

/// A tree in the making.
pub(super) struct Growth<'a> {
    pub(super) data: &'a Quantized,
    pub(super) fold: &'a Fold,
    pub(super) params: &'a CatboostParams,
    pub(super) scoring: Scoring,
    pub(super) partition: Partition,
    pub(super) random: Random,
}

impl Growth<'_> {
    /// The splits of the tree, first level first.
    pub(super) fn grow(mut self, known: &mut Known) -> Vec<Split> {
        let mut splits: Vec<Split> = Vec::new();
        let mut tracked: Vec<Tracked> = Vec::new();
        for _ in 0..self.params.depth {
            let candidates = self.candidates(&splits, known);
            let Some(split) = self.choose(&candidates, &mut tracked, &mut known.rooms) else {
                break;
            };
            let (source, answers) = split.source(self.data);
            let Some(from) = tracked.iter().find(|tracked| tracked.source == source) else {
                break;
            };
            let bytes = Arc::clone(&from.bytes);
            if !self.partition.split(&bytes, &answers) {
                break;
            }
            if let Split::Statistic {
                projection, kind, ..
            } = &split
            {
                known
                    .used
                    .insert((*kind == Kind::Counter, projection.clone()));
            }
            splits.push(split);
        }
        known
            .rooms
            .extend(tracked.into_iter().map(Tracked::into_room));
        splits
    }

    /// Numbers, narrow categories, statistics of single categories, and statistics of one more
    /// category combined with what the tree has asked so far.
    fn candidates(&self, splits: &[Split], known: &mut Known) -> Vec<Candidate> {
        let data = self.data;
        let plain = |source: Source, n_codes: usize| Candidate {
            source,
            buckets: None,
            n_codes,
            factor: 1.0,
            is_late: false,
        };
        let mut candidates: Vec<Candidate> = Vec::new();
        for (number, column) in data.numbers.iter().enumerate() {
            candidates.push(plain(
                Source::Number(number as u32),
                column.borders.len() + 1,
            ));
        }
        for (pack, column) in data.packs.iter().enumerate() {
            candidates.push(plain(Source::Pack(pack as u32), column.n_codes));
        }
        let projections = self.projections(splits);
        let combined: Vec<(Projection, Arc<Buckets>)> = projections
            .into_iter()
            .filter_map(|projection| {
                let buckets = known.store.get(data, &projection.wide);
                fits(&buckets, projection.conditions.len()).then_some((projection, buckets))
            })
            .collect();
        let unique = |projection: &Projection, buckets: &Buckets| {
            (buckets.n << projection.conditions.len()).min(data.n_train)
        };
        let most = combined
            .iter()
            .map(|(projection, buckets)| unique(projection, buckets))
            .max()
            .unwrap_or(1)
            .max(1) as f64;
        for (projection, buckets) in combined {
            let share = unique(&projection, &buckets) as f64 / most;
            let penalty = (1.0 + share).powf(-self.params.model_size_reg);
            let factor = |is_counter: bool, projection: &Projection| {
                if known.used.contains(&(is_counter, projection.clone())) {
                    1.0
                } else {
                    penalty
                }
            };
            let is_combined = projection.complexity() > 1;
            let mut add = |source: Source, factor: f64, n_codes: usize| {
                candidates.push(Candidate {
                    source,
                    buckets: Some(Arc::clone(&buckets)),
                    n_codes,
                    factor,
                    is_late: is_combined && factor < 1.0,
                });
            };
            if projection.conditions.is_empty() && buckets.has_counter {
                let factor = factor(true, &projection);
                add(Source::Counter(projection.clone()), factor, N_PARTS);
            }
            let factor = factor(false, &projection);
            add(Source::Shares(projection), factor, N_JOINT);
        }
        candidates
    }

    fn projections(&self, splits: &[Split]) -> BTreeSet<Projection> {
        let n_wide = self.data.wide.len() as u32;
        let mut conditions: Vec<Condition> = splits
            .iter()
            .filter_map(|split| match split {
                Split::Condition(condition) => Some(*condition),
                Split::Statistic { .. } => None,
            })
            .collect();
        conditions.sort_unstable();
        let mut bases = BTreeSet::from([Projection {
            wide: Vec::new(),
            conditions,
        }]);
        bases.extend(splits.iter().filter_map(|split| match split {
            Split::Condition(_) => None,
            Split::Statistic { projection, .. } => Some(projection.clone()),
        }));
        let single = (0..n_wide).filter_map(|wide| Projection::default().with(wide));
        let combined = bases
            .iter()
            .filter(|base| !base.is_empty())
            .flat_map(|base| (0..n_wide).filter_map(|wide| base.with(wide)))
            .filter(|projection| projection.complexity() <= self.params.max_ctr_complexity);
        single.chain(combined).collect()
    }

    /// The best of all candidates, whose sums are then in `tracked`.
    fn choose(
        &mut self,
        candidates: &[Candidate],
        tracked: &mut Vec<Tracked>,
        rooms: &mut Vec<Vec<u64>>,
    ) -> Option<Split> {
        let seed = self.random.next();
        let mut best: Option<(f64, Split)> = None;
        let mut most = 0.0_f64;
        let mut kept = Vec::with_capacity(candidates.len());
        for is_late in [false, true] {
            let mut round: Vec<Task<'_>> = Vec::new();
            for (place, candidate) in candidates.iter().enumerate() {
                if candidate.is_late != is_late {
                    continue;
                }
                let known = tracked
                    .iter()
                    .position(|tracked| tracked.source == candidate.source)
                    .map(|at| tracked.swap_remove(at));
                let in_reach = best
                    .as_ref()
                    .is_none_or(|(score, _)| most * REACH * candidate.factor > *score);
                if known.is_some() || !is_late || in_reach {
                    let from = match known {
                        Some(known) => From::Before(known),
                        None => From::Nothing(rooms.pop().unwrap_or_default()),
                    };
                    round.push((place, candidate, from));
                }
            }
            let scored = self.score(round, seed);
            for (candidate, now, found) in scored {
                for found in found {
                    let noise = if self.scoring.noise > 0.0 {
                        self.scoring.noise * self.random.normal()
                    } else {
                        0.0
                    };
                    let score = (found.score + noise) * candidate.factor;
                    most = most.max(found.score);
                    if best.as_ref().is_none_or(|(other, _)| score > *other) {
                        best = Some((score, split_of(&candidate.source, found)?));
                    }
                }
                kept.push(now);
            }
        }
        let gone = std::mem::replace(tracked, kept);
        rooms.extend(gone.into_iter().map(Tracked::into_room));
        best.map(|(_, split)| split)
    }

    /// Sums and best splits of each candidate, in order.
    fn score<'c>(
        &self,
        round: Vec<Task<'c>>,
        seed: u64,
    ) -> Vec<(&'c Candidate, Tracked, Vec<Found>)> {
        let one = |scratch: &mut Scratch, (place, candidate, from): Task<'c>| {
            let mut tracked = match from {
                From::Before(tracked) => tracked,
                From::Nothing(room) => {
                    let source = candidate.source.clone();
                    let bytes = self
                        .fold
                        .bytes(self.data, &source, candidate.buckets.as_deref());
                    Tracked::new(source, bytes, candidate.n_codes, room)
                }
            };
            tracked.update(&self.partition);
            // Each candidate has noise of its own, so threads cannot change it.
            let mut random = Random::new(seed ^ (place as u64).wrapping_mul(0xd134_2543_de82_ef95));
            let n_nodes = self.partition.ranges.len();
            let found = best_splits(
                &tracked,
                n_nodes,
                self.data,
                &self.scoring,
                &mut random,
                scratch,
            );
            (candidate, tracked, found)
        };
        if self.fold.n_rows() >= PARALLEL_ROWS {
            round
                .into_par_iter()
                .map_init(Scratch::default, one)
                .collect()
        } else {
            let mut scratch = Scratch::default();
            round
                .into_iter()
                .map(|task| one(&mut scratch, task))
                .collect()
        }
    }
}

fn split_of(source: &Source, found: Found) -> Option<Split> {
    Some(match (source, found.question) {
        (Source::Number(number), Question::Above(border)) => Split::Condition(Condition::Above {
            number: *number,
            border,
        }),
        (Source::Pack(_), Question::Level { narrow, level }) => {
            Split::Condition(Condition::Is { narrow, level })
        }
        (
            Source::Shares(projection) | Source::Counter(projection),
            Question::Part { kind, border },
        ) => Split::Statistic {
            projection: projection.clone(),
            kind,
            border,
        },
        _ => return None,
    })
}

/// The bytes of a split in a fold's order and the answer of each.
pub(super) fn answered(
    split: &Split,
    data: &Quantized,
    fold: &Fold,
    store: &mut BucketStore,
) -> (Arc<[u8]>, [u8; 256]) {
    let (source, answers) = split.source(data);
    let bytes = match split {
        Split::Condition(_) => fold.bytes(data, &source, None),
        Split::Statistic { projection, .. } => {
            let buckets = store.get(data, &projection.wide);
            fold.bytes(data, &source, Some(&buckets))
        }
    };
    (bytes, answers)
}
