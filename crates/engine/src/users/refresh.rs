//! Refresh tokens: each is exchanged once for the next of its family.

use churn_store::tables::refresh_tokens::{self, RefreshToken};
use churn_store::tables::users;
use churn_store::{Connection, Timestamp, new_id, sha256_hex};
use serde_json::json;

use super::random::random_token;
use super::{Identity, Proof, Users, later};
use crate::Error;

/// A token that was just made, shown once.
#[derive(Clone)]
pub struct NewRefreshToken {
    /// The token.
    pub token: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What came of exchanging a token. Not an error, because the family's end must be stored.
enum Exchanged {
    Next(Box<Identity>, NewRefreshToken),
    Reused,
    Refused,
}

impl Users {
    /// The first token of a new family, for somebody who has just logged in.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn issue_refresh_token(&self, user_id: &str) -> Result<NewRefreshToken, Error> {
        self.database
            .transaction(|connection| self.insert_token(connection, &new_id(), user_id))
    }

    fn insert_token(
        &self,
        connection: &mut Connection,
        family: &str,
        user_id: &str,
    ) -> Result<NewRefreshToken, Error> {
        let token = random_token()?;
        let now = self.now();
        let expires_at = later(now, self.params.refresh_lifetime);
        let row = RefreshToken {
            token_sha256: sha256_hex(token.as_bytes()),
            family: family.to_owned(),
            user_id: user_id.to_owned(),
            issued_at: now,
            expires_at,
            used_at: None,
            revoked_at: None,
        };
        refresh_tokens::insert(connection, &row)?;
        Ok(NewRefreshToken { token, expires_at })
    }

    /// Exchanges a token for the next. A token that was exchanged before is in two hands: its
    /// whole family ends, the newest token included, and both must log in again.
    ///
    /// # Errors
    /// [`Error::TokenReused`]; [`Error::ProofRefused`] when it is unknown, has ended, or its
    /// account is shut.
    pub fn exchange_refresh_token(
        &self,
        token: &str,
    ) -> Result<(Identity, NewRefreshToken), Error> {
        let token_sha256 = sha256_hex(token.as_bytes());
        let exchanged = self
            .database
            .transaction(|connection| self.exchange(connection, &token_sha256))?;
        match exchanged {
            Exchanged::Next(identity, next) => Ok((*identity, next)),
            Exchanged::Reused => Err(Error::TokenReused),
            Exchanged::Refused => Err(Error::ProofRefused {
                what: "refresh token",
            }),
        }
    }

    fn exchange(
        &self,
        connection: &mut Connection,
        token_sha256: &str,
    ) -> Result<Exchanged, Error> {
        let now = self.now();
        let Some(row) = refresh_tokens::find(connection, token_sha256)? else {
            return Ok(Exchanged::Refused);
        };
        let user = users::find(connection, &row.user_id)?;
        let Some(user) = user.filter(|user| user.disabled_at.is_none()) else {
            return Ok(Exchanged::Refused);
        };
        if row.used_at.is_none() && (row.revoked_at.is_some() || row.expires_at <= now) {
            return Ok(Exchanged::Refused);
        }
        if !refresh_tokens::mark_used(connection, token_sha256, now)? {
            let n_ended = refresh_tokens::revoke_family(connection, &row.family, now)?;
            let after = json!({ "tokens_ended": n_ended });
            let states = [None, Some(after)];
            self.audit(
                connection,
                &user.name,
                "auth.token_reused",
                &user.name,
                states,
            )?;
            return Ok(Exchanged::Reused);
        }
        let next = self.insert_token(connection, &row.family, &user.id)?;
        let identity = Identity::of(&user, Proof::Token);
        Ok(Exchanged::Next(Box::new(identity), next))
    }

    /// Ends the family of a token: logging out. Unknown tokens are passed over.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn end_refresh_token(&self, token: &str) -> Result<(), Error> {
        let token_sha256 = sha256_hex(token.as_bytes());
        let now = self.now();
        self.database.transaction(|connection| {
            if let Some(row) = refresh_tokens::find(connection, &token_sha256)? {
                refresh_tokens::revoke_family(connection, &row.family, now)?;
            }
            Ok(())
        })
    }
}
