//! Where a registry keeps its things.

use std::path::Path;

use churn_store::BlobParams;

/// Addresses of the database and of the bundles.
#[derive(Clone, PartialEq, Eq)]
pub struct RegistryParams {
    /// `postgres://...`, `sqlite:PATH` or a path; may hold a password.
    pub database_url: String,
    /// Most connections at once, at least 1.
    pub database_pool: u32,
    /// Folder or bucket of the bundles.
    pub blobs: BlobParams,
}

impl RegistryParams {
    /// Everything under one folder: `churn.db` and `objects/`.
    pub fn under_home(home: &Path) -> Self {
        Self {
            database_url: format!("sqlite:{}", home.join("churn.db").display()),
            database_pool: 4,
            blobs: BlobParams::Folder(home.join("objects")),
        }
    }
}

impl std::fmt::Debug for RegistryParams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegistryParams")
            .field("database_pool", &self.database_pool)
            .field("blobs", &self.blobs)
            .finish_non_exhaustive()
    }
}
