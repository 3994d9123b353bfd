//! Training runs and the data files they read.

use churn_store::tables::datasets::{self, Dataset, NewDataset};
use churn_store::tables::runs::{self, NewRun, Run};
use churn_store::{new_id, this_process};

use crate::error::Error;
use crate::registry::Registry;

/// Facts about a data file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataFile<'a> {
    /// SHA-256 of its bytes, hex.
    pub sha256: &'a str,
    /// Name of the specification it was read with.
    pub name: &'a str,
    /// The path as given.
    pub origin: &'a str,
    /// Data rows.
    pub n_rows: u64,
    /// Length, bytes.
    pub n_bytes: u64,
    /// Fingerprint of the specification.
    pub spec_fingerprint: &'a str,
}

/// What a run sets out to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunStart<'a> {
    /// SHA-256 of the training file; it must be recorded.
    pub dataset_sha256: &'a str,
    /// Fingerprint of the specification.
    pub spec_fingerprint: &'a str,
    /// The seed all randomness comes from.
    pub seed: u64,
    /// What was asked for.
    pub config: &'a serde_json::Value,
}

impl Registry {
    /// Records a data file, or recognises bytes seen before: then the first record is
    /// returned as it is.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub fn record_dataset(&self, file: &DataFile<'_>) -> Result<Dataset, Error> {
        let new = NewDataset {
            sha256: file.sha256,
            name: file.name,
            origin: file.origin,
            n_rows: i64::try_from(file.n_rows).unwrap_or(i64::MAX),
            n_bytes: i64::try_from(file.n_bytes).unwrap_or(i64::MAX),
            spec_fingerprint: file.spec_fingerprint,
            first_seen_at: self.clock.now(),
        };
        self.database
            .transaction_with_retry(|connection| Ok(datasets::record(connection, &new)?))
    }

    /// Records that a run starts, and returns its id.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownDataset`], or the database does not answer.
    pub fn start_run(&self, start: &RunStart<'_>) -> Result<String, Error> {
        let id = new_id();
        let config = start.config.to_string();
        let owner = this_process();
        let new = NewRun {
            id: &id,
            started_at: self.clock.now(),
            seed: start.seed,
            dataset_sha256: start.dataset_sha256,
            spec_fingerprint: start.spec_fingerprint,
            config: &config,
            owner: owner.as_deref(),
        };
        self.database.transaction(|connection| {
            if datasets::find(connection, start.dataset_sha256)?.is_none() {
                return Err(Error::UnknownDataset {
                    sha256: start.dataset_sha256.to_owned(),
                });
            }
            Ok(runs::insert(connection, &new)?)
        })?;
        Ok(id)
    }

    /// Records that the process of a run is alive; to be called several times in
    /// [`SILENCE_SECONDS`](churn_store::tables::runs::SILENCE_SECONDS).
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub fn beat_run(&self, id: &str) -> Result<(), Error> {
        let now = self.clock.now();
        self.database
            .transaction_with_retry(|connection| Ok(runs::beat(connection, id, now)?))
    }

    /// Records that a run has succeeded: what every candidate scored, and what was decided.
    ///
    /// # Errors
    ///
    /// [`Error::NotRunning`], or the database does not answer.
    pub fn finish_run(
        &self,
        id: &str,
        leaderboard: &serde_json::Value,
        decision: &serde_json::Value,
    ) -> Result<(), Error> {
        let (leaderboard, decision) = (leaderboard.to_string(), decision.to_string());
        let now = self.clock.now();
        self.database.transaction(|connection| {
            if runs::succeed(connection, id, now, &leaderboard, &decision)? {
                return Ok(());
            }
            Err(not_running(id, runs::find(connection, id)?.as_ref()))
        })
    }

    /// Records that a run has failed, and why.
    ///
    /// # Errors
    ///
    /// [`Error::NotRunning`], or the database does not answer.
    pub fn fail_run(&self, id: &str, error: &str) -> Result<(), Error> {
        let now = self.clock.now();
        self.database.transaction(|connection| {
            if runs::fail(connection, id, now, error)? {
                return Ok(());
            }
            Err(not_running(id, runs::find(connection, id)?.as_ref()))
        })
    }

    /// The run with this id.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownRun`], or the database does not answer.
    pub fn run(&self, id: &str) -> Result<Run, Error> {
        self.database
            .read(|connection| runs::find(connection, id).map_err(Error::from))?
            .map(|run| self.as_seen_now(run))
            .ok_or_else(|| Error::UnknownRun { id: id.to_owned() })
    }

    /// Every run, the newest at the front.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub fn runs(&self) -> Result<Vec<Run>, Error> {
        let runs = self
            .database
            .read(|connection| runs::list(connection).map_err(Error::from))?;
        Ok(runs.into_iter().map(|run| self.as_seen_now(run)).collect())
    }

    /// A run with the status it has now: one whose process is gone was interrupted.
    pub(crate) fn as_seen_now(&self, run: Run) -> Run {
        Run {
            status: run.status_at(self.clock.now()),
            ..run
        }
    }
}

fn not_running(id: &str, run: Option<&Run>) -> Error {
    let reason = if run.is_some() {
        "it has ended already"
    } else {
        "there is no such run"
    };
    Error::NotRunning {
        id: id.to_owned(),
        reason,
    }
}
