//! Selection policies by name, from `config/selection.yaml`.

use std::{collections::BTreeMap, path::Path};

use churn_zoo::SelectionPolicy;
use serde::Deserialize;

use crate::{Error, error::yaml_fault};

/// The policies the program ships with: the same file as `config/selection.yaml`.
pub const DEFAULT_POLICY: &str = include_str!("../../../config/selection.yaml");

/// A policy and its name.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedPolicy {
    /// Name of the preset.
    pub name: String,
    /// The policy.
    pub policy: SelectionPolicy,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    default: String,
    presets: BTreeMap<String, SelectionPolicy>,
}

impl NamedPolicy {
    /// The preset `name` (or the file's default) of `path` (or the policies shipped).
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::BadConfig`] with all faults, [`Error::UnknownPreset`].
    pub fn read(path: Option<&Path>, name: Option<&str>) -> Result<Self, Error> {
        let shown = path.unwrap_or(Path::new("config/selection.yaml"));
        let text = match path {
            Some(path) => std::fs::read_to_string(path).map_err(|source| Error::Read {
                path: path.to_owned(),
                source,
            })?,
            None => DEFAULT_POLICY.to_owned(),
        };
        let bad = |fault: String| Error::BadConfig {
            path: shown.to_owned(),
            fault,
        };
        let mut file: PolicyFile =
            serde_saphyr::from_str(&text).map_err(|fault| bad(yaml_fault(&fault)))?;
        let faults: Vec<String> = file
            .presets
            .iter()
            .flat_map(|(name, policy)| {
                policy
                    .faults()
                    .into_iter()
                    .map(move |fault| format!("preset '{name}': {fault}"))
            })
            .collect();
        if !faults.is_empty() {
            return Err(bad(faults.join("; ")));
        }
        let name = name.unwrap_or(&file.default).to_owned();
        match file.presets.remove(&name) {
            Some(policy) => Ok(Self { name, policy }),
            None => {
                let known = file.presets.keys().cloned().collect::<Vec<_>>().join(", ");
                Err(Error::UnknownPreset { name, known })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_presets_are_sound() {
        assert_eq!(NamedPolicy::read(None, None).unwrap().name, "honest");
        let brief = NamedPolicy::read(None, Some("brief")).unwrap().policy;
        assert_eq!(
            brief
                .gates
                .iter()
                .find(|g| g.metric == "roc_auc")
                .unwrap()
                .min,
            Some(0.85)
        );
        let fault = NamedPolicy::read(None, Some("lax")).unwrap_err();
        assert!(fault.to_string().contains("brief, honest"), "{fault}");
    }
}
