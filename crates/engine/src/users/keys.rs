//! Keys of programs.

use std::collections::BTreeSet;

use churn_store::tables::api_keys::{self, ApiKey};
use churn_store::tables::users;
use churn_store::{Timestamp, new_id, sha256_hex};
use serde::Serialize;
use serde_json::json;

use super::accounts::by_name;
use super::random::{KEY_PREFIX, random_token};
use super::{Identity, Proof, Scope, Users};
use crate::Error;

/// Characters of a key that are shown afterwards; the other 46 keep 230 bits secret.
const HINT_CHARS: usize = KEY_PREFIX.len() + 6;

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewKey<'a> {
    /// The account it acts for.
    pub user: &'a str,
    /// What it is for, 1 to 100 characters.
    pub label: &'a str,
    /// What it may do; no more than the account.
    pub scopes: BTreeSet<Scope>,
    /// When it ends; none = never.
    pub expires_at: Option<Timestamp>,
}

/// A key as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyView {
    /// UUID version 7; how it is named for revoking.
    pub id: String,
    /// Name of the account it acts for.
    pub user: String,
    /// What it is for.
    pub label: String,
    /// Its first characters.
    pub hint: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; none = never.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked; none while it works.
    pub revoked_at: Option<Timestamp>,
}

fn view(key: &ApiKey, user: &str) -> KeyView {
    KeyView {
        id: key.id.clone(),
        user: user.to_owned(),
        label: key.label.clone(),
        hint: key.hint.clone(),
        scopes: key.scopes.split_whitespace().map(str::to_owned).collect(),
        created_at: key.created_at,
        expires_at: key.expires_at,
        revoked_at: key.revoked_at,
    }
}

impl Users {
    /// Makes a key. Returns it as shown, and the key itself, which is shown once.
    ///
    /// # Errors
    /// [`Error::UnknownUser`], [`Error::Forbidden`] for a scope the account's role does not have,
    /// [`Error::BadKeyLabel`].
    pub fn add_key(&self, new: &NewKey<'_>, who: &str) -> Result<(KeyView, String), Error> {
        let label = new.label.trim();
        if label.is_empty() || label.chars().count() > 100 || new.scopes.is_empty() {
            return Err(Error::BadKeyLabel {
                label: label.to_owned(),
            });
        }
        let secret = format!("{KEY_PREFIX}{}", random_token()?);
        let now = self.now();
        let shown = self.database.transaction(|connection| {
            let user = by_name(connection, new.user)?;
            let allowed = Scope::of_role(user.role);
            if let Some(scope) = new.scopes.difference(&allowed).next() {
                return Err(Error::Forbidden {
                    name: user.name,
                    role: user.role.as_str(),
                    scope: scope.as_str(),
                });
            }
            let words: Vec<&str> = new.scopes.iter().map(|scope| scope.as_str()).collect();
            let key = ApiKey {
                id: new_id(),
                user_id: user.id.clone(),
                label: label.to_owned(),
                hint: secret.chars().take(HINT_CHARS).collect(),
                key_sha256: sha256_hex(secret.as_bytes()),
                scopes: words.join(" "),
                created_at: now,
                expires_at: new.expires_at,
                revoked_at: None,
            };
            api_keys::insert(connection, &key)?;
            let shown = view(&key, &user.name);
            let states = [None, Some(json!(shown))];
            self.audit(connection, who, "keys.add", &key.id, states)?;
            Ok(shown)
        })?;
        Ok((shown, secret))
    }

    /// Every key, or those of one account, in the order in which they were made; revoked ones too.
    ///
    /// # Errors
    /// [`Error::UnknownUser`].
    pub fn list_keys(&self, user: Option<&str>) -> Result<Vec<KeyView>, Error> {
        self.database.read(|connection| {
            let only = user.map(|name| by_name(connection, name)).transpose()?;
            let people = users::list(connection)?;
            let keys = api_keys::list(connection)?;
            let of = |key: &ApiKey| people.iter().find(|user| user.id == key.user_id);
            Ok(keys
                .iter()
                .filter(|key| only.as_ref().is_none_or(|user| user.id == key.user_id))
                .filter_map(|key| Some(view(key, &of(key)?.name)))
                .collect())
        })
    }

    /// Revokes a key by its id. Returns whether it worked until now.
    ///
    /// # Errors
    /// [`Error::UnknownKey`].
    pub fn revoke_key(&self, id: &str, who: &str) -> Result<bool, Error> {
        let now = self.now();
        self.database.transaction(|connection| {
            if api_keys::find(connection, id)?.is_none() {
                return Err(Error::UnknownKey { id: id.to_owned() });
            }
            let revoked = api_keys::revoke(connection, id, now)?;
            if revoked {
                let states = [
                    Some(json!({ "revoked": false })),
                    Some(json!({ "revoked": true })),
                ];
                self.audit(connection, who, "keys.revoke", id, states)?;
            }
            Ok(revoked)
        })
    }

    /// Who a key acts for, and what it may do.
    ///
    /// # Errors
    /// [`Error::ProofRefused`] when there is no such key, it was revoked or has ended, or its
    /// account is shut.
    pub fn key(&self, secret: &str) -> Result<Identity, Error> {
        let refused = || Error::ProofRefused { what: "API key" };
        let now = self.now();
        let key_sha256 = sha256_hex(secret.as_bytes());
        self.database.read(|connection| {
            let key = api_keys::find_by_hash(connection, &key_sha256)?
                .filter(|key| key.revoked_at.is_none())
                .filter(|key| key.expires_at.is_none_or(|end| end > now))
                .ok_or_else(refused)?;
            let user = users::find(connection, &key.user_id)?
                .filter(|user| user.disabled_at.is_none())
                .ok_or_else(refused)?;
            let mut identity = Identity::of(&user, Proof::Key);
            // The role may have been lowered since.
            identity
                .scopes
                .retain(|scope| key.scopes.split(' ').any(|word| word == scope.as_str()));
            Ok(identity)
        })
    }
}
