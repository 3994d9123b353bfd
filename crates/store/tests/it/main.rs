//! Storage on both databases and both blob stores.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod blobs;
mod cache;
mod customers;
mod database;
mod killed;
mod people;
mod queue;
mod tables;
