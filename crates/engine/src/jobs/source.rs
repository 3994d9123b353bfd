//! Where the data of a job comes from.

use serde::{Deserialize, Serialize};

/// A file of customers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Source {
    /// What somebody uploaded: it lies in the blob store.
    Blob {
        /// SHA-256 of the content, hex.
        blob: String,
        /// The name it came under; its ending says CSV, gzip or Parquet.
        name: String,
    },
    /// A file on the worker's machine. Only who may write the configuration may name one.
    File {
        /// Its path.
        file: std::path::PathBuf,
    },
}
