//! Keys of programs that were accepted a moment ago, so that not every request asks the database.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use churn_engine::users::Identity;

/// How long an accepted key is not looked up again: so long a revoked key may still work in
/// another process.
const REMEMBERED: Duration = Duration::from_secs(5);

/// Most keys that are remembered.
const MOST: usize = 10_000;

/// Accepted keys by hash, with the time they were looked up.
#[derive(Default)]
pub(crate) struct Known {
    by_hash: Mutex<HashMap<String, (Instant, Identity)>>,
}

impl Known {
    /// Who a key belongs to, when it was accepted a moment ago.
    pub(crate) fn find(&self, hash: &str) -> Option<Identity> {
        let known = self.by_hash.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, identity) = known.get(hash)?;
        (since.elapsed() < REMEMBERED).then(|| identity.clone())
    }

    /// Keeps an accepted key for a moment.
    pub(crate) fn remember(&self, hash: String, identity: Identity) {
        let mut known = self.by_hash.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, (since, _)| since.elapsed() < REMEMBERED);
        }
        if known.len() < MOST {
            known.insert(hash, (Instant::now(), identity));
        }
    }

    /// Forgets all keys: one was revoked, or an account has changed.
    pub(crate) fn forget(&self) {
        let mut known = self.by_hash.lock().unwrap_or_else(PoisonError::into_inner);
        known.clear();
    }
}
