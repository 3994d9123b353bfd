//! From a model back to the file it came from.

use churn_store::tables::datasets::{self, Dataset};
use churn_store::tables::runs::{self, Run};
use churn_store::tables::{alias_moves, aliases};

use crate::error::Error;
use crate::reference::resolve_row;
use crate::registry::{ModelVersion, Registry};
use churn_store::tables::alias_moves::AliasMove;

/// Everything known about one version: file, specification, plan, bundle, run, moves.
#[derive(Debug, Clone, PartialEq)]
pub struct Lineage {
    /// The version, with the fingerprints of specification, plan and bundle.
    pub version: ModelVersion,
    /// Aliases that name it now.
    pub aliases: Vec<String>,
    /// The file it was trained on; none when it was imported and the file never seen here.
    pub dataset: Option<Dataset>,
    /// The run that made it; none when it was imported.
    pub run: Option<Run>,
    /// Every move of its aliases that came from or went to it, the first at the front.
    pub moves: Vec<AliasMove>,
}

impl Registry {
    /// Everything known about the version that `reference` names.
    ///
    /// # Errors
    ///
    /// As [`resolve`](Self::resolve).
    pub fn show(&self, reference: &str) -> Result<Lineage, Error> {
        self.database.read(|connection| {
            let version = ModelVersion::from_row(resolve_row(connection, reference)?)?;
            let name = version.version.to_string();
            let dataset = datasets::find(connection, &version.dataset_sha256)?;
            let run = match &version.run_id {
                Some(id) => runs::find(connection, id)?.map(|run| self.as_seen_now(run)),
                None => None,
            };
            let mut here = Vec::new();
            let mut moves = Vec::new();
            for alias in aliases::list(connection)? {
                let touching = alias_moves::list(connection, &alias.name)?;
                moves.extend(touching.into_iter().filter(|step| {
                    step.to_version == name || step.from_version.as_ref() == Some(&name)
                }));
                if alias.version == name {
                    here.push(alias.name);
                }
            }
            moves.sort_by(|a, b| {
                (a.moved_at, &a.alias, a.position).cmp(&(b.moved_at, &b.alias, b.position))
            });
            Ok(Lineage {
                version,
                aliases: here,
                dataset,
                run,
                moves,
            })
        })
    }
}
