//! Logging in with a password, slowed down when it looks like guessing.

use std::time::Duration;

use churn_store::tables::login_failures::{self, LoginFailures};
use churn_store::tables::users;
use churn_store::{Connection, Timestamp};

use super::{Identity, Proof, Users, later};
use crate::Error;

/// How failed logins are slowed down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    /// Failures in a row that cost nothing.
    pub n_free: u32,
    /// The longest wait. It begins with one second and doubles with every failure.
    pub longest: Duration,
    /// Failures are forgotten when the last is so long ago.
    pub forget_after: Duration,
}

impl Throttle {
    fn wait(&self, n_failures: u32) -> Duration {
        match n_failures.checked_sub(self.n_free + 1) {
            None => Duration::ZERO,
            Some(n_doublings) => {
                Duration::from_secs(1_u64 << n_doublings.min(40)).min(self.longest)
            }
        }
    }
}

pub(super) fn subject_of_user(name: &str) -> String {
    format!("user:{name}")
}

impl Users {
    /// Who `name` with `password` is. `client` is the address it came from.
    ///
    /// An attempt is counted before the password is looked at, against the name and against the
    /// address, so that attempts at the same moment count too. While either must wait nothing is
    /// looked at. An unknown name, a shut account and a wrong password get the same answer after
    /// the same work.
    ///
    /// # Errors
    /// [`Error::LoginThrottled`], [`Error::WrongCredentials`].
    pub fn login(&self, name: &str, password: &str, client: &str) -> Result<Identity, Error> {
        let name = name.trim().to_lowercase();
        let subjects = [
            (subject_of_user(&name), self.params.user_throttle),
            (format!("client:{client}"), self.params.client_throttle),
        ];
        let now = self.now();
        let wait = self.database.transaction_with_retry(|connection| {
            let wait = longest_wait(connection, &subjects, now)?;
            if wait.is_none() {
                for (subject, throttle) in &subjects {
                    count_failure(connection, subject, throttle, now)?;
                }
            }
            Ok::<_, Error>(wait)
        })?;
        if let Some(wait) = wait {
            return Err(Error::LoginThrottled {
                retry_after_s: wait.as_secs() + u64::from(wait.subsec_nanos() > 0),
            });
        }
        let user = self
            .database
            .read(|connection| users::find_by_name(connection, &name))?
            .filter(|user| user.disabled_at.is_none());
        let hash = match &user {
            Some(user) => &user.password_hash,
            None => self.decoy()?,
        };
        let is_right = self.verify(password, hash)?;
        let Some(user) = user.filter(|_| is_right) else {
            return Err(Error::WrongCredentials);
        };
        self.database.transaction(|connection| {
            login_failures::delete(connection, &subjects[0].0)?;
            // One right password must not wipe out the guesses at other names: it takes back
            // only itself.
            take_back(connection, &subjects[1].0)
        })?;
        Ok(Identity::of(&user, Proof::Password))
    }
}

fn longest_wait(
    connection: &mut Connection,
    subjects: &[(String, Throttle)],
    now: Timestamp,
) -> Result<Option<Duration>, Error> {
    let mut longest = None;
    for (subject, _) in subjects {
        let known = login_failures::find(connection, subject)?;
        let wait = known
            .map(|known| known.blocked_until.to_utc() - now.to_utc())
            .and_then(|wait| wait.to_std().ok())
            .filter(|wait| !wait.is_zero());
        longest = longest.max(wait);
    }
    Ok(longest)
}

fn count_failure(
    connection: &mut Connection,
    subject: &str,
    throttle: &Throttle,
    now: Timestamp,
) -> Result<(), Error> {
    let known = login_failures::find(connection, subject)?;
    let n_failures = known
        .as_ref()
        .filter(|known| later(known.last_at, throttle.forget_after) > now)
        .map_or(0, |known| known.n_failures)
        .saturating_add(1);
    let wait = throttle.wait(n_failures.unsigned_abs());
    let next = LoginFailures {
        subject: subject.to_owned(),
        n_failures,
        last_at: now,
        blocked_until: later(now, wait),
    };
    // An update for a subject that was not known would write over the first failure of another
    // login at the same moment; the insert is refused and everything begins anew.
    match known {
        Some(_) => login_failures::update(connection, &next)?,
        None => login_failures::insert(connection, &next)?,
    }
    Ok(())
}

fn take_back(connection: &mut Connection, subject: &str) -> Result<(), Error> {
    let Some(known) = login_failures::find(connection, subject)? else {
        return Ok(());
    };
    if known.n_failures <= 1 {
        return Ok(login_failures::delete(connection, subject)?);
    }
    let next = LoginFailures {
        n_failures: known.n_failures - 1,
        blocked_until: known.last_at,
        ..known
    };
    Ok(login_failures::update(connection, &next)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let throttle = Throttle {
            n_free: 2,
            longest: Duration::from_secs(10),
            forget_after: Duration::from_secs(60),
        };
        let waits: Vec<u64> = (0..8).map(|n| throttle.wait(n).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 10]);
        assert_eq!(throttle.wait(u32::MAX).as_secs(), 10);
    }
}
