//! One node of a tree, in the form it is built from and explained by.

/// Category codes lie below this: the largest whole number f32 counts exactly, as in XGBoost.
pub const MAX_CATEGORY: u32 = 1 << 24;

/// A node of a binary tree.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// The end of a path.
    Leaf {
        /// What the tree adds to the margin, on the ensemble's scale.
        value: f32,
        /// Sum of training hessians (or weights) that reached it; at least 0.
        cover: f32,
    },
    /// A question.
    Split {
        /// Column of the matrix.
        feature: u32,
        /// What is asked; yes goes left.
        test: Test,
        /// Whether a missing value (NaN) goes left.
        default_left: bool,
        /// The left child, by its number in the tree.
        left: u32,
        /// The right child, by its number in the tree.
        right: u32,
        /// Sum of training hessians (or weights) that reached it; at least 0.
        cover: f32,
    },
}

impl Node {
    /// Sum of training hessians (or weights) that reached the node.
    #[must_use]
    pub fn cover(&self) -> f32 {
        match self {
            Self::Leaf { cover, .. } | Self::Split { cover, .. } => *cover,
        }
    }
}

/// The question a split asks of a value that is not missing; yes goes left.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// `value < threshold`; the threshold may be infinite, not NaN.
    Less(f32),
    /// As [`Self::Less`], and a zero (within `±1e-35`) counts as missing: LightGBM's
    /// `zero_as_missing`.
    LessUnlessZero(f32),
    /// The category code is not listed. Values are truncated to whole numbers; negative ones
    /// and those of [`MAX_CATEGORY`] and above are never listed.
    NotIn(Vec<u32>),
}

/// Whether a set has the bit of a category value: the rule of XGBoost's category splits.
pub(super) fn set_contains(words: &[u32], value: f32) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "2^24 is exact in f32")]
    if !(value >= 0.0 && value < MAX_CATEGORY as f32) {
        return false;
    }
    #[expect(clippy::cast_sign_loss, reason = "checked above: 0 <= value < 2^24")]
    let code = value as u32;
    words
        .get((code / 32) as usize)
        .is_some_and(|word| word & bit(code) != 0)
}

/// The words of a set of codes below [`MAX_CATEGORY`].
pub(super) fn words_of(codes: &[u32]) -> Vec<u32> {
    let n_words = codes.iter().max().map_or(0, |&code| code as usize / 32 + 1);
    let mut words = vec![0; n_words];
    for &code in codes {
        words[(code / 32) as usize] |= bit(code);
    }
    words
}

/// The codes of a set, increasing.
pub(super) fn codes_of(words: &[u32]) -> Vec<u32> {
    let n_bits = (words.len() * 32) as u32;
    (0..n_bits)
        .filter(|code| words[(code / 32) as usize] & bit(*code) != 0)
        .collect()
}

fn bit(code: u32) -> u32 {
    1 << (code % 32)
}

#[cfg(test)]
mod tests {
    use super::{codes_of, set_contains, words_of};

    #[test]
    fn sets_keep_their_codes_and_truncate_values() {
        let words = words_of(&[70, 0, 33]);
        assert_eq!(codes_of(&words), [0, 33, 70]);
        for (value, listed) in [
            (0.0, true),
            (-0.0, true),
            (33.9, true),
            (34.0, false),
            (-0.5, false),
            (-1.0, false),
        ] {
            assert_eq!(set_contains(&words, value), listed, "{value}");
        }
        for value in [1e9, f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
            assert!(!set_contains(&words, value), "{value} is no category");
        }
    }
}
