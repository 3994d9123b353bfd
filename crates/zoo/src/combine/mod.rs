//! Combining families: weights for their margins, fitted out of fold.
//!
//! [`combine_folds`] gives the out-of-fold margins of a combination, as
//! [`crate::cross_validate`] does for one family; [`Combination::fit`] on all of them gives the
//! weights of the model, and [`assemble`] the model.

mod assemble;
mod fit;
mod quadratic;

use serde::{Deserialize, Serialize};

pub use assemble::{Member, assemble};
pub use fit::{MemberMargins, Weights};

use crate::{Error, FoldResult};

/// How margins are added up. In both cases no weight is negative: a member that helps nobody
/// gets 0 and never speaks against the others (Breiman 1996).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Combination {
    /// A weighted mean of log-odds: the weights sum to 1 and are drawn a little to equal ones.
    /// Margins on another scale (a forest's share) are first put on it by a straight line.
    Blend,
    /// Logistic regression on the members' margins: intercept and sum of weights are free
    /// (Wolpert 1992).
    Stack,
}

/// The out-of-fold margins of a combination of families that faced the same folds.
///
/// `members` holds the results of each family. The weights a fold's margins are added up with
/// are fitted on the other folds of the same repeat, so no label takes part in judging itself;
/// as everywhere in stacking, the models behind those margins have seen each other's rows.
///
/// # Errors
/// [`Error::Combination`] when the families did not face the same folds, or there are none.
pub fn combine_folds(
    combination: Combination,
    members: &[&[FoldResult]],
    labels: &[bool],
) -> Result<Vec<FoldResult>, Error> {
    check(members)?;
    let result = |number: usize, fold: &FoldResult| {
        let others = |other: &FoldResult| other.repeat == fold.repeat && other.index != fold.index;
        let rows = Rows::gather(members, labels, others);
        let weights = combination.fit(&rows.members, &rows.labels);
        let own = members.iter().map(|folds| &*folds[number].own_margins);
        let margins = weights.margins(&own.collect::<Vec<_>>());
        FoldResult {
            repeat: fold.repeat,
            index: fold.index,
            held_out: fold.held_out.clone(),
            own_margins: margins.clone(),
            margins,
            n_rounds: None,
        }
    };
    let folds = members[0].iter().enumerate();
    Ok(folds.map(|(number, fold)| result(number, fold)).collect())
}

/// The weights of the model: fitted on every out-of-fold margin of all repeats.
///
/// # Errors
/// As [`combine_folds`].
pub fn combine_all(
    combination: Combination,
    members: &[&[FoldResult]],
    labels: &[bool],
) -> Result<Weights, Error> {
    check(members)?;
    let rows = Rows::gather(members, labels, |_| true);
    Ok(combination.fit(&rows.members, &rows.labels))
}

fn check(members: &[&[FoldResult]]) -> Result<(), Error> {
    let fault = |fault: &str| {
        Err(Error::Combination {
            fault: fault.to_owned(),
        })
    };
    let Some((first, others)) = members.split_first() else {
        return fault("there are no members to combine; name at least two families");
    };
    let alike = |other: &&[FoldResult]| {
        let same = |(a, b): (&FoldResult, &FoldResult)| {
            (a.repeat, a.index, &a.held_out) == (b.repeat, b.index, &b.held_out)
        };
        other.len() == first.len() && first.iter().zip(other.iter()).all(same)
    };
    if first.is_empty() || !others.iter().all(alike) {
        return fault("the members did not face the same folds; cross-validate all on the same");
    }
    Ok(())
}

/// Out-of-fold rows as the fit takes them.
struct Rows {
    members: Vec<MemberMargins>,
    labels: Vec<bool>,
}

impl Rows {
    fn gather(
        members: &[&[FoldResult]],
        labels: &[bool],
        wanted: impl Fn(&FoldResult) -> bool,
    ) -> Self {
        let of = |folds: &&[FoldResult]| {
            let mut member = MemberMargins::default();
            for fold in folds.iter().filter(|fold| wanted(fold)) {
                member.own.extend_from_slice(&fold.own_margins);
                member.log_odds.extend_from_slice(&fold.margins);
            }
            member
        };
        let folds = members[0].iter().filter(|fold| wanted(fold));
        Self {
            members: members.iter().map(of).collect(),
            labels: folds
                .flat_map(|fold| &fold.held_out)
                .map(|&row| labels[row])
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(index: usize, rows: std::ops::Range<usize>, shift: f64) -> FoldResult {
        let margins: Vec<f64> = rows.clone().map(|row| margin(row) + shift).collect();
        FoldResult {
            repeat: 0,
            index,
            held_out: rows.collect(),
            own_margins: margins.clone(),
            margins,
            n_rounds: None,
        }
    }

    fn margin(row: usize) -> f64 {
        (row * 7 % 23) as f64 / 5.0 - 2.0
    }

    fn labels() -> Vec<bool> {
        (0..120)
            .map(|row| (row * 13 % 37) as f64 / 9.0 - 2.0 < margin(row))
            .collect()
    }

    #[test]
    fn a_folds_own_labels_change_nothing_about_its_margins() {
        let families: Vec<Vec<FoldResult>> = [0.0, 0.4]
            .map(|shift| {
                (0..4)
                    .map(|k| fold(k, k * 30..(k + 1) * 30, shift))
                    .collect()
            })
            .into();
        let members: Vec<&[FoldResult]> = families.iter().map(Vec::as_slice).collect();
        let labels = labels();
        for kind in [Combination::Blend, Combination::Stack] {
            let folds = combine_folds(kind, &members, &labels).unwrap();
            let mut turned = labels.clone();
            turned[30..60].iter_mut().for_each(|label| *label = !*label);
            let after = combine_folds(kind, &members, &turned).unwrap();
            assert_eq!(folds[1].margins, after[1].margins, "{kind:?}");
            assert_ne!(folds[0].margins, after[0].margins, "{kind:?}");
            assert_eq!(folds[2].held_out, (60..90).collect::<Vec<_>>());
        }
    }

    #[test]
    fn families_of_other_folds_are_refused() {
        let (a, b) = (
            vec![fold(0, 0..60, 0.0), fold(1, 60..120, 0.0)],
            vec![fold(0, 0..50, 0.0)],
        );
        for members in [vec![], vec![a.as_slice(), b.as_slice()]] {
            let fault = combine_folds(Combination::Stack, &members, &labels()).unwrap_err();
            assert!(matches!(fault, Error::Combination { .. }), "{fault}");
        }
    }
}
