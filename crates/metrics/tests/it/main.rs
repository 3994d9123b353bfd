//! Integration tests: golden numbers, properties and determinism.

#![expect(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

mod definitions;
mod golden;
mod properties;
mod refusals;
mod resampling;
