//! Customers as last scored.

use diesel::prelude::*;

use crate::any::AnyConnection;
use crate::connection::Connection;
use crate::error::Error;
use crate::schema::customers;
use crate::time::Timestamp;

/// One customer.
#[derive(Debug, Clone, PartialEq, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = customers)]
pub struct Customer {
    /// Name of the specification.
    pub dataset: String,
    /// The customer's key; unique in its data set.
    pub key: String,
    /// The values as they were given, JSON.
    pub record: String,
    /// Calibrated probability of leaving, 0..=1.
    pub probability: f64,
    /// `HIGH`, `MEDIUM` or `LOW`.
    pub risk_level: String,
    /// The version that scored.
    pub model_version: String,
    /// When.
    pub scored_at: Timestamp,
}

/// Rows per statement: the databases limit the number of parameters (SQLite: 32,766).
const BATCH: usize = 1000;

/// Writes customers; those that are there are replaced.
///
/// # Errors
///
/// A probability is out of range, or the database does not answer.
pub fn upsert(connection: &mut Connection, rows: &[Customer]) -> Result<(), Error> {
    use diesel::upsert::excluded;
    for batch in rows.chunks(BATCH) {
        let answer = match &mut connection.any {
            AnyConnection::Sqlite(c) => batch.iter().try_for_each(|row| {
                diesel::replace_into(customers::table)
                    .values(row)
                    .execute(c)
                    .map(drop)
            }),
            AnyConnection::Postgres(c) => diesel::insert_into(customers::table)
                .values(batch)
                .on_conflict((customers::dataset, customers::key))
                .do_update()
                .set((
                    customers::record.eq(excluded(customers::record)),
                    customers::probability.eq(excluded(customers::probability)),
                    customers::risk_level.eq(excluded(customers::risk_level)),
                    customers::model_version.eq(excluded(customers::model_version)),
                    customers::scored_at.eq(excluded(customers::scored_at)),
                ))
                .execute(c)
                .map(drop),
        };
        connection.name("writing customers", answer)?;
    }
    Ok(())
}

/// The customer with this key.
///
/// # Errors
///
/// The database does not answer.
pub fn find(
    connection: &mut Connection,
    dataset: &str,
    key: &str,
) -> Result<Option<Customer>, Error> {
    let answer = customers::table
        .find((dataset, key))
        .first(&mut connection.any)
        .optional();
    connection.name("looking up a customer", answer)
}

/// In which order customers are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CustomerOrder {
    /// The most likely to leave at the front.
    #[default]
    MostLikely,
    /// The least likely to leave at the front.
    LeastLikely,
    /// By key, byte by byte.
    Key,
}

/// Which customers to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct CustomerFilter<'a> {
    /// Only this risk level.
    pub risk_level: Option<&'a str>,
    /// Only from this probability on.
    pub min_probability: Option<f64>,
    /// Only up to this probability.
    pub max_probability: Option<f64>,
    /// Only keys that begin so, upper and lower case told apart.
    pub key_prefix: Option<&'a str>,
    /// Only what comes after this customer (probability and key), which is how the next page is
    /// asked for.
    pub after: Option<(f64, &'a str)>,
}

/// At most `limit` customers of a data set.
///
/// # Errors
///
/// The database does not answer.
pub fn list(
    connection: &mut Connection,
    dataset: &str,
    filter: &CustomerFilter<'_>,
    order: CustomerOrder,
    limit: u32,
) -> Result<Vec<Customer>, Error> {
    let mut query = filtered(dataset, filter);
    if let Some((probability, key)) = filter.after {
        let tied = customers::probability
            .eq(probability)
            .and(customers::key.gt(key.to_owned()));
        query = match order {
            CustomerOrder::MostLikely => {
                query.filter(customers::probability.lt(probability).or(tied))
            }
            CustomerOrder::LeastLikely => {
                query.filter(customers::probability.gt(probability).or(tied))
            }
            CustomerOrder::Key => query.filter(customers::key.gt(key.to_owned())),
        };
    }
    query = match order {
        CustomerOrder::MostLikely => query.order((customers::probability.desc(), customers::key)),
        CustomerOrder::LeastLikely => query.order((customers::probability, customers::key)),
        CustomerOrder::Key => query.order(customers::key),
    };
    let answer = query.limit(i64::from(limit)).load(&mut connection.any);
    connection.name("listing customers", answer)
}

/// How many customers of a data set there are, whatever page they are on.
///
/// # Errors
///
/// The database does not answer.
pub fn count(
    connection: &mut Connection,
    dataset: &str,
    filter: &CustomerFilter<'_>,
) -> Result<i64, Error> {
    let answer = filtered(dataset, filter)
        .count()
        .get_result(&mut connection.any);
    connection.name("counting customers", answer)
}

type Boxed<'a> = customers::BoxedQuery<'a, <AnyConnection as diesel::Connection>::Backend>;

fn filtered<'a>(dataset: &str, filter: &CustomerFilter<'_>) -> Boxed<'a> {
    let mut query = customers::table
        .into_boxed()
        .filter(customers::dataset.eq(dataset.to_owned()));
    if let Some(level) = filter.risk_level {
        query = query.filter(customers::risk_level.eq(level.to_owned()));
    }
    if let Some(least) = filter.min_probability {
        query = query.filter(customers::probability.ge(least));
    }
    if let Some(most) = filter.max_probability {
        query = query.filter(customers::probability.le(most));
    }
    if let Some(prefix) = filter.key_prefix {
        // A range instead of LIKE: the index answers it, and both databases agree.
        query = query.filter(customers::key.ge(prefix.to_owned()));
        if let Some(end) = after_prefix(prefix) {
            query = query.filter(customers::key.lt(end));
        }
    }
    query
}

/// The first text after all that begin with `prefix`; none when there is no such text.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::after_prefix;

    #[test]
    fn a_prefix_ends_where_its_last_character_is_counted_up() {
        assert_eq!(after_prefix("ab"), Some("ac".to_owned()));
        assert_eq!(after_prefix("a\u{10FFFF}"), Some("b".to_owned()));
        assert_eq!(after_prefix("\u{D7FF}"), Some("\u{E000}".to_owned()));
        assert_eq!(after_prefix(""), None);
    }
}
