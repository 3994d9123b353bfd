//! The name a person most likely meant.

/// Finds the candidate closest to `word` by edit distance, ignoring case; ties go to the first.
///
/// `None` when nothing lies within a third of the word's length (at least 2 edits).
pub(crate) fn find_nearest<'a>(
    word: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let word = word.to_lowercase();
    let limit = (word.chars().count() / 3).max(2);
    candidates
        .map(|candidate| {
            (
                compute_distance(&word, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance, one row at a time.
fn compute_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(&b) {
            let changed = diagonal + usize::from(from != *to);
            diagonal = *cell;
            left = changed.min(left + 1).min(*cell + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, candidates: &[&str], expected: Option<&str>) {
        assert_eq!(find_nearest(word, candidates.iter().copied()), expected);
    }

    #[test]
    fn a_slip_of_the_finger_is_found_and_a_stranger_is_not() {
        check("tenur", &["contract", "tenure"], Some("tenure"));
        check("TENURE", &["contract", "tenure"], Some("tenure"));
        check(
            "ContractType",
            &["Contract", "PaymentMethod"],
            Some("Contract"),
        );
        check("weather", &["contract", "tenure"], None);
    }

    #[test]
    fn distances_are_levenshtein() {
        assert_eq!(compute_distance("kitten", "sitting"), 3);
        assert_eq!(compute_distance("", "abc"), 3);
        assert_eq!(compute_distance("abc", ""), 3);
        assert_eq!(compute_distance("same", "same"), 0);
    }
}
