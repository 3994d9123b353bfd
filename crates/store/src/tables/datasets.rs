//! Data files by content.

use diesel::prelude::*;

use crate::connection::Connection;
use crate::error::Error;
use crate::schema::datasets;
use crate::time::Timestamp;

/// One data file as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Dataset {
    /// SHA-256 of the bytes, hex.
    pub sha256: String,
    /// Name of the specification it was read with.
    pub name: String,
    /// The path as given when it was first seen.
    pub origin: String,
    /// Data rows.
    pub n_rows: i64,
    /// Length, bytes.
    pub n_bytes: i64,
    /// Fingerprint of the specification it was read with.
    pub spec_fingerprint: String,
    /// When these bytes were first seen.
    pub first_seen_at: Timestamp,
}

/// One data file to record; fields as in [`Dataset`].
#[derive(Debug, Clone, Copy, Insertable)]
#[diesel(table_name = datasets)]
pub struct NewDataset<'a> {
    /// SHA-256 of the bytes, hex.
    pub sha256: &'a str,
    /// Name of the specification it was read with.
    pub name: &'a str,
    /// The path as given.
    pub origin: &'a str,
    /// Data rows.
    pub n_rows: i64,
    /// Length, bytes.
    pub n_bytes: i64,
    /// Fingerprint of the specification it was read with.
    pub spec_fingerprint: &'a str,
    /// The present.
    pub first_seen_at: Timestamp,
}

/// Records the file, or recognises it: the row that is there already is returned unchanged.
///
/// # Errors
///
/// [`Error::AlreadyExists`] when another process recorded it at the same moment; doing the
/// transaction again finds it.
pub fn record(connection: &mut Connection, new: &NewDataset<'_>) -> Result<Dataset, Error> {
    if let Some(seen) = find(connection, new.sha256)? {
        return Ok(seen);
    }
    let answer = diesel::insert_into(datasets::table)
        .values(*new)
        .execute(&mut connection.any);
    connection.name("recording a data file", answer)?;
    Ok(Dataset {
        sha256: new.sha256.to_owned(),
        name: new.name.to_owned(),
        origin: new.origin.to_owned(),
        n_rows: new.n_rows,
        n_bytes: new.n_bytes,
        spec_fingerprint: new.spec_fingerprint.to_owned(),
        first_seen_at: new.first_seen_at,
    })
}

/// The file with this content, if it was ever seen.
///
/// # Errors
///
/// The database does not answer.
pub fn find(connection: &mut Connection, sha256: &str) -> Result<Option<Dataset>, Error> {
    let answer = datasets::table
        .find(sha256)
        .first(&mut connection.any)
        .optional();
    connection.name("looking up a data file", answer)
}

/// Every file, the one seen first at the front.
///
/// # Errors
///
/// The database does not answer.
pub fn list(connection: &mut Connection) -> Result<Vec<Dataset>, Error> {
    let answer = datasets::table
        .order((datasets::first_seen_at, datasets::sha256))
        .load(&mut connection.any);
    connection.name("listing data files", answer)
}
