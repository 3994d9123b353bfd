//! The job that removes what nobody needs any more.

use serde::{Deserialize, Serialize};

use super::JobKind;
use crate::users::Scope;

/// Removes ended sessions and tokens, old failed logins, and jobs that ended long ago.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Housekeep {
    /// Days for which jobs that have ended are kept, 1 or more. Default 30. A job's key is known
    /// for as long.
    #[serde(default = "month")]
    pub keep_jobs_days: u16,
}

fn month() -> u16 {
    30
}

impl JobKind for Housekeep {
    const NAME: &'static str = "housekeep";
    const PRIORITY: i32 = -10;
    const MAX_ATTEMPTS: i32 = 3;
    const SCOPE: Scope = Scope::Users;
}
