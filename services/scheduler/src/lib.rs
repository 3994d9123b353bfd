//! Enqueues jobs by the clock.
//!
//! A [`Scheduler`] reads [`Schedule`]s (cron expressions in UTC and the jobs they stand for) and
//! enqueues each job in the minute it is due, with a key per schedule and minute. Of several
//! schedulers one leads, by a lease; the key makes sure that even two leaders make a job once.
//!
//! ```
//! use churn_scheduler::Cron;
//!
//! let nightly = Cron::parse("17 3 * * *")?;
//! assert!(nightly.matches("2026-01-31T03:17:20Z".parse()?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What it deliberately does not do: any work. That is the worker's.
//!
//! Layer 4; of the services only `churn serve` links it.

mod cron;
mod schedule;
mod scheduler;

pub use cron::Cron;
pub use schedule::Schedule;
pub use scheduler::{Scheduler, SchedulerParams, Ticked};
