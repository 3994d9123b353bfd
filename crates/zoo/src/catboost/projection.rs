//! What rows are grouped by for a target statistic: categories together, with conditions.

use std::{collections::BTreeMap, collections::HashMap, sync::Arc};

use super::{
    quantized::{NO_CATEGORY, Quantized},
    statistic::counter_part,
};

/// A bucket no training row is in, or none at all: a category is missing or unseen.
pub(super) const NO_BUCKET: u32 = u32::MAX;

/// Most buckets a combination may have: its counts must stay in memory beside the rows.
pub(super) const MAX_BUCKETS: usize = 1 << 22;

/// Combinations of categories kept in memory, in bytes; beyond, all are dropped before the next
/// tree.
const MAX_STORE_BYTES: usize = 256 << 20;

/// A question that a byte of a row answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Condition {
    /// The number is above its border of this place.
    Above { number: u32, border: u32 },
    /// The narrow category has this level.
    Is { narrow: u32, level: u32 },
}

impl Condition {
    /// The bytes that answer it, rows in the data's order, and the answer of each byte.
    pub(super) fn answers(self, data: &Quantized) -> (&Arc<[u8]>, Answers) {
        match self {
            Self::Above { number, border } => (
                &data.numbers[number as usize].codes,
                answers(|byte| byte > border as usize),
            ),
            Self::Is { narrow, level } => {
                let narrow = &data.narrow[narrow as usize];
                (
                    &data.packs[narrow.pack].codes,
                    answers(|byte| narrow.place(byte) == level as usize + 1),
                )
            }
        }
    }
}

/// For each byte whether a question is answered with yes (1) or no (0).
pub(super) type Answers = [u8; 256];

pub(super) fn answers(yes: impl Fn(usize) -> bool) -> Answers {
    std::array::from_fn(|byte| u8::from(yes(byte)))
}

/// Wide categories, increasing, and conditions, increasing.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Projection {
    pub(super) wide: Vec<u32>,
    pub(super) conditions: Vec<Condition>,
}

impl Projection {
    /// The same with one more category; `None` when it is in already.
    pub(super) fn with(&self, wide: u32) -> Option<Self> {
        let place = self.wide.binary_search(&wide).err()?;
        let mut more = self.clone();
        more.wide.insert(place, wide);
        Some(more)
    }

    /// Columns combined; all conditions count as one.
    pub(super) fn complexity(&self) -> usize {
        self.wide.len() + usize::from(!self.conditions.is_empty())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.complexity() == 0
    }
}

/// Rows grouped by a combination of wide categories.
pub(super) struct Buckets {
    /// One per row, judge rows included; [`NO_BUCKET`] where training has none.
    pub(super) ids: Arc<[u32]>,
    pub(super) n: usize,
    /// The counter part of each bucket: its training rows by those of the fullest.
    pub(super) counter: Vec<u8>,
    /// Whether any two buckets differ in it.
    pub(super) has_counter: bool,
}

impl Buckets {
    fn new(ids: Arc<[u32]>, counts: &[u32]) -> Self {
        let fullest = counts.iter().copied().max().unwrap_or(0);
        let counter: Vec<u8> = counts
            .iter()
            .map(|&count| counter_part(count, fullest))
            .collect();
        Self {
            ids,
            n: counts.len(),
            has_counter: counter.windows(2).any(|pair| pair[0] != pair[1]),
            counter,
        }
    }

    fn of_one(codes: &Arc<[u32]>, n: usize, n_train: usize) -> Self {
        let mut counts = vec![0; n];
        for &code in &codes[..n_train] {
            if code != NO_CATEGORY {
                counts[code as usize] += 1;
            }
        }
        Self::new(Arc::clone(codes), &counts)
    }

    /// Numbers the pairs of `base` and `codes` that training rows have, in order of first sight.
    fn combined(base: &Self, codes: &[u32], n_levels: usize, n_train: usize) -> Self {
        let n_pairs = base.n as u64 * n_levels as u64;
        let mut pairs = Pairs::new(n_pairs, n_train);
        let mut counts: Vec<u32> = Vec::new();
        let mut ids = Vec::with_capacity(codes.len());
        for (row, (&id, &code)) in base.ids.iter().zip(codes).enumerate() {
            if id == NO_BUCKET || code == NO_CATEGORY {
                ids.push(NO_BUCKET);
                continue;
            }
            let slot = pairs.slot(u64::from(id) * n_levels as u64 + u64::from(code));
            if row < n_train {
                if *slot == NO_BUCKET {
                    *slot = counts.len() as u32;
                    counts.push(0);
                }
                counts[*slot as usize] += 1;
            }
            ids.push(*slot);
        }
        Self::new(ids.into(), &counts)
    }
}

/// Number of each pair, dense when there are few possible ones.
enum Pairs {
    Dense(Vec<u32>),
    Sparse(HashMap<u64, u32>),
}

impl Pairs {
    fn new(n_pairs: u64, n_train: usize) -> Self {
        if n_pairs <= 4 * n_train as u64 + 4096 {
            Self::Dense(vec![NO_BUCKET; n_pairs as usize])
        } else {
            Self::Sparse(HashMap::new())
        }
    }

    fn slot(&mut self, pair: u64) -> &mut u32 {
        match self {
            Self::Dense(slots) => &mut slots[pair as usize],
            Self::Sparse(slots) => slots.entry(pair).or_insert(NO_BUCKET),
        }
    }
}

/// Buckets of combinations met so far.
pub(super) struct BucketStore {
    combined: BTreeMap<Vec<u32>, Arc<Buckets>>,
    bytes: usize,
}

impl BucketStore {
    pub(super) fn new() -> Self {
        Self {
            combined: BTreeMap::new(),
            bytes: 0,
        }
    }

    /// The buckets of `wide`, made when not known.
    pub(super) fn get(&mut self, data: &Quantized, wide: &[u32]) -> Arc<Buckets> {
        if let Some(buckets) = self.combined.get(wide) {
            return Arc::clone(buckets);
        }
        let buckets = match wide {
            [] => Buckets::new(vec![0; data.n_all].into(), &[data.n_train as u32]),
            [one] => {
                let column = &data.wide[*one as usize];
                Buckets::of_one(&column.codes, column.levels.len(), data.n_train)
            }
            [base @ .., last] => {
                let base = self.get(data, base);
                let column = &data.wide[*last as usize];
                Buckets::combined(&base, &column.codes, column.levels.len(), data.n_train)
            }
        };
        self.bytes += 4 * buckets.ids.len() + buckets.n;
        let buckets = Arc::new(buckets);
        self.combined.insert(wide.to_vec(), Arc::clone(&buckets));
        buckets
    }

    /// Forgets everything when too much is known.
    pub(super) fn trim(&mut self) -> bool {
        let full = self.bytes > MAX_STORE_BYTES;
        if full {
            self.combined.clear();
            self.bytes = 0;
        }
        full
    }
}
