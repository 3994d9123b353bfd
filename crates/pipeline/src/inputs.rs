//! The files beside the data that decide what a run comes to: by content, not by path.

use std::{collections::BTreeMap, path::PathBuf};

use churn_engine::{Home, find_playbook};
use churn_store::sha256_hex;
use serde::{Deserialize, Serialize};

use crate::{Error, TrainRequest};

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// Where it was.
    pub path: PathBuf,
    /// SHA-256 of its content, hex.
    pub sha256: String,
}

/// Files by what they are for: `folds`, `holdout`, `playbook`. One that is not used is not there;
/// without a playbook the generic one counts.
pub type InputFiles = BTreeMap<String, InputFile>;

/// The files that `request` will read from `home`.
pub(crate) fn read_inputs(home: &Home, request: &TrainRequest) -> Result<InputFiles, Error> {
    let playbook = find_playbook(request.playbook.as_deref(), home.path(), &request.spec)?;
    let files = [
        ("folds", request.folds.clone()),
        ("holdout", request.holdout.clone()),
        ("playbook", playbook),
    ];
    let mut inputs = InputFiles::new();
    for (role, path) in files {
        let Some(path) = path else { continue };
        let bytes = std::fs::read(&path).map_err(|source| Error::Read {
            path: path.clone(),
            source,
        })?;
        let sha256 = sha256_hex(&bytes);
        inputs.insert(role.to_owned(), InputFile { path, sha256 });
    }
    Ok(inputs)
}

/// In which files `now` differs from `before`, in words.
pub(crate) fn differences(before: &InputFiles, now: &InputFiles) -> Vec<String> {
    let roles: std::collections::BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let told = |role: &&String| {
        let (was, is) = (before.get(*role), now.get(*role));
        match (was, is) {
            (Some(was), Some(is)) if was.sha256 == is.sha256 => None,
            (Some(was), Some(is)) => Some(format!(
                "the {role} file is another one: {} has sha256 {}, the run read {} with {}",
                is.path.display(),
                is.sha256,
                was.path.display(),
                was.sha256
            )),
            (Some(was), None) => Some(format!(
                "the {role} file {} of the run is gone (sha256 {})",
                was.path.display(),
                was.sha256
            )),
            (None, Some(is)) => Some(format!(
                "there is a {role} file now that the run did not have: {}",
                is.path.display()
            )),
            (None, None) => None,
        }
    };
    roles.iter().filter_map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_apart_by_content() {
        let file = |path: &str, sha256: &str| InputFile {
            path: path.into(),
            sha256: sha256.to_owned(),
        };
        let before = InputFiles::from([
            ("folds".to_owned(), file("a.csv", "1")),
            ("holdout".to_owned(), file("h.csv", "2")),
        ]);
        let moved = InputFiles::from([
            ("folds".to_owned(), file("elsewhere.csv", "1")),
            ("holdout".to_owned(), file("h.csv", "2")),
        ]);
        assert_eq!(differences(&before, &moved), Vec::<String>::new());
        let now = InputFiles::from([
            ("folds".to_owned(), file("a.csv", "3")),
            ("playbook".to_owned(), file("p.yaml", "4")),
        ]);
        let told = differences(&before, &now).join("\n");
        for words in [
            "folds file is another one",
            "holdout file h.csv",
            "did not have: p.yaml",
        ] {
            assert!(told.contains(words), "{told}");
        }
    }
}
