//! Tests of the public interface of the crate.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

mod golden;
mod hostile;
mod infer;
mod parquet;
mod properties;
mod rows;
mod spec;
mod support;
