//! Movable names of model versions.

use diesel::prelude::*;

use crate::connection::Connection;
use crate::error::Error;
use crate::schema::aliases;
use crate::time::Timestamp;

/// One alias as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Alias {
    /// For example `champion`.
    pub name: String,
    /// The version it names now.
    pub version: String,
    /// When it was moved there.
    pub moved_at: Timestamp,
}

/// The alias with this name.
///
/// # Errors
///
/// The database does not answer.
pub fn find(connection: &mut Connection, name: &str) -> Result<Option<Alias>, Error> {
    let answer = aliases::table
        .find(name)
        .first(&mut connection.any)
        .optional();
    connection.name("looking up an alias", answer)
}

/// Every alias, by name.
///
/// # Errors
///
/// The database does not answer.
pub fn list(connection: &mut Connection) -> Result<Vec<Alias>, Error> {
    let answer = aliases::table
        .order(aliases::name)
        .load(&mut connection.any);
    connection.name("listing aliases", answer)
}

/// Points `name` at `version`, making the alias when it is new.
///
/// # Errors
///
/// [`Error::AlreadyExists`] when another process made the alias at the same moment.
pub fn set(
    connection: &mut Connection,
    name: &str,
    version: &str,
    moved_at: Timestamp,
) -> Result<(), Error> {
    let answer = diesel::update(aliases::table.find(name))
        .set((aliases::version.eq(version), aliases::moved_at.eq(moved_at)))
        .execute(&mut connection.any);
    if connection.name("moving an alias", answer)? == 1 {
        return Ok(());
    }
    let answer = diesel::insert_into(aliases::table)
        .values((
            aliases::name.eq(name),
            aliases::version.eq(version),
            aliases::moved_at.eq(moved_at),
        ))
        .execute(&mut connection.any);
    connection.name("making an alias", answer).map(drop)
}
