//! Roles: key, target, revenue, protected, and what is better ignored.

use super::column::Profile;
use super::target::{Target, explained_share, two_levels};
use super::{InferOptions, names};
use crate::spec::{ColumnKind, MissingStrategy, Role};

/// A column that alone explains this much of the target is taken as a copy of it.
const COPY_SHARE: f64 = 0.98;
/// Above this a warning is given.
const SUSPICIOUS_SHARE: f64 = 0.6;

/// The column that best names the customer: unique, preferably named so, not a row counter.
pub(super) fn find_key(profiles: &[Profile<'_>]) -> Option<usize> {
    let score = |profile: &Profile<'_>| {
        let is_text = profile.numbers.is_none();
        let is_fraction = profile.spec.kind == ColumnKind::Number;
        let is_date = profile.spec.kind == ColumnKind::Date;
        let is_id = names::is_id(&profile.spec.name);
        let is_unique = profile.is_unique() || (is_id && profile.is_nearly_unique());
        if !is_unique || is_fraction || is_date || profile.n_rows < 2 {
            return 0;
        }
        match (is_id, is_text, profile.is_row_counter()) {
            (true, _, false) => 4,
            (true, _, true) => 3,
            (false, true, _) => 2,
            // A unique number that is not named as an identifier may be an amount.
            (false, false, _) => 0,
        }
    };
    let scores: Vec<u32> = profiles.iter().map(score).collect();
    let best = scores.iter().copied().max().filter(|best| *best > 0)?;
    scores.iter().position(|score| *score == best)
}

/// Gives every column its roles.
pub(super) fn assign(
    profiles: &mut [Profile<'_>],
    key: Option<usize>,
    target: Option<&Target>,
    options: &InferOptions,
    warnings: &mut Vec<String>,
) {
    let mut has_timestamp = false;
    for (idx, profile) in profiles.iter_mut().enumerate() {
        if Some(idx) == key {
            if !profile.is_unique() {
                let n_unusable = profile.n_rows.saturating_sub(profile.n_distinct);
                let name = &profile.spec.name;
                warnings.push(match n_unusable {
                    1 => format!("1 row repeats a {name} or has none; it will be refused"),
                    n => format!("{n} rows repeat a {name} or have none; they will be refused"),
                });
            }
            profile.spec.kind = ColumnKind::Text;
            profile.spec.levels.clear();
            profile.spec.open = false;
            profile.spec.missing = MissingStrategy::Keep;
            profile.spec.roles = vec![Role::Key];
            continue;
        }
        if let Some(target) = target.filter(|target| target.idx == idx) {
            profile.spec.kind = ColumnKind::Category;
            profile.spec.levels = two_levels(profile);
            profile.spec.missing = MissingStrategy::Keep;
            profile.spec.positive = Some(target.positive.clone());
            profile.spec.roles = vec![Role::Target];
            continue;
        }
        if profile.spec.kind == ColumnKind::Date
            && !has_timestamp
            && is_timestamp(&profile.spec.name)
        {
            has_timestamp = true;
            profile.spec.roles = vec![Role::Timestamp];
            continue;
        }
        if let Some(reason) = reason_to_ignore(profile, target, options) {
            warnings.push(format!("column {} is ignored: {reason}", profile.spec.name));
            ignore(profile, reason);
            continue;
        }
        warn_about(profile, target, warnings);
        if names::is_protected(&profile.spec.name) {
            profile.spec.roles.push(Role::Protected);
        }
    }
    assign_revenue(profiles);
}

fn ignore(profile: &mut Profile<'_>, reason: String) {
    if profile.spec.kind == ColumnKind::Category && profile.n_distinct > 2 {
        profile.spec.kind = ColumnKind::Text;
    }
    profile.spec.levels.clear();
    profile.spec.open = false;
    profile.spec.missing = MissingStrategy::Keep;
    profile.spec.roles = vec![Role::Ignore];
    profile.spec.reason = Some(reason);
}

fn reason_to_ignore(
    profile: &Profile<'_>,
    target: Option<&Target>,
    options: &InferOptions,
) -> Option<String> {
    if profile.n_distinct == 0 {
        return Some("it holds no value".to_owned());
    }
    if profile.n_distinct == 1 {
        return Some("it has the same value in every row".to_owned());
    }
    let is_number = matches!(profile.spec.kind, ColumnKind::Integer | ColumnKind::Number);
    if profile.spec.kind == ColumnKind::Integer && profile.n_rows > 20 {
        if profile.is_row_counter() {
            return Some("it counts the rows".to_owned());
        }
        if names::is_id(&profile.spec.name) && profile.is_nearly_unique() {
            return Some("it is an identifier: nearly every row has its own number".to_owned());
        }
    }
    if profile.spec.kind == ColumnKind::Date {
        return Some(
            "dates are no features; give it roles: [timestamp] if it dates the row".to_owned(),
        );
    }
    let n_distinct = profile.n_distinct;
    if !is_number && n_distinct > options.max_open_levels {
        return Some(format!(
            "it has {n_distinct} different texts, too many to learn from"
        ));
    }
    if !is_number && n_distinct > 20 && n_distinct as u64 * 2 > profile.n_present {
        return Some(format!(
            "{n_distinct} of {} texts differ, it is like a name",
            profile.n_present
        ));
    }
    let explained = explained_share(profile, &target?.labels);
    (explained >= COPY_SHARE).then(|| {
        format!(
            "it alone gives the target away ({:.1} % explained), a near copy of it",
            explained * 100.0
        )
    })
}

fn warn_about(profile: &Profile<'_>, target: Option<&Target>, warnings: &mut Vec<String>) {
    let name = &profile.spec.name;
    if names::knows_the_future(name) {
        warnings.push(format!(
            "column {name} may be recorded because the customer was leaving; ignore it if so"
        ));
    }
    let explained = target.map_or(0.0, |target| explained_share(profile, &target.labels));
    if explained >= SUSPICIOUS_SHARE {
        warnings.push(format!(
            "column {name} alone explains {:.0} % of the target; make sure it is known beforehand",
            explained * 100.0
        ));
    }
}

fn assign_revenue(profiles: &mut [Profile<'_>]) {
    let strength = |profile: &Profile<'_>| {
        let is_usable = profile.spec.is_numeric() && profile.spec.has_role(Role::Feature);
        if is_usable {
            names::revenue_strength(&profile.spec.name)
        } else {
            0
        }
    };
    let best = profiles.iter().map(strength).max().unwrap_or(0);
    if best > 0
        && let Some(profile) = profiles
            .iter_mut()
            .find(|profile| strength(profile) == best)
    {
        profile.spec.roles.push(Role::Revenue);
    }
}

fn is_timestamp(name: &str) -> bool {
    let words = names::words(name);
    ["snapshot", "observation", "observed", "timestamp", "asof"]
        .iter()
        .any(|known| words.iter().any(|word| word == known))
}
