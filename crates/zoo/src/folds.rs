//! Which rows are trained on and which are held out.

use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha12Rng;

use crate::{Error, seed::derive_seed};

/// Row indices of one split. The two never overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Rows to fit on, ascending.
    pub train: Vec<usize>,
    /// Rows to judge on, ascending.
    pub held_out: Vec<usize>,
}

impl Split {
    /// The same split with every group of rows on one side: that of its first row.
    ///
    /// `groups` gives for each row the first row of its group (see [`churn_schema::row_groups`]).
    /// Equal rows on both sides would let a model be judged on rows it has learned by heart.
    #[must_use]
    pub fn with_groups_whole(&self, groups: &[usize]) -> Self {
        let mut is_held_out = vec![false; groups.len()];
        for &row in &self.held_out {
            is_held_out[row] = true;
        }
        split_where(groups.len(), |row| is_held_out[groups[row]])
    }

    /// Rows of one side whose group has its first row on the other, as pairs of rows.
    pub fn straddling<'a>(
        &'a self,
        groups: &'a [usize],
    ) -> impl Iterator<Item = (usize, usize)> + 'a {
        let mut is_held_out = vec![false; groups.len()];
        for &row in &self.held_out {
            is_held_out[row] = true;
        }
        (0..groups.len())
            .map(|row| (groups[row], row))
            .filter(move |&(first, row)| is_held_out[first] != is_held_out[row])
    }
}

/// One fold of a repeated cross-validation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// Repeat, from 0. Within a repeat each row is held out at most once.
    pub repeat: usize,
    /// Number within the repeat, from 0.
    pub index: usize,
    /// The rows.
    pub split: Split,
}

/// Splits rows so that both parts have the same share of each class, up to one row.
///
/// `share` is the part held out, in (0, 1).
///
/// # Errors
/// [`Error::TooFewRows`] when a class can't be in both parts.
pub fn stratified_split(labels: &[bool], share: f64, seed: u64) -> Result<Split, Error> {
    let mut split = Split {
        train: Vec::new(),
        held_out: Vec::new(),
    };
    for (class, rows) in shuffled_classes(labels, seed) {
        if rows.len() < 2 {
            return Err(too_few(labels, 2, "be on both sides of a split".to_owned()));
        }
        let n_held_out = ((rows.len() as f64 * share).round() as usize).clamp(1, rows.len() - 1);
        debug_assert!(rows.iter().all(|&row| labels[row] == class));
        split.held_out.extend_from_slice(&rows[..n_held_out]);
        split.train.extend_from_slice(&rows[n_held_out..]);
    }
    split.train.sort_unstable();
    split.held_out.sort_unstable();
    Ok(split)
}

/// `n_repeats` times `n_folds` stratified folds over all rows.
///
/// # Errors
/// [`Error::TooFewRows`] when a class has fewer rows than folds.
pub fn stratified_folds(
    labels: &[bool],
    n_folds: usize,
    n_repeats: usize,
    seed: u64,
) -> Result<Vec<Fold>, Error> {
    let mut folds = Vec::with_capacity(n_folds * n_repeats);
    for repeat in 0..n_repeats {
        let mut fold_of_row = vec![0; labels.len()];
        for (_, rows) in shuffled_classes(labels, derive_seed(seed, "folds", repeat as u64)) {
            if rows.len() < n_folds {
                return Err(too_few(labels, n_folds, format!("make {n_folds} folds")));
            }
            for (rank, row) in rows.into_iter().enumerate() {
                fold_of_row[row] = rank % n_folds;
            }
        }
        folds.extend((0..n_folds).map(|index| Fold {
            repeat,
            index,
            split: split_where(labels.len(), |row| fold_of_row[row] == index),
        }));
    }
    Ok(folds)
}

/// Folds from a table the user brings: for each repeat and row the fold it is held out in.
///
/// `assignments` holds `(row, repeat, fold)`; every row must appear once in each repeat.
///
/// # Errors
/// [`Error::Folds`] naming the repeat that is incomplete or holds a row twice.
pub fn folds_from_assignments(
    n_rows: usize,
    assignments: &[(usize, usize, usize)],
) -> Result<Vec<Fold>, Error> {
    let n_repeats = assignments.iter().map(|a| a.1 + 1).max().unwrap_or(0);
    let mut folds = Vec::new();
    for repeat in 0..n_repeats {
        let mut fold_of_row: Vec<Option<usize>> = vec![None; n_rows];
        for &(row, _, fold) in assignments.iter().filter(|a| a.1 == repeat) {
            if fold_of_row[row].replace(fold).is_some() {
                return Err(Error::Folds {
                    fault: format!(
                        "repeat {repeat} assigns row {} of those to be folded twice",
                        row + 1
                    ),
                });
            }
        }
        if let Some(row) = fold_of_row.iter().position(Option::is_none) {
            let missing = fold_of_row.iter().filter(|fold| fold.is_none()).count();
            return Err(Error::Folds {
                fault: format!(
                    "repeat {repeat} leaves {missing} rows without a fold, the first being row {} of those to be folded; list every key that is not in the holdout",
                    row + 1
                ),
            });
        }
        let n_folds = fold_of_row
            .iter()
            .flatten()
            .max()
            .map_or(0, |last| last + 1);
        if n_folds < 2 {
            return Err(Error::Folds {
                fault: format!("repeat {repeat} has {n_folds} fold; at least 2 are needed"),
            });
        }
        folds.extend((0..n_folds).map(|index| Fold {
            repeat,
            index,
            split: split_where(n_rows, |row| fold_of_row[row] == Some(index)),
        }));
    }
    if let Some(fold) = folds.iter().find(|fold| fold.split.held_out.is_empty()) {
        return Err(Error::Folds {
            fault: format!(
                "repeat {} has no rows in fold {}; number folds 0, 1, 2, ... without gaps",
                fold.repeat, fold.index
            ),
        });
    }
    Ok(folds)
}

fn split_where(n_rows: usize, held_out: impl Fn(usize) -> bool) -> Split {
    let (held_out, train) = (0..n_rows).partition(|&row| held_out(row));
    Split { train, held_out }
}

/// The rows of each class in random order; the class that left first.
fn shuffled_classes(labels: &[bool], seed: u64) -> [(bool, Vec<usize>); 2] {
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    [true, false].map(|class| {
        let mut rows: Vec<usize> = (0..labels.len())
            .filter(|&row| labels[row] == class)
            .collect();
        rows.shuffle(&mut rng);
        (class, rows)
    })
}

fn too_few(labels: &[bool], needed: usize, purpose: String) -> Error {
    let left = labels.iter().filter(|&&label| label).count();
    let found = left.min(labels.len() - left);
    if found == 0 {
        return Error::OneClass {
            n_rows: labels.len(),
        };
    }
    Error::TooFewRows {
        found,
        needed,
        purpose,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Vec<bool> {
        (0..103).map(|row| row % 4 == 0).collect()
    }

    #[test]
    fn folds_hold_out_each_row_once_a_repeat_and_keep_the_class_share() {
        let labels = labels();
        let folds = stratified_folds(&labels, 5, 2, 7).unwrap();
        for repeat in 0..2 {
            let mut seen = vec![0; labels.len()];
            for fold in folds.iter().filter(|fold| fold.repeat == repeat) {
                let left = fold
                    .split
                    .held_out
                    .iter()
                    .filter(|&&row| labels[row])
                    .count();
                assert!(
                    (5..=6).contains(&left),
                    "26 leavers over 5 folds, got {left}"
                );
                fold.split.held_out.iter().for_each(|&row| seen[row] += 1);
                assert_eq!(
                    fold.split.train.len() + fold.split.held_out.len(),
                    labels.len()
                );
            }
            assert!(seen.iter().all(|&times| times == 1));
        }
        assert_ne!(folds[0].split, folds[5].split, "repeats are drawn anew");
    }

    #[test]
    fn groups_stay_on_one_side() {
        let labels = labels();
        let mut groups: Vec<usize> = (0..labels.len()).collect();
        groups[50..60].fill(7);
        let split = stratified_split(&labels, 0.3, 5).unwrap();
        assert!(
            split.straddling(&groups).count() > 0,
            "the draw knows no groups"
        );
        let whole = split.with_groups_whole(&groups);
        assert_eq!(whole.straddling(&groups).count(), 0);
        assert_eq!(whole.train.len() + whole.held_out.len(), labels.len());
        let alone: Vec<usize> = (0..labels.len()).collect();
        assert_eq!(split.with_groups_whole(&alone), split);
    }

    #[test]
    fn one_class_is_named() {
        let fault = stratified_split(&[true; 9], 0.2, 1).unwrap_err();
        assert!(matches!(fault, Error::OneClass { n_rows: 9 }), "{fault}");
    }

    #[test]
    fn a_row_without_a_fold_is_named() {
        let fault = folds_from_assignments(3, &[(0, 0, 0), (1, 0, 1)]).unwrap_err();
        assert!(
            fault.to_string().contains("row 3 of those to be folded"),
            "{fault}"
        );
        let fault = folds_from_assignments(2, &[(0, 0, 0), (0, 0, 1)]).unwrap_err();
        assert!(fault.to_string().contains("twice"), "{fault}");
    }
}
