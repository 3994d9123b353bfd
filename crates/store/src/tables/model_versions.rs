//! Registered models. A row never changes after it is written.

use diesel::prelude::*;

use crate::connection::Connection;
use crate::error::Error;
use crate::schema::model_versions;
use crate::time::Timestamp;

/// One registered model as stored. JSON is text, exactly as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = model_versions)]
pub struct ModelVersionRow {
    /// `v1.2.3`.
    pub version: String,
    /// First number of the version.
    pub major: i32,
    /// Second number of the version.
    pub minor: i32,
    /// Third number of the version.
    pub patch: i32,
    /// The run that made it; none when it was imported.
    pub run_id: Option<String>,
    /// Which learner, for example `xgboost`.
    pub algorithm: String,
    /// Content of the bundle; the key of its blob.
    pub bundle_sha256: String,
    /// Length of the bundle, bytes.
    pub size_bytes: i64,
    /// Content of the training file.
    pub dataset_sha256: String,
    /// Fingerprint of the dataset specification.
    pub spec_fingerprint: String,
    /// Fingerprint of everything the feature plan learned.
    pub plan_fingerprint: String,
    /// Fingerprint of which features there are.
    pub features_fingerprint: String,
    /// Fingerprint of learner, hyper-parameters and encodings.
    pub recipe_fingerprint: String,
    /// Hyper-parameters, JSON.
    pub parameters: String,
    /// Metrics with their intervals, JSON.
    pub metrics: String,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// Adds a version.
///
/// # Errors
///
/// [`Error::AlreadyExists`] when the version or the bundle is registered already.
pub fn insert(connection: &mut Connection, new: &ModelVersionRow) -> Result<(), Error> {
    let answer = diesel::insert_into(model_versions::table)
        .values(new.clone())
        .execute(&mut connection.any);
    connection.name("registering a model", answer).map(drop)
}

/// The version with this name.
///
/// # Errors
///
/// The database does not answer.
pub fn find(connection: &mut Connection, version: &str) -> Result<Option<ModelVersionRow>, Error> {
    let answer = model_versions::table
        .find(version)
        .first(&mut connection.any)
        .optional();
    connection.name("looking up a model version", answer)
}

/// The version whose bundle has this content.
///
/// # Errors
///
/// The database does not answer.
pub fn find_by_bundle(
    connection: &mut Connection,
    bundle_sha256: &str,
) -> Result<Option<ModelVersionRow>, Error> {
    let answer = model_versions::table
        .filter(model_versions::bundle_sha256.eq(bundle_sha256))
        .first(&mut connection.any)
        .optional();
    connection.name("looking up a model by its bundle", answer)
}

/// The version with the highest number.
///
/// # Errors
///
/// The database does not answer.
pub fn latest(connection: &mut Connection) -> Result<Option<ModelVersionRow>, Error> {
    let answer = model_versions::table
        .order((
            model_versions::major.desc(),
            model_versions::minor.desc(),
            model_versions::patch.desc(),
        ))
        .first(&mut connection.any)
        .optional();
    connection.name("looking up the latest model", answer)
}

/// Every version, the highest number at the front.
///
/// # Errors
///
/// The database does not answer.
pub fn list(connection: &mut Connection) -> Result<Vec<ModelVersionRow>, Error> {
    let answer = model_versions::table
        .order((
            model_versions::major.desc(),
            model_versions::minor.desc(),
            model_versions::patch.desc(),
        ))
        .load(&mut connection.any);
    connection.name("listing models", answer)
}
