//! A first specification from a file nobody has described yet.

mod column;
mod names;
mod roles;
mod same;
mod sample;
mod say;
mod target;

use std::path::Path;

use crate::spec::{DatasetSpec, Role};
use crate::{Encoding, Error};
use column::Profile;
use sample::Sample;

/// Limits of inference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InferOptions {
    /// Rows looked at, from the start of the file; 200,000 by default.
    pub sample_rows: usize,
    /// Most levels that are listed as a domain; 64 by default.
    pub max_levels: usize,
    /// Most levels of an open category; more are ignored. 1000 by default.
    pub max_open_levels: usize,
    /// Most columns a file may have; 5000 by default.
    pub max_columns: usize,
}

impl Default for InferOptions {
    fn default() -> Self {
        Self {
            sample_rows: 200_000,
            max_levels: 64,
            max_open_levels: 1000,
            max_columns: 5000,
        }
    }
}

/// An inferred specification and what to look at before using it.
#[derive(Debug, Clone, PartialEq)]
pub struct Inferred {
    /// A specification that reads the file; a person should go through it.
    pub spec: DatasetSpec,
    /// Doubts and guesses, one sentence each.
    pub warnings: Vec<String>,
}

/// Infers kinds, domains, missing tokens, key, target, revenue, protected and useless columns
/// from the first rows of a CSV (plain or gzip) or Parquet file.
///
/// Ranges are left out: what was seen says little about what is allowed.
///
/// # Errors
/// What makes the file unreadable, and [`Error::NotInferable`] if it has no data rows, no
/// named columns, or nothing that could be a feature.
pub fn infer(path: &Path, options: &InferOptions) -> Result<Inferred, Error> {
    let sample = Sample::read(path, options)?;
    let mut warnings = sample.warnings.clone();
    let mut profiles = Profile::all(&sample, options);
    let key = roles::find_key(&profiles);
    let target = target::find_target(&profiles, key, &mut warnings);
    roles::assign(&mut profiles, key, target.as_ref(), options, &mut warnings);

    let mut spec = DatasetSpec::new(dataset_name(path));
    spec.description = Some(format!(
        "inferred from {} rows of {}",
        sample.table.n_rows(),
        file_name(path)
    ));
    spec.csv.delimiter = sample.delimiter;
    spec.csv.encoding = sample.encoding;
    let mut tokens: Vec<String> = profiles
        .iter()
        .filter(|profile| !profile.spec.has_role(Role::Ignore))
        .flat_map(|profile| profile.tokens.iter().cloned())
        .collect();
    tokens.sort();
    tokens.dedup();
    spec.missing_tokens = tokens;
    spec.same = same::find(&profiles);
    spec.columns = profiles.into_iter().map(|profile| profile.spec).collect();
    spec.columns.iter_mut().for_each(say::add_sentences);
    if key.is_none() {
        warnings.push("no column is unique and named like an identifier: there is no key, so repeated customers cannot be found".to_owned());
    }
    if sample.encoding == Encoding::Windows1252 {
        warnings.push(
            "the text is not UTF-8; windows-1252 is assumed, check accented letters".to_owned(),
        );
    }
    if spec.features().next().is_none() {
        let reason = "no column is usable as a feature".to_owned();
        return Err(Error::NotInferable {
            path: path.to_owned(),
            reason,
        });
    }
    spec.check()?;
    Ok(Inferred { spec, warnings })
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn dataset_name(path: &Path) -> String {
    let file = file_name(path);
    let stem = file.split('.').next().unwrap_or("").trim();
    if stem.is_empty() {
        "dataset".to_owned()
    } else {
        stem.to_owned()
    }
}
