//! One connection to either database, and its pool manager.

use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::r2d2::ManageConnection;
use diesel::{Connection as _, PgConnection, SqliteConnection};

use crate::address::Address;
use crate::any::AnyConnection;
use crate::error::{BUSY_SECONDS, Error};

/// A connection taken from a [`Database`](crate::Database); the table modules take it.
pub struct Connection {
    pub(crate) any: AnyConnection,
    /// Path or address without password, for messages.
    pub(crate) place: Arc<str>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Turns an answer of the driver into ours, naming the database.
    pub(crate) fn name<T>(
        &self,
        what: &'static str,
        answer: diesel::QueryResult<T>,
    ) -> Result<T, Error> {
        answer.map_err(|source| Error::query(&self.place, what, source))
    }
}

/// Opens and checks connections for the pool.
#[derive(Debug, Clone)]
pub(crate) struct Manager {
    pub(crate) address: Address,
    pub(crate) place: Arc<str>,
}

impl Manager {
    fn open_sqlite(&self, path: &str) -> Result<SqliteConnection, Error> {
        let mut connection = SqliteConnection::establish(path).map_err(|fault| {
            let reason = fault.to_string();
            Error::from_message(&self.place, &reason).unwrap_or(Error::CannotOpen {
                place: self.place.to_string(),
                reason,
                fix: "the folder must exist and be writable by this user; choose another with --home",
            })
        })?;
        // FULL: a committed transaction is on the disk before the caller hears of it.
        let pragmas = format!(
            "PRAGMA busy_timeout = {}; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL;",
            BUSY_SECONDS * 1000
        );
        connection
            .batch_execute(&pragmas)
            .map_err(|source| Error::query(&self.place, "setting up the connection", source))?;
        Ok(connection)
    }

    fn open_postgres(&self, url: &str) -> Result<PgConnection, Error> {
        PgConnection::establish(url).map_err(|fault| Error::CannotOpen {
            place: self.place.to_string(),
            reason: fault.to_string().trim().replace('\n', " "),
            fix: "check that the server runs and that CHURN_DATABASE_URL names its host, user and database",
        })
    }
}

impl ManageConnection for Manager {
    type Connection = Connection;
    type Error = Error;

    fn connect(&self) -> Result<Connection, Error> {
        let any = match &self.address {
            Address::Sqlite(path) => AnyConnection::Sqlite(self.open_sqlite(path)?),
            Address::Postgres(url) => AnyConnection::Postgres(self.open_postgres(url)?),
        };
        Ok(Connection {
            any,
            place: Arc::clone(&self.place),
        })
    }

    fn is_valid(&self, connection: &mut Connection) -> Result<(), Error> {
        let answer = connection.any.batch_execute("SELECT 1");
        connection.name("asking whether the connection is alive", answer)
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        use diesel::connection::{AnsiTransactionManager, TransactionManager as _};
        // A panic inside a transaction leaves it open: such a connection is thrown away.
        std::thread::panicking()
            || match &mut connection.any {
                AnyConnection::Sqlite(c) => {
                    AnsiTransactionManager::is_broken_transaction_manager(c)
                }
                AnyConnection::Postgres(c) => {
                    AnsiTransactionManager::is_broken_transaction_manager(c)
                }
            }
    }
}
