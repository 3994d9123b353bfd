//! Moving aliases: which version answers, and going back.

use churn_store::tables::alias_moves::{self, AliasMove, MoveAction};
use churn_store::tables::aliases;
use churn_store::{Connection, new_id};

use crate::CHAMPION;
use crate::error::Error;
use crate::reference::resolve_row;
use crate::registry::{ModelVersion, Registry};
use crate::version::Version;

/// What moving an alias did.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    /// The version before; none for the first move.
    pub from: Option<String>,
    /// The version now. The same as `from` when there was nothing to do.
    pub to: ModelVersion,
}

impl Registry {
    /// Makes the version that `reference` names the champion. Its bundle is verified first.
    /// Who and why are kept for good.
    ///
    /// # Errors
    ///
    /// As [`resolve`](Self::resolve); [`Error::Unverified`] when the bundle is not whole.
    pub fn activate(&self, reference: &str, who: &str, why: &str) -> Result<Moved, Error> {
        self.set_alias(CHAMPION, reference, who, why)
    }

    /// Points `alias` at the version that `reference` names, like [`activate`](Self::activate).
    ///
    /// # Errors
    ///
    /// As [`activate`](Self::activate), and [`Error::BadAlias`].
    pub fn set_alias(
        &self,
        alias: &str,
        reference: &str,
        who: &str,
        why: &str,
    ) -> Result<Moved, Error> {
        self.move_to(alias, reference, None, who, why)
    }

    /// Like [`activate`](Self::activate), but only while `expected` is the champion (`None`:
    /// while there is none), so that nobody moves it between looking and moving.
    ///
    /// # Errors
    ///
    /// As [`activate`](Self::activate), and [`Error::Overtaken`] when another version is champion.
    pub fn activate_if(
        &self,
        reference: &str,
        expected: Option<&str>,
        who: &str,
        why: &str,
    ) -> Result<Moved, Error> {
        self.move_to(CHAMPION, reference, Some(expected), who, why)
    }

    /// Moves an alias; `expected` is what it must name now, when that matters.
    fn move_to(
        &self,
        alias: &str,
        reference: &str,
        expected: Option<Option<&str>>,
        who: &str,
        why: &str,
    ) -> Result<Moved, Error> {
        check_alias(alias)?;
        let to = self.resolve_verified(reference)?;
        let from = self.database.transaction_with_retry(|connection| {
            self.move_in(connection, alias, &to, expected, who, why)
        })?;
        Ok(Moved { from, to })
    }

    /// The version that `reference` names, if its bundle is whole.
    ///
    /// # Errors
    ///
    /// As [`resolve`](Self::resolve); [`Error::Unverified`] when the bundle is not whole.
    pub fn resolve_verified(&self, reference: &str) -> Result<ModelVersion, Error> {
        let version = self.resolve(reference)?;
        self.refuse_unverified(&version)?;
        Ok(version)
    }

    /// Makes a [verified](Self::resolve_verified) version the champion in a transaction of the
    /// caller's, so that it lands together with what else is done there. Returns the version
    /// before.
    ///
    /// # Errors
    ///
    /// A fault of the store; one that [is retryable](churn_store::Error::is_retryable) when
    /// another process moved the alias at the same moment.
    pub fn activate_in(
        &self,
        connection: &mut Connection,
        to: &ModelVersion,
        who: &str,
        why: &str,
    ) -> Result<Option<String>, Error> {
        self.move_in(connection, CHAMPION, to, None, who, why)
    }

    fn move_in(
        &self,
        connection: &mut Connection,
        alias: &str,
        to: &ModelVersion,
        expected: Option<Option<&str>>,
        who: &str,
        why: &str,
    ) -> Result<Option<String>, Error> {
        let history = alias_moves::list(connection, alias)?;
        let from = history.last().map(|last| last.to_version.clone());
        if let Some(expected) = expected.filter(|&expected| expected != from.as_deref()) {
            return Err(Error::Overtaken {
                alias: alias.to_owned(),
                expected: expected.map(str::to_owned),
                now: from,
            });
        }
        let target = to.version.to_string();
        if from.as_ref() != Some(&target) {
            let step = Step {
                alias,
                action: MoveAction::Activate,
                target: &target,
                who,
                why,
            };
            self.move_alias(connection, &history, &step)?;
        }
        Ok(from)
    }

    /// Makes the version that was champion before the present one champion again. Rolling
    /// back twice goes back two versions, not to and fro.
    ///
    /// # Errors
    ///
    /// [`Error::NothingToRollBack`]; [`Error::Unverified`] when the earlier bundle is not
    /// whole.
    pub fn rollback(&self, who: &str, why: &str) -> Result<Moved, Error> {
        self.rollback_alias(CHAMPION, who, why)
    }

    /// Like [`rollback`](Self::rollback) for any alias.
    ///
    /// # Errors
    ///
    /// As [`rollback`](Self::rollback).
    pub fn rollback_alias(&self, alias: &str, who: &str, why: &str) -> Result<Moved, Error> {
        let (from, row) = self.database.transaction_with_retry(|connection| {
            let history = alias_moves::list(connection, alias)?;
            let Some((now, target)) = before(&history) else {
                return Err(nothing_before(alias, &history));
            };
            let row = resolve_row(connection, &target)?;
            self.refuse_unverified(&ModelVersion::from_row(row.clone())?)?;
            let step = Step {
                alias,
                action: MoveAction::Rollback,
                target: &target,
                who,
                why,
            };
            self.move_alias(connection, &history, &step)?;
            Ok((now, row))
        })?;
        Ok(Moved {
            from: Some(from),
            to: ModelVersion::from_row(row)?,
        })
    }

    /// The version that a [rollback](Self::rollback_alias) of `alias` would go back to now.
    ///
    /// # Errors
    ///
    /// [`Error::NothingToRollBack`].
    pub fn rollback_target(&self, alias: &str) -> Result<String, Error> {
        let history = self.history(alias)?;
        match before(&history) {
            Some((_, target)) => Ok(target),
            None => Err(nothing_before(alias, &history)),
        }
    }

    /// Every move of `alias`, the first at the front.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub fn history(&self, alias: &str) -> Result<Vec<AliasMove>, Error> {
        self.database
            .read(|connection| Ok(alias_moves::list(connection, alias)?))
    }

    fn move_alias(
        &self,
        connection: &mut Connection,
        history: &[AliasMove],
        step: &Step<'_>,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let last = history.last();
        aliases::set(connection, step.alias, step.target, now)?;
        let from_version = last.map(|last| last.to_version.clone());
        let record = AliasMove {
            id: new_id(),
            alias: step.alias.to_owned(),
            position: last.map_or(0, |last| last.position) + 1,
            action: step.action,
            from_version: from_version.clone(),
            to_version: step.target.to_owned(),
            who: step.who.to_owned(),
            why: step.why.to_owned(),
            moved_at: now,
        };
        alias_moves::insert(connection, &record)?;
        let action = format!("models.{}", step.action.as_str());
        let before = from_version.as_deref();
        self.audit(
            connection,
            step.who,
            &action,
            step.alias,
            before,
            Some(step.target),
        )
    }

    fn refuse_unverified(&self, version: &ModelVersion) -> Result<(), Error> {
        match self.verify_version(version)? {
            Some(problem) => Err(Error::Unverified {
                version: version.version,
                problem,
            }),
            None => Ok(()),
        }
    }
}

struct Step<'a> {
    alias: &'a str,
    action: MoveAction,
    target: &'a str,
    who: &'a str,
    why: &'a str,
}

/// The present version and the one to go back to: moves are replayed as a stack on which an
/// activation puts a version and a rollback takes one off.
fn before(history: &[AliasMove]) -> Option<(String, String)> {
    let mut stack: Vec<&str> = Vec::new();
    for step in history {
        match step.action {
            MoveAction::Rollback => {
                stack.pop();
            }
            _ => stack.push(&step.to_version),
        }
    }
    let now = stack.pop()?;
    Some((now.to_owned(), stack.pop()?.to_owned()))
}

fn nothing_before(alias: &str, history: &[AliasMove]) -> Error {
    Error::NothingToRollBack {
        alias: alias.to_owned(),
        now: history.last().map(|last| last.to_version.clone()),
    }
}

fn check_alias(name: &str) -> Result<(), Error> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let good = (1..=64).contains(&name.len())
        && name.bytes().all(plain)
        && name.as_bytes()[0].is_ascii_lowercase()
        && name != "latest"
        && Version::parse(name).is_none();
    if good {
        Ok(())
    } else {
        Err(Error::BadAlias {
            given: name.to_owned(),
        })
    }
}
