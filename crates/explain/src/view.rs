//! What values are summed up to: groups of matrix columns, or pairs of groups.

/// One number per group, or per pair of different groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Values,
    Pairs,
}

/// Original columns, or the matrix columns themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Groups,
    Columns,
}

/// Where each matrix column counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    /// The group of each matrix column.
    pub(crate) groups: Vec<u32>,
    pub(crate) n_groups: usize,
    pub(crate) kind: Kind,
}

impl View {
    /// Numbers per row: one per group, or one per pair of groups.
    pub(crate) fn len(&self) -> usize {
        match self.kind {
            Kind::Values => self.n_groups,
            Kind::Pairs => self.n_groups * self.n_groups.saturating_sub(1) / 2,
        }
    }

    /// Where a pair of matrix columns counts, the order of the two aside; `None` within a
    /// group.
    pub(crate) fn pair(&self, one: u32, other: u32) -> Option<u32> {
        let (one, other) = (self.groups[one as usize], self.groups[other as usize]);
        let (low, high) = (one.min(other), one.max(other));
        (low != high).then(|| high * (high - 1) / 2 + low)
    }

    /// The distinct places some matrix columns count at, increasing.
    pub(crate) fn places(&self, columns: &[u32]) -> Vec<u32> {
        let mut places: Vec<u32> = match self.kind {
            Kind::Values => columns.iter().map(|&c| self.groups[c as usize]).collect(),
            Kind::Pairs => {
                let others = |place: usize| columns[..place].iter();
                let pairs = columns.iter().enumerate().flat_map(|(place, &one)| {
                    others(place).filter_map(move |&other| self.pair(one, other))
                });
                pairs.collect()
            }
        };
        places.sort_unstable();
        places.dedup();
        places
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, View};

    #[test]
    fn pairs_are_numbered_without_gaps() {
        let view = View {
            groups: vec![0, 1, 2, 3, 0],
            n_groups: 4,
            kind: Kind::Pairs,
        };
        assert_eq!(view.places(&[0, 1, 2, 3, 4]), [0, 1, 2, 3, 4, 5]);
        assert_eq!(view.len(), 6);
        assert_eq!(view.pair(4, 0), None);
        assert_eq!(view.pair(4, 1), view.pair(1, 0));
    }
}
