//! Text that must not be seen.

use std::fmt;

/// A password, a key, or an address that holds one. Printing it shows `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The password that `CHURN_PASSWORD` holds, if it does.
pub fn password_from_environment() -> Option<Secret> {
    let password = std::env::var(crate::env_vars::CHURN_PASSWORD).ok()?;
    Some(Secret::new(password)).filter(|password| !password.expose().is_empty())
}
