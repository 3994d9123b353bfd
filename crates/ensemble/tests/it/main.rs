//! Models of the real library, read and repeated without it.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "tests count in small numbers"
)]

mod hostile;
mod reader;
mod telco;
