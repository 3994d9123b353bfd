//! Learning from the outside: leaks planted, runs repeated, searches resumed, models
//! of other libraries.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests: what does not work out fails the test that called them"
)]

mod battery;
mod combine;
mod imports;
mod leaks;
mod runs;
mod sample;
