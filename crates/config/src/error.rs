//! What can be wrong with the configuration.

use std::path::PathBuf;

/// A fault of the configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or is not YAML.
    #[error("cannot read the configuration: {reason}")]
    Unreadable {
        /// What the reader said, with the path.
        reason: String,
    },
    /// The profile has no file.
    #[error("{variable}={profile}: there is no {}; known profiles: {}", path.display(), known.join(", "))]
    UnknownProfile {
        /// The variable that names the profile.
        variable: &'static str,
        /// The name given.
        profile: String,
        /// The file that was expected.
        path: PathBuf,
        /// Profiles that have a file.
        known: Vec<String>,
    },
    /// Settings that are unknown or out of range, all of them at once.
    #[error("the configuration has {} faults:{}", faults.len(), faults.iter().map(|f| format!("\n  {f}")).collect::<String>())]
    Invalid {
        /// One line each: setting, where it was set, what is wrong, what is right.
        faults: Vec<String>,
    },
    /// No XGBoost library was found.
    #[error(
        "libxgboost.so was not found; looked at {}; run `cargo xtask setup` to fetch it, or set CHURN_XGBOOST_LIBRARY to its path",
        looked_at.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
    )]
    NoXgboost {
        /// Every path that was tried, in order.
        looked_at: Vec<PathBuf>,
    },
}
