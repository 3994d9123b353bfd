//! A sample of fixed size that depends on the rows alone, not on how they came.

/// One row kept in full.
#[derive(Debug, Clone)]
pub(crate) struct SampledRow {
    /// Scrambled row number; the sample is the rows with the smallest.
    pub(crate) rank: u64,
    /// Contributions, one per group.
    pub(crate) shap: Vec<f64>,
    /// Probability points per unit of contribution.
    pub(crate) points_per_unit: f64,
    /// The value of each group as text.
    pub(crate) texts: Vec<Option<String>>,
    /// The value of each group as a number, or NaN.
    pub(crate) numbers: Vec<f64>,
    /// The row of the model's matrix.
    pub(crate) matrix: Vec<f32>,
}

/// The rows with the smallest scrambled numbers: a uniform sample without replacement (bottom-k).
#[derive(Debug)]
pub(crate) struct Sample {
    most: usize,
    rows: Vec<SampledRow>,
}

impl Sample {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            rows: Vec::new(),
        }
    }

    /// Takes in the rows of one more chunk.
    pub(crate) fn extend(&mut self, rows: Vec<SampledRow>) {
        if rows.is_empty() {
            return;
        }
        self.rows.extend(rows);
        self.rows.sort_by_key(|row| row.rank);
        self.rows.truncate(self.most);
    }

    /// A row has to rank below this to get in.
    pub(crate) fn bound(&self) -> u64 {
        match self.rows.last() {
            Some(last) if self.rows.len() >= self.most => last.rank,
            _ => u64::MAX,
        }
    }

    /// The rows, by rank.
    pub(crate) fn rows(&self) -> &[SampledRow] {
        &self.rows
    }
}

/// Where a row ranks: the finaliser of SplitMix64 (Steele, Lea and Flood 2014), a bijection.
pub(crate) fn rank_of(row_number: u64) -> u64 {
    let value = row_number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u64) -> SampledRow {
        SampledRow {
            rank: rank_of(number),
            shap: Vec::new(),
            points_per_unit: 0.0,
            texts: Vec::new(),
            numbers: vec![number as f64],
            matrix: Vec::new(),
        }
    }

    #[test]
    fn the_order_of_chunks_does_not_matter() {
        let of_chunks = |sizes: &[u64], backwards: bool| {
            let mut chunks = Vec::new();
            let mut next = 1;
            for size in sizes {
                chunks.push((next..next + size).map(row).collect::<Vec<_>>());
                next += size;
            }
            if backwards {
                chunks.reverse();
            }
            let mut sample = Sample::new(50);
            chunks.into_iter().for_each(|chunk| sample.extend(chunk));
            let numbers = sample.rows().iter().map(|row| row.numbers[0]);
            numbers.collect::<Vec<_>>()
        };
        let whole = of_chunks(&[1000], false);
        assert_eq!(whole.len(), 50);
        assert_eq!(of_chunks(&[10, 700, 290], false), whole);
        assert_eq!(of_chunks(&[10, 700, 290], true), whole);
        let mean = whole.iter().sum::<f64>() / 50.0;
        assert!(
            (350.0..650.0).contains(&mean),
            "spread over all rows: {mean}"
        );
    }
}
