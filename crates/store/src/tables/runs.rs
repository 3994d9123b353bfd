//! Training runs.

use diesel::prelude::*;

use crate::connection::Connection;
use crate::error::Error;
use crate::process::has_ended;
use crate::schema::runs;
use crate::time::Timestamp;

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunStatus {
    /// Started and not finished. Stored so also where the process was killed.
    Running,
    /// Started and never finished: its process is gone. Never stored, since nobody was left to do
    /// it; see [`Run::status_at`].
    Interrupted,
    /// Finished with a decision.
    Succeeded,
    /// Finished with an error.
    Failed,
}

impl RunStatus {
    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    fn parse(place: &str, value: &str) -> Result<Self, Error> {
        [Self::Running, Self::Succeeded, Self::Failed]
            .into_iter()
            .find(|status| status.as_str() == value)
            .ok_or_else(|| Error::UnknownValue {
                place: place.to_owned(),
                field: "runs.status",
                value: value.to_owned(),
                expected: "running, succeeded, failed",
            })
    }
}

/// One training run as stored. JSON is text, exactly as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// UUID version 7.
    pub id: String,
    /// Start.
    pub started_at: Timestamp,
    /// End; none while it runs.
    pub finished_at: Option<Timestamp>,
    /// How far it is.
    pub status: RunStatus,
    /// The seed all randomness came from.
    pub seed: u64,
    /// Content of the training file.
    pub dataset_sha256: String,
    /// Fingerprint of its specification.
    pub spec_fingerprint: String,
    /// What was asked for, JSON.
    pub config: String,
    /// What every candidate scored, JSON; none until it succeeded.
    pub leaderboard: Option<String>,
    /// What was decided and why, JSON; none until it succeeded.
    pub decision: Option<String>,
    /// What went wrong; only of a failed run.
    pub error: Option<String>,
    /// The process that does it (see [`crate::this_process`]); none in old runs.
    pub owner: Option<String>,
    /// When that process last said it was alive; none in old runs.
    pub alive_at: Option<Timestamp>,
}

/// A run of which nothing was heard for so long was interrupted, in seconds. Its process says it
/// is alive several times as often.
pub const SILENCE_SECONDS: i64 = 120;

impl Run {
    /// How far the run is at the time `now`: one that is stored as running was interrupted when its
    /// process has ended, or, where that cannot be seen from here, has been silent for
    /// [`SILENCE_SECONDS`].
    pub fn status_at(&self, now: Timestamp) -> RunStatus {
        if self.status != RunStatus::Running {
            return self.status;
        }
        let heard = self.alive_at.unwrap_or(self.started_at);
        let silent = now.to_utc() - heard.to_utc();
        let is_gone = self.owner.as_deref().and_then(has_ended);
        if is_gone.unwrap_or(silent.num_seconds() > SILENCE_SECONDS) {
            RunStatus::Interrupted
        } else {
            RunStatus::Running
        }
    }
}

/// One run to start; fields as in [`Run`].
#[derive(Debug, Clone, Copy)]
pub struct NewRun<'a> {
    /// UUID version 7.
    pub id: &'a str,
    /// The present.
    pub started_at: Timestamp,
    /// The seed all randomness comes from.
    pub seed: u64,
    /// Content of the training file; it must be recorded already.
    pub dataset_sha256: &'a str,
    /// Fingerprint of its specification.
    pub spec_fingerprint: &'a str,
    /// What was asked for, JSON.
    pub config: &'a str,
    /// The process that does it, where the system tells.
    pub owner: Option<&'a str>,
}

#[derive(Queryable)]
struct Row {
    id: String,
    started_at: Timestamp,
    finished_at: Option<Timestamp>,
    status: String,
    seed: i64,
    dataset_sha256: String,
    spec_fingerprint: String,
    config: String,
    leaderboard: Option<String>,
    decision: Option<String>,
    error: Option<String>,
    owner: Option<String>,
    alive_at: Option<Timestamp>,
}

impl Row {
    fn read(self, place: &str) -> Result<Run, Error> {
        Ok(Run {
            status: RunStatus::parse(place, &self.status)?,
            id: self.id,
            started_at: self.started_at,
            finished_at: self.finished_at,
            seed: self.seed.cast_unsigned(),
            dataset_sha256: self.dataset_sha256,
            spec_fingerprint: self.spec_fingerprint,
            config: self.config,
            leaderboard: self.leaderboard,
            decision: self.decision,
            error: self.error,
            owner: self.owner,
            alive_at: self.alive_at,
        })
    }
}

/// Records that a run has started.
///
/// # Errors
///
/// The training file is not recorded, or the database does not answer.
pub fn insert(connection: &mut Connection, new: &NewRun<'_>) -> Result<(), Error> {
    let answer = diesel::insert_into(runs::table)
        .values((
            runs::id.eq(new.id),
            runs::started_at.eq(new.started_at),
            runs::status.eq(RunStatus::Running.as_str()),
            // The databases have no unsigned numbers: the same 64 bits, read back as such.
            runs::seed.eq(new.seed.cast_signed()),
            runs::dataset_sha256.eq(new.dataset_sha256),
            runs::spec_fingerprint.eq(new.spec_fingerprint),
            runs::config.eq(new.config),
            runs::owner.eq(new.owner),
            runs::alive_at.eq(Some(new.started_at)),
        ))
        .execute(&mut connection.any);
    connection.name("starting a run", answer).map(drop)
}

/// Records that the process of a running run is alive.
///
/// # Errors
///
/// The database does not answer.
pub fn beat(connection: &mut Connection, id: &str, now: Timestamp) -> Result<(), Error> {
    let running = runs::table
        .find(id)
        .filter(runs::status.eq(RunStatus::Running.as_str()));
    let answer = diesel::update(running)
        .set(runs::alive_at.eq(Some(now)))
        .execute(&mut connection.any);
    connection
        .name("saying that a run is alive", answer)
        .map(drop)
}

/// Records that a running run has succeeded. Returns whether there was such a running run.
///
/// # Errors
///
/// The database does not answer.
pub fn succeed(
    connection: &mut Connection,
    id: &str,
    finished_at: Timestamp,
    leaderboard: &str,
    decision: &str,
) -> Result<bool, Error> {
    let running = runs::table
        .find(id)
        .filter(runs::status.eq(RunStatus::Running.as_str()));
    let answer = diesel::update(running)
        .set((
            runs::status.eq(RunStatus::Succeeded.as_str()),
            runs::finished_at.eq(Some(finished_at)),
            runs::leaderboard.eq(Some(leaderboard)),
            runs::decision.eq(Some(decision)),
        ))
        .execute(&mut connection.any);
    connection
        .name("finishing a run", answer)
        .map(|n_rows| n_rows == 1)
}

/// Records that a running run has failed. Returns whether there was such a running run.
///
/// # Errors
///
/// The database does not answer.
pub fn fail(
    connection: &mut Connection,
    id: &str,
    finished_at: Timestamp,
    error: &str,
) -> Result<bool, Error> {
    let running = runs::table
        .find(id)
        .filter(runs::status.eq(RunStatus::Running.as_str()));
    let answer = diesel::update(running)
        .set((
            runs::status.eq(RunStatus::Failed.as_str()),
            runs::finished_at.eq(Some(finished_at)),
            runs::error.eq(Some(error)),
        ))
        .execute(&mut connection.any);
    connection
        .name("failing a run", answer)
        .map(|n_rows| n_rows == 1)
}

/// The run with this id.
///
/// # Errors
///
/// The database does not answer, or holds a status this program does not know.
pub fn find(connection: &mut Connection, id: &str) -> Result<Option<Run>, Error> {
    let answer = runs::table
        .find(id)
        .first::<Row>(&mut connection.any)
        .optional();
    connection
        .name("looking up a run", answer)?
        .map(|row| row.read(&connection.place))
        .transpose()
}

/// Every run, the newest at the front.
///
/// # Errors
///
/// The database does not answer, or holds a status this program does not know.
pub fn list(connection: &mut Connection) -> Result<Vec<Run>, Error> {
    let answer = runs::table
        .order((runs::started_at.desc(), runs::id.desc()))
        .load::<Row>(&mut connection.any);
    connection
        .name("listing runs", answer)?
        .into_iter()
        .map(|r| r.read(&connection.place))
        .collect()
}
