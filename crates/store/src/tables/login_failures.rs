//! Failed logins, counted per name and per address.

use diesel::prelude::*;

use crate::any::AnyConnection;
use crate::connection::Connection;
use crate::error::Error;
use crate::schema::login_failures;
use crate::time::Timestamp;

/// The failures of one subject.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = login_failures)]
pub struct LoginFailures {
    /// `user:NAME` or `client:ADDRESS`.
    pub subject: String,
    /// Failures in a row.
    pub n_failures: i32,
    /// The last of them.
    pub last_at: Timestamp,
    /// No attempt is looked at before this.
    pub blocked_until: Timestamp,
}

/// What is known about a subject; none = no failures. Until the end of the transaction nobody else
/// changes it, so that failures at the same moment are all counted.
///
/// # Errors
///
/// The database does not answer.
pub fn find(connection: &mut Connection, subject: &str) -> Result<Option<LoginFailures>, Error> {
    let known = login_failures::table.find(subject);
    let answer = match &mut connection.any {
        // The transaction holds the only write lock.
        AnyConnection::Sqlite(c) => known.first(c).optional(),
        AnyConnection::Postgres(c) => known.for_update().first(c).optional(),
    };
    connection.name("looking up failed logins", answer)
}

/// Writes the first failure of a subject that [`find`] does not know.
///
/// # Errors
///
/// [`Error::AlreadyExists`] when another process wrote the first failure at the same moment;
/// doing the transaction again finds it.
pub fn insert(connection: &mut Connection, first: &LoginFailures) -> Result<(), Error> {
    let answer = diesel::insert_into(login_failures::table)
        .values(first.clone())
        .execute(&mut connection.any);
    connection
        .name("counting a first failed login", answer)
        .map(drop)
}

/// Writes what is now known about a subject that [`find`] gave, and so holds, in this transaction.
///
/// # Errors
///
/// The database does not answer.
pub fn update(connection: &mut Connection, new: &LoginFailures) -> Result<(), Error> {
    let answer = diesel::update(login_failures::table.find(&new.subject))
        .set((
            login_failures::n_failures.eq(new.n_failures),
            login_failures::last_at.eq(new.last_at),
            login_failures::blocked_until.eq(new.blocked_until),
        ))
        .execute(&mut connection.any);
    connection.name("counting a failed login", answer).map(drop)
}

/// Forgets the failures of a subject.
///
/// # Errors
///
/// The database does not answer.
pub fn delete(connection: &mut Connection, subject: &str) -> Result<(), Error> {
    let answer = diesel::delete(login_failures::table.find(subject)).execute(&mut connection.any);
    connection
        .name("forgetting failed logins", answer)
        .map(drop)
}

/// Forgets failures whose last was before `at`. Returns how many subjects were forgotten.
///
/// # Errors
///
/// The database does not answer.
pub fn delete_before(connection: &mut Connection, at: Timestamp) -> Result<usize, Error> {
    let old = login_failures::table.filter(login_failures::last_at.lt(at));
    let answer = diesel::delete(old).execute(&mut connection.any);
    connection.name("forgetting old failed logins", answer)
}
