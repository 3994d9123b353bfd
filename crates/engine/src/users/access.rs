//! What somebody may do.

use std::collections::BTreeSet;

use churn_store::tables::users::{Role, User};
use serde::Serialize;

use crate::Error;

/// One kind of thing that may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// See models, metrics, customers, predictions, reports, jobs.
    Read,
    /// Score and explain customers, one or many.
    Score,
    /// Start and stop training.
    Train,
    /// Put models into and out of service.
    Models,
    /// See and change users, keys of others, and the audit trail.
    Users,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 5] = [
        Self::Read,
        Self::Score,
        Self::Train,
        Self::Models,
        Self::Users,
    ];

    /// The word for it: `read`, `score`, `train`, `models` or `users`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Score => "score",
            Self::Train => "train",
            Self::Models => "models",
            Self::Users => "users",
        }
    }

    /// The scope with this word.
    ///
    /// # Errors
    /// [`Error::UnknownScope`].
    pub fn parse(word: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == word)
            .ok_or_else(|| Error::UnknownScope {
                given: word.to_owned(),
                known: Self::ALL.map(Self::as_str).join(", "),
            })
    }

    /// What a role may do.
    #[must_use]
    pub fn of_role(role: Role) -> BTreeSet<Self> {
        let scopes: &[Self] = match role {
            Role::Viewer => &[Self::Read],
            Role::Analyst => &[Self::Read, Self::Score],
            Role::Admin => &Self::ALL,
        };
        scopes.iter().copied().collect()
    }
}

/// What proved who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Name and password, just now.
    Password,
    /// A session of a browser.
    Session,
    /// A refresh token, or an access token made from one.
    Token,
    /// A key of a program.
    Key,
}

/// Somebody whose proof was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Id of the account.
    pub user_id: String,
    /// Its name.
    pub name: String,
    /// Its role now.
    pub role: Role,
    /// What may be done: what the role allows, of a key only what it was made for.
    pub scopes: BTreeSet<Scope>,
    /// What proved it.
    pub proof: Proof,
    /// Whether nothing is allowed before the password is changed.
    pub must_change_password: bool,
}

impl Identity {
    pub(super) fn of(user: &User, proof: Proof) -> Self {
        Self {
            user_id: user.id.clone(),
            name: user.name.clone(),
            role: user.role,
            scopes: Scope::of_role(user.role),
            proof,
            must_change_password: user.must_change_password,
        }
    }

    /// Refuses what is not allowed.
    ///
    /// # Errors
    /// [`Error::PasswordMustChange`] and [`Error::Forbidden`].
    pub fn require(&self, scope: Scope) -> Result<(), Error> {
        self.require_any(&[scope])
    }

    /// Refuses what none of `scopes` allows; the first is the one that is named. Empty: signing
    /// in is enough.
    ///
    /// # Errors
    /// As [`require`](Self::require).
    pub fn require_any(&self, scopes: &[Scope]) -> Result<(), Error> {
        if self.must_change_password {
            return Err(Error::PasswordMustChange {
                name: self.name.clone(),
            });
        }
        let Some(scope) = scopes.first() else {
            return Ok(());
        };
        if scopes.iter().any(|scope| self.scopes.contains(scope)) {
            return Ok(());
        }
        Err(Error::Forbidden {
            name: self.name.clone(),
            role: self.role.as_str(),
            scope: scope.as_str(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_the_one_before_may() {
        let scopes = Role::ALL.map(Scope::of_role);
        assert!(scopes[0].is_subset(&scopes[1]) && scopes[1].is_subset(&scopes[2]));
        assert_eq!(scopes[2].len(), Scope::ALL.len());
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()).unwrap(), scope);
        }
        let text = Scope::parse("root").unwrap_err().to_string();
        assert!(text.contains("root") && text.contains("models"), "{text}");
    }
}
