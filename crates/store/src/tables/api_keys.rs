//! Keys of programs.

use diesel::prelude::*;

use crate::connection::Connection;
use crate::error::Error;
use crate::schema::api_keys;
use crate::time::Timestamp;

/// One key, without the key.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = api_keys)]
pub struct ApiKey {
    /// UUID version 7.
    pub id: String,
    /// Its owner.
    pub user_id: String,
    /// What it is for.
    pub label: String,
    /// The first characters of the key.
    pub hint: String,
    /// SHA-256 of the key, hex.
    pub key_sha256: String,
    /// Names of scopes, separated by spaces.
    pub scopes: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; none = never.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked; none while it works.
    pub revoked_at: Option<Timestamp>,
}

/// Adds a key.
///
/// # Errors
///
/// The owner does not exist, or the database does not answer.
pub fn insert(connection: &mut Connection, new: &ApiKey) -> Result<(), Error> {
    let answer = diesel::insert_into(api_keys::table)
        .values(new.clone())
        .execute(&mut connection.any);
    connection.name("adding an API key", answer).map(drop)
}

/// The key with this id.
///
/// # Errors
///
/// The database does not answer.
pub fn find(connection: &mut Connection, id: &str) -> Result<Option<ApiKey>, Error> {
    let answer = api_keys::table
        .find(id)
        .first(&mut connection.any)
        .optional();
    connection.name("looking up an API key", answer)
}

/// The key whose SHA-256 is `key_sha256`, revoked and expired ones too.
///
/// # Errors
///
/// The database does not answer.
pub fn find_by_hash(
    connection: &mut Connection,
    key_sha256: &str,
) -> Result<Option<ApiKey>, Error> {
    let answer = api_keys::table
        .filter(api_keys::key_sha256.eq(key_sha256))
        .first(&mut connection.any)
        .optional();
    connection.name("looking up an API key by its hash", answer)
}

/// Every key, revoked ones too, in the order in which they were made.
///
/// # Errors
///
/// The database does not answer.
pub fn list(connection: &mut Connection) -> Result<Vec<ApiKey>, Error> {
    let answer = api_keys::table
        .order(api_keys::id)
        .load(&mut connection.any);
    connection.name("listing API keys", answer)
}

/// Revokes a key. Returns whether it worked until now.
///
/// # Errors
///
/// The database does not answer.
pub fn revoke(connection: &mut Connection, id: &str, at: Timestamp) -> Result<bool, Error> {
    let answer = diesel::update(
        api_keys::table
            .find(id)
            .filter(api_keys::revoked_at.is_null()),
    )
    .set(api_keys::revoked_at.eq(Some(at)))
    .execute(&mut connection.any);
    connection
        .name("revoking an API key", answer)
        .map(|n| n == 1)
}
