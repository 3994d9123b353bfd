//! Claims and runs jobs.
//!
//! A [`Worker`] asks the queue for the next job it knows how to run, runs it outside any
//! transaction while it gives signs of life, and writes the outcome and the job's effect in one
//! transaction that only the holder of the claim can make. So a job runs at least once and its
//! effect lands once, whatever is killed when. Any number of workers share one Postgres; with
//! SQLite they live in the processes of one machine.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use churn_engine::{Home, Stop};
//! use churn_store::SystemClock;
//! use churn_worker::{Worker, WorkerParams};
//!
//! let home = Arc::new(Home::open(std::path::Path::new("var"))?);
//! let worker = Worker::new(home, Arc::new(SystemClock), WorkerParams::default())?;
//! worker.run(&Stop::default());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What it deliberately does not do: decide when something is to be done (that is
//! `churn-scheduler` and the API, which only enqueue), or speak HTTP. The list of all kinds and
//! their runners is in `run`.
//!
//! Layer 4; of the services only `churn serve` links it.

mod context;
mod folder;
mod outcome;
mod params;
mod run;
mod worker;

pub use context::JobContext;
pub use outcome::{Done, Effect, JobFault};
pub use params::{Point, WorkerParams};
pub use run::{RUNNERS, Runner};
pub use worker::{Worked, Worker};
