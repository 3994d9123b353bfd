//! The registry on both databases and both blob stores.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod aliases;
mod bundles;
mod concurrent;
mod everywhere;
mod runs;
mod sample;
mod transfer;
mod versions;
