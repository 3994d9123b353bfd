//! Exactness: against all coalitions, all orders, and the library that trained the model.

#![expect(
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "helpers of tests count in small numbers and may panic"
)]

mod axioms;
mod brute;
mod faults;
mod library;
mod random;
#[path = "../../../ensemble/tests/it/telco.rs"]
mod telco;
