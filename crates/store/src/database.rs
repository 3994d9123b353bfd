//! The database: opening, migrating, transactions.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::r2d2::{ManageConnection as _, NopErrorHandler, Pool, PooledConnection};

use crate::address::Address;
use crate::any::AnyConnection;
use crate::connection::{Connection, Manager};
use crate::error::{BUSY_SECONDS, Error};
use crate::migrate::{Migrated, migrate};

/// Which database is behind a [`Database`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A SQLite file.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

/// A pool of connections to one migrated database. Cloning shares the pool.
#[derive(Clone)]
pub struct Database {
    pool: Pool<Manager>,
    backend: Backend,
    place: Arc<str>,
    migrated: Arc<Migrated>,
    /// SQLite has one writer: threads of this process queue here, in order, instead of asking
    /// the file again and again.
    writer: Arc<Mutex<()>>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl Database {
    /// Opens the database at `url` with at most `pool_size` connections (at least 1) and
    /// brings its tables up to date. A SQLite file that does not exist is made, with the
    /// folders above it.
    ///
    /// `url` is `postgres://user:password@host:port/name`, `sqlite:PATH` or a plain path.
    ///
    /// # Errors
    ///
    /// The address is not understood, the place cannot be opened or written, the file is not
    /// a database, or a newer program has already changed its tables.
    pub fn open(url: &str, pool_size: u32) -> Result<Self, Error> {
        let address = Address::parse(url)?;
        let place: Arc<str> = address.shown().into();
        let backend = match &address {
            Address::Sqlite(_) => Backend::Sqlite,
            Address::Postgres(_) => Backend::Postgres,
        };
        let manager = Manager {
            address,
            place: Arc::clone(&place),
        };
        if let Address::Sqlite(path) = &manager.address {
            make_parent(path)?;
        }
        // The first connection is opened by hand: a pool would only say that it timed out.
        let mut first = manager.connect()?;
        if backend == Backend::Sqlite {
            use_write_ahead_log(&mut first)?;
        }
        let migrated = in_transaction(&mut first, migrate)?;
        drop(first);
        let pool = Pool::builder()
            .max_size(pool_size.max(1))
            .min_idle(Some(0))
            .connection_timeout(Duration::from_secs(2 * BUSY_SECONDS))
            .error_handler(Box::new(NopErrorHandler))
            .build_unchecked(manager);
        Ok(Self {
            pool,
            backend,
            place,
            migrated: Arc::new(migrated),
            writer: Arc::default(),
        })
    }

    /// Which database this is.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Path or address, without password.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What opening did to the tables.
    pub fn migrated(&self) -> &Migrated {
        &self.migrated
    }

    /// Runs `work` in one transaction: all of it is stored or none.
    ///
    /// On SQLite the write lock is taken at the start, because a reader that turns writer
    /// half-way is refused without waiting; one transaction inside another would wait for itself.
    /// A returned `Ok` is on the disk.
    ///
    /// # Errors
    ///
    /// What `work` returns, or the fault of the database; in both cases nothing was stored.
    pub fn transaction<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        // A poisoned lock only says that some work panicked; its transaction was undone.
        let _turn = (self.backend == Backend::Sqlite)
            .then(|| self.writer.lock().unwrap_or_else(PoisonError::into_inner));
        let mut connection = self.connection()?;
        in_transaction(&mut connection, work)
    }

    /// Runs `work` outside any transaction: for single reads.
    ///
    /// # Errors
    ///
    /// What `work` returns, or that no connection could be had.
    pub fn read<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.connection()?;
        work(&mut connection)
    }

    /// Like [`transaction`](Self::transaction), done again from the start when another
    /// process took the same key or changed the same rows at the same moment.
    ///
    /// # Errors
    ///
    /// The last fault after 50 attempts, or any other fault at once.
    pub fn transaction_with_retry<T, E: From<Error> + AsStoreError>(
        &self,
        mut work: impl FnMut(&mut Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        const ATTEMPTS: u32 = 50;
        let mut attempt = 1;
        loop {
            match self.transaction(&mut work) {
                Err(fault)
                    if attempt < ATTEMPTS
                        && fault.as_store_error().is_some_and(Error::is_retryable) =>
                {
                    attempt += 1;
                }
                answer => return answer,
            }
        }
    }

    fn connection(&self) -> Result<PooledConnection<Manager>, Error> {
        self.pool.get().map_err(|fault| Error::CannotOpen {
            place: self.place.to_string(),
            reason: fault.to_string(),
            fix: "all connections are in use or the server does not answer; raise database.pool or check the server",
        })
    }
}

/// Lets [`Database::transaction_with_retry`] see whether a caller's error is one of ours.
pub trait AsStoreError {
    /// The storage fault inside, if that is what this is.
    fn as_store_error(&self) -> Option<&Error>;
}

impl AsStoreError for Error {
    fn as_store_error(&self) -> Option<&Error> {
        Some(self)
    }
}

fn make_parent(path: &str) -> Result<(), Error> {
    let folder = match std::path::Path::new(path).parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => return Ok(()),
    };
    let place = folder.display().to_string();
    std::fs::create_dir_all(folder)
        .map_err(|fault| Error::from_io(&place, "making the folder", &fault))
}

fn in_transaction<T, E: From<Error>>(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection) -> Result<T, E>,
) -> Result<T, E> {
    let begun = match &mut connection.any {
        AnyConnection::Sqlite(c) => {
            AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE")
        }
        AnyConnection::Postgres(c) => AnsiTransactionManager::begin_transaction(c),
    };
    connection.name("starting a transaction", begun)?;
    match work(connection) {
        Ok(value) => {
            let committed = match &mut connection.any {
                AnyConnection::Sqlite(c) => AnsiTransactionManager::commit_transaction(c),
                AnyConnection::Postgres(c) => AnsiTransactionManager::commit_transaction(c),
            };
            connection.name("committing", committed)?;
            Ok(value)
        }
        Err(fault) => {
            // The fault of the work is the one to report; a connection whose rollback also
            // fails is found broken by the pool and thrown away.
            let _ = match &mut connection.any {
                AnyConnection::Sqlite(c) => AnsiTransactionManager::rollback_transaction(c),
                AnyConnection::Postgres(c) => AnsiTransactionManager::rollback_transaction(c),
            };
            Err(fault)
        }
    }
}

/// Switches the file to write-ahead logging, once in its life. The switch does not wait for
/// other processes by itself, hence the loop.
fn use_write_ahead_log(connection: &mut Connection) -> Result<(), Error> {
    let step = Duration::from_millis(50);
    let mut waited = Duration::ZERO;
    loop {
        let answer = connection.any.batch_execute("PRAGMA journal_mode = WAL");
        match connection.name("switching to write-ahead logging", answer) {
            Err(Error::Locked { .. }) if waited < Duration::from_secs(BUSY_SECONDS) => {
                std::thread::sleep(step);
                waited += step;
            }
            answer => return answer,
        }
    }
}
