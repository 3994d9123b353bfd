//! The worker on both databases: what is killed where, and what lands.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod faults;
mod real;
mod world;
