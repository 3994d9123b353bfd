//! Access tokens: short-lived, signed, naming an account and nothing else.
//!
//! A token says who, never what may be done: that is looked up, so that a role taken away or an
//! account shut counts at once.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use churn_config::AuthSettings;
use churn_store::{Timestamp, new_id};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

/// Who tokens are from and for: those of another program are not taken.
const ISSUER: &str = "churn";

/// File of the signing key in the home folder, when none is set.
const KEY_FILE: &str = "auth.key";

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    /// Id of the account.
    sub: String,
    iat: i64,
    exp: i64,
    jti: String,
}

/// Makes and reads access tokens.
pub(crate) struct Tokens {
    signing: EncodingKey,
    reading: DecodingKey,
    validation: Validation,
    lifetime_seconds: i64,
}

impl Tokens {
    /// With the key of the settings, or one that is made once and kept in the home folder.
    pub(crate) fn new(settings: &AuthSettings, home: &Path) -> anyhow::Result<Self> {
        let key = match &settings.secret {
            Some(secret) => secret.expose().to_owned(),
            None => kept_key(&home.join(KEY_FILE))?,
        };
        // One algorithm: a token that names another, `none` above all, is refused unread.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        // The time is compared with our own clock, see `read`.
        validation.validate_exp = false;
        validation.validate_aud = false;
        Ok(Self {
            signing: EncodingKey::from_secret(key.as_bytes()),
            reading: DecodingKey::from_secret(key.as_bytes()),
            validation,
            lifetime_seconds: settings.access_minutes * 60,
        })
    }

    /// Seconds a new token is good for.
    pub(crate) fn lifetime_seconds(&self) -> i64 {
        self.lifetime_seconds
    }

    /// A new token of an account.
    pub(crate) fn issue(
        &self,
        user_id: &str,
        now: Timestamp,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let now = now.to_utc().timestamp();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: user_id.to_owned(),
            iat: now,
            exp: now + self.lifetime_seconds,
            jti: new_id(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
    }

    /// The account of a token; none when it is forged, altered or over.
    pub(crate) fn read(&self, token: &str, now: Timestamp) -> Option<String> {
        let read = jsonwebtoken::decode::<Claims>(token, &self.reading, &self.validation);
        let claims = read.ok()?.claims;
        (claims.exp > now.to_utc().timestamp()).then_some(claims.sub)
    }
}

/// The key in a file that only this user can read; made when it is not there.
fn kept_key(path: &Path) -> anyhow::Result<String> {
    use std::os::unix::fs::OpenOptionsExt;
    let about = || format!("the key that signs tokens, {}", path.display());
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Ok(mut file) => {
            let key = new_key()?;
            file.write_all(key.as_bytes())
                .and_then(|()| file.sync_all())
                .with_context(about)?;
            Ok(key)
        }
        Err(fault) if fault.kind() == std::io::ErrorKind::AlreadyExists => {
            let key = std::fs::read_to_string(path).with_context(about)?;
            anyhow::ensure!(
                key.len() >= 32,
                "{} is cut short; remove it, and everybody signs in again",
                path.display()
            );
            Ok(key)
        }
        Err(fault) => Err(fault).with_context(about),
    }
}

/// 256 random bits as text.
fn new_key() -> anyhow::Result<String> {
    use std::fmt::Write as _;
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).context("the system gives no random numbers")?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::new(text.parse().unwrap())
    }

    fn tokens(home: &Path) -> Tokens {
        Tokens::new(&AuthSettings::default(), home).unwrap()
    }

    #[test]
    fn a_token_names_its_account_until_it_is_over() {
        let home = tempfile::tempdir().unwrap();
        let tokens = tokens(home.path());
        let token = tokens.issue("u-1", at("2026-01-31T12:00:00Z")).unwrap();
        assert_eq!(
            tokens.read(&token, at("2026-01-31T12:14:59Z")).as_deref(),
            Some("u-1")
        );
        assert_eq!(tokens.read(&token, at("2026-01-31T12:15:00Z")), None);
        let again = self::tokens(home.path());
        assert!(
            again.read(&token, at("2026-01-31T12:01:00Z")).is_some(),
            "the key is kept"
        );
    }

    #[test]
    fn altered_and_foreign_tokens_are_refused() {
        let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let now = at("2026-01-31T12:00:00Z");
        let tokens = tokens(home.path());
        let token = tokens.issue("u-1", now).unwrap();
        assert_eq!(
            self::tokens(other.path()).read(&token, now),
            None,
            "another key"
        );
        let parts: Vec<&str> = token.split('.').collect();
        // {"alg":"none","typ":"JWT"}
        let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
        for forged in [
            format!("{none}.{}.", parts[1]),
            format!("{none}.{}.{}", parts[1], parts[2]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{}.{}x.{}", parts[0], parts[1], parts[2]),
            String::new(),
        ] {
            assert_eq!(tokens.read(&forged, now), None, "{forged}");
        }
    }
}
