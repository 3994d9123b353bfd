//! Models of the real library, read and repeated without it.

#![expect(
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "helpers of tests count in small numbers and may panic"
)]

mod catboost;
mod fixture;
mod hostile;
mod importance;
mod lightgbm;
mod reader;
mod telco;
