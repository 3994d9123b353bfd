//! What can go wrong with models and their versions.

use std::path::PathBuf;

use churn_store::AsStoreError;

use crate::verify::Problem;
use crate::version::Version;

/// A fault of the registry.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database or the blob store.
    #[error(transparent)]
    Store(#[from] churn_store::Error),
    /// No model is registered.
    #[error(
        "there is no model yet, so {given:?} names nothing; train one with `churn train` or import one"
    )]
    NoModels {
        /// The reference as given.
        given: String,
    },
    /// Nothing has this name.
    #[error(
        "there is no model {given:?}{}; there are {}",
        nearest.as_ref().map(|name| format!(", did you mean {name:?}?")).unwrap_or_default(),
        known.join(", ")
    )]
    UnknownReference {
        /// The reference as given.
        given: String,
        /// The nearest name there is, when one is near.
        nearest: Option<String>,
        /// Aliases and versions there are, newest first.
        known: Vec<String>,
    },
    /// A text that cannot name an alias.
    #[error(
        "{given:?} cannot be the name of an alias: expected 1 to 64 of a-z, 0-9 and -, starting with a letter, not \"latest\" and not like a version"
    )]
    BadAlias {
        /// The name as given.
        given: String,
    },
    /// There is no earlier version to go back to.
    #[error("alias {alias:?} cannot be rolled back: it has named no other version before{}", now.as_ref().map(|v| format!(" {v}")).unwrap_or_default())]
    NothingToRollBack {
        /// Name of the alias.
        alias: String,
        /// The version it names now, if any.
        now: Option<String>,
    },
    /// Another process moved an alias since the caller looked at it.
    #[error(
        "alias {alias:?} was moved in the meantime: it named {}, now it names {}; look at the new one and decide again",
        expected.as_deref().unwrap_or("nothing"),
        now.as_deref().unwrap_or("nothing")
    )]
    Overtaken {
        /// Name of the alias.
        alias: String,
        /// The version the caller saw there, if any.
        expected: Option<String>,
        /// The version it names now, if any.
        now: Option<String>,
    },
    /// A version that must not serve because its bundle is not whole.
    #[error("{version} is not activated, its bundle does not verify: {}", problem.what)]
    Unverified {
        /// The version.
        version: Version,
        /// What is wrong with it.
        problem: Problem,
    },
    /// A bundle, or one part of it, is altered, truncated or not what it says.
    #[error("model bundle: {part}: {reason}; export it again, or restore it from a backup")]
    Bundle {
        /// File inside the bundle, or `zip` for the container.
        part: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The bundle was written by a newer program.
    #[error(
        "model bundle has format {found}, this program reads up to format {known}; install the newer program"
    )]
    UnknownFormat {
        /// The format of the bundle.
        found: u64,
        /// The newest format this program reads.
        known: u64,
    },
    /// The parts of a model do not fit together.
    #[error("model: {what}: expected {expected}, found {found}")]
    Inconsistent {
        /// Which part.
        what: String,
        /// What would have been right.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A run that is not running cannot be finished.
    #[error("run {id} cannot be finished: {reason}")]
    NotRunning {
        /// Id of the run.
        id: String,
        /// Whether it is unknown or has ended already.
        reason: &'static str,
    },
    /// No run has this id.
    #[error("there is no run {id:?}; `churn runs list` shows those there are")]
    UnknownRun {
        /// The id as given.
        id: String,
    },
    /// A run must name a recorded data file.
    #[error("data file {sha256} is not recorded; record it before starting a run on it")]
    UnknownDataset {
        /// Content of the file.
        sha256: String,
    },
    /// A stored version row cannot be read.
    #[error(
        "stored model {version}: {field} cannot be read: {reason}; restore the database from a backup"
    )]
    BadRow {
        /// The version.
        version: String,
        /// Column.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A file to export to could not be written; what was there is unchanged.
    #[error("can't write {}: {source}; {}", path.display(), churn_store::write_hint(source))]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file to import could not be read.
    #[error("can't read {}: {source}; {}", path.display(), churn_store::read_hint(source))]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file to import is no sound bundle.
    #[error("{} is not imported: {fault}", path.display())]
    Import {
        /// Which file.
        path: PathBuf,
        /// What is wrong with its content.
        fault: Box<Error>,
    },
}

impl AsStoreError for Error {
    fn as_store_error(&self) -> Option<&churn_store::Error> {
        match self {
            Self::Store(fault) => Some(fault),
            _ => None,
        }
    }
}
