//! Brings a database up to the tables this program knows.

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::any::AnyConnection;
use crate::connection::Connection;
use crate::error::Error;

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// Any fixed number: processes that migrate the same Postgres database queue behind it.
const ADVISORY_LOCK: &str = "SELECT pg_advisory_xact_lock(7203482451)";

type Plain<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What opening a database did to its tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// Versions applied now, oldest first; empty when there was nothing to do.
    pub applied: Vec<String>,
    /// The version the database has now.
    pub current: String,
}

/// Brought up to date, or made by a newer program.
enum Outcome {
    Done(Migrated),
    Newer { found: String, known: String },
}

/// Applies every migration the database does not have yet, all or none of them.
///
/// The caller holds the transaction (see [`Database::open`](crate::Database::open)), so two
/// processes that start at once migrate one after the other.
pub(crate) fn migrate(connection: &mut Connection) -> Result<Migrated, Error> {
    let answer = match &mut connection.any {
        AnyConnection::Sqlite(inner) => run(inner, SQLITE),
        AnyConnection::Postgres(inner) => inner
            .batch_execute(ADVISORY_LOCK)
            .map_err(Into::into)
            .and_then(|()| run(inner, POSTGRES)),
    };
    let place = connection.place.to_string();
    match answer {
        Ok(Outcome::Done(migrated)) => Ok(migrated),
        Ok(Outcome::Newer { found, known }) => Err(Error::SchemaNewer {
            place,
            found,
            known,
        }),
        Err(fault) => {
            let reason = fault.to_string();
            Err(Error::from_message(&place, &reason).unwrap_or(Error::Migration { place, reason }))
        }
    }
}

fn run<DB, C>(connection: &mut C, source: EmbeddedMigrations) -> Plain<Outcome>
where
    DB: diesel::backend::Backend,
    C: MigrationHarness<DB>,
    EmbeddedMigrations: MigrationSource<DB>,
{
    let migrations: Vec<Box<dyn Migration<DB>>> = source.migrations()?;
    let mut known: Vec<String> = migrations
        .iter()
        .map(|m| m.name().version().to_string())
        .collect();
    known.sort();
    let newest_known = known.last().cloned().unwrap_or_default();
    let applied: Vec<MigrationVersion<'_>> = connection.applied_migrations()?;
    let foreign = applied
        .iter()
        .map(ToString::to_string)
        .find(|version| !known.contains(version));
    if let Some(found) = foreign {
        return Ok(Outcome::Newer {
            found,
            known: newest_known,
        });
    }
    let done = connection.run_pending_migrations(source)?;
    let applied = done.iter().map(ToString::to_string).collect();
    Ok(Outcome::Done(Migrated {
        applied,
        current: newest_known,
    }))
}
