//! Trials of tuning studies: recorded as they finish, found again by a run that goes on.

use churn_store::tables::trials::{self, Trial};

use crate::error::Error;
use crate::registry::Registry;

/// A finished trial to record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewTrial<'a> {
    /// Hash over everything that decides the study's proposals, hex.
    pub study: &'a str,
    /// Number in the study, from 0.
    pub number: u64,
    /// The run that did it.
    pub run_id: &'a str,
    /// Which learner.
    pub algorithm: &'a str,
    /// The whole record as JSON.
    pub record: &'a str,
}

impl Registry {
    /// Records a finished trial; it survives a crash right after this returns. A trial that is
    /// there already stays as it is.
    ///
    /// # Errors
    ///
    /// The database does not answer, or the run is unknown.
    pub fn record_trial(&self, new: &NewTrial<'_>) -> Result<(), Error> {
        let trial = Trial {
            study: new.study.to_owned(),
            number: i64::try_from(new.number).unwrap_or(i64::MAX),
            run_id: new.run_id.to_owned(),
            algorithm: new.algorithm.to_owned(),
            record: new.record.to_owned(),
            finished_at: self.clock.now(),
        };
        self.database
            .transaction_with_retry(|connection| Ok(trials::record(connection, &trial)?))
    }

    /// The records of a study, by number.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub fn trials_of_study(&self, study: &str) -> Result<Vec<Trial>, Error> {
        self.database
            .read(|connection| Ok(trials::of_study(connection, study)?))
    }

    /// The trials a run did itself, by study and number.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub fn trials_of_run(&self, run_id: &str) -> Result<Vec<Trial>, Error> {
        self.database
            .read(|connection| Ok(trials::of_run(connection, run_id)?))
    }
}
