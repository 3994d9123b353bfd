//! Splits in the form that predicts: every value a split asks for becomes a byte, and every
//! split a comparison of two bytes.
//!
//! A *plane* is one byte per row: how many borders (of at most 255) a number is above, or
//! which of a list of categories a row has. Everything that depends on a category code alone,
//! a statistic of that category among it, is looked up by code; a statistic of a combination
//! is looked up by bucket. Statistics are thus worked out here, once per bucket, and not per
//! row.

use std::collections::BTreeMap;

use super::{KeyPart, Statistic, StatisticTable, SymmetricColumn, SymmetricParts, SymmetricSplit};
use crate::Error;

/// Borders and categories of one plane; its bytes lie within `0..=MAX_BINS`.
const MAX_BINS: usize = 254;

/// Most bytes all planes together may take: a few bytes of a hostile file can ask for one
/// more statistic of a large table.
const MAX_BYTES: usize = 256 << 20;

/// No code, no bucket.
pub(super) const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Compiled {
    pub(super) planes: Vec<Plane>,
    /// Borders of numeric planes.
    pub(super) borders: Vec<f32>,
    /// Bytes of the other planes, by code or bucket.
    pub(super) bins: Vec<u8>,
    /// The distinct keys of the combinations.
    pub(super) keys: Vec<Vec<KeyPart>>,
    /// The combinations that planes ask for.
    pub(super) combinations: Vec<Combination>,
    /// Splits of all trees, in order.
    pub(super) splits: Vec<ByteSplit>,
}

/// One byte per row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plane {
    pub(super) source: Source,
    /// First border or first byte.
    pub(super) start: u32,
    /// Number of borders, codes or buckets.
    pub(super) len: u32,
    /// The byte of a missing number, an unknown category, an empty bucket.
    pub(super) otherwise: u8,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Source {
    /// A numeric matrix column against borders.
    Number(u32),
    /// A categorical matrix column, by code.
    Code(u32),
    /// A combination, by bucket.
    Bucket(u32),
}

/// A split holds where `(byte ^ flip) >= least`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ByteSplit {
    pub(super) plane: u32,
    pub(super) flip: u8,
    pub(super) least: u8,
}

/// A statistics table whose key is more than one category, with its buckets by hash.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Combination {
    /// Index into [`Compiled::keys`].
    pub(super) key: u32,
    hashes: Vec<u64>,
    /// Places in `hashes`, open addressing with at least half of the slots free.
    slots: Vec<u32>,
}

impl Combination {
    fn new(table: &StatisticTable, key: u32) -> Self {
        let n_slots = (2 * table.hashes.len() + 1).next_power_of_two();
        let mut combination = Self {
            key,
            hashes: table.hashes.clone(),
            slots: vec![NONE; n_slots],
        };
        for (bucket, &hash) in table.hashes.iter().enumerate() {
            let mut slot = combination.first_slot(hash);
            while combination.slots[slot] != NONE {
                slot = (slot + 1) & (n_slots - 1);
            }
            combination.slots[slot] = bucket as u32;
        }
        combination
    }

    /// The bucket with this hash, or [`NONE`].
    pub(super) fn bucket(&self, hash: u64) -> u32 {
        let mut slot = self.first_slot(hash);
        loop {
            let bucket = self.slots[slot];
            if bucket == NONE || self.hashes[bucket as usize] == hash {
                return bucket;
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }

    fn first_slot(&self, hash: u64) -> usize {
        // The upper bits of a product are the well-mixed ones.
        let mixed = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 32) as usize & (self.slots.len() - 1)
    }
}

/// What the splits ask of one input.
#[derive(Default)]
struct Asked {
    /// Borders by numeric column, in the order of their bits' values.
    borders: BTreeMap<u32, Vec<f32>>,
    categories: BTreeMap<u32, Vec<u32>>,
    statistics: BTreeMap<u32, Vec<f32>>,
}

impl Asked {
    fn of(parts: &SymmetricParts) -> Self {
        let mut asked = Self::default();
        for split in parts.trees.iter().flat_map(|tree| &tree.splits) {
            match *split {
                SymmetricSplit::Above { column, border } => {
                    asked.borders.entry(column).or_default().push(border);
                }
                SymmetricSplit::Is { column, hash } => {
                    asked.categories.entry(column).or_default().push(hash);
                }
                SymmetricSplit::Statistic { statistic, border } => {
                    asked.statistics.entry(statistic).or_default().push(border);
                }
            }
        }
        for list in asked
            .borders
            .values_mut()
            .chain(asked.statistics.values_mut())
        {
            list.sort_by(f32::total_cmp);
            list.dedup();
        }
        for list in asked.categories.values_mut() {
            list.sort_unstable();
            list.dedup();
        }
        asked
    }
}

/// Where the planes of an input start: its lists are cut in pieces of [`MAX_BINS`].
type FirstPlanes = BTreeMap<u32, u32>;

impl Compiled {
    /// Expects parts that were checked.
    pub(super) fn new(parts: &SymmetricParts) -> Result<Self, Error> {
        let asked = Asked::of(parts);
        let mut compiled = Self {
            planes: Vec::new(),
            borders: Vec::new(),
            bins: Vec::new(),
            keys: Vec::new(),
            combinations: Vec::new(),
            splits: Vec::new(),
        };
        let numbers = compiled.add_numbers(parts, &asked.borders);
        let categories = compiled.add_categories(parts, &asked.categories)?;
        let statistics = compiled.add_statistics(parts, &asked.statistics)?;
        for split in parts.trees.iter().flat_map(|tree| &tree.splits) {
            let split = match *split {
                SymmetricSplit::Above { column, border } => {
                    above(numbers[&column], &asked.borders[&column], border)
                }
                SymmetricSplit::Is { column, hash } => {
                    is(categories[&column], &asked.categories[&column], hash)
                }
                SymmetricSplit::Statistic { statistic, border } => {
                    let borders = &asked.statistics[&statistic];
                    above(statistics[&statistic], borders, border)
                }
            };
            compiled.splits.push(split);
        }
        Ok(compiled)
    }

    pub(super) fn size_bytes(&self) -> usize {
        let combination = |each: &Combination| {
            size_of_val(each.hashes.as_slice()) + size_of_val(each.slots.as_slice())
        };
        size_of_val(self.planes.as_slice())
            + size_of_val(self.borders.as_slice())
            + self.bins.len()
            + self
                .keys
                .iter()
                .map(|key| size_of_val(key.as_slice()))
                .sum::<usize>()
            + self.combinations.iter().map(combination).sum::<usize>()
            + size_of_val(self.splits.as_slice())
    }

    fn add_numbers(
        &mut self,
        parts: &SymmetricParts,
        asked: &BTreeMap<u32, Vec<f32>>,
    ) -> FirstPlanes {
        let mut first_planes = FirstPlanes::new();
        for (&column, borders) in asked {
            first_planes.insert(column, self.planes.len() as u32);
            let passes = matches!(
                parts.columns[column as usize],
                SymmetricColumn::Numeric {
                    missing_passes: true
                }
            );
            for borders in borders.chunks(MAX_BINS) {
                self.planes.push(Plane {
                    source: Source::Number(column),
                    start: self.borders.len() as u32,
                    len: borders.len() as u32,
                    otherwise: if passes { borders.len() as u8 } else { 0 },
                });
                self.borders.extend_from_slice(borders);
            }
        }
        first_planes
    }

    fn add_categories(
        &mut self,
        parts: &SymmetricParts,
        asked: &BTreeMap<u32, Vec<u32>>,
    ) -> Result<FirstPlanes, Error> {
        let mut first_planes = FirstPlanes::new();
        for (&column, listed) in asked {
            first_planes.insert(column, self.planes.len() as u32);
            for listed in listed.chunks(MAX_BINS) {
                let place = |hash| listed.binary_search(hash).map_or(0, |place| place + 1) as u8;
                let codes = hashes_of(parts, column);
                self.push_bins(Source::Code(column), codes.iter().map(place), 0)?;
            }
        }
        Ok(first_planes)
    }

    fn add_statistics(
        &mut self,
        parts: &SymmetricParts,
        asked: &BTreeMap<u32, Vec<f32>>,
    ) -> Result<FirstPlanes, Error> {
        let mut first_planes = FirstPlanes::new();
        let (mut combinations, mut keys) = (BTreeMap::new(), BTreeMap::new());
        for (&index, borders) in asked {
            first_planes.insert(index, self.planes.len() as u32);
            let statistic = &parts.statistics[index as usize];
            let table = &parts.tables[statistic.table as usize];
            let (source, values) = if let [KeyPart::Category { column }] = table.key[..] {
                (
                    Source::Code(column),
                    by_code(parts, statistic, table, column),
                )
            } else {
                let place = combinations.entry(statistic.table).or_insert_with(|| {
                    let key = keys.entry(in_bits(&table.key)).or_insert_with(|| {
                        self.keys.push(table.key.clone());
                        self.keys.len() as u32 - 1
                    });
                    self.combinations.push(Combination::new(table, *key));
                    (self.combinations.len() - 1) as u32
                });
                let counts = table.good.iter().zip(&table.total);
                let values = counts.map(|(&good, &total)| statistic.value(good, total));
                (Source::Bucket(*place), values.collect())
            };
            let empty = statistic.value(0.0, table.empty_total);
            for borders in borders.chunks(MAX_BINS) {
                let bins = values.iter().map(|&value| n_below(borders, value));
                self.push_bins(source, bins, n_below(borders, empty))?;
            }
        }
        Ok(first_planes)
    }

    fn push_bins(
        &mut self,
        source: Source,
        bins: impl ExactSizeIterator<Item = u8>,
        otherwise: u8,
    ) -> Result<(), Error> {
        let (start, len) = (self.bins.len(), bins.len());
        if start + len > MAX_BYTES {
            return Err(Error::Unsound {
                part: "the statistics",
                fault: "tabulated they take more than 256 MiB",
            });
        }
        self.bins.extend(bins);
        self.planes.push(Plane {
            source,
            start: start as u32,
            len: len as u32,
            otherwise,
        });
        Ok(())
    }
}

/// How many of at most [`MAX_BINS`] sorted borders `value` is above; NaN is above none.
pub(super) fn n_below(borders: &[f32], value: f32) -> u8 {
    borders.partition_point(|&border| value > border) as u8
}

/// A key in a form that can be looked up: kind, column, and the bits of what is asked.
fn in_bits(key: &[KeyPart]) -> Vec<(u8, u32, u32)> {
    let part = |part: &KeyPart| match *part {
        KeyPart::Category { column } => (0, column, 0),
        KeyPart::Above { column, border } => (1, column, border.to_bits()),
        KeyPart::Is { column, hash } => (2, column, hash),
    };
    key.iter().map(part).collect()
}

fn hashes_of(parts: &SymmetricParts, column: u32) -> &[u32] {
    match &parts.columns[column as usize] {
        SymmetricColumn::Categorical { hashes } => hashes,
        SymmetricColumn::Numeric { .. } => &[],
    }
}

/// The statistic of every code of a column.
fn by_code(
    parts: &SymmetricParts,
    statistic: &Statistic,
    table: &StatisticTable,
    column: u32,
) -> Vec<f32> {
    let buckets: BTreeMap<u64, usize> = table.hashes.iter().copied().zip(0..).collect();
    let value = |&hash: &u32| match buckets.get(&KeyPart::mixed_into(0, hash)) {
        Some(&bucket) => statistic.value(table.good[bucket], table.total[bucket]),
        None => statistic.value(0.0, table.empty_total),
    };
    hashes_of(parts, column).iter().map(value).collect()
}

fn above(first_plane: u32, borders: &[f32], border: f32) -> ByteSplit {
    let place = borders.partition_point(|&other| other < border);
    ByteSplit {
        plane: first_plane + (place / MAX_BINS) as u32,
        flip: 0,
        least: (place % MAX_BINS + 1) as u8,
    }
}

fn is(first_plane: u32, listed: &[u32], hash: u32) -> ByteSplit {
    let place = listed.partition_point(|&other| other < hash);
    ByteSplit {
        plane: first_plane + (place / MAX_BINS) as u32,
        // Only the byte itself turns into 255.
        flip: !((place % MAX_BINS + 1) as u8),
        least: u8::MAX,
    }
}
