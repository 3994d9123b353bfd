//! Whether what is stored is whole.

use churn_store::tables::model_versions;
use serde::Serialize;

use crate::bundle::read_bundle;
use crate::error::Error;
use crate::registry::{ModelVersion, Registry};
use crate::version::Version;

/// Something wrong with one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The version.
    pub version: Version,
    /// What is wrong and how to put it right.
    pub what: String,
}

impl Registry {
    /// Reads the bundle of the version that `reference` names, or of every version for none,
    /// and returns what is wrong; empty is good.
    ///
    /// # Errors
    ///
    /// As [`resolve`](Self::resolve), or the database or blob store does not answer.
    pub fn verify(&self, reference: Option<&str>) -> Result<Vec<Problem>, Error> {
        let versions = match reference {
            Some(reference) => vec![self.resolve(reference)?],
            None => {
                let rows = self
                    .database
                    .read(|connection| model_versions::list(connection).map_err(Error::from))?;
                rows.into_iter()
                    .map(ModelVersion::from_row)
                    .collect::<Result<_, _>>()?
            }
        };
        let mut problems = Vec::new();
        for version in &versions {
            problems.extend(self.verify_version(version)?);
        }
        Ok(problems)
    }

    pub(crate) fn verify_version(&self, version: &ModelVersion) -> Result<Option<Problem>, Error> {
        let problem = |what: String| {
            Ok(Some(Problem {
                version: version.version,
                what,
            }))
        };
        let bytes = match self.blobs.get(&version.bundle_sha256) {
            Ok(bytes) => bytes,
            Err(
                fault @ (churn_store::Error::Missing { .. } | churn_store::Error::Corrupt { .. }),
            ) => return problem(fault.to_string()),
            Err(fault) => return Err(fault.into()),
        };
        let model = match read_bundle(&bytes) {
            Ok(model) => model,
            Err(fault) => return problem(fault.to_string()),
        };
        let facts = [
            (
                "specification",
                model.spec.fingerprint(),
                &version.spec_fingerprint,
            ),
            (
                "feature plan",
                model.plan.fingerprint(),
                &version.plan_fingerprint,
            ),
            (
                "training file",
                model.card.trained_on.sha256,
                &version.dataset_sha256,
            ),
        ];
        for (what, in_bundle, in_row) in facts {
            if in_bundle != *in_row {
                return problem(format!(
                    "{what}: the bundle says {in_bundle}, the database {in_row}; restore the database from a backup"
                ));
            }
        }
        Ok(None)
    }
}
