//! A random order of the training rows and the model as it stands in that order.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    projection::{Answers, Buckets, Condition, MAX_BUCKETS, NO_BUCKET, Projection},
    quantized::Quantized,
    statistic::{Kind, ordered_codes},
};

/// A question a tree puts to its rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Split {
    /// To a number or a narrow category.
    Condition(Condition),
    /// To a statistic: is its part above `border`.
    Statistic {
        projection: Projection,
        kind: Kind,
        border: u8,
    },
}

/// Where the bytes of a candidate come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    Number(u32),
    Pack(u32),
    /// Joint codes.
    Shares(Projection),
    Counter(Projection),
}

/// A model for the rows before `tail`, which has seen those before `body` only.
pub(super) struct Segment {
    pub(super) body: usize,
    pub(super) tail: usize,
    /// `exp(margin)` per position.
    pub(super) odds: Vec<f64>,
}

/// One order. Everything is held in it: position `k` is row `order[k]`.
pub(super) struct Fold {
    pub(super) order: Arc<[u32]>,
    pub(super) labels: Vec<u8>,
    pub(super) weights: Option<Vec<f32>>,
    pub(super) segments: Vec<Segment>,
    is_identity: bool,
    /// Bytes in this order, made when first asked for.
    bytes: Mutex<BTreeMap<Source, Arc<[u8]>>>,
    wide: Vec<Arc<[u32]>>,
}

impl Fold {
    pub(super) fn new(
        data: &Quantized,
        order: Vec<u32>,
        labels: &[bool],
        weights: Option<&[f32]>,
        first_margin: f64,
        bodies_and_tails: &[(usize, usize)],
    ) -> Self {
        let is_identity = order.iter().enumerate().all(|(k, &row)| k == row as usize);
        let segments = bodies_and_tails
            .iter()
            .map(|&(body, tail)| Segment {
                body,
                tail,
                odds: vec![first_margin.exp(); tail],
            })
            .collect();
        let wide = data
            .wide
            .iter()
            .map(|column| {
                order
                    .iter()
                    .map(|&row| column.codes[row as usize])
                    .collect()
            })
            .collect();
        Self {
            labels: order
                .iter()
                .map(|&row| u8::from(labels[row as usize]))
                .collect(),
            weights: weights
                .map(|weights| order.iter().map(|&row| weights[row as usize]).collect()),
            order: order.into(),
            segments,
            is_identity,
            bytes: Mutex::new(BTreeMap::new()),
            wide,
        }
    }

    pub(super) fn n_rows(&self) -> usize {
        self.labels.len()
    }

    /// Forgets the bytes of combinations.
    pub(super) fn trim(&self) {
        self.cache().retain(|source, _| match source {
            Source::Number(_) | Source::Pack(_) => true,
            Source::Shares(projection) | Source::Counter(projection) => projection.wide.len() < 2,
        });
    }

    /// The bytes of `source` in this fold's order; a combination's `buckets` must be given. Those
    /// that depend on conditions are not kept.
    pub(super) fn bytes(
        &self,
        data: &Quantized,
        source: &Source,
        buckets: Option<&Buckets>,
    ) -> Arc<[u8]> {
        if let Some(bytes) = self.cache().get(source) {
            return Arc::clone(bytes);
        }
        let (bytes, keep) = match (source, buckets) {
            (Source::Number(number), _) => {
                (self.ordered(&data.numbers[*number as usize].codes), true)
            }
            (Source::Pack(pack), _) => (self.ordered(&data.packs[*pack as usize].codes), true),
            (Source::Shares(projection), Some(buckets)) => (
                self.share_codes(data, projection, buckets),
                projection.conditions.is_empty(),
            ),
            (Source::Counter(_), Some(buckets)) => (self.counter_codes(buckets), true),
            // A combination without buckets is alike for all rows.
            (_, None) => (vec![0; self.n_rows()].into(), false),
        };
        if keep {
            self.cache().insert(source.clone(), Arc::clone(&bytes));
        }
        bytes
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, BTreeMap<Source, Arc<[u8]>>> {
        // A map of finished bytes is sound whatever happened to another thread.
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ordered(&self, bytes: &Arc<[u8]>) -> Arc<[u8]> {
        if self.is_identity && bytes.len() == self.n_rows() {
            return Arc::clone(bytes);
        }
        self.order.iter().map(|&row| bytes[row as usize]).collect()
    }

    fn share_codes(
        &self,
        data: &Quantized,
        projection: &Projection,
        buckets: &Buckets,
    ) -> Arc<[u8]> {
        let none = |id: u32| (id != NO_BUCKET).then_some(id as usize);
        let n_buckets = buckets.n << projection.conditions.len();
        let codes = match (&projection.wide[..], projection.conditions.is_empty()) {
            ([one], true) => {
                let ids = &self.wide[*one as usize];
                ordered_codes(&self.labels, n_buckets, |position| none(ids[position]))
            }
            (_, true) => ordered_codes(&self.labels, n_buckets, |position| {
                none(buckets.ids[self.order[position] as usize])
            }),
            (wide, false) => {
                let patterns = self.patterns(data, &projection.conditions);
                let bucket = |position: usize, id: u32| {
                    (id != NO_BUCKET)
                        .then(|| usize::from(patterns[position]) * buckets.n + id as usize)
                };
                if let [one] = wide {
                    let ids = &self.wide[*one as usize];
                    ordered_codes(&self.labels, n_buckets, |k| bucket(k, ids[k]))
                } else {
                    ordered_codes(&self.labels, n_buckets, |k| {
                        bucket(k, buckets.ids[self.order[k] as usize])
                    })
                }
            }
        };
        codes.into()
    }

    fn counter_codes(&self, buckets: &Buckets) -> Arc<[u8]> {
        let part = |&row: &u32| match buckets.ids[row as usize] {
            NO_BUCKET => 0,
            id => buckets.counter[id as usize],
        };
        self.order.iter().map(part).collect()
    }

    /// Which conditions each position meets: bit `k` is condition `k`.
    fn patterns(&self, data: &Quantized, conditions: &[Condition]) -> Vec<u16> {
        let mut patterns = vec![0_u16; self.n_rows()];
        for (bit, condition) in conditions.iter().enumerate() {
            let (source, answers) = condition_source(data, *condition);
            let bytes = self.bytes(data, &source, None);
            for (pattern, &byte) in patterns.iter_mut().zip(bytes.iter()) {
                *pattern |= u16::from(answers[usize::from(byte)]) << bit;
            }
        }
        patterns
    }
}

fn condition_source(data: &Quantized, condition: Condition) -> (Source, Answers) {
    let source = match condition {
        Condition::Above { number, .. } => Source::Number(number),
        Condition::Is { narrow, .. } => Source::Pack(data.narrow[narrow as usize].pack as u32),
    };
    (source, condition.answers(data).1)
}

impl Split {
    /// The bytes that answer it and the answer of each byte.
    pub(super) fn source(&self, data: &Quantized) -> (Source, Answers) {
        match self {
            Self::Condition(condition) => condition_source(data, *condition),
            Self::Statistic {
                projection,
                kind,
                border,
            } => {
                let source = match kind {
                    Kind::Counter => Source::Counter(projection.clone()),
                    _ => Source::Shares(projection.clone()),
                };
                (source, kind.answers(*border))
            }
        }
    }
}

/// Whether the counts of a combination fit.
pub(super) fn fits(buckets: &Buckets, n_conditions: usize) -> bool {
    buckets.n << n_conditions <= MAX_BUCKETS
}

/// Bodies and tails of ordered boosting: each model sees half of the rows it is used for.
pub(super) fn ordered_segments(n_rows: usize) -> Vec<(usize, usize)> {
    let mut body = if n_rows > 500 {
        (n_rows / 50).min(100)
    } else {
        1
    };
    let mut segments = Vec::new();
    while body < n_rows {
        let tail = (2 * body).min(n_rows);
        segments.push((body, tail));
        body = tail;
    }
    segments
}
