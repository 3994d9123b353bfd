//! Refresh tokens, each used once, in families that descend from one login.

use diesel::prelude::*;

use crate::connection::Connection;
use crate::error::Error;
use crate::schema::refresh_tokens;
use crate::time::Timestamp;

/// One token, without the token.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = refresh_tokens)]
pub struct RefreshToken {
    /// SHA-256 of the token, hex.
    pub token_sha256: String,
    /// The login it descends from.
    pub family: String,
    /// Whose it is.
    pub user_id: String,
    /// When it was given.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was exchanged for the next; none until then.
    pub used_at: Option<Timestamp>,
    /// When its family was ended; none while it works.
    pub revoked_at: Option<Timestamp>,
}

/// Adds a token.
///
/// # Errors
///
/// The user does not exist, or the database does not answer.
pub fn insert(connection: &mut Connection, new: &RefreshToken) -> Result<(), Error> {
    let answer = diesel::insert_into(refresh_tokens::table)
        .values(new.clone())
        .execute(&mut connection.any);
    connection.name("adding a refresh token", answer).map(drop)
}

/// The token with this hash, used, revoked and expired ones too.
///
/// # Errors
///
/// The database does not answer.
pub fn find(
    connection: &mut Connection,
    token_sha256: &str,
) -> Result<Option<RefreshToken>, Error> {
    let answer = refresh_tokens::table
        .find(token_sha256)
        .first(&mut connection.any)
        .optional();
    connection.name("looking up a refresh token", answer)
}

/// Marks a token as used. Returns false when it was used or revoked already, also by another
/// process at the same moment: one use wins.
///
/// # Errors
///
/// The database does not answer.
pub fn mark_used(
    connection: &mut Connection,
    token_sha256: &str,
    at: Timestamp,
) -> Result<bool, Error> {
    let unused = refresh_tokens::table
        .find(token_sha256)
        .filter(refresh_tokens::used_at.is_null())
        .filter(refresh_tokens::revoked_at.is_null());
    let answer = diesel::update(unused)
        .set(refresh_tokens::used_at.eq(Some(at)))
        .execute(&mut connection.any);
    connection
        .name("using a refresh token", answer)
        .map(|n| n == 1)
}

/// Revokes every token of a family. Returns how many still worked.
///
/// # Errors
///
/// The database does not answer.
pub fn revoke_family(
    connection: &mut Connection,
    family: &str,
    at: Timestamp,
) -> Result<usize, Error> {
    let working = refresh_tokens::table
        .filter(refresh_tokens::family.eq(family))
        .filter(refresh_tokens::revoked_at.is_null());
    let answer = diesel::update(working)
        .set(refresh_tokens::revoked_at.eq(Some(at)))
        .execute(&mut connection.any);
    connection.name("revoking a family of refresh tokens", answer)
}

/// Revokes every token of a user. Returns how many still worked.
///
/// # Errors
///
/// The database does not answer.
pub fn revoke_of_user(
    connection: &mut Connection,
    user_id: &str,
    at: Timestamp,
) -> Result<usize, Error> {
    let working = refresh_tokens::table
        .filter(refresh_tokens::user_id.eq(user_id))
        .filter(refresh_tokens::revoked_at.is_null());
    let answer = diesel::update(working)
        .set(refresh_tokens::revoked_at.eq(Some(at)))
        .execute(&mut connection.any);
    connection.name("revoking the refresh tokens of a user", answer)
}

/// Removes tokens that expired before `now`. Returns how many.
///
/// # Errors
///
/// The database does not answer.
pub fn delete_expired(connection: &mut Connection, now: Timestamp) -> Result<usize, Error> {
    let expired = refresh_tokens::table.filter(refresh_tokens::expires_at.le(now));
    let answer = diesel::delete(expired).execute(&mut connection.any);
    connection.name("removing expired refresh tokens", answer)
}
