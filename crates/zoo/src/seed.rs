//! Seeds for parts of a run, all derived from the one the user gives.

/// A seed for the part of a run named `purpose` and numbered `index`.
///
/// Parts get unrelated streams, and adding a part does not change the others'. Mixing is
/// SplitMix64's finaliser (Steele, Lea and Flood, 2014) over an FNV-1a hash of the name.
#[must_use]
pub fn derive_seed(seed: u64, purpose: &str, index: u64) -> u64 {
    let name = purpose
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    mix(mix(seed ^ name).wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::derive_seed;

    #[test]
    fn parts_differ_and_repeat() {
        assert_eq!(derive_seed(1, "folds", 0), derive_seed(1, "folds", 0));
        assert_ne!(derive_seed(1, "folds", 0), derive_seed(1, "folds", 1));
        assert_ne!(derive_seed(1, "folds", 0), derive_seed(1, "split", 0));
        assert_ne!(derive_seed(1, "folds", 0), derive_seed(2, "folds", 0));
    }
}
