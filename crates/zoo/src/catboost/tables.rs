//! Statistics over all training rows: what the finished model serves with.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    fold::Split,
    projection::{BucketStore, NO_BUCKET, Projection},
    quantized::Quantized,
    statistic::{Kind, N_BORDERS},
};

/// Counts of all training rows by bucket, for one combination.
pub(super) struct Table {
    pub(super) good: Vec<u32>,
    pub(super) total: Vec<u32>,
    /// A training row of each bucket; any number where the bucket is empty.
    pub(super) example: Vec<u32>,
    /// The bucket of every judge row.
    judge: Vec<u32>,
}

impl Table {
    fn new(
        data: &Quantized,
        labels: &[bool],
        projection: &Projection,
        store: &mut BucketStore,
    ) -> Self {
        let grouped = store.get(data, &projection.wide);
        let mut buckets: Vec<u32> = grouped.ids.to_vec();
        for (bit, condition) in projection.conditions.iter().enumerate() {
            let (bytes, answers) = condition.answers(data);
            for (bucket, &byte) in buckets.iter_mut().zip(bytes.iter()) {
                if *bucket != NO_BUCKET {
                    let answer = usize::from(answers[usize::from(byte)]);
                    *bucket += ((answer << bit) * grouped.n) as u32;
                }
            }
        }
        let n_buckets = grouped.n << projection.conditions.len();
        let mut table = Self {
            good: vec![0; n_buckets],
            total: vec![0; n_buckets],
            example: vec![0; n_buckets],
            judge: buckets[data.n_train..].to_vec(),
        };
        for (row, (&bucket, &label)) in buckets.iter().zip(labels).enumerate() {
            if bucket != NO_BUCKET {
                let bucket = bucket as usize;
                table.good[bucket] += u32::from(label);
                table.total[bucket] += 1;
                table.example[bucket] = row as u32;
            }
        }
        table
    }

    /// Rows of the fullest bucket.
    pub(super) fn fullest(&self) -> u32 {
        self.total.iter().copied().max().unwrap_or(0)
    }

    /// The number a split compares, as the served model computes it.
    fn value(&self, bucket: usize, kind: Kind) -> f32 {
        let (good, total) = match kind {
            Kind::Counter => (self.total[bucket], self.fullest()),
            _ => (self.good[bucket], self.total[bucket]),
        };
        (good as f32 + kind.prior()) / (total as f32 + 1.0) * N_BORDERS as f32
    }

    fn empty_value(&self, kind: Kind) -> f32 {
        match kind {
            Kind::Counter => 0.0,
            _ => kind.prior() * N_BORDERS as f32,
        }
    }
}

/// The number a statistic must be above for its part to be above `border`.
pub(super) fn served_border(border: u8) -> f32 {
    (f32::from(border) + 1.0).next_down()
}

/// Tables of the combinations in use.
pub(super) struct Tables<'a> {
    labels: &'a [bool],
    known: BTreeMap<Projection, Arc<Table>>,
}

impl<'a> Tables<'a> {
    pub(super) fn new(labels: &'a [bool]) -> Self {
        Self {
            labels,
            known: BTreeMap::new(),
        }
    }

    pub(super) fn get(
        &mut self,
        data: &Quantized,
        projection: &Projection,
        store: &mut BucketStore,
    ) -> Arc<Table> {
        if let Some(table) = self.known.get(projection) {
            return Arc::clone(table);
        }
        let table = Arc::new(Table::new(data, self.labels, projection, store));
        self.known.insert(projection.clone(), Arc::clone(&table));
        table
    }

    /// The leaf each judge row reaches in a tree.
    pub(super) fn judge_leaves(
        &mut self,
        data: &Quantized,
        splits: &[Split],
        store: &mut BucketStore,
    ) -> Vec<u16> {
        let mut leaves = vec![0_u16; data.n_all - data.n_train];
        for (bit, split) in splits.iter().enumerate() {
            match split {
                Split::Condition(condition) => {
                    let (bytes, answers) = condition.answers(data);
                    for (leaf, &byte) in leaves.iter_mut().zip(&bytes[data.n_train..]) {
                        *leaf |= u16::from(answers[usize::from(byte)]) << bit;
                    }
                }
                Split::Statistic {
                    projection,
                    kind,
                    border,
                } => {
                    let table = self.get(data, projection, store);
                    let border = served_border(*border);
                    let answers: Vec<bool> = (0..table.total.len())
                        .map(|bucket| table.value(bucket, *kind) > border)
                        .collect();
                    let empty = table.empty_value(*kind) > border;
                    for (leaf, &bucket) in leaves.iter_mut().zip(&table.judge) {
                        let answer = answers.get(bucket as usize).copied().unwrap_or(empty);
                        *leaf |= u16::from(answer) << bit;
                    }
                }
            }
        }
        leaves
    }
}
