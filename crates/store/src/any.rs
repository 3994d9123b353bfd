//! The two drivers as one. Alone in its module: the derive imports everything beside it.

use diesel::{PgConnection, SqliteConnection};

/// Either driver; queries written against it run on both.
#[derive(diesel::MultiConnection)]
pub(crate) enum AnyConnection {
    /// A file.
    Sqlite(SqliteConnection),
    /// A server.
    Postgres(PgConnection),
}
