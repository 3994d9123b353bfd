//! Use cases that learn: validate a file, train and choose a model, evaluate one, take in one
//! that was trained elsewhere ([`import`]).
//!
//! [`train`] is the main one: it reads and validates a file, keeps a test part aside, lets every
//! algorithm face the same folds, calibrates, chooses by a written policy, registers every
//! candidate and makes the chosen one champion. The outcome is one [`TrainOutcome`], with every
//! figure beside its interval and the decision in words.
//!
//! ```no_run
//! use churn_engine::Home;
//! use churn_pipeline::{Silent, TrainRequest, train};
//!
//! let home = Home::open(std::path::Path::new("var"))?;
//! let request = TrainRequest::new("customers.csv".into(), "spec.yaml".as_ref())?;
//! let outcome = train(&home, &request, &Silent)?;
//! println!("{}", outcome.decision.text);
//! # Ok::<(), churn_pipeline::Error>(())
//! ```
//!
//! What it deliberately does not do: serve (that is `churn-engine`, which a serving image links
//! without this crate), print, or fetch anything. It sits in layer 3, above the zoo.
#![expect(
    clippy::cast_possible_truncation,
    reason = "row counts and microseconds fit every width they are cast to"
)]

mod candidate;
mod card;
mod combine;
mod comparisons;
mod config;
mod contest;
mod error;
mod evaluate;
mod field;
mod figures;
mod folds_file;
mod heartbeat;
mod import;
mod incumbent;
mod inputs;
mod leakage;
mod outcome;
mod policy;
mod progress;
mod reproduce;
mod run_config;
mod split;
mod train;
mod trainers;
mod tuning;
mod usual;
mod validate;
mod values;

pub use config::{AlgorithmParams, EnsembleConfig, TrainConfig};
pub use error::Error;
pub use evaluate::{Evaluation, evaluate};
pub use import::{ImportOutcome, ImportRequest, import};
pub use inputs::{InputFile, InputFiles};
pub use leakage::LeakageConfig;
pub use outcome::{Baseline, CandidateOutcome, DataSummary, FailedCandidate, TrainOutcome};
pub use policy::{DEFAULT_POLICY, NamedPolicy};
pub use progress::{Progress, Silent};
pub use reproduce::{Reproduction, reproduce};
pub use run_config::RunConfig;
pub use train::{TrainRequest, train};
pub use tuning::{StudySummary, TuningConfig, TuningScope};
pub use validate::{read_spec, validate};
