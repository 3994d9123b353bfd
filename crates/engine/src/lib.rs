//! Use cases that serve: open a home, score customers, explain a score, recommend offers.
//!
//! A [`Home`] is a folder with its settings and registry. A [`Scorer`] holds one model version
//! ready to use: it turns a table into a [`ScoredTable`] (probability, risk level, reasons,
//! offers), and [`score_file`] streams a whole file through it in constant memory.
//! [`Scorer::explain`] gives one customer's score in full, [`Scorer::counterfactuals`] what would
//! change it, [`explain_file`] the contributions of every row, and [`explain_globally`] what moves
//! the predictions of a whole base or of a segment. [`users`] says
//! who may do what, [`jobs`] keeps work that takes longer than a request.
//!
//! ```no_run
//! use churn_engine::{Home, Scorer, ScorerParams};
//!
//! let home = Home::open(std::path::Path::new("var"))?;
//! let (version, model) = home.registry().load("champion")?;
//! let scorer = Scorer::new(version.version.to_string(), model, ScorerParams::default())?;
//! println!("serving {}", scorer.version());
//! # Ok::<(), churn_engine::Error>(())
//! ```
//!
//! What it deliberately does not do: train (that is `churn-pipeline`), speak HTTP, or print.
//! It sits in layer 3; it never links a trainer or libxgboost.

mod background;
mod base;
mod batch;
mod compute;
mod counterfactual;
mod customer;
mod data_folder;
mod error;
mod explain;
mod explain_file;
mod global;
mod home;
mod interactions;
pub mod jobs;
mod known;
mod log_entry;
mod merge;
mod number;
mod output;
mod playbook;
mod predict;
mod prediction_log;
mod ragged;
mod reasons;
mod rejects;
mod score_file;
mod scored;
mod scorer;
mod scores;
mod serving;
mod stop;
mod stream;
mod summary;
mod unusual;
pub mod users;
mod write_rows;

pub use base::{
    BASE_ROWS, CohortCell, Cohorts, HistogramBin, Level, Overview, Risk, Segments, explain_base,
    overview,
};
pub use batch::{BatchInput, BatchParams, BatchSummary, score_batch};
pub use compute::{ComputePool, Permit};
pub use counterfactual::{CAUTION, ColumnChange, Counterfactual};
pub use data_folder::DataFolder;
pub use error::Error;
pub use explain::{Contribution, Depth, ExplainedCustomer, Statement};
pub use explain_file::{ExplainFileParams, ExplainFileReport, explain_file};
pub use global::{
    Dependence, DependencePoint, Dot, Effect, GlobalFeature, GlobalParams, GlobalReport,
    GlobalView, InteractionMatrix, Partner, explain_globally,
};
pub use home::Home;
pub use interactions::{InteractionValues, Pair};
pub use known::find_known;
pub use output::{OutputFormat, quote as quote_csv};
pub use playbook::{find_playbook, load_playbook};
pub use predict::{CUSTOMER_ID, Explain, FullExplanation, Outcome, Prediction};
pub use prediction_log::{PredictionLog, PredictionLogCounts, PredictionLogParams};
pub use reasons::Reason;
pub use rejects::write_rejected;
pub use score_file::{
    Onlooker, RecordedRow, ScoreFileParams, ScoreReport, score_file, score_file_for,
};
pub use scored::{ScoredRow, ScoredTable};
pub use scorer::{Scorer, ScorerParams};
pub use serving::{ModelDesk, Refreshed, Served, ServingParams};
pub use stop::Stop;
pub use write_rows::write_rows;

/// Files that appear only when complete, and what to do when one can't be written or read.
pub use churn_store::{PendingFile, read_hint, write_hint};
