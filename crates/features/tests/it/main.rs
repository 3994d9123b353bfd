//! Feature plans from the outside: one row as in any batch, and each kind of derived feature.

#![expect(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a failed unwrap in a helper is a failed test; cells are compared bit by bit on purpose"
)]

mod batches;
mod derived;
mod levels;
mod shop;
mod union;
