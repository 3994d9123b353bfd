//! Secrets nobody can guess.

use crate::Error;

/// 32 letters and digits that are not taken for one another.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Characters of a token: 260 random bits.
const TOKEN_CHARS: usize = 52;

/// What every API key begins with, so that scanners of leaked secrets find it.
pub(super) const KEY_PREFIX: &str = "churn_";

/// `n_chars` random characters of 5 bits each.
fn random_text(n_chars: usize) -> Result<String, Error> {
    let mut bytes = vec![0; n_chars];
    getrandom::fill(&mut bytes).map_err(|fault| Error::NoRandomness {
        reason: fault.to_string(),
    })?;
    // The alphabet has 32 characters, so that every one is as likely.
    let pick = |byte: &u8| char::from(ALPHABET[usize::from(byte % 32)]);
    Ok(bytes.iter().map(pick).collect())
}

/// A token of 260 bits.
pub(super) fn random_token() -> Result<String, Error> {
    random_text(TOKEN_CHARS)
}

/// A password of 100 bits that a person can type.
pub(super) fn random_password() -> Result<String, Error> {
    let parts: Result<Vec<String>, Error> = (0..4).map(|_| random_text(5)).collect();
    Ok(parts?.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_use_only_the_alphabet() {
        let (one, other) = (random_token().unwrap(), random_token().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), TOKEN_CHARS);
        assert!(one.bytes().all(|byte| ALPHABET.contains(&byte)));
        let password = random_password().unwrap();
        assert_eq!((password.len(), password.matches('-').count()), (23, 3));
        let distinct: std::collections::BTreeSet<u8> = ALPHABET.iter().copied().collect();
        assert_eq!(distinct.len(), 32);
    }
}
