//! Lists of different lengths, one per row, in one allocation.

/// Row `i` has the items from where row `i - 1` ends up to `ends[i]`.
pub(crate) struct Ragged<T> {
    items: Vec<T>,
    ends: Vec<usize>,
}

impl<T> Ragged<T> {
    pub(crate) fn with_capacity(n_rows: usize) -> Self {
        Self {
            items: Vec::new(),
            ends: Vec::with_capacity(n_rows),
        }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, items: impl IntoIterator<Item = T>) {
        self.items.extend(items);
        self.ends.push(self.items.len());
    }

    /// The items of a row; none for a row that was never added.
    pub(crate) fn row(&self, row: usize) -> &[T] {
        let start = match row.checked_sub(1) {
            None => 0,
            Some(before) => self.ends.get(before).copied().unwrap_or_default(),
        };
        let end = self.ends.get(row).copied().unwrap_or(start);
        &self.items[start..end]
    }
}

#[cfg(test)]
mod tests {
    use super::Ragged;

    #[test]
    fn rows_keep_their_own_items() {
        let mut rows = Ragged::with_capacity(3);
        rows.push([1, 2]);
        rows.push([]);
        rows.push([3]);
        assert_eq!(rows.row(0), [1, 2]);
        assert_eq!(rows.row(1), [0; 0]);
        assert_eq!(rows.row(2), [3]);
        assert_eq!(rows.row(3), [0; 0], "never added");
    }
}
