//! Tasks that one process at a time may do.

use diesel::prelude::*;

use crate::connection::Connection;
use crate::error::Error;
use crate::schema::leases;

/// Who does a task.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = leases)]
pub struct Lease {
    /// The task.
    pub name: String,
    /// Who holds it.
    pub holder: String,
    /// Grows with every sign of life.
    pub beat: i64,
}

/// Who does a task; none when nobody ever did.
///
/// # Errors
///
/// The database does not answer.
pub fn find(connection: &mut Connection, name: &str) -> Result<Option<Lease>, Error> {
    let answer = leases::table
        .find(name)
        .first(&mut connection.any)
        .optional();
    connection.name("looking up a lease", answer)
}

/// Takes a task nobody ever did.
///
/// # Errors
///
/// [`Error::AlreadyExists`] when another process took it at the same moment.
pub fn insert(connection: &mut Connection, name: &str, holder: &str) -> Result<(), Error> {
    let new = Lease {
        name: name.to_owned(),
        holder: holder.to_owned(),
        beat: 1,
    };
    let answer = diesel::insert_into(leases::table)
        .values(new)
        .execute(&mut connection.any);
    connection.name("taking a lease", answer).map(drop)
}

/// Gives a sign of life as `holder`, if the lease is still exactly as `seen`: renews one's own,
/// takes over that of a holder who stood still. Returns whether it was.
///
/// # Errors
///
/// The database does not answer.
pub fn take(connection: &mut Connection, seen: &Lease, holder: &str) -> Result<bool, Error> {
    let as_seen = leases::table
        .find(&seen.name)
        .filter(leases::holder.eq(&seen.holder))
        .filter(leases::beat.eq(seen.beat));
    let answer = diesel::update(as_seen)
        .set((leases::holder.eq(holder), leases::beat.eq(seen.beat + 1)))
        .execute(&mut connection.any);
    connection.name("renewing a lease", answer).map(|n| n == 1)
}

/// Gives a lease up, so that others need not wait. Returns whether `holder` had it.
///
/// # Errors
///
/// The database does not answer.
pub fn release(connection: &mut Connection, name: &str, holder: &str) -> Result<bool, Error> {
    let own = leases::table.find(name).filter(leases::holder.eq(holder));
    let answer = diesel::delete(own).execute(&mut connection.any);
    connection.name("giving a lease up", answer).map(|n| n == 1)
}
