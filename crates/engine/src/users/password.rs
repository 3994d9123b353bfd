//! Passwords: which are accepted, and how they are kept.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

use super::Users;
use super::random::random_password;
use crate::Error;

/// Longer ones are refused: hashing must not become work for an attacker to give.
const MAX_BYTES: usize = 1024;

/// Fewest different characters.
const MIN_DISTINCT: usize = 6;

/// What people take when twelve characters are asked for.
const WELL_KNOWN: [&str; 10] = [
    "password",
    "passwort",
    "qwerty",
    "letmein",
    "welcome",
    "iloveyou",
    "administrator",
    "changeme",
    "trustno1",
    "dragon",
];

/// What hashing one password costs; see RFC 9106.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashCost {
    /// Memory, KiB, 8 or more. Default 19,456, which with two passes is what OWASP asks for.
    pub memory_kib: u32,
    /// Passes over it, 1 or more. Default 2.
    pub passes: u32,
}

impl Default for HashCost {
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            passes: 2,
        }
    }
}

impl Users {
    /// The argon2id hash of a password with a new salt, as a PHC string.
    pub(super) fn hash(&self, password: &str) -> Result<String, Error> {
        let fault = |reason: String| Error::PasswordHash { reason };
        let cost = self.params.hash_cost;
        let params = Params::new(cost.memory_kib, cost.passes, 1, None)
            .map_err(|found| fault(found.to_string()))?;
        let hash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password(password.as_bytes())
            .map_err(|found| fault(found.to_string()))?;
        Ok(hash.to_string())
    }

    /// Whether a password is the one that was hashed, with the cost it was hashed with.
    pub(super) fn verify(&self, password: &str, hash: &str) -> Result<bool, Error> {
        if password.len() > MAX_BYTES {
            return Ok(false);
        }
        let parsed = PasswordHash::new(hash).map_err(|found| Error::PasswordHash {
            reason: found.to_string(),
        })?;
        let answer = Argon2::default().verify_password(password.as_bytes(), &parsed);
        Ok(answer.is_ok())
    }

    /// A hash nobody knows the password of.
    pub(super) fn decoy(&self) -> Result<&String, Error> {
        if let Some(decoy) = self.decoy.get() {
            return Ok(decoy);
        }
        let decoy = self.hash(&random_password()?)?;
        Ok(self.decoy.get_or_init(|| decoy))
    }

    /// Refuses a password that is too easy to guess.
    pub(super) fn check_password(&self, name: &str, password: &str) -> Result<(), Error> {
        match find_weakness(name, password, self.params.min_password_chars) {
            None => Ok(()),
            Some(reason) => Err(Error::WeakPassword { reason }),
        }
    }
}

fn find_weakness(name: &str, password: &str, min_chars: usize) -> Option<String> {
    let chars: Vec<char> = password.to_lowercase().chars().collect();
    let text: String = chars.iter().collect();
    let mut distinct = chars.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let steps = |by: u32| {
        chars
            .windows(2)
            .all(|pair| u32::from(pair[0]) + by == u32::from(pair[1]))
    };
    if password.len() > MAX_BYTES {
        Some(format!("it has more than {MAX_BYTES} bytes"))
    } else if chars.len() < min_chars {
        Some(format!(
            "it has {} characters; at least {min_chars} are needed",
            chars.len()
        ))
    } else if distinct.len() < MIN_DISTINCT {
        Some(format!(
            "it has {} different characters; at least {MIN_DISTINCT} are needed",
            distinct.len()
        ))
    } else if steps(1) {
        Some("it is a row of characters".to_owned())
    } else if name.chars().count() > 2 && text.contains(&name.to_lowercase()) {
        Some("it contains the user's name".to_owned())
    } else {
        // The well-known word with a few characters around it is no better than the word.
        WELL_KNOWN
            .iter()
            .find(|word| text.contains(*word) && chars.len() < word.len() + 8)
            .map(|word| format!("it is little more than the well-known '{word}'"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(password: &str, expected: Option<&str>) {
        let found = find_weakness("ada", password, 12);
        match (&found, expected) {
            (None, None) => {}
            (Some(found), Some(part)) if found.contains(part) => {}
            _ => panic!("{password:?}: expected {expected:?}, found {found:?}"),
        }
    }

    #[test]
    fn easy_passwords_are_refused_with_the_reason() {
        check("correct horse battery", None);
        check("ñandú y chinchilla", None);
        check("short", Some("5 characters"));
        check("aaaaaaaaaaaaaaa", Some("1 different"));
        check("abababcdcdcd", Some("4 different"));
        check("123456789:;<=", Some("row of characters"));
        check("I am Ada, you know", Some("user's name"));
        check("Password1234!", Some("well-known 'password'"));
        check("my grandfather's password was a fish", None);
        check(&"long and winding ".repeat(100), Some("1024 bytes"));
    }
}
