//! Model versions, aliases, lineage, runs.
//!
//! A [`Model`] is everything that scores a customer, in one value; [`write_bundle`] makes one
//! file of it, the same bytes for the same model. A [`Registry`] gives bundles immutable
//! versions (`v1.2.3`), points movable names (`champion`) at them, and remembers which run on
//! which data made each.
//!
//! ```
//! use churn_registry::{Registry, RegistryParams};
//! use churn_store::SystemClock;
//! use std::sync::Arc;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let home = tempfile::tempdir()?;
//! let registry = Registry::open(&RegistryParams::under_home(home.path()), Arc::new(SystemClock))?;
//! assert!(registry.list()?.is_empty());
//! let fault = registry.resolve("champion").unwrap_err();
//! assert!(fault.to_string().contains("churn train"));
//! # Ok(())
//! # }
//! ```
//!
//! What it deliberately does not do: train, decide which model is better, or score. It sits
//! in layer 2, on `churn-store`, and knows nothing of SQL.

mod activate;
mod bundle;
mod card;
mod error;
mod lineage;
mod model;
mod params;
mod reference;
mod registry;
mod runs;
mod transfer;
mod trials;
mod verify;
mod version;

pub use activate::Moved;
pub use bundle::{FORMAT, MAX_BUNDLE_BYTES, read_bundle, write_bundle};
pub use card::{
    Card, CardFigures, Coefficient, FeatureImportance, Importances, JudgedOn, Origin, OutOfBag,
    TrainedOn, UsualRange,
};
/// How far a probability may be off.
pub use churn_ensemble::{IntervalCovers, IntervalTable};
pub use churn_metrics::{
    CalibrationReport, CalibrationSummary, Interval, ProfitCurve, ReliabilityBin,
};
pub use churn_store::tables::alias_moves::{AliasMove, MoveAction};
pub use churn_store::tables::aliases::Alias;
pub use churn_store::tables::audit::AuditEntry;
pub use churn_store::tables::datasets::Dataset;
pub use churn_store::tables::runs::{Run, RunStatus, SILENCE_SECONDS};
pub use churn_store::tables::trials::Trial;
pub use error::Error;
pub use lineage::Lineage;
pub use model::{Background, Model, Native};
pub use params::RegistryParams;
pub use registry::{ModelVersion, NewVersion, Registry};
pub use runs::{DataFile, RunStart};
pub use transfer::read_model_file;
pub use trials::NewTrial;
pub use verify::Problem;
pub use version::Version;

/// The alias of the model that answers.
pub const CHAMPION: &str = "champion";
