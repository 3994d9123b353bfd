//! What can go wrong with telemetry.

/// A fault while setting up logs, traces or metrics.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A metric could not be declared or written.
    #[error("metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The endpoint of traces can't be used.
    #[error(
        "can't send traces to {endpoint}: {reason}; expected an address like http://collector:4318"
    )]
    Traces {
        /// The address as given.
        endpoint: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Logs are set up already in this process.
    #[error("logs are set up already in this process")]
    AlreadyStarted,
}
