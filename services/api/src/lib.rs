//! The service over HTTP: everything the shell can do, for applications and for the dashboard.
//!
//! An [`Application`] is built from settings, listens, and runs until it is told to stop.
//! Handlers extract, authorise, call one use case of `churn-engine` and shape the answer. Every
//! fault is answered as `{code, message, hint, request_id}` with a [`Code`] from a closed list.
//!
//! ```no_run
//! use churn_api::Application;
//! use churn_config::Settings;
//!
//! let settings = Settings::load(std::path::Path::new("var"), None)?;
//! let application = Application::build(settings)?;
//! println!("listening on port {}", application.port());
//! application.run_until_stopped()?;
//! # Ok::<(), anyhow::Error>(())
//! ```
//!
//! What it deliberately does not do: train. It never links a trainer or libxgboost; retraining is
//! a job that it puts in the queue. It sits in layer 4.

mod application;
mod cursor;
mod error;
mod extract;
mod headers;
mod known;
mod limits;
mod pages;
mod request;
mod routes;
mod start;
mod state;
mod tokens;
mod upload;

pub use application::{Application, Stopper};
pub use error::{ApiError, Code, Detail, ErrorBody};
pub use request::REQUEST_ID;
pub use routes::openapi;
pub use start::{report, run, start_telemetry};
