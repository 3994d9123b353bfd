//! The service over real HTTP.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod access;
mod app;
mod batch;
mod client;
mod document;
mod hostile;
mod log;
mod model;
mod protocol;
mod scoring;
mod service;
