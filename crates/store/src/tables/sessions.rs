//! Browsers that are logged in.

use diesel::prelude::*;

use crate::connection::Connection;
use crate::error::Error;
use crate::schema::sessions;
use crate::time::Timestamp;

/// One session, without its token.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = sessions)]
pub struct Session {
    /// SHA-256 of the token, hex.
    pub token_sha256: String,
    /// Who is logged in.
    pub user_id: String,
    /// Must come back with every change a page asks for.
    pub csrf_token: String,
    /// When it began.
    pub created_at: Timestamp,
    /// It ends then unless it is used before.
    pub idle_until: Timestamp,
    /// It ends then in any case.
    pub ends_at: Timestamp,
}

/// Adds a session.
///
/// # Errors
///
/// The user does not exist, or the database does not answer.
pub fn insert(connection: &mut Connection, new: &Session) -> Result<(), Error> {
    let answer = diesel::insert_into(sessions::table)
        .values(new.clone())
        .execute(&mut connection.any);
    connection.name("starting a session", answer).map(drop)
}

/// The session whose token has this hash, ended or not.
///
/// # Errors
///
/// The database does not answer.
pub fn find(connection: &mut Connection, token_sha256: &str) -> Result<Option<Session>, Error> {
    let answer = sessions::table
        .find(token_sha256)
        .first(&mut connection.any)
        .optional();
    connection.name("looking up a session", answer)
}

/// Pushes the idle end of a session forward.
///
/// # Errors
///
/// The database does not answer.
pub fn extend(
    connection: &mut Connection,
    token_sha256: &str,
    idle_until: Timestamp,
) -> Result<(), Error> {
    let answer = diesel::update(sessions::table.find(token_sha256))
        .set(sessions::idle_until.eq(idle_until))
        .execute(&mut connection.any);
    connection.name("extending a session", answer).map(drop)
}

/// Ends a session. Returns whether there was one.
///
/// # Errors
///
/// The database does not answer.
pub fn delete(connection: &mut Connection, token_sha256: &str) -> Result<bool, Error> {
    let answer = diesel::delete(sessions::table.find(token_sha256)).execute(&mut connection.any);
    connection.name("ending a session", answer).map(|n| n == 1)
}

/// Ends every session of a user. Returns how many there were.
///
/// # Errors
///
/// The database does not answer.
pub fn delete_of_user(connection: &mut Connection, user_id: &str) -> Result<usize, Error> {
    let answer = diesel::delete(sessions::table.filter(sessions::user_id.eq(user_id)))
        .execute(&mut connection.any);
    connection.name("ending the sessions of a user", answer)
}

/// Removes sessions that ended before `now`. Returns how many.
///
/// # Errors
///
/// The database does not answer.
pub fn delete_ended(connection: &mut Connection, now: Timestamp) -> Result<usize, Error> {
    let ended = sessions::idle_until.le(now).or(sessions::ends_at.le(now));
    let answer = diesel::delete(sessions::table.filter(ended)).execute(&mut connection.any);
    connection.name("removing ended sessions", answer)
}
