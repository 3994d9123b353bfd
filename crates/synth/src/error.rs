//! What can go wrong while writing synthetic rows.

/// A fault in the parameters or the output.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No rows were asked for.
    #[error("rows is 0: ask for at least one synthetic customer")]
    NoRows,
    /// The noise level is not a number in its range.
    #[error("noise is {value}: expected a number in 0..={max}, 1 is like the real file")]
    NoiseOutOfRange {
        /// The level asked for.
        value: f64,
        /// The largest accepted level.
        max: f64,
    },
    /// The rows could not be written.
    #[error("could not write row {row} of the synthetic snapshot: {source}")]
    Write {
        /// Rows written before, counted from 0; the header counts as row 0.
        row: u64,
        /// What the output said.
        source: std::io::Error,
    },
}
