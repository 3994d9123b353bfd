//! The kinds of jobs, in one list.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Housekeep, ScoreFile, TrainModel};
use crate::Error;
use crate::users::Scope;

/// Something that can be asked for. The name and the meaning of the fields never change: jobs of
/// an older program may still be queued.
pub trait JobKind: Serialize + DeserializeOwned {
    /// Stable name, for example `train_model`.
    const NAME: &'static str;
    /// Higher goes first.
    const PRIORITY: i32;
    /// How often it is tried, 1 or more.
    const MAX_ATTEMPTS: i32;
    /// What somebody must be allowed to ask for it, or to end it.
    const SCOPE: Scope;
    /// The same, for lists.
    const INFO: KindInfo = KindInfo {
        name: Self::NAME,
        priority: Self::PRIORITY,
        max_attempts: Self::MAX_ATTEMPTS,
        scope: Self::SCOPE,
        check: check::<Self>,
    };
}

/// What is known about a kind of jobs.
#[derive(Debug, Clone, Copy)]
pub struct KindInfo {
    /// Stable name.
    pub name: &'static str,
    /// Higher goes first.
    pub priority: i32,
    /// How often it is tried.
    pub max_attempts: i32,
    /// What somebody must be allowed to ask for it, or to end it.
    pub scope: Scope,
    /// Whether some JSON is such a job; the fault in words when not.
    pub check: fn(&serde_json::Value) -> Result<(), String>,
}

fn check<J: JobKind>(payload: &serde_json::Value) -> Result<(), String> {
    J::deserialize(payload)
        .map(drop)
        .map_err(|fault| fault.to_string())
}

/// Every kind there is. A new one needs its line here and its runner in the worker.
pub const KINDS: [KindInfo; 3] = [ScoreFile::INFO, TrainModel::INFO, Housekeep::INFO];

impl KindInfo {
    /// The kind with this name.
    ///
    /// # Errors
    /// [`Error::BadJob`].
    pub fn find(name: &str) -> Result<Self, Error> {
        KINDS
            .into_iter()
            .find(|kind| kind.name == name)
            .ok_or_else(|| Error::BadJob {
                kind: name.to_owned(),
                reason: format!(
                    "there is no such kind; known are {}",
                    KINDS.map(|kind| kind.name).join(", ")
                ),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_stable_and_payloads_are_checked() {
        let names = KINDS.map(|kind| kind.name);
        assert_eq!(names, ["score_file", "train_model", "housekeep"]);
        let kind = KindInfo::find("score_file").unwrap();
        let fault = (kind.check)(&serde_json::json!({ "wrong": 1 })).unwrap_err();
        assert!(fault.contains("wrong"), "{fault}");
        let text = KindInfo::find("fly").unwrap_err().to_string();
        assert!(
            text.contains("'fly'") && text.contains("train_model"),
            "{text}"
        );
    }

    /// Jobs as the first program that had them wrote them: they may wait in a queue still.
    #[test]
    fn jobs_of_older_programs_are_read() {
        for (kind, text) in [
            (
                "score_file",
                r#"{"input":{"blob":"ab","name":"c.csv"},"model":"champion","reasons":3,"offers":true,"format":"csv","record":true}"#,
            ),
            (
                "train_model",
                r#"{"data":{"file":"/data/c.csv"},"spec":"name: c","config":{},"preset":null,"seed":42,"activate":true}"#,
            ),
            ("housekeep", r#"{"keep_jobs_days":30}"#),
            ("housekeep", "{}"),
        ] {
            let payload = serde_json::from_str(text).unwrap();
            let kind = KindInfo::find(kind).unwrap();
            assert_eq!((kind.check)(&payload), Ok(()), "{text}");
        }
    }
}
