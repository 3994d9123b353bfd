//! Accounts of people and programs.

use diesel::prelude::*;

use crate::any::AnyConnection;
use crate::connection::Connection;
use crate::error::Error;
use crate::schema::users;
use crate::time::Timestamp;

/// What somebody is trusted with; each role includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads.
    Viewer,
    /// Reads, scores and acts on customers.
    Analyst,
    /// Everything, users and models included.
    Admin,
}

impl Role {
    /// Every role, the least trusted at the front.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Analyst, Self::Admin];

    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Analyst => "analyst",
            Self::Admin => "admin",
        }
    }

    /// The role with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// One account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// UUID version 7.
    pub id: String,
    /// Lower case; unique.
    pub name: String,
    /// What it is trusted with.
    pub role: Role,
    /// argon2id as a PHC string.
    pub password_hash: String,
    /// Whether nothing but changing the password is allowed.
    pub must_change_password: bool,
    /// When the password was last set.
    pub password_changed_at: Timestamp,
    /// When the account was made.
    pub created_at: Timestamp,
    /// Since when it is shut; none while it is open.
    pub disabled_at: Option<Timestamp>,
}

#[derive(Queryable)]
struct Row {
    id: String,
    name: String,
    role: String,
    password_hash: String,
    must_change_password: bool,
    password_changed_at: Timestamp,
    created_at: Timestamp,
    disabled_at: Option<Timestamp>,
}

impl Row {
    fn read(self, place: &str) -> Result<User, Error> {
        let Some(role) = Role::parse(&self.role) else {
            return Err(Error::UnknownValue {
                place: place.to_owned(),
                field: "users.role",
                value: self.role,
                expected: "viewer, analyst, admin",
            });
        };
        Ok(User {
            id: self.id,
            name: self.name,
            role,
            password_hash: self.password_hash,
            must_change_password: self.must_change_password,
            password_changed_at: self.password_changed_at,
            created_at: self.created_at,
            disabled_at: self.disabled_at,
        })
    }
}

/// Adds an account.
///
/// # Errors
///
/// [`Error::AlreadyExists`] when the name is taken.
pub fn insert(connection: &mut Connection, new: &User) -> Result<(), Error> {
    let answer = diesel::insert_into(users::table)
        .values((
            users::id.eq(&new.id),
            users::name.eq(&new.name),
            users::role.eq(new.role.as_str()),
            users::password_hash.eq(&new.password_hash),
            users::must_change_password.eq(new.must_change_password),
            users::password_changed_at.eq(new.password_changed_at),
            users::created_at.eq(new.created_at),
            users::disabled_at.eq(new.disabled_at),
        ))
        .execute(&mut connection.any);
    connection.name("adding a user", answer).map(drop)
}

/// The account with this id.
///
/// # Errors
///
/// The database does not answer, or holds a role this program does not know.
pub fn find(connection: &mut Connection, id: &str) -> Result<Option<User>, Error> {
    let answer = users::table
        .find(id)
        .first::<Row>(&mut connection.any)
        .optional();
    let row = connection.name("looking up a user", answer)?;
    row.map(|row| row.read(&connection.place)).transpose()
}

/// The account with this name.
///
/// # Errors
///
/// As [`find`].
pub fn find_by_name(connection: &mut Connection, name: &str) -> Result<Option<User>, Error> {
    let answer = users::table
        .filter(users::name.eq(name))
        .first::<Row>(&mut connection.any)
        .optional();
    let row = connection.name("looking up a user by name", answer)?;
    row.map(|row| row.read(&connection.place)).transpose()
}

/// Every account, by name.
///
/// # Errors
///
/// As [`find`].
pub fn list(connection: &mut Connection) -> Result<Vec<User>, Error> {
    let answer = users::table
        .order(users::name)
        .load::<Row>(&mut connection.any);
    connection
        .name("listing users", answer)?
        .into_iter()
        .map(|row| row.read(&connection.place))
        .collect()
}

/// Every administrator that is not shut, by name. Until the end of the transaction nobody else
/// changes any of them.
///
/// # Errors
///
/// As [`find`].
pub fn lock_admins(connection: &mut Connection) -> Result<Vec<User>, Error> {
    let admins = users::table
        .filter(users::role.eq(Role::Admin.as_str()))
        .filter(users::disabled_at.is_null())
        .order(users::name);
    let answer = match &mut connection.any {
        // The transaction holds the only write lock.
        AnyConnection::Sqlite(c) => admins.load::<Row>(c),
        AnyConnection::Postgres(c) => admins.for_update().load::<Row>(c),
    };
    connection
        .name("listing administrators", answer)?
        .into_iter()
        .map(|row| row.read(&connection.place))
        .collect()
}

/// Sets the password of `id`. Returns whether there is such an account.
///
/// # Errors
///
/// The database does not answer.
pub fn set_password(
    connection: &mut Connection,
    id: &str,
    hash: &str,
    must_change: bool,
    at: Timestamp,
) -> Result<bool, Error> {
    let answer = diesel::update(users::table.find(id))
        .set((
            users::password_hash.eq(hash),
            users::must_change_password.eq(must_change),
            users::password_changed_at.eq(at),
        ))
        .execute(&mut connection.any);
    connection
        .name("setting a password", answer)
        .map(|n| n == 1)
}

/// Sets the role of `id`. Returns whether there is such an account.
///
/// # Errors
///
/// The database does not answer.
pub fn set_role(connection: &mut Connection, id: &str, role: Role) -> Result<bool, Error> {
    let answer = diesel::update(users::table.find(id))
        .set(users::role.eq(role.as_str()))
        .execute(&mut connection.any);
    connection.name("setting a role", answer).map(|n| n == 1)
}

/// Shuts (`at` given) or opens the account `id`. Returns whether there is such an account.
///
/// # Errors
///
/// The database does not answer.
pub fn set_disabled(
    connection: &mut Connection,
    id: &str,
    at: Option<Timestamp>,
) -> Result<bool, Error> {
    let answer = diesel::update(users::table.find(id))
        .set(users::disabled_at.eq(at))
        .execute(&mut connection.any);
    connection.name("disabling a user", answer).map(|n| n == 1)
}
