//! All SQL, blobs, and what outlives the process.
//!
//! A [`Database`] is a pool of connections to SQLite or Postgres with its tables up to date;
//! the modules of [`tables`] hold one table each and run the same queries on both. [`Blobs`]
//! keeps files by the hash of their content, in a folder or in S3. [`PendingFile`] writes a file
//! whole or not at all. The [`queue`] hands out jobs. A [`Cache`] keeps what can be worked out
//! again, and counts requests, in memory or in Redis.
//!
//! ```
//! use churn_store::tables::datasets::{self, NewDataset};
//! use churn_store::{BlobParams, Blobs, Clock, Database, SystemClock};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let home = tempfile::tempdir()?;
//! let path = home.path().join("churn.db");
//! let database = Database::open(&path.display().to_string(), 4)?;
//! let blobs = Blobs::open(&BlobParams::Folder(home.path().join("objects")))?;
//!
//! let sha256 = blobs.put(b"customer,left\n1,no\n")?;
//! let file = NewDataset {
//!     sha256: &sha256,
//!     name: "tiny",
//!     origin: "tiny.csv",
//!     n_rows: 1,
//!     n_bytes: 19,
//!     spec_fingerprint: "none",
//!     first_seen_at: SystemClock.now(),
//! };
//! let seen = database.transaction(|connection| datasets::record(connection, &file))?;
//! assert_eq!(blobs.get(&seen.sha256)?, b"customer,left\n1,no\n");
//! # Ok(())
//! # }
//! ```
//!
//! Everything here but the cache blocks; async callers use their blocking pool. What it deliberately does
//! not do: decide what a version is called or which model serves (that is `churn-registry`),
//! read settings or the environment, or ask for the time except through [`Clock`].
//!
//! Layer 2. Only this crate contains SQL.

mod address;
mod any;
mod blob_files;
mod blobs;
mod cache;
mod connection;
mod database;
mod error;
mod ids;
mod migrate;
mod pending_file;
mod process;
pub mod queue;
mod schema;
pub mod tables;
mod time;

pub use blobs::{BlobParams, Blobs, S3Params, sha256_hex};
pub use cache::{Cache, CacheHealth, CacheParams, Rate, Verdict};
pub use connection::Connection;
pub use database::{AsStoreError, Backend, Database};
pub use error::Error;
pub use ids::new_id;
pub use migrate::Migrated;
pub use pending_file::{PendingFile, is_same_file, read_hint, write_hint};
pub use process::{has_ended, this_process};
pub use time::{Clock, ManualClock, SystemClock, Timestamp};
