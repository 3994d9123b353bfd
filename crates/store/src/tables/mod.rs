//! One module per table: the row as read, the row to insert, and functions that take a
//! connection. Functions never open a transaction; their callers do.

pub mod alias_moves;
pub mod aliases;
pub mod api_keys;
pub mod audit;
pub mod customers;
pub mod datasets;
pub mod job_log;
pub mod jobs;
pub mod leases;
pub mod login_failures;
pub mod model_versions;
pub mod predictions;
pub mod refresh_tokens;
pub mod runs;
pub mod sessions;
pub mod trials;
pub mod users;
