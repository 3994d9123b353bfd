//! The registry: opening, registering, finding, loading.

use std::sync::Arc;

use churn_store::tables::audit::{self, AuditEntry};
use churn_store::tables::model_versions::{self, ModelVersionRow};
use churn_store::tables::runs;
use churn_store::{Blobs, Clock, Connection, Database, Timestamp, new_id};
use serde::Serialize;

use crate::bundle::{read_bundle, write_bundle};
use crate::error::Error;
use crate::model::Model;
use crate::params::RegistryParams;
use crate::version::{Change, Version};

/// One registered model; it never changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelVersion {
    /// Its number.
    pub version: Version,
    /// The run that made it; none when it was imported.
    pub run_id: Option<String>,
    /// Which learner, for example `xgboost`.
    pub algorithm: String,
    /// SHA-256 of the bundle, hex.
    pub bundle_sha256: String,
    /// Length of the bundle, bytes.
    pub size_bytes: u64,
    /// SHA-256 of the training file, hex.
    pub dataset_sha256: String,
    /// Fingerprint of the dataset specification.
    pub spec_fingerprint: String,
    /// Fingerprint of everything the feature plan learned: the feature-set version.
    pub plan_fingerprint: String,
    /// Hyper-parameters by name.
    pub parameters: serde_json::Value,
    /// `{"cv": {name: interval}, "test": {name: interval}}`.
    pub metrics: serde_json::Value,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// What a bundle does not say about a model to register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewVersion<'a> {
    /// The run that made it; none when it was made elsewhere.
    pub run_id: Option<&'a str>,
    /// Who registers it, for the audit trail.
    pub who: &'a str,
}

/// Model versions, aliases and runs, in a database and a blob store. Cloning shares both.
#[derive(Clone)]
pub struct Registry {
    pub(crate) database: Database,
    pub(crate) blobs: Blobs,
    pub(crate) clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry")
            .field("database", &self.database)
            .field("blobs", &self.blobs)
            .finish_non_exhaustive()
    }
}

impl Registry {
    /// Opens the database and the blob store; what does not exist is made.
    ///
    /// # Errors
    ///
    /// As [`Database::open`] and [`Blobs::open`].
    pub fn open(params: &RegistryParams, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let database = Database::open(&params.database_url, params.database_pool)?;
        let blobs = Blobs::open(&params.blobs)?;
        Ok(Self::new(database, blobs, clock))
    }

    /// A registry on what is open already.
    pub fn new(database: Database, blobs: Blobs, clock: Arc<dyn Clock>) -> Self {
        Self {
            database,
            blobs,
            clock,
        }
    }

    /// The database, for what else is kept there.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The blob store, for what else is kept there.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Stores the model and gives it the next version: major when the specification or the
    /// features differ from those of the latest version, minor when the learner, its
    /// hyper-parameters or the encodings do, else patch. The same bundle registered again is
    /// the same version. Safe when several processes register at once.
    ///
    /// # Errors
    ///
    /// The model is not sound, the run is unknown, or storage fails.
    pub fn register(&self, model: &Model, new: &NewVersion<'_>) -> Result<ModelVersion, Error> {
        let bytes = write_bundle(model)?;
        self.register_bytes(model, &bytes, new, "models.register")
    }

    pub(crate) fn register_bytes(
        &self,
        model: &Model,
        bytes: &[u8],
        new: &NewVersion<'_>,
        action: &str,
    ) -> Result<ModelVersion, Error> {
        // The bundle first: a row must never name a bundle that is not there. A crash between
        // the two leaves a bundle without a row, which harms nobody.
        let bundle_sha256 = self.blobs.put(bytes)?;
        let row = self.database.transaction_with_retry(|connection| {
            if let Some(row) = model_versions::find_by_bundle(connection, &bundle_sha256)? {
                return Ok(row);
            }
            if let Some(id) = new.run_id
                && runs::find(connection, id)?.is_none()
            {
                return Err(Error::UnknownRun { id: id.to_owned() });
            }
            let latest = model_versions::latest(connection)?;
            let row = self.new_row(model, &bundle_sha256, bytes.len(), new, latest.as_ref())?;
            model_versions::insert(connection, &row)?;
            self.audit(
                connection,
                new.who,
                action,
                &row.version,
                None,
                Some(&bundle_sha256),
            )?;
            Ok(row)
        })?;
        ModelVersion::from_row(row)
    }

    fn new_row(
        &self,
        model: &Model,
        bundle_sha256: &str,
        size_bytes: usize,
        new: &NewVersion<'_>,
        latest: Option<&ModelVersionRow>,
    ) -> Result<ModelVersionRow, Error> {
        let spec_fingerprint = model.spec.fingerprint();
        let features_fingerprint = model.features_fingerprint();
        let recipe_fingerprint = model.recipe_fingerprint();
        let parent = latest.map(read_version).transpose()?;
        let change = match latest {
            Some(row)
                if row.spec_fingerprint != spec_fingerprint
                    || row.features_fingerprint != features_fingerprint =>
            {
                Change::Features
            }
            Some(row) if row.recipe_fingerprint != recipe_fingerprint => Change::Recipe,
            _ => Change::Data,
        };
        let version = Version::next(parent, change);
        let card = &model.card;
        let metrics = serde_json::json!({ "cv": card.cv_metrics, "test": card.test_metrics });
        Ok(ModelVersionRow {
            version: version.to_string(),
            major: version.major.cast_signed(),
            minor: version.minor.cast_signed(),
            patch: version.patch.cast_signed(),
            run_id: new.run_id.map(str::to_owned),
            algorithm: card.algorithm.clone(),
            bundle_sha256: bundle_sha256.to_owned(),
            size_bytes: i64::try_from(size_bytes).unwrap_or(i64::MAX),
            dataset_sha256: card.trained_on.sha256.clone(),
            spec_fingerprint,
            plan_fingerprint: model.plan.fingerprint(),
            features_fingerprint,
            recipe_fingerprint,
            parameters: serde_json::json!(card.parameters).to_string(),
            metrics: metrics.to_string(),
            created_at: self.clock.now(),
        })
    }

    /// Every version, the highest number at the front.
    ///
    /// # Errors
    ///
    /// The database does not answer or holds a row that cannot be read.
    pub fn list(&self) -> Result<Vec<ModelVersion>, Error> {
        self.database
            .read(|connection| model_versions::list(connection).map_err(Error::from))?
            .into_iter()
            .map(ModelVersion::from_row)
            .collect()
    }

    /// The version that `reference` names, and the model in its bundle, verified.
    ///
    /// # Errors
    ///
    /// As [`resolve`](Self::resolve), and when the bundle is missing, altered or unsound.
    pub fn load(&self, reference: &str) -> Result<(ModelVersion, Model), Error> {
        let version = self.resolve(reference)?;
        let model = read_bundle(&self.blobs.get(&version.bundle_sha256)?)?;
        Ok((version, model))
    }

    pub(crate) fn audit(
        &self,
        connection: &mut Connection,
        who: &str,
        action: &str,
        subject: &str,
        before: Option<&str>,
        after: Option<&str>,
    ) -> Result<(), Error> {
        let json = |value: &str| serde_json::Value::from(value).to_string();
        let entry = AuditEntry {
            id: new_id(),
            at: self.clock.now(),
            who: who.to_owned(),
            action: action.to_owned(),
            subject: subject.to_owned(),
            before: before.map(json),
            after: after.map(json),
        };
        Ok(audit::insert(connection, &entry)?)
    }

    /// The newest `limit` entries of the audit trail, the newest at the front.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub fn audit_trail(&self, limit: u32) -> Result<Vec<AuditEntry>, Error> {
        self.database
            .read(|connection| Ok(audit::list_newest(connection, limit)?))
    }
}

fn read_version(row: &ModelVersionRow) -> Result<Version, Error> {
    Version::parse(&row.version).ok_or_else(|| Error::BadRow {
        version: row.version.clone(),
        field: "version",
        reason: "it is not like v1.2.3".to_owned(),
    })
}

impl ModelVersion {
    pub(crate) fn from_row(row: ModelVersionRow) -> Result<Self, Error> {
        let version = read_version(&row)?;
        let json = |field: &'static str, text: &str| {
            serde_json::from_str(text).map_err(|fault| Error::BadRow {
                version: row.version.clone(),
                field,
                reason: fault.to_string(),
            })
        };
        Ok(Self {
            version,
            parameters: json("parameters", &row.parameters)?,
            metrics: json("metrics", &row.metrics)?,
            run_id: row.run_id,
            algorithm: row.algorithm,
            bundle_sha256: row.bundle_sha256,
            size_bytes: row.size_bytes.cast_unsigned(),
            dataset_sha256: row.dataset_sha256,
            spec_fingerprint: row.spec_fingerprint,
            plan_fingerprint: row.plan_fingerprint,
            created_at: row.created_at,
        })
    }
}
