//! Learning from the outside: leaks planted, runs repeated, searches resumed.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests: what does not work out fails the test that called them"
)]

mod combine;
mod leaks;
mod runs;
mod sample;
