//! Every answer that was given about a customer.

use diesel::prelude::*;

use crate::any::AnyConnection;
use crate::connection::Connection;
use crate::error::Error;
use crate::schema::predictions;
use crate::time::Timestamp;

/// One answer.
#[derive(Debug, Clone, PartialEq, Queryable, Insertable)]
#[diesel(table_name = predictions)]
pub struct Prediction {
    /// UUID version 7; of a file, the id of the job, a colon and the row.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Name of the specification.
    pub dataset: String,
    /// The customer's key.
    pub customer_key: String,
    /// The version that scored.
    pub model_version: String,
    /// Calibrated probability of leaving, 0..=1.
    pub probability: f64,
    /// `HIGH`, `MEDIUM` or `LOW`.
    pub risk_level: String,
    /// What was asked through: `api`, `batch`, `job`, `page`.
    pub source: String,
    /// Who asked; none where anybody may.
    pub asked_by: Option<String>,
    /// The values asked about, JSON.
    pub record: String,
    /// What was answered beside the probability, JSON.
    pub answer: String,
}

/// Rows per statement: the databases limit the number of parameters (SQLite: 32,766).
const BATCH: usize = 1000;

/// Writes answers, many per statement. One whose id is there already is left as it is, so that
/// the same answers may be written twice.
///
/// # Errors
///
/// A probability is out of range, or the database does not answer.
pub fn insert(connection: &mut Connection, rows: &[Prediction]) -> Result<(), Error> {
    for batch in rows.chunks(BATCH) {
        let answer = match &mut connection.any {
            // Here a statement costs a function call, not a round trip.
            AnyConnection::Sqlite(c) => batch.iter().try_for_each(|row| {
                diesel::insert_into(predictions::table)
                    .values(row)
                    .on_conflict_do_nothing()
                    .execute(c)
                    .map(drop)
            }),
            AnyConnection::Postgres(c) => diesel::insert_into(predictions::table)
                .values(batch)
                .on_conflict_do_nothing()
                .execute(c)
                .map(drop),
        };
        connection.name("logging predictions", answer)?;
    }
    Ok(())
}

/// Which answers to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct PredictionFilter<'a> {
    /// Only of this data set.
    pub dataset: Option<&'a str>,
    /// Only of this customer.
    pub customer_key: Option<&'a str>,
    /// Only of this version.
    pub model_version: Option<&'a str>,
    /// Only from this moment on.
    pub since: Option<Timestamp>,
    /// Only what is older than this answer (time and id), which is how the next page is asked for.
    pub before: Option<(Timestamp, &'a str)>,
}

/// At most `limit` answers, the newest at the front.
///
/// # Errors
///
/// The database does not answer.
pub fn list(
    connection: &mut Connection,
    filter: &PredictionFilter<'_>,
    limit: u32,
) -> Result<Vec<Prediction>, Error> {
    let mut query = filtered(filter);
    if let Some((at, id)) = filter.before {
        let tied = predictions::at.eq(at).and(predictions::id.lt(id));
        query = query.filter(predictions::at.lt(at).or(tied));
    }
    let answer = query
        .order((predictions::at.desc(), predictions::id.desc()))
        .limit(i64::from(limit))
        .load(&mut connection.any);
    connection.name("listing predictions", answer)
}

/// How many answers there are, whatever page they are on.
///
/// # Errors
///
/// The database does not answer.
pub fn count(connection: &mut Connection, filter: &PredictionFilter<'_>) -> Result<i64, Error> {
    let answer = filtered(filter).count().get_result(&mut connection.any);
    connection.name("counting predictions", answer)
}

type Boxed<'a> = predictions::BoxedQuery<'a, <AnyConnection as diesel::Connection>::Backend>;

fn filtered<'a>(filter: &PredictionFilter<'a>) -> Boxed<'a> {
    let mut query = predictions::table.into_boxed();
    if let Some(dataset) = filter.dataset {
        query = query.filter(predictions::dataset.eq(dataset));
    }
    if let Some(key) = filter.customer_key {
        query = query.filter(predictions::customer_key.eq(key));
    }
    if let Some(version) = filter.model_version {
        query = query.filter(predictions::model_version.eq(version));
    }
    if let Some(since) = filter.since {
        query = query.filter(predictions::at.ge(since));
    }
    query
}
