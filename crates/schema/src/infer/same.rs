//! Levels of several columns that occur in the same rows: one fact, told several times.

use std::collections::BTreeMap;

use arrow_array::Array;

use super::column::Profile;
use crate::spec::{ColumnKind, Role, SameSpec};

/// Fewer rows than this may agree by chance.
const MIN_ROWS: u64 = 20;

/// The rows of a level, in figures that equal sets share: how many, and two sums of scrambled row
/// numbers. Different sets give the same figures with a chance of one in 2^128.
type RowSet = (u64, u64, u64);

/// All sets of levels, of different columns, that occur in exactly the same rows.
pub(super) fn find(profiles: &[Profile<'_>]) -> Vec<SameSpec> {
    let mut by_rows: BTreeMap<RowSet, Vec<(usize, usize)>> = BTreeMap::new();
    let mut order: Vec<RowSet> = Vec::new();
    for (column_idx, profile) in profiles.iter().enumerate().filter(|(_, p)| is_usable(p)) {
        for (code, rows) in row_sets(profile).into_iter().enumerate() {
            let is_level = |level: &str| profile.spec.levels.iter().any(|known| known == level);
            if rows.0 < MIN_ROWS || !is_level(profile.view.values.value(code)) {
                continue;
            }
            let members = by_rows.entry(rows).or_default();
            if members.is_empty() {
                order.push(rows);
            }
            members.push((column_idx, code));
        }
    }
    let sets = order.iter().filter_map(|rows| by_rows.get(rows));
    sets.filter(|members| members.len() > 1)
        .map(|members| {
            let level = |&(column, code): &(usize, usize)| profiles[column].view.values.value(code);
            let values = members.iter().map(|member| {
                let name = profiles[member.0].spec.name.clone();
                (name, level(member).to_owned())
            });
            SameSpec {
                say: sentence(members.iter().map(level)),
                values: values.collect(),
            }
        })
        .collect()
}

fn is_usable(profile: &Profile<'_>) -> bool {
    let spec = &profile.spec;
    spec.kind == ColumnKind::Category
        && !spec.open
        && spec.has_role(Role::Feature)
        && !spec.has_role(Role::Protected)
}

/// The rows of each code.
fn row_sets(profile: &Profile<'_>) -> Vec<RowSet> {
    let mut sets = vec![(0, 0, 0); profile.view.values.len()];
    for (row, code) in (0_u64..).zip(profile.view.codes) {
        let set = code.and_then(|code| sets.get_mut(usize::try_from(code).ok()?));
        if let Some((count, first, second)) = set {
            *count += 1;
            *first = u64::wrapping_add(*first, scrambled(row));
            *second = u64::wrapping_add(*second, scrambled(!row));
        }
    }
    sets
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014): a bijection without visible order.
fn scrambled(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// The level most columns have, the longest of equals: it names what it speaks of.
fn sentence<'a>(levels: impl Iterator<Item = &'a str>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for level in levels {
        *counts.entry(level).or_default() += 1;
    }
    let best = counts
        .into_iter()
        .max_by_key(|(level, count)| (*count, level.chars().count()));
    super::say::lower_first(best.map_or("", |(level, _)| level))
}
