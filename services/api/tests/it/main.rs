//! The service over real HTTP.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod access;
mod app;
mod batch;
mod client;
mod customers;
mod document;
mod hostile;
mod jobs;
mod log;
mod model;
mod models;
mod overload;
mod overview;
mod people;
mod protocol;
mod scoring;
mod service;
mod shared;
mod stores;
