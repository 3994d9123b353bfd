//! The model that answers: loaded, checked, and exchanged while requests go on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use churn_registry::{ModelVersion, Registry};
use churn_schema::{ColumnKind, JsonRows, Purpose};
use serde_json::Value;

use crate::{Error, Scorer, ScorerParams, load_playbook};

/// One model version ready to answer.
pub struct Served {
    version: ModelVersion,
    scorer: Scorer,
    rows: JsonRows,
}

impl Served {
    /// Prepares a version and checks it: a customer about whom nothing is known and one with
    /// ordinary values must both score and explain.
    ///
    /// # Errors
    /// [`Error::Unfit`] when a check fails, and as [`Scorer::new`].
    pub fn new(version: ModelVersion, scorer: Scorer) -> Result<Self, Error> {
        let spec = Arc::new(scorer.model().spec.clone());
        let served = Self {
            rows: JsonRows::new(&spec, Purpose::Score),
            version,
            scorer,
        };
        for values in [BTreeMap::new(), ordinary_values(&served.scorer)] {
            let checked = served.predict(values, crate::Explain::Yes, || "canary".to_owned());
            if let Err(fault) = checked {
                return Err(Error::Unfit {
                    version: served.version.version.to_string(),
                    fault: Box::new(fault),
                });
            }
        }
        Ok(served)
    }

    /// What the registry says of it.
    #[must_use]
    pub fn version(&self) -> &ModelVersion {
        &self.version
    }

    /// What scores.
    #[must_use]
    pub fn scorer(&self) -> &Scorer {
        &self.scorer
    }

    /// What reads requests.
    pub(crate) fn rows(&self) -> &JsonRows {
        &self.rows
    }
}

/// The first level of every category, the smallest allowed number (or 1) of every number.
fn ordinary_values(scorer: &Scorer) -> BTreeMap<String, Value> {
    let columns = scorer.model().spec.features();
    columns
        .filter_map(|column| {
            let value = match column.kind {
                ColumnKind::Category => Value::from(column.levels.first()?.as_str()),
                ColumnKind::Integer | ColumnKind::Number => {
                    let low = column.min.unwrap_or(1.0).max(0.0).ceil();
                    Value::from(low.min(column.max.unwrap_or(low)))
                }
                ColumnKind::Date | ColumnKind::Text => return None,
            };
            Some((column.name.clone(), value))
        })
        .collect()
}

/// How a served model is prepared.
#[derive(Debug, Clone)]
pub struct ServingParams {
    /// Which model answers: an alias, a version or `latest`.
    pub reference: String,
    /// Reasons per customer, at least 1.
    pub n_reasons: usize,
    /// The home, where the playbook lies.
    pub home: PathBuf,
}

/// Holds the model that answers. Reading it is a cheap copy of a pointer, so a request that has
/// begun finishes on the model it began with.
pub struct ModelDesk {
    registry: Registry,
    params: ServingParams,
    current: RwLock<Option<Arc<Served>>>,
    /// Only one exchange at a time; holds the bundle that failed last.
    exchange: Mutex<Option<FailedBundle>>,
}

/// A bundle that could not be loaded, and how often it is passed over before it is tried again.
struct FailedBundle {
    sha256: String,
    n_passes: u32,
    n_left: u32,
}

/// A bundle that fails is tried again after 1, 2, 4, ... and at most so many looks.
const MOST_PASSES: u32 = 64;

/// What a look at the registry came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Refreshed {
    /// The model that answers is still the one asked for.
    Unchanged,
    /// Another one answers now.
    Exchanged {
        /// The version before; none at the first load.
        from: Option<String>,
        /// The version now.
        to: String,
    },
    /// A bundle that failed is passed over for now.
    PassedOver,
}

impl ModelDesk {
    /// An empty desk; [`ModelDesk::refresh`] puts a model on it.
    #[must_use]
    pub fn new(registry: Registry, params: ServingParams) -> Self {
        Self {
            registry,
            params,
            current: RwLock::new(None),
            exchange: Mutex::new(None),
        }
    }

    /// The model that answers now.
    #[must_use]
    pub fn current(&self) -> Option<Arc<Served>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }

    /// Which model is asked for: an alias, a version or `latest`.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.params.reference
    }

    /// The registry behind it.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Looks which version is asked for now; when it is another than the one that answers, loads
    /// and checks it and lets it take over. Blocks.
    ///
    /// # Errors
    /// What kept the new model from answering. The old one goes on, and a bundle that failed is
    /// passed over for a growing number of looks.
    pub fn refresh(&self) -> Result<Refreshed, Error> {
        let mut failed = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = self.registry.resolve(&self.params.reference)?;
        let current = self.current();
        let from = current.as_ref().map(|served| served.version.version);
        if from == Some(wanted.version) {
            *failed = None;
            return Ok(Refreshed::Unchanged);
        }
        let again = failed
            .as_mut()
            .filter(|it| it.sha256 == wanted.bundle_sha256);
        let mut n_passes = 0;
        if let Some(known) = again {
            if known.n_left > 0 {
                known.n_left -= 1;
                return Ok(Refreshed::PassedOver);
            }
            n_passes = known.n_passes;
        }
        let sha256 = wanted.bundle_sha256.clone();
        match self.prepare(&wanted.version.to_string()) {
            Ok(served) => {
                *failed = None;
                Ok(self.exchange(served))
            }
            Err(fault) => {
                let n_passes = (n_passes * 2).clamp(1, MOST_PASSES);
                *failed = Some(FailedBundle {
                    sha256,
                    n_passes,
                    n_left: n_passes,
                });
                Err(fault)
            }
        }
    }

    /// Loads the model that `reference` names and checks it, without letting it answer. Blocks.
    ///
    /// # Errors
    /// The bundle is missing, altered or unsound, or does not score a canary.
    pub fn prepare(&self, reference: &str) -> Result<Served, Error> {
        let (version, mut model) = self.registry.load(reference)?;
        // The trainer's own file is not needed to serve, and may be the larger part.
        model.native = None;
        let playbook = load_playbook(None, &self.params.home, &model.spec)?;
        let params = ScorerParams {
            n_reasons: self.params.n_reasons,
            playbook: Some(playbook),
            with_offers: true,
        };
        let scorer = Scorer::new(version.version.to_string(), model, params)?;
        Served::new(version, scorer)
    }

    /// Lets a prepared model take over, if it is the one that is asked for now. Blocks.
    ///
    /// # Errors
    /// The registry does not answer; the old model goes on.
    pub fn offer(&self, served: Served) -> Result<Refreshed, Error> {
        let mut failed = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = self.registry.resolve(&self.params.reference)?;
        let current = self.current().map(|current| current.version.version);
        if wanted.version != served.version.version || current == Some(wanted.version) {
            return Ok(Refreshed::Unchanged);
        }
        *failed = None;
        Ok(self.exchange(served))
    }

    fn exchange(&self, served: Served) -> Refreshed {
        let to = served.version.version.to_string();
        let served = Some(Arc::new(served));
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *current, served);
        Refreshed::Exchanged {
            from: before.map(|served| served.version.version.to_string()),
            to,
        }
    }
}
