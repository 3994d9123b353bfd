//! Which column says who left, and which columns merely repeat it.

use super::column::Profile;
use super::names;

/// With fewer rows of the rarer class a perfect split may be chance.
const MIN_EVIDENCE: usize = 20;

/// The target column and its positive level.
pub(super) struct Target {
    pub(super) idx: usize,
    pub(super) positive: String,
    /// Per row: left, stayed, or not known.
    pub(super) labels: Vec<Option<bool>>,
}

/// The two-valued column most likely to be the target, by name and then by place.
pub(super) fn find_target(
    profiles: &[Profile<'_>],
    key: Option<usize>,
    warnings: &mut Vec<String>,
) -> Option<Target> {
    let is_candidate = |idx: &usize| profiles[*idx].n_distinct == 2 && Some(*idx) != key;
    let last = profiles.len().checked_sub(1)?;
    let place = |idx: usize| if idx == last { 2 } else { u32::from(idx == 0) };
    let named = (0..profiles.len())
        .filter(is_candidate)
        .filter(|idx| names::target_strength(&profiles[*idx].spec.name) > 0)
        .max_by_key(|idx| {
            (
                names::target_strength(&profiles[*idx].spec.name),
                place(*idx),
                usize::MAX - idx,
            )
        });
    let idx = match named {
        Some(idx) => idx,
        None => {
            let guessed = [last, 0].into_iter().find(is_candidate);
            let Some(idx) = guessed else {
                warnings.push("no two-valued column looks like a target; give one column roles: [target] and positive before training".to_owned());
                return None;
            };
            let name = &profiles[idx].spec.name;
            warnings.push(format!(
                "the target {name} is a guess from its place; check it"
            ));
            idx
        }
    };
    let profile = &profiles[idx];
    let levels = two_levels(profile);
    let named: Vec<&String> = levels
        .iter()
        .filter(|level| names::is_positive(level))
        .collect();
    let positive = match named[..] {
        [only] => only.clone(),
        _ => {
            let rarer = levels.iter().min_by_key(|level| count_of(profile, level))?;
            warnings.push(format!(
                "{rarer:?} of {} is taken as \"left\" because it is rarer; check it",
                profile.spec.name
            ));
            rarer.clone()
        }
    };
    let labels = (0..profile.n_rows)
        .map(|row_idx| {
            let level = profile.view.level(row_idx)?;
            levels
                .iter()
                .any(|known| known == level)
                .then(|| level == positive)
        })
        .collect();
    Some(Target {
        idx,
        positive,
        labels,
    })
}

/// The two values as texts, also when they are numbers.
pub(super) fn two_levels(profile: &Profile<'_>) -> Vec<String> {
    let mut levels: Vec<String> = profile
        .view
        .values
        .iter()
        .flatten()
        .filter(|level| !profile.tokens.iter().any(|token| token == level))
        .map(str::to_owned)
        .collect();
    levels.sort();
    levels
}

fn count_of(profile: &Profile<'_>, level: &str) -> u64 {
    let code = profile
        .view
        .code_of(level)
        .and_then(|code| usize::try_from(code).ok());
    code.and_then(|code| profile.counts.get(code))
        .copied()
        .unwrap_or(0)
}

/// Share of the rarer class's rows that knowing this column alone gets right, beyond always
/// guessing the commoner class: 1 for a copy of the target, about 0 for an honest column, and
/// 0 where there are too few rows to tell.
pub(super) fn explained_share(profile: &Profile<'_>, labels: &[Option<bool>]) -> f64 {
    let n_left = labels.iter().filter(|label| **label == Some(true)).count();
    let n_stayed = labels.iter().filter(|label| **label == Some(false)).count();
    let n_rarer = n_left.min(n_stayed);
    if n_rarer < MIN_EVIDENCE {
        return 0.0;
    }
    let by_level = errors_by_level(profile, labels);
    let by_threshold = errors_by_threshold(profile, labels, n_left, n_stayed);
    let n_errors = by_level
        .into_iter()
        .chain(by_threshold)
        .min()
        .unwrap_or(n_rarer);
    1.0 - n_errors.min(n_rarer) as f64 / n_rarer as f64
}

/// Errors of guessing the majority within each level; none for columns whose levels are too
/// many for that to mean anything.
fn errors_by_level(profile: &Profile<'_>, labels: &[Option<bool>]) -> Option<usize> {
    if profile.n_distinct > 20.max(profile.n_rows / 50) {
        return None;
    }
    let mut counts = vec![[0_usize; 2]; profile.counts.len() + 1];
    for (row_idx, label) in labels.iter().enumerate() {
        let code = profile
            .view
            .code(row_idx)
            .and_then(|code| usize::try_from(code).ok());
        let slot = code.unwrap_or(profile.counts.len());
        if let (Some(label), Some(pair)) = (label, counts.get_mut(slot)) {
            pair[usize::from(*label)] += 1;
        }
    }
    Some(counts.iter().map(|pair| pair[0].min(pair[1])).sum())
}

/// Errors of the best single threshold.
fn errors_by_threshold(
    profile: &Profile<'_>,
    labels: &[Option<bool>],
    n_left: usize,
    n_stayed: usize,
) -> Option<usize> {
    profile.numbers.as_ref()?;
    let mut pairs: Vec<(f64, bool)> = profile
        .numbers_by_row()
        .zip(labels)
        .filter_map(|(value, label)| (!value.is_nan()).then_some((value, (*label)?)))
        .collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut left_below, mut stayed_below, mut best) = (0, 0, n_left.min(n_stayed));
    for (idx, (value, label)) in pairs.iter().enumerate() {
        if *label {
            left_below += 1;
        } else {
            stayed_below += 1;
        }
        let is_boundary = pairs.get(idx + 1).is_none_or(|next| next.0 > *value);
        if is_boundary {
            // Below is called "left" and above "stayed", or the other way round.
            let one_way = stayed_below + (n_left - left_below);
            let other_way = left_below + (n_stayed - stayed_below);
            best = best.min(one_way).min(other_way);
        }
    }
    Some(best)
}
