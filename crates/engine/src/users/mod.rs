//! Who may use the service, and what proves it.
//!
//! [`Users`] holds every use case: accounts with roles, logins that are slowed down when guessed
//! at, sessions of browsers, refresh tokens that are used once, keys of programs. Each proof is
//! turned into an [`Identity`], which says what its bearer may do. Every change is written into
//! the audit trail in the transaction that makes it.

mod access;
mod accounts;
mod keys;
mod login;
mod password;
mod random;
mod refresh;
mod sessions;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::TimeDelta;
use churn_store::tables::audit::{self, AuditEntry};
use churn_store::{Clock, Connection, Database, Timestamp, new_id};

pub use access::{Identity, Proof, Scope};
pub use accounts::{FIRST_ADMIN, FirstAdmin, NewUser, UserView};
pub use churn_store::tables::users::Role;
pub use keys::{KeyView, NewKey};
pub use login::Throttle;
pub use password::HashCost;
pub use refresh::NewRefreshToken;
pub use sessions::{LiveSession, NewSession};

use crate::Error;

/// How strict the service is about who uses it.
#[derive(Debug, Clone, PartialEq)]
pub struct UserParams {
    /// Fewest characters of a password. Default 12.
    pub min_password_chars: usize,
    /// What a password costs to hash. Default: 19 MiB and 2 passes.
    pub hash_cost: HashCost,
    /// A session ends when it is not used for so long. Default 8 hours.
    pub session_idle: Duration,
    /// A session ends after so long in any case. Default 7 days.
    pub session_longest: Duration,
    /// A refresh token ends after so long. Default 14 days.
    pub refresh_lifetime: Duration,
    /// Failed logins of one name. Default: 5 free, then waits that double up to 15 minutes.
    pub user_throttle: Throttle,
    /// Failed logins from one address. Default: 20 free, then waits that double up to 15 minutes.
    pub client_throttle: Throttle,
}

impl Default for UserParams {
    fn default() -> Self {
        const HOUR: u64 = 3600;
        let throttle = |n_free| Throttle {
            n_free,
            longest: Duration::from_secs(HOUR / 4),
            forget_after: Duration::from_secs(HOUR),
        };
        Self {
            min_password_chars: 12,
            hash_cost: HashCost::default(),
            session_idle: Duration::from_secs(8 * HOUR),
            session_longest: Duration::from_secs(7 * 24 * HOUR),
            refresh_lifetime: Duration::from_secs(14 * 24 * HOUR),
            user_throttle: throttle(5),
            client_throttle: throttle(20),
        }
    }
}

/// Everything about users, on one database. Cloning shares it. All calls block.
#[derive(Clone)]
pub struct Users {
    database: Database,
    clock: Arc<dyn Clock>,
    params: UserParams,
    /// Compared with when there is no such user, so that an answer takes as long as for one.
    decoy: Arc<OnceLock<String>>,
}

impl std::fmt::Debug for Users {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Users")
            .field("database", &self.database)
            .field("params", &self.params)
            .finish_non_exhaustive()
    }
}

impl Users {
    /// The users kept in `database`.
    #[must_use]
    pub fn new(database: Database, clock: Arc<dyn Clock>, params: UserParams) -> Self {
        Self {
            database,
            clock,
            params,
            decoy: Arc::default(),
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Adds an entry to the audit trail, in the transaction of the change itself.
    fn audit(
        &self,
        connection: &mut Connection,
        who: &str,
        action: &str,
        subject: &str,
        states: [Option<serde_json::Value>; 2],
    ) -> Result<(), Error> {
        let [before, after] = states.map(|state| state.map(|state| state.to_string()));
        let entry = AuditEntry {
            id: new_id(),
            at: self.now(),
            who: who.to_owned(),
            action: action.to_owned(),
            subject: subject.to_owned(),
            before,
            after,
        };
        Ok(audit::insert(connection, &entry)?)
    }
}

/// `time` moved by `by`; the furthest time there is when that is too far.
fn later(time: Timestamp, by: Duration) -> Timestamp {
    let by = TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
    let moved = time.to_utc().checked_add_signed(by);
    Timestamp::new(moved.unwrap_or(chrono::DateTime::<chrono::Utc>::MAX_UTC))
}
