//! What tests share: where data lies, a database each, golden numbers.
//!
//! [`data_dir`] and [`xgboost_library`] find what is not in the repository. With the feature
//! `database`, `TestDatabase` is an empty database for one test; with `object-store`,
//! `S3Server` is a bucket for one test; with `redis`, `RedisServer` is a Redis for one test. What is absent is left out with one line on stderr, and
//! is a failure where `CI=true`.
//!
//! ```
//! if let Some(folder) = churn_testkit::data_dir() {
//!     assert!(folder.is_dir());
//! }
//! ```
//!
//! What it deliberately does not do: depend on any crate of the workspace, so that all of them
//! may use it in their tests. It is no part of any program.

#[cfg(feature = "database")]
mod database;
mod locate;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "object-store")]
mod s3;

#[cfg(feature = "database")]
pub use database::TestDatabase;
pub use locate::{data_dir, xgboost_library};
#[cfg(feature = "redis")]
pub use redis::RedisServer;
#[cfg(feature = "object-store")]
pub use s3::S3Server;
