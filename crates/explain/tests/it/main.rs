//! Exactness: against all coalitions, all orders, and the library that trained the model.

#![expect(
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "helpers of tests count in small numbers and may panic"
)]

mod axioms;
mod blend;
mod brute;
mod deep;
mod faults;
#[path = "../../../ensemble/tests/it/fixture.rs"]
mod fixture;
mod foreign;
mod library;
mod packages;
mod random;
mod shapley;
mod symmetric;
#[path = "../../../ensemble/tests/it/telco.rs"]
mod telco;
