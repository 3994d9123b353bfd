//! Every move of every alias, in order, with who and why.

use diesel::prelude::*;

use crate::connection::Connection;
use crate::error::Error;
use crate::schema::alias_moves;
use crate::time::Timestamp;

/// Why an alias moved, as a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MoveAction {
    /// Somebody chose the version.
    Activate,
    /// Back to the version that was active before.
    Rollback,
}

impl MoveAction {
    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Activate => "activate",
            Self::Rollback => "rollback",
        }
    }
}

/// One move as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasMove {
    /// UUID version 7.
    pub id: String,
    /// Name of the alias.
    pub alias: String,
    /// Number of the move among those of its alias, from 1.
    pub position: i64,
    /// What kind of move.
    pub action: MoveAction,
    /// The version before; none for the first move.
    pub from_version: Option<String>,
    /// The version after.
    pub to_version: String,
    /// Who moved it.
    pub who: String,
    /// The reason given.
    pub why: String,
    /// When.
    pub moved_at: Timestamp,
}

#[derive(Queryable)]
struct Row {
    id: String,
    alias: String,
    position: i64,
    action: String,
    from_version: Option<String>,
    to_version: String,
    who: String,
    why: String,
    moved_at: Timestamp,
}

impl Row {
    fn read(self, place: &str) -> Result<AliasMove, Error> {
        let action = match self.action.as_str() {
            "activate" => MoveAction::Activate,
            "rollback" => MoveAction::Rollback,
            _ => {
                return Err(Error::UnknownValue {
                    place: place.to_owned(),
                    field: "alias_moves.action",
                    value: self.action,
                    expected: "activate, rollback",
                });
            }
        };
        Ok(AliasMove {
            id: self.id,
            alias: self.alias,
            position: self.position,
            action,
            from_version: self.from_version,
            to_version: self.to_version,
            who: self.who,
            why: self.why,
            moved_at: self.moved_at,
        })
    }
}

/// Adds a move.
///
/// # Errors
///
/// [`Error::AlreadyExists`] when another process made the move with this position first.
pub fn insert(connection: &mut Connection, new: &AliasMove) -> Result<(), Error> {
    let answer = diesel::insert_into(alias_moves::table)
        .values((
            alias_moves::id.eq(&new.id),
            alias_moves::alias.eq(&new.alias),
            alias_moves::position.eq(new.position),
            alias_moves::action.eq(new.action.as_str()),
            alias_moves::from_version.eq(new.from_version.as_deref()),
            alias_moves::to_version.eq(&new.to_version),
            alias_moves::who.eq(&new.who),
            alias_moves::why.eq(&new.why),
            alias_moves::moved_at.eq(new.moved_at),
        ))
        .execute(&mut connection.any);
    connection
        .name("recording the move of an alias", answer)
        .map(drop)
}

/// Every move of `alias`, the first at the front.
///
/// # Errors
///
/// The database does not answer, or holds an action this program does not know.
pub fn list(connection: &mut Connection, alias: &str) -> Result<Vec<AliasMove>, Error> {
    let answer = alias_moves::table
        .filter(alias_moves::alias.eq(alias))
        .order(alias_moves::position)
        .load::<Row>(&mut connection.any);
    connection
        .name("listing the moves of an alias", answer)?
        .into_iter()
        .map(|row| row.read(&connection.place))
        .collect()
}
