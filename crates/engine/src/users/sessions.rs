//! Browsers that are logged in, kept on our side.

use churn_store::tables::sessions::{self, Session};
use churn_store::tables::users;
use churn_store::{Timestamp, sha256_hex};

use super::random::random_token;
use super::{Identity, Proof, Users, later};
use crate::Error;

/// The idle end is written anew when it moved by this part of the idle time: not with every
/// request.
const EXTEND_PARTS: u32 = 20;

/// A session that has just begun, shown once.
#[derive(Clone)]
pub struct NewSession {
    /// What the browser keeps, in a cookie scripts can't read.
    pub token: String,
    /// What pages send back with every change.
    pub csrf_token: String,
    /// When it ends in any case.
    pub ends_at: Timestamp,
}

/// A session that was accepted.
#[derive(Debug, Clone)]
pub struct LiveSession {
    /// Who is logged in.
    pub identity: Identity,
    /// What pages send back with every change.
    pub csrf_token: String,
}

impl Users {
    /// Begins a session for somebody who has just logged in.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn start_session(&self, user_id: &str) -> Result<NewSession, Error> {
        let (token, csrf_token) = (random_token()?, random_token()?);
        let now = self.now();
        let ends_at = later(now, self.params.session_longest);
        let session = Session {
            token_sha256: sha256_hex(token.as_bytes()),
            user_id: user_id.to_owned(),
            csrf_token: csrf_token.clone(),
            created_at: now,
            idle_until: later(now, self.params.session_idle),
            ends_at,
        };
        self.database
            .transaction(|connection| sessions::insert(connection, &session))?;
        Ok(NewSession {
            token,
            csrf_token,
            ends_at,
        })
    }

    /// Who is behind a session. Using it puts off its idle end.
    ///
    /// # Errors
    /// [`Error::ProofRefused`] when there is no such session, it has ended, or its account is
    /// shut.
    pub fn session(&self, token: &str) -> Result<LiveSession, Error> {
        let refused = || Error::ProofRefused { what: "session" };
        let now = self.now();
        let token_sha256 = sha256_hex(token.as_bytes());
        let (session, user) = self.database.read(|connection| {
            let session = sessions::find(connection, &token_sha256)?
                .filter(|session| session.idle_until > now && session.ends_at > now)
                .ok_or_else(refused)?;
            let user = users::find(connection, &session.user_id)?
                .filter(|user| user.disabled_at.is_none())
                .ok_or_else(refused)?;
            Ok::<_, Error>((session, user))
        })?;
        let idle_until = later(now, self.params.session_idle);
        let step = self.params.session_idle / EXTEND_PARTS;
        if idle_until >= later(session.idle_until, step) {
            self.database.transaction(|connection| {
                sessions::extend(connection, &token_sha256, idle_until)
            })?;
        }
        Ok(LiveSession {
            identity: Identity::of(&user, Proof::Session),
            csrf_token: session.csrf_token,
        })
    }

    /// Ends a session. Returns whether there was one.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn end_session(&self, token: &str) -> Result<bool, Error> {
        let token_sha256 = sha256_hex(token.as_bytes());
        Ok(self
            .database
            .transaction(|connection| sessions::delete(connection, &token_sha256))?)
    }

    /// Who an account is now: for access tokens, whose bearer may have been shut out since.
    ///
    /// # Errors
    /// [`Error::ProofRefused`] when the account is gone or shut.
    pub fn identity(&self, user_id: &str) -> Result<Identity, Error> {
        self.database
            .read(|connection| users::find(connection, user_id))?
            .filter(|user| user.disabled_at.is_none())
            .map(|user| Identity::of(&user, Proof::Token))
            .ok_or(Error::ProofRefused {
                what: "access token",
            })
    }
}
