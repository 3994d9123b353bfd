//! Finished trials of tuning studies.

use diesel::prelude::*;

use crate::connection::Connection;
use crate::error::Error;
use crate::schema::trials;
use crate::time::Timestamp;

/// One trial as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = trials)]
pub struct Trial {
    /// Hash over everything that decides the study's proposals, hex.
    pub study: String,
    /// Number in the study, from 0.
    pub number: i64,
    /// The run that did it.
    pub run_id: String,
    /// Which learner.
    pub algorithm: String,
    /// The whole record as JSON.
    pub record: String,
    /// When it ended.
    pub finished_at: Timestamp,
}

/// Records a trial. One that is there already (another process asked for the same study) stays
/// as it is: the same study proposes the same trials.
///
/// # Errors
///
/// [`Error::AlreadyExists`] when another process recorded it at the same moment; doing the
/// transaction again finds it.
pub fn record(connection: &mut Connection, trial: &Trial) -> Result<(), Error> {
    let known = trials::table
        .find((&trial.study, trial.number))
        .count()
        .get_result::<i64>(&mut connection.any);
    if connection.name("looking up a trial", known)? > 0 {
        return Ok(());
    }
    let answer = diesel::insert_into(trials::table)
        .values(trial.clone())
        .execute(&mut connection.any);
    connection.name("recording a trial", answer)?;
    Ok(())
}

/// The trials of a study, by number.
///
/// # Errors
///
/// The database does not answer.
pub fn of_study(connection: &mut Connection, study: &str) -> Result<Vec<Trial>, Error> {
    let answer = trials::table
        .filter(trials::study.eq(study))
        .order(trials::number)
        .load(&mut connection.any);
    connection.name("listing the trials of a study", answer)
}

/// The trials a run did itself, by study and number.
///
/// # Errors
///
/// The database does not answer.
pub fn of_run(connection: &mut Connection, run_id: &str) -> Result<Vec<Trial>, Error> {
    let answer = trials::table
        .filter(trials::run_id.eq(run_id))
        .order((trials::study, trials::number))
        .load(&mut connection.any);
    connection.name("listing the trials of a run", answer)
}
