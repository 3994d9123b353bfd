//! Storage on both databases and both blob stores.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod blobs;
mod database;
mod killed;
mod tables;
