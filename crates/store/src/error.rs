//! What can go wrong with databases and blobs, and how to put it right.

use diesel::result::DatabaseErrorKind;
use diesel::result::Error as DieselError;

/// A fault of storage. Every variant says which database or object it is about.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is neither a Postgres nor a SQLite one.
    #[error(
        "database address {place} is not understood; write postgres://user@host/name, sqlite:PATH, or leave it out for a file under the home folder"
    )]
    UnknownAddress {
        /// The address with its password removed.
        place: String,
    },
    /// The database could not be opened or reached.
    #[error("cannot open database {place}: {reason}; {fix}")]
    CannotOpen {
        /// Path or address.
        place: String,
        /// What the driver said.
        reason: String,
        /// What to do about it.
        fix: &'static str,
    },
    /// The file exists and is something else.
    #[error(
        "{place} is not a SQLite database (or it is damaged); move it away or name another file with --home or CHURN_DATABASE_URL"
    )]
    NotADatabase {
        /// Path of the file.
        place: String,
    },
    /// The place cannot be written.
    #[error(
        "{place} is read-only; give this user write permission on it and on its folder, or choose another with --home"
    )]
    ReadOnly {
        /// Path or address.
        place: String,
    },
    /// A file is where a folder is needed.
    #[error(
        "{place} is not a folder: a file has its name or that of a folder above it; move it away, or name another folder with --home"
    )]
    NotAFolder {
        /// Path of the folder.
        place: String,
    },
    /// No space is left.
    #[error("the disk that holds {place} is full; free some space and try again, nothing was lost")]
    DiskFull {
        /// Path or address.
        place: String,
    },
    /// Another process kept the database longer than the waiting time.
    #[error(
        "database {place} stayed locked by another process for {waited_seconds} seconds; wait until it has finished and try again"
    )]
    Locked {
        /// Path or address.
        place: String,
        /// How long this process waited, seconds.
        waited_seconds: u64,
    },
    /// A newer program has already changed the tables.
    #[error(
        "database {place} was made by a newer program (it has migration {found}, this program knows up to {known}); install the newer program, or restore a backup made before the upgrade"
    )]
    SchemaNewer {
        /// Path or address.
        place: String,
        /// The newest migration in the database.
        found: String,
        /// The newest migration this program has.
        known: String,
    },
    /// A migration failed; the database is as it was before.
    #[error("cannot bring database {place} up to date: {reason}; it was left as it was")]
    Migration {
        /// Path or address.
        place: String,
        /// What the driver said.
        reason: String,
    },
    /// A unique key is already taken.
    #[error("{what}: the key already exists in {place}")]
    AlreadyExists {
        /// Path or address.
        place: String,
        /// What was being done.
        what: &'static str,
    },
    /// Two processes changed the same rows; doing it again works.
    #[error(
        "{what}: another process changed the same rows of {place} at the same moment; try again"
    )]
    Conflict {
        /// Path or address.
        place: String,
        /// What was being done.
        what: &'static str,
    },
    /// Any other answer of the database.
    #[error("{what} in {place}: {source}")]
    Query {
        /// Path or address.
        place: String,
        /// What was being done.
        what: &'static str,
        /// What the driver said.
        source: DieselError,
    },
    /// A stored value is not one of those this program knows.
    #[error("{place}: {field} holds {value:?}, expected one of {expected}")]
    UnknownValue {
        /// Path or address.
        place: String,
        /// Table and column.
        field: &'static str,
        /// What was found.
        value: String,
        /// What would have been right.
        expected: &'static str,
    },
    /// The address of the blob store is not understood or incomplete.
    #[error("blob address {address}: {reason}; write file:///path or s3://bucket/prefix")]
    BlobAddress {
        /// The address as given.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A folder or a blob store could not be reached, or refused.
    #[error("{what} in {place}: {reason}")]
    Blob {
        /// Folder or bucket.
        place: String,
        /// What was being done.
        what: &'static str,
        /// What the store said.
        reason: String,
    },
    /// There is no blob under this hash.
    #[error(
        "blob {key} is not in {place}; restore it from a backup or import it again, and see `churn models verify` for everything that is missing"
    )]
    Missing {
        /// Folder or bucket.
        place: String,
        /// SHA-256 of the content.
        key: String,
    },
    /// What is stored is not what was written.
    #[error(
        "blob {key} in {place} is altered or truncated: its content has hash {found} and {found_bytes} bytes; restore it from a backup or import it again"
    )]
    Corrupt {
        /// Folder or bucket.
        place: String,
        /// SHA-256 the content must have.
        key: String,
        /// SHA-256 the content has.
        found: String,
        /// Length of the content, bytes.
        found_bytes: u64,
    },
    /// The address of the cache is not one of Redis.
    #[error("the cache address is not understood: {reason}; write redis://user:password@host:port")]
    CacheAddress {
        /// What the reader said; without the address, which may hold a password.
        reason: String,
    },
    /// A key that is not 64 lower-case hexadecimal digits.
    #[error("blob key {key:?} is not a SHA-256: expected 64 lower-case hexadecimal digits")]
    BadKey {
        /// The key as given.
        key: String,
    },
}

/// Seconds a SQLite connection waits for another writer before it gives up.
pub(crate) const BUSY_SECONDS: u64 = 10;

impl Error {
    /// Names the fault behind an answer of the database.
    pub(crate) fn query(place: &str, what: &'static str, source: DieselError) -> Self {
        let place_owned = || place.to_owned();
        match &source {
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
                Self::AlreadyExists {
                    place: place_owned(),
                    what,
                }
            }
            DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => {
                Self::Conflict {
                    place: place_owned(),
                    what,
                }
            }
            DieselError::DatabaseError(_, information) => {
                match Self::from_message(place, information.message()) {
                    Some(fault) => fault,
                    None => Self::Query {
                        place: place_owned(),
                        what,
                        source,
                    },
                }
            }
            _ => Self::Query {
                place: place_owned(),
                what,
                source,
            },
        }
    }

    /// Recognises the messages of SQLite and Postgres that have a known cure. Diesel keeps no
    /// error number, so the text is all there is; it is fixed in SQLite's `sqlite3ErrStr`.
    pub(crate) fn from_message(place: &str, message: &str) -> Option<Self> {
        let place = place.to_owned();
        let has = |part: &str| message.contains(part);
        if has("file is not a database") || has("malformed") {
            Some(Self::NotADatabase { place })
        } else if has("readonly database") || has("read-only") {
            Some(Self::ReadOnly { place })
        } else if has("disk is full") || has("No space left") {
            Some(Self::DiskFull { place })
        } else if has("database is locked") || has("table is locked") {
            Some(Self::Locked {
                place,
                waited_seconds: BUSY_SECONDS,
            })
        } else {
            None
        }
    }

    /// Names the fault behind an answer of the operating system.
    pub(crate) fn from_io(place: &str, what: &'static str, fault: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let place = place.to_owned();
        match fault.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { place },
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull { place },
            // Making a folder answers so when a file has its name, or that of a folder above.
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory => Self::NotAFolder { place },
            _ => Self::Blob {
                place,
                what,
                reason: fault.to_string(),
            },
        }
    }

    /// Whether doing the same transaction once more may succeed.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::AlreadyExists { .. } | Self::Conflict { .. })
    }
}

#[cfg(test)]
mod tests {
    use diesel::connection::{Connection as _, SimpleConnection};
    use diesel::{QueryResult, SqliteConnection};

    use super::*;

    fn named(answer: QueryResult<()>) -> Error {
        Error::query("churn.db", "testing", answer.unwrap_err())
    }

    #[test]
    fn faults_of_sqlite_itself_are_recognised_by_their_messages() {
        let mut memory = SqliteConnection::establish(":memory:").unwrap();
        memory
            .batch_execute("CREATE TABLE t (x TEXT); PRAGMA max_page_count = 3")
            .unwrap();
        let fill = "INSERT INTO t VALUES (zeroblob(100000))";
        let full = named(memory.batch_execute(fill));
        assert!(matches!(full, Error::DiskFull { .. }), "{full}");
        memory.batch_execute("PRAGMA query_only = ON").unwrap();
        let read_only = named(memory.batch_execute("DELETE FROM t"));
        assert!(matches!(read_only, Error::ReadOnly { .. }), "{read_only}");
    }

    #[test]
    fn a_lock_held_by_another_is_recognised() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("churn.db").display().to_string();
        let mut holder = SqliteConnection::establish(&path).unwrap();
        holder
            .batch_execute("BEGIN EXCLUSIVE; CREATE TABLE t (x TEXT)")
            .unwrap();
        let mut other = SqliteConnection::establish(&path).unwrap();
        let locked = named(other.batch_execute("CREATE TABLE u (x TEXT)"));
        assert!(matches!(locked, Error::Locked { .. }), "{locked}");
        assert!(
            locked.to_string().contains("churn.db stayed locked"),
            "{locked}"
        );
    }
}
