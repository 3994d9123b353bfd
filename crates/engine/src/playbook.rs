//! Finding the playbook that fits a dataset.

use std::path::{Path, PathBuf};

use churn_retention::Playbook;
use churn_schema::DatasetSpec;

use crate::Error;

/// The playbook for `spec`: the file given, else `<home>/playbook.yaml`, else
/// `config/playbook.yaml` when it is meant for this dataset, else the generic one.
///
/// # Errors
/// A named or home playbook that can't be read or is unsound. The working directory's file is
/// passed over when it is another dataset's.
pub fn load_playbook(
    given: Option<&Path>,
    home: &Path,
    spec: &DatasetSpec,
) -> Result<Playbook, Error> {
    match find_playbook(given, home, spec)? {
        Some(path) => read(&path, spec),
        None => Ok(Playbook::generic(spec)?),
    }
}

/// The file [`load_playbook`] reads; `None` where it makes the generic playbook.
///
/// # Errors
/// The working directory's file can't be read.
pub fn find_playbook(
    given: Option<&Path>,
    home: &Path,
    spec: &DatasetSpec,
) -> Result<Option<PathBuf>, Error> {
    let own = home.join("playbook.yaml");
    if let Some(path) = given
        .map(Path::to_owned)
        .or_else(|| own.is_file().then_some(own))
    {
        return Ok(Some(path));
    }
    let shared = PathBuf::from("config/playbook.yaml");
    Ok((shared.is_file() && is_meant_for(&shared, spec)?).then_some(shared))
}

fn read(path: &Path, spec: &DatasetSpec) -> Result<Playbook, Error> {
    let text = read_text(path)?;
    Ok(Playbook::from_yaml(
        &text,
        &path.display().to_string(),
        spec,
    )?)
}

fn read_text(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}

/// Whether the file names this dataset, by its `dataset:` line.
fn is_meant_for(path: &Path, spec: &DatasetSpec) -> Result<bool, Error> {
    let text = read_text(path)?;
    let named = text
        .lines()
        .find_map(|line| line.strip_prefix("dataset:"))
        .map(str::trim);
    Ok(named.map(|name| name.trim_matches(['"', '\''])) == Some(spec.name.as_str()))
}
