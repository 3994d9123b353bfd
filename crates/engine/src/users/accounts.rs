//! Accounts: adding, listing, changing, shutting.

use churn_store::tables::users::{self, Role, User};
use churn_store::tables::{login_failures, refresh_tokens, sessions};
use churn_store::{AsStoreError, Connection, Timestamp, new_id};
use serde::Serialize;
use serde_json::json;

use super::Users;
use super::login::subject_of_user;
use super::random::random_password;
use crate::Error;

/// Name of the account that is made at the first start.
pub const FIRST_ADMIN: &str = "admin";

/// An account to be made.
#[derive(Clone, Copy)]
pub struct NewUser<'a> {
    /// 1 to 64 of `a-z`, `0-9`, `.`, `_`, `-` and `@`, beginning with a letter or digit; capital
    /// letters become small.
    pub name: &'a str,
    /// What it is trusted with.
    pub role: Role,
    /// Its password; none = one is made up that must be changed.
    pub password: Option<&'a str>,
}

/// An account as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserView {
    /// UUID version 7.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `viewer`, `analyst` or `admin`.
    pub role: &'static str,
    /// Whether nothing is allowed before the password is changed.
    pub must_change_password: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the password was last set.
    pub password_changed_at: Timestamp,
    /// Since when it is shut; none while it is open.
    pub disabled_at: Option<Timestamp>,
}

impl From<&User> for UserView {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.clone(),
            name: user.name.clone(),
            role: user.role.as_str(),
            must_change_password: user.must_change_password,
            created_at: user.created_at,
            password_changed_at: user.password_changed_at,
            disabled_at: user.disabled_at,
        }
    }
}

/// The account made at the first start, shown once.
#[derive(Clone)]
pub struct FirstAdmin {
    /// Its name.
    pub name: String,
    /// Its password, which must be changed.
    pub password: String,
}

impl Users {
    /// Makes an account. Returns it, and the password when one was made up.
    ///
    /// # Errors
    /// [`Error::BadUserName`], [`Error::WeakPassword`], [`Error::UserExists`].
    pub fn add(&self, new: &NewUser<'_>, who: &str) -> Result<(UserView, Option<String>), Error> {
        let name = check_name(new.name)?;
        let made_up = new.password.is_none().then(random_password).transpose()?;
        if let Some(password) = new.password {
            self.check_password(&name, password)?;
        }
        let password = made_up.as_deref().or(new.password).unwrap_or_default();
        let now = self.now();
        let user = User {
            id: new_id(),
            name: name.clone(),
            role: new.role,
            password_hash: self.hash(password)?,
            must_change_password: made_up.is_some(),
            password_changed_at: now,
            created_at: now,
            disabled_at: None,
        };
        let added = self.database.transaction(|connection| {
            users::insert(connection, &user)?;
            let after = json!({ "role": new.role.as_str() });
            self.audit(connection, who, "users.add", &name, [None, Some(after)])
        });
        match added {
            Ok(()) => Ok((UserView::from(&user), made_up)),
            Err(fault) if is_taken(&fault) => Err(Error::UserExists { name }),
            Err(fault) => Err(fault),
        }
    }

    /// Makes the first administrator when there is no account at all. Returns it with a password
    /// that was made up and must be changed; none when there are accounts.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn ensure_first_admin(&self) -> Result<Option<FirstAdmin>, Error> {
        if !self.database.read(users::list)?.is_empty() {
            return Ok(None);
        }
        let new = NewUser {
            name: FIRST_ADMIN,
            role: Role::Admin,
            password: None,
        };
        match self.add(&new, "first start") {
            Ok((user, password)) => Ok(password.map(|password| FirstAdmin {
                name: user.name,
                password,
            })),
            // Another process was faster.
            Err(Error::UserExists { .. }) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Every account, by name.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn list(&self) -> Result<Vec<UserView>, Error> {
        let rows = self.database.read(users::list)?;
        Ok(rows.iter().map(UserView::from).collect())
    }

    /// One account.
    ///
    /// # Errors
    /// [`Error::UnknownUser`].
    pub fn show(&self, name: &str) -> Result<UserView, Error> {
        self.database
            .read(|connection| Ok(UserView::from(&by_name(connection, name)?)))
    }

    /// Sets somebody's password without asking for the old one. None = one is made up, returned,
    /// and must be changed at the next login, as must be a given one when `must_change`. All
    /// sessions and tokens of the account end.
    ///
    /// # Errors
    /// [`Error::UnknownUser`], [`Error::WeakPassword`].
    pub fn reset_password(
        &self,
        name: &str,
        password: Option<&str>,
        must_change: bool,
        who: &str,
    ) -> Result<Option<String>, Error> {
        let made_up = password.is_none().then(random_password).transpose()?;
        let user = self.database.read(|connection| by_name(connection, name))?;
        if let Some(password) = password {
            self.check_password(&user.name, password)?;
        }
        let password = made_up.as_deref().or(password).unwrap_or_default();
        self.set_password(&user, password, must_change || made_up.is_some(), who)?;
        Ok(made_up)
    }

    /// Changes one's own password. All sessions and tokens end.
    ///
    /// # Errors
    /// As [`login`](Self::login) for the old password; [`Error::WeakPassword`] for the new one,
    /// also when it is the old one.
    pub fn change_password(
        &self,
        name: &str,
        old: &str,
        new: &str,
        client: &str,
    ) -> Result<(), Error> {
        let identity = self.login(name, old, client)?;
        self.check_password(&identity.name, new)?;
        if old == new {
            return Err(Error::WeakPassword {
                reason: "it is the old one".to_owned(),
            });
        }
        let user = self
            .database
            .read(|connection| by_name(connection, &identity.name))?;
        self.set_password(&user, new, false, &identity.name)
    }

    fn set_password(
        &self,
        user: &User,
        password: &str,
        must_change: bool,
        who: &str,
    ) -> Result<(), Error> {
        let hash = self.hash(password)?;
        let now = self.now();
        self.database.transaction(|connection| {
            users::set_password(connection, &user.id, &hash, must_change, now)?;
            end_everything(connection, user, now)?;
            login_failures::delete(connection, &subject_of_user(&user.name))?;
            let after = json!({ "must_change_password": must_change });
            self.audit(
                connection,
                who,
                "users.password",
                &user.name,
                [None, Some(after)],
            )
        })
    }

    /// Gives an account another role. The last open administrator stays one.
    ///
    /// # Errors
    /// [`Error::UnknownUser`], [`Error::LastAdmin`].
    pub fn set_role(&self, name: &str, role: Role, who: &str) -> Result<UserView, Error> {
        self.database.transaction(|connection| {
            let mut user = by_name(connection, name)?;
            if role != Role::Admin {
                self.refuse_last_admin(connection, &user)?;
            }
            users::set_role(connection, &user.id, role)?;
            let states = [user.role, role].map(|role| Some(json!({ "role": role.as_str() })));
            self.audit(connection, who, "users.role", &user.name, states)?;
            user.role = role;
            Ok(UserView::from(&user))
        })
    }

    /// Shuts or opens an account. Shutting ends its sessions and tokens; its keys stop working
    /// until it is opened again. The last open administrator can't be shut.
    ///
    /// # Errors
    /// [`Error::UnknownUser`], [`Error::LastAdmin`].
    pub fn set_disabled(&self, name: &str, disabled: bool, who: &str) -> Result<UserView, Error> {
        let now = self.now();
        self.database.transaction(|connection| {
            let mut user = by_name(connection, name)?;
            let disabled_at = disabled.then(|| user.disabled_at.unwrap_or(now));
            if disabled {
                self.refuse_last_admin(connection, &user)?;
                end_everything(connection, &user, now)?;
            }
            users::set_disabled(connection, &user.id, disabled_at)?;
            let states = [user.disabled_at.is_some(), disabled]
                .map(|disabled| Some(json!({ "disabled": disabled })));
            self.audit(connection, who, "users.disable", &user.name, states)?;
            user.disabled_at = disabled_at;
            Ok(UserView::from(&user))
        })
    }

    fn refuse_last_admin(&self, connection: &mut Connection, user: &User) -> Result<(), Error> {
        // Locked, so that two administrators can't shut each other out at the same moment.
        let admins = users::lock_admins(connection)?;
        if admins.len() == 1 && admins[0].id == user.id {
            return Err(Error::LastAdmin {
                name: user.name.clone(),
            });
        }
        Ok(())
    }
}

fn is_taken(fault: &Error) -> bool {
    matches!(
        fault.as_store_error(),
        Some(churn_store::Error::AlreadyExists { .. })
    )
}

fn end_everything(connection: &mut Connection, user: &User, now: Timestamp) -> Result<(), Error> {
    sessions::delete_of_user(connection, &user.id)?;
    refresh_tokens::revoke_of_user(connection, &user.id, now)?;
    Ok(())
}

pub(super) fn by_name(connection: &mut Connection, name: &str) -> Result<User, Error> {
    let name = name.trim().to_lowercase();
    users::find_by_name(connection, &name)?.ok_or(Error::UnknownUser { name })
}

fn check_name(given: &str) -> Result<String, Error> {
    let name = given.trim().to_lowercase();
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_@".contains(&b);
    let begins_well = name
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_alphanumeric());
    if begins_well && name.len() <= 64 && name.bytes().all(good) {
        Ok(name)
    } else {
        Err(Error::BadUserName {
            given: given.to_owned(),
        })
    }
}
