//! Turns `champion`, `latest` or `v1.2.3` into a version.

use churn_store::Connection;
use churn_store::tables::aliases::{self, Alias};
use churn_store::tables::model_versions::{self, ModelVersionRow};

use crate::error::Error;
use crate::registry::{ModelVersion, Registry};
use crate::version::Version;

/// How many names an error lists; the rest is counted.
const LISTED: usize = 20;

impl Registry {
    /// The version that `reference` names: a version (`v1.2.3`), `latest` (the highest
    /// number) or an alias.
    ///
    /// # Errors
    ///
    /// [`Error::NoModels`]; [`Error::UnknownReference`] with what exists and the nearest name.
    pub fn resolve(&self, reference: &str) -> Result<ModelVersion, Error> {
        let row = self
            .database
            .read(|connection| resolve_row(connection, reference))?;
        ModelVersion::from_row(row)
    }

    /// Every alias and the version it names, by name.
    ///
    /// # Errors
    ///
    /// The database does not answer.
    pub fn aliases(&self) -> Result<Vec<Alias>, Error> {
        self.database
            .read(|connection| Ok(aliases::list(connection)?))
    }
}

pub(crate) fn resolve_row(
    connection: &mut Connection,
    reference: &str,
) -> Result<ModelVersionRow, Error> {
    let reference = reference.trim();
    let found = if reference == "latest" {
        model_versions::latest(connection)?
    } else if let Some(version) = Version::parse(reference) {
        model_versions::find(connection, &version.to_string())?
    } else {
        match aliases::find(connection, reference)? {
            Some(alias) => model_versions::find(connection, &alias.version)?,
            None => None,
        }
    };
    match found {
        Some(row) => Ok(row),
        None => Err(unknown(connection, reference)?),
    }
}

/// The fault for a name that names nothing.
fn unknown(connection: &mut Connection, reference: &str) -> Result<Error, Error> {
    let versions = model_versions::list(connection)?;
    let given = reference.to_owned();
    if versions.is_empty() {
        return Ok(Error::NoModels { given });
    }
    let mut known = vec!["latest".to_owned()];
    known.extend(
        aliases::list(connection)?
            .into_iter()
            .map(|alias| alias.name),
    );
    known.extend(versions.into_iter().map(|row| row.version));
    let nearest = nearest(&given, &known);
    if known.len() > LISTED {
        let more = known.len() - LISTED;
        known.truncate(LISTED);
        known.push(format!("and {more} more"));
    }
    Ok(Error::UnknownReference {
        given,
        nearest,
        known,
    })
}

/// The name with the fewest edits, when they are at most a third of the letters.
fn nearest(given: &str, known: &[String]) -> Option<String> {
    known
        .iter()
        .map(|name| (edit_distance(given, name), name))
        .min()
        .filter(|(distance, name)| distance * 3 <= name.chars().count().max(3))
        .map(|(_, name)| name.clone())
}

/// Levenshtein distance in characters.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_name_is_near() {
        let known = ["latest", "champion", "v1.0.0"].map(str::to_owned);
        assert_eq!(nearest("champoin", &known).as_deref(), Some("champion"));
        assert_eq!(nearest("v1.0.1", &known).as_deref(), Some("v1.0.0"));
        assert_eq!(nearest("something", &known), None);
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "abc"), 3);
    }
}
