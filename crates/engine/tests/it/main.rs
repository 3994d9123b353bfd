//! Integration tests of the engine, as one program.

#![expect(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a failed unwrap in a helper is a failed test; numbers are small"
)]

mod counterfactuals;
mod explained_files;
mod explaining;
mod files;
mod global;
mod jobs;
mod merged;
mod model;
mod prediction_log;
mod users;
