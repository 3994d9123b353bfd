//! The base: all customers the store knows of a data set, as they were scored last.
//!
//! Questions about the whole base are answered by one pass over it in bounded memory: how many are
//! at risk and where ([`Overview`]), and what drives the model's scores of them ([`explain_base`]).

mod file;
mod overview;
mod tally;

use churn_store::Database;
use churn_store::tables::customers::{self, Customer, CustomerFilter, CustomerOrder};

pub use file::{BASE_ROWS, explain_base};
pub use overview::{CohortCell, Cohorts, Overview, Risk, Segments, overview};
pub use tally::{HistogramBin, Level};

use crate::Error;

/// Customers read at once.
const PART_ROWS: u32 = 4096;

/// Shows every customer of a data set, in the order of their keys, at most `limit` of them.
/// Customers written meanwhile may be seen or not.
fn each(
    database: &Database,
    dataset: &str,
    limit: u64,
    mut see: impl FnMut(&Customer) -> Result<(), Error>,
) -> Result<u64, Error> {
    let mut last: Option<(f64, String)> = None;
    let mut n_seen = 0;
    while n_seen < limit {
        let filter = CustomerFilter {
            after: last.as_ref().map(|(place, key)| (*place, key.as_str())),
            ..CustomerFilter::default()
        };
        let n_rows = u32::try_from(limit - n_seen).map_or(PART_ROWS, |left| left.min(PART_ROWS));
        let rows = database.read(|connection| {
            customers::list(connection, dataset, &filter, CustomerOrder::Key, n_rows)
        })?;
        let Some(end) = rows.last() else { break };
        last = Some((end.probability, end.key.clone()));
        n_seen += rows.len() as u64;
        rows.iter().try_for_each(&mut see)?;
    }
    Ok(n_seen)
}
