//! What jobs say while they run.

use diesel::prelude::*;

use crate::connection::Connection;
use crate::error::Error;
use crate::schema::job_log;
use crate::time::Timestamp;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = job_log)]
pub struct LogLine {
    /// UUID version 7.
    pub id: String,
    /// The job that says it.
    pub job_id: String,
    /// In which attempt, from 1; 0 before the first.
    pub attempt: i32,
    /// When.
    pub at: Timestamp,
    /// What.
    pub line: String,
}

/// Adds a line.
///
/// # Errors
///
/// The job does not exist, or the database does not answer.
pub fn insert(connection: &mut Connection, new: &LogLine) -> Result<(), Error> {
    let answer = diesel::insert_into(job_log::table)
        .values(new.clone())
        .execute(&mut connection.any);
    connection
        .name("writing the log of a job", answer)
        .map(drop)
}

/// The lines of a job, in order.
///
/// # Errors
///
/// The database does not answer.
pub fn of_job(connection: &mut Connection, job_id: &str) -> Result<Vec<LogLine>, Error> {
    let answer = job_log::table
        .filter(job_log::job_id.eq(job_id))
        .order(job_log::id)
        .load(&mut connection.any);
    connection.name("reading the log of a job", answer)
}
