//! What people and programs did, in order.

use diesel::prelude::*;

use crate::any::AnyConnection;
use crate::connection::Connection;
use crate::error::Error;
use crate::schema::audit;
use crate::time::Timestamp;

/// One action. `before` and `after` are JSON.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = audit)]
pub struct AuditEntry {
    /// UUID version 7.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub who: String,
    /// What was done, for example `models.activate`.
    pub action: String,
    /// What it was done to, for example `champion`.
    pub subject: String,
    /// State before, JSON.
    pub before: Option<String>,
    /// State after, JSON.
    pub after: Option<String>,
}

/// Adds an entry.
///
/// # Errors
///
/// The database does not answer.
pub fn insert(connection: &mut Connection, new: &AuditEntry) -> Result<(), Error> {
    let answer = diesel::insert_into(audit::table)
        .values(new.clone())
        .execute(&mut connection.any);
    connection.name("writing the audit trail", answer).map(drop)
}

/// The newest `limit` entries, the newest at the front.
///
/// # Errors
///
/// The database does not answer.
pub fn list_newest(connection: &mut Connection, limit: u32) -> Result<Vec<AuditEntry>, Error> {
    let answer = audit::table
        .order((audit::at.desc(), audit::id.desc()))
        .limit(i64::from(limit))
        .load(&mut connection.any);
    connection.name("reading the audit trail", answer)
}

/// Which entries to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuditFilter<'a> {
    /// Only what this one did.
    pub who: Option<&'a str>,
    /// Only this action.
    pub action: Option<&'a str>,
    /// Only what was done to this.
    pub subject: Option<&'a str>,
    /// Only what is older than this entry (time and id), which is how the next page is asked for.
    pub before: Option<(Timestamp, &'a str)>,
}

/// At most `limit` entries, the newest at the front.
///
/// # Errors
///
/// The database does not answer.
pub fn list(
    connection: &mut Connection,
    filter: &AuditFilter<'_>,
    limit: u32,
) -> Result<Vec<AuditEntry>, Error> {
    let mut query = audit::table.into_boxed::<<AnyConnection as diesel::Connection>::Backend>();
    if let Some(who) = filter.who {
        query = query.filter(audit::who.eq(who));
    }
    if let Some(action) = filter.action {
        query = query.filter(audit::action.eq(action));
    }
    if let Some(subject) = filter.subject {
        query = query.filter(audit::subject.eq(subject));
    }
    if let Some((at, id)) = filter.before {
        let tied = audit::at.eq(at).and(audit::id.lt(id));
        query = query.filter(audit::at.lt(at).or(tied));
    }
    let answer = query
        .order((audit::at.desc(), audit::id.desc()))
        .limit(i64::from(limit))
        .load(&mut connection.any);
    connection.name("reading the audit trail by filter", answer)
}
