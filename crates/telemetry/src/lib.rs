//! Logs, traces and metrics of the services, declared in one place.
//!
//! [`start`] sets up logs (one JSON object a line on stderr, or text for people) and, when an
//! endpoint is given, traces by OTLP. [`Metrics`] holds every Prometheus metric there is, with its
//! unit and labels.
//!
//! ```
//! use churn_telemetry::Metrics;
//!
//! let metrics = Metrics::new()?;
//! metrics.predictions.with_label_values(&["v1.0.0", "HIGH", "api"]).inc();
//! assert!(metrics.render()?.contains("churn_predictions_total"));
//! # Ok::<(), churn_telemetry::Error>(())
//! ```
//!
//! No log line holds personal data: customers appear by key, users by name, never a value of a
//! row, a password or a token.
//!
//! What it deliberately does not do: read settings or the environment, or decide what is logged.
//! It sits in layer 2 and knows no other crate of the workspace.

mod error;
mod logs;
mod metrics;
mod traces;

pub use error::Error;
pub use logs::{Format, Level, Telemetry, TelemetryParams, start};
pub use metrics::Metrics;
