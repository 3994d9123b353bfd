//! One tree of the file as nodes.

use super::text::{Fields, fault};
use super::unsupported;
use crate::{Error, Node, Test};

/// Bits of a split's `decision_type`; the two above them are the treatment of missing values.
const CATEGORICAL: u8 = 1;
const DEFAULT_LEFT: u8 = 2;

/// The nodes of a tree and their values in f64: splits first, then leaves.
pub(super) fn read(
    tree_idx: usize,
    fields: &Fields<'_>,
    factor: f64,
) -> Result<(Vec<Node>, Vec<f64>), Error> {
    if fields.has("is_linear") && fields.text("is_linear")? != "0" {
        return Err(unsupported("trees", "linear", "constant leaves"));
    }
    let n_leaves: usize = match fields.exactly("num_leaves", 1)?[..] {
        [n_leaves] if n_leaves > 0 => n_leaves,
        _ => return Err(fault("num_leaves", "above 0")),
    };
    let values: Vec<f64> = fields.exactly("leaf_value", n_leaves)?;
    let values: Vec<f64> = values.into_iter().map(|value| factor * value).collect();
    if n_leaves == 1 {
        let leaf = Node::Leaf {
            value: values[0] as f32,
            cover: 1.0,
        };
        return Ok((vec![leaf], values));
    }
    let leaf_counts: Vec<f32> = fields.exactly("leaf_count", n_leaves)?;
    let n_splits = n_leaves - 1;
    let splits = Splits {
        features: fields.exactly("split_feature", n_splits)?,
        thresholds: fields.exactly("threshold", n_splits)?,
        decisions: fields.exactly("decision_type", n_splits)?,
        lefts: fields.exactly("left_child", n_splits)?,
        rights: fields.exactly("right_child", n_splits)?,
        covers: fields.exactly("internal_count", n_splits)?,
    };
    let mut sets = Sets::read(fields)?;
    let mut nodes = (0..n_splits)
        .map(|index| {
            splits.node(index, &mut sets).map_err(|fault| Error::Tree {
                tree: tree_idx,
                node: index,
                fault,
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    nodes.extend(
        values
            .iter()
            .zip(leaf_counts)
            .map(|(&value, cover)| Node::Leaf {
                value: value as f32,
                cover,
            }),
    );
    let at_splits = std::iter::repeat_n(0.0, n_splits);
    Ok((nodes, at_splits.chain(values).collect()))
}

/// The splits of a tree in columns, all of one length.
struct Splits {
    features: Vec<u32>,
    thresholds: Vec<f64>,
    decisions: Vec<u8>,
    lefts: Vec<i64>,
    rights: Vec<i64>,
    /// Training rows that reached the split, which LightGBM's own SHAP values weigh by.
    covers: Vec<f32>,
}

impl Splits {
    fn node(&self, index: usize, sets: &mut Sets) -> Result<Node, &'static str> {
        let (left, right) = (
            self.child(self.lefts[index])?,
            self.child(self.rights[index])?,
        );
        let (threshold, decision) = (self.thresholds[index], self.decisions[index]);
        let (test, default_left, left, right) = if decision & CATEGORICAL != 0 {
            // Listed categories go left there and right here, so the children change places;
            // missing values go right there.
            (Test::NotIn(sets.take(threshold)?), true, right, left)
        } else {
            let default_left = decision & DEFAULT_LEFT != 0;
            let above = least_above(threshold);
            match decision >> 2 {
                // A missing value counts as 0.
                0 => (Test::Less(above), threshold >= 0.0, left, right),
                1 => (Test::LessUnlessZero(above), default_left, left, right),
                2 => (Test::Less(above), default_left, left, right),
                _ => return Err("the decision type is unknown"),
            }
        };
        Ok(Node::Split {
            feature: self.features[index],
            test,
            default_left,
            left,
            right,
            cover: self.covers[index],
        })
    }

    /// The place of a child among the nodes; a leaf `l` is written as `-1 - l`.
    fn child(&self, child: i64) -> Result<u32, &'static str> {
        let n_splits = self.lefts.len() as i64;
        let place = match child {
            0.. => Some(child).filter(|&split| split < n_splits),
            _ => n_splits.checked_add(-1 - child),
        };
        place
            .and_then(|place| u32::try_from(place).ok())
            .ok_or("a child lies outside the tree")
    }
}

/// The f32 for which `x as f32 < it` is `x <= threshold`, for an f64 `x` that is no nearer to the
/// threshold than two f32 lie apart, or so near that it rounds to the same f32.
///
/// LightGBM puts thresholds a hair above a value it has met: 94.15000000000002 after 94.15. Rounded
/// to f32 the two are the same number, which must go left as 94.15 does there.
fn least_above(threshold: f64) -> f32 {
    (threshold as f32).next_up()
}

/// The category sets of a tree. Each is given away once, so that a short file cannot ask for
/// a long set over and over.
struct Sets {
    sets: Vec<Option<Vec<u32>>>,
}

impl Sets {
    fn read(fields: &Fields<'_>) -> Result<Self, Error> {
        if !fields.has("cat_boundaries") {
            return Ok(Self { sets: Vec::new() });
        }
        let bounds: Vec<usize> = fields.numbers("cat_boundaries")?;
        let words: Vec<u32> = fields.numbers("cat_threshold")?;
        let sets = bounds.windows(2).map(|pair| {
            let words = words.get(pair[0]..pair[1]);
            let words =
                words.ok_or_else(|| fault("cat_boundaries", "increasing, within the words"));
            words.map(|words| Some(codes(words)))
        });
        let sets: Vec<_> = sets.collect::<Result<_, _>>()?;
        if !bounds.is_sorted() {
            return Err(fault("cat_boundaries", "increasing"));
        }
        Ok(Self { sets })
    }

    fn take(&mut self, threshold: f64) -> Result<Vec<u32>, &'static str> {
        #[expect(
            clippy::cast_sign_loss,
            reason = "saturates, and the first set may be asked for"
        )]
        let place = threshold as usize;
        let set = self.sets.get_mut(place).and_then(Option::take);
        set.ok_or("the split has no category set of its own")
    }
}

/// The codes whose bits are set.
fn codes(words: &[u32]) -> Vec<u32> {
    let n_bits = (words.len() as u64 * 32).min(u64::from(u32::MAX)) as u32;
    (0..n_bits)
        .filter(|code| words[(code / 32) as usize] >> (code % 32) & 1 == 1)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::least_above;

    #[test]
    fn values_on_both_sides_of_a_threshold_keep_their_sides_in_f32() {
        for (threshold, left, right) in [
            (94.150_000_000_000_02, 94.15, 94.2),
            (37.500_000_000_000_01, 37.5, 37.55),
            (0.5, 0.5, 0.500_001),
            (0.000_000_1, 0.0, 0.2),
            (-0.1, -0.1, -0.05),
            (1e-35, 0.0, 1.0),
            (1e300, 3e38, f64::INFINITY),
        ] {
            let above = least_above(threshold);
            assert!((left as f32) < above, "{left} and {threshold}");
            assert!(
                (right as f32) >= above || threshold > 1e38,
                "{right} and {threshold}"
            );
        }
    }

    #[test]
    fn numbers_of_f32_are_asked_exactly() {
        for threshold in [0.25, -7.0, 1024.5, 0.0] {
            let above = least_above(threshold);
            let value = threshold as f32;
            assert!(value < above && value.next_up() >= above, "{threshold}");
        }
    }
}
