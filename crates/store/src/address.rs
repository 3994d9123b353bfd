//! Addresses of databases: which driver, and how they are shown without their password.

use crate::error::Error;

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// Path of the file.
    Sqlite(String),
    /// Address of the server, as libpq reads it.
    Postgres(String),
}

impl Address {
    /// Reads `postgres://...`, `postgresql://...`, `sqlite:PATH`, `sqlite://PATH` or a plain
    /// path.
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        let url = url.trim();
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        let path = url
            .strip_prefix("sqlite://")
            .or_else(|| url.strip_prefix("sqlite:"));
        match path {
            Some(path) if !path.is_empty() => Ok(Self::Sqlite(path.to_owned())),
            None if !url.is_empty() && !url.contains("://") && !url.starts_with("file:") => {
                Ok(Self::Sqlite(url.to_owned()))
            }
            _ => Err(Error::UnknownAddress {
                place: without_password(url),
            }),
        }
    }

    /// The address for messages: no password in it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => path.clone(),
            Self::Postgres(url) => without_password(url),
        }
    }
}

/// Replaces the password of `scheme://user:password@host` and every `password=` parameter.
fn without_password(url: &str) -> String {
    let (main, parameters) = match url.split_once('?') {
        Some((main, parameters)) => (main, Some(parameters)),
        None => (url, None),
    };
    let mut shown = match (main.find("://"), main.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 <= at => {
            let user = main[scheme + 3..at].split(':').next().unwrap_or_default();
            let hidden = if main[scheme + 3..at].contains(':') {
                ":***"
            } else {
                ""
            };
            format!("{}://{user}{hidden}{}", &main[..scheme], &main[at..])
        }
        _ => main.to_owned(),
    };
    // Parameters may carry a password under several names, and say nothing about the place.
    if parameters.is_some() {
        shown.push_str("?...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: Option<Address>) {
        assert_eq!(Address::parse(url).ok(), expected, "{url}");
    }

    #[test]
    fn schemes() {
        let sqlite = |path: &str| Some(Address::Sqlite(path.to_owned()));
        check("sqlite:var/churn.db", sqlite("var/churn.db"));
        check("sqlite:///data/churn.db", sqlite("/data/churn.db"));
        check("var/churn.db", sqlite("var/churn.db"));
        check("mysql://host/name", None);
        check("sqlite:", None);
        check("", None);
        check(
            "postgres://u@h/n",
            Some(Address::Postgres("postgres://u@h/n".to_owned())),
        );
    }

    #[test]
    fn passwords_are_never_shown() {
        let shown = |url: &str| Address::parse(url).unwrap().shown();
        assert_eq!(
            shown("postgres://me:s3cret@host:5432/db"),
            "postgres://me:***@host:5432/db"
        );
        assert_eq!(
            shown("postgres://me:a@b@host/db"),
            "postgres://me:***@host/db"
        );
        assert_eq!(
            shown("postgres://me@host/db?password=x"),
            "postgres://me@host/db?..."
        );
        let refused = Address::parse("mysql://me:s3cret@host/db")
            .unwrap_err()
            .to_string();
        assert!(!refused.contains("s3cret"), "{refused}");
    }
}
