//! Typed settings: defaults, files, environment.
//!
//! [`Settings`] holds everything that can be set. Defaults are in code; `default.yaml` and
//! `<profile>.yaml` of the configuration folder change them; the environment, whose names are
//! in [`env_vars`], changes those. Nothing needs to be set: by default everything lies under
//! one home folder.
//!
//! ```
//! use churn_config::Settings;
//! use std::path::Path;
//!
//! # fn main() -> Result<(), churn_config::Error> {
//! let settings = Settings::load_with(Path::new("var"), None, |name| match name {
//!     "CHURN_DATABASE_POOL" => Some("4".to_owned()),
//!     _ => None,
//! })?;
//! assert_eq!(settings.database.pool, 4);
//! assert_eq!(settings.database_url().expose(), "sqlite:var/churn.db");
//! # Ok(())
//! # }
//! ```
//!
//! What it deliberately does not do: open what the settings name, or hand itself down.
//! Libraries get their own small parameter structs, filled by the use cases.
//!
//! Layer 2. The only crate that reads the environment.

pub mod env_vars;
mod error;
mod load;
mod secret;
mod service;
mod settings;
mod taker;
mod xgboost;

use std::path::PathBuf;

pub use error::Error;
pub use secret::{Secret, password_from_environment};
pub use service::{
    AuthSettings, LimitSettings, LogFormat, LogLevel, ScoringSettings, ServerSettings,
    TelemetrySettings,
};
pub use settings::{
    BlobSettings, CacheSettings, DatabaseSettings, JobSettings, Profile, Settings, XgboostSettings,
};
pub use xgboost::find_xgboost_library;

/// The folder that holds everything, for programs without a `--home` option: `CHURN_HOME`, default
/// `var`.
#[must_use]
pub fn home_dir() -> PathBuf {
    let named = std::env::var_os(env_vars::CHURN_HOME).filter(|name| !name.is_empty());
    named.map_or_else(|| PathBuf::from("var"), PathBuf::from)
}
