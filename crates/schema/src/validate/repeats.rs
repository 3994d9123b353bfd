//! Keys and rows that occur more than once.

use arrow_array::Array;
use hashbrown::{HashMap, HashTable};

use super::report::Duplicates;
use crate::spec::Role;
use crate::table::{Table, held_columns};

/// All keys seen, compared exactly, in one buffer.
#[derive(Debug, Default)]
pub(super) struct KeySet {
    bytes: Vec<u8>,
    table: HashTable<KeyEntry>,
}

#[derive(Debug, Clone, Copy)]
struct KeyEntry {
    start: usize,
    length: usize,
    row: u64,
}

impl KeySet {
    /// Adds a key; if it is known already, returns the row that has it.
    pub(super) fn insert(&mut self, key: &str, row: u64) -> Option<u64> {
        let bytes = &self.bytes;
        let text = |entry: &KeyEntry| &bytes[entry.start..entry.start + entry.length];
        let hash = hash_bytes(key.as_bytes()).0;
        if let Some(entry) = self.table.find(hash, |entry| text(entry) == key.as_bytes()) {
            return Some(entry.row);
        }
        let entry = KeyEntry {
            start: bytes.len(),
            length: key.len(),
            row,
        };
        self.table
            .insert_unique(hash, entry, |entry| hash_bytes(text(entry)).0);
        self.bytes.extend_from_slice(key.as_bytes());
        None
    }
}

/// Groups of rows that are equal but for key and target, by a 128-bit hash of their values.
#[derive(Debug, Default)]
pub(super) struct RowGroups {
    /// Rows with the positive, the negative and no target.
    groups: HashMap<(u64, u64), [u32; 3]>,
}

impl RowGroups {
    pub(super) fn add(&mut self, table: &Table) {
        let hashes = row_hashes(table);
        let spec = table.spec();
        let target = spec.target().and_then(|target| {
            let view = table.categories(&target.name)?;
            Some((view, view.code_of(target.positive.as_deref()?)))
        });
        for (row_idx, hash) in hashes.into_iter().enumerate() {
            let class = match target.map(|(view, positive)| (view.code(row_idx), positive)) {
                Some((Some(code), positive)) if Some(code) == positive => 0,
                Some((Some(_), _)) => 1,
                _ => 2,
            };
            let counts = self.groups.entry(hash).or_default();
            counts[class] = counts[class].saturating_add(1);
        }
    }

    pub(super) fn report(&self, key_rows: u64) -> Duplicates {
        let mut report = Duplicates {
            key_rows,
            ..Duplicates::default()
        };
        for counts in self.groups.values() {
            let n_rows: u64 = counts.iter().map(|n| u64::from(*n)).sum();
            report.repeated_rows += n_rows - 1;
            report.repeated_rows_same_target += counts
                .iter()
                .map(|n| u64::from(n.saturating_sub(1)))
                .sum::<u64>();
            if counts[0] > 0 && counts[1] > 0 {
                report.conflicting_groups += 1;
                report.conflicting_rows += n_rows;
            }
        }
        report
    }
}

/// For each row the first row that equals it in every column but key and target: itself, for a row
/// that repeats no other. Rows of one group must never be on both sides of a split.
#[must_use]
pub fn row_groups(table: &Table) -> Vec<usize> {
    let mut first: HashMap<(u64, u64), usize> = HashMap::new();
    let hashes = row_hashes(table).into_iter().enumerate();
    hashes
        .map(|(row_idx, hash)| *first.entry(hash).or_insert(row_idx))
        .collect()
}

/// A 128-bit hash of each row's values, key and target left out.
fn row_hashes(table: &Table) -> Vec<(u64, u64)> {
    let mut hashes = vec![(1_u64, 2_u64); table.n_rows()];
    for column in held_columns(table.spec()) {
        if !column.has_role(Role::Key) && !column.has_role(Role::Target) {
            mix_column(table, &column.name, &mut hashes);
        }
    }
    hashes
}

/// Mixes the values of a column into the hashes of the rows.
fn mix_column(table: &Table, column: &str, hashes: &mut [(u64, u64)]) {
    const MISSING: (u64, u64) = (0x5bd1_e995, 0x1b87_3593);
    let Some(array) = table.batch().column_by_name(column) else {
        return;
    };
    let nulls = array.nulls();
    let mut mix_all = |value: &dyn Fn(usize) -> (u64, u64)| {
        for (row_idx, hash) in hashes.iter_mut().enumerate() {
            let is_missing = nulls.is_some_and(|nulls| nulls.is_null(row_idx));
            let part = if is_missing { MISSING } else { value(row_idx) };
            *hash = (
                mix(hash.0, part.0),
                mix(hash.1, part.1 ^ 0xff51_afd7_ed55_8ccd),
            );
        }
    };
    if let Some(numbers) = table.numbers(column) {
        mix_all(&|row_idx| {
            (
                numbers.value(row_idx).to_bits(),
                numbers.value(row_idx).to_bits(),
            )
        });
    } else if let Some(view) = table.categories(column) {
        // Codes of levels outside the domain differ between chunks, so the text is hashed.
        let levels: Vec<_> = view
            .values
            .iter()
            .map(|level| hash_bytes(level.unwrap_or("").as_bytes()))
            .collect();
        mix_all(&|row_idx| {
            let code = usize::try_from(view.codes.value(row_idx)).unwrap_or(usize::MAX);
            levels.get(code).copied().unwrap_or(MISSING)
        });
    } else if let Some(dates) = table.dates(column) {
        mix_all(&|row_idx| {
            (
                dates.value(row_idx).cast_unsigned(),
                dates.value(row_idx).cast_unsigned(),
            )
        });
    } else if let Some(texts) = table.text(column) {
        mix_all(&|row_idx| hash_bytes(texts.value(row_idx).as_bytes()));
    }
}

/// Two independent 64-bit hashes of a text.
fn hash_bytes(bytes: &[u8]) -> (u64, u64) {
    let length = bytes.len() as u64;
    let mut hash = (length, !length);
    for part in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..part.len()].copy_from_slice(part);
        let word = u64::from_le_bytes(word);
        hash = (mix(hash.0, word), mix(hash.1, word ^ 0xc4ce_b9fe_1a85_ec53));
    }
    hash
}

/// One step of a multiply-and-fold hash (as in wyhash).
fn mix(state: u64, value: u64) -> u64 {
    let wide =
        u128::from(state ^ 0x9e37_79b9_7f4a_7c15) * u128::from(value ^ 0xbf58_476d_1ce4_e5b9);
    let folded = (wide ^ (wide >> 64)) & u128::from(u64::MAX);
    // Adding a rotation of the state keeps a zero factor from erasing what came before.
    u64::try_from(folded)
        .unwrap_or(0)
        .wrapping_add(state.rotate_left(23))
}
