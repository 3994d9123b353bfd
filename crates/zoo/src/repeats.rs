//! Rows that are equal to the trainer, which early stopping must not judge on copies of.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use churn_features::Matrix;

/// Repeated rows up to this share of all are left where chance puts them.
const FEW: f64 = 0.01;
/// Largest share of the rows that a group of equal ones may have; in data of few columns a profile
/// is shared by many customers, and those are no repeats of each other.
const MAX_GROUP_SHARE: f64 = 0.005;

/// For each row the first row equal to it, where rows repeat others often enough to matter.
pub(crate) fn repeats(matrix: &Matrix) -> Option<Vec<usize>> {
    let n_rows = matrix.n_rows();
    let mut first_of: HashMap<u64, usize> = HashMap::with_capacity(n_rows);
    let mut sizes = vec![0_usize; n_rows];
    let mut groups: Vec<usize> = (0..n_rows)
        .map(|row| {
            // Fixed keys: the same rows have the same hash in every process.
            let mut hasher = DefaultHasher::new();
            for value in matrix.row(row) {
                value.to_bits().hash(&mut hasher);
            }
            let first = *first_of.entry(hasher.finish()).or_insert(row);
            sizes[first] += 1;
            first
        })
        .collect();
    let most = (MAX_GROUP_SHARE * n_rows as f64).max(2.0);
    let mut n_repeats = 0;
    for (row, first) in groups.iter_mut().enumerate() {
        if sizes[*first] as f64 > most {
            *first = row;
        }
        n_repeats += usize::from(*first != row);
    }
    (n_repeats as f64 > FEW * n_rows as f64).then_some(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: impl IntoIterator<Item = f32>) -> Matrix {
        let values: Vec<f32> = rows.into_iter().collect();
        Matrix::from_values(values, 1).unwrap()
    }

    #[test]
    fn rows_that_occur_twice_are_grouped_and_a_few_are_not() {
        let twice = matrix((0..400_u16).map(|row| f32::from(row % 200)));
        let groups = repeats(&twice).unwrap();
        assert!(groups[200..].iter().copied().eq(0..200));
        let few = matrix((0..400_u16).map(|row| f32::from(row.min(397))));
        assert_eq!(repeats(&few), None);
    }

    #[test]
    fn a_profile_many_share_is_no_repeat() {
        let profiles = matrix((0..400_u16).map(|row| f32::from(row % 3)));
        assert_eq!(repeats(&profiles), None);
    }
}
