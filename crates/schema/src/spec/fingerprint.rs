//! A hash of what gives the data its meaning; labels and comments do not change it.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::{DatasetSpec, DerivedSpec};

impl DatasetSpec {
    /// SHA-256, in lower-case hexadecimal, of everything that changes what values mean: column
    /// names, kinds, roles, domains, ranges, missing values, derived features, the currency.
    ///
    /// Labels, phrases, descriptions, checks, the dialect and the tolerated share of rejected
    /// rows do not enter, so editing words never separates a model from its data.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let columns: Vec<_> = self
            .columns
            .iter()
            .map(|c| {
                let mut roles = c.roles.clone();
                roles.sort_unstable();
                json!([
                    c.name, c.kind, roles, c.unit, c.levels, c.open, c.min, c.max, c.missing,
                    c.positive
                ])
            })
            .collect();
        let derived: Vec<_> = self.derived.iter().map(without_label).collect();
        let mut tokens = self.missing_tokens.clone();
        tokens.sort_unstable();
        tokens.dedup();
        let canonical = json!([self.format, tokens, self.currency, columns, derived]).to_string();
        hex(&Sha256::digest(canonical.as_bytes()))
    }
}

fn without_label(derived: &DerivedSpec) -> serde_json::Value {
    let mut value = json!(derived);
    if let Some(object) = value.as_object_mut() {
        object.remove("label");
        // The order of fields is that of the declaration; sorting makes it independent of it.
        object.sort_keys();
    }
    value
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    out
}
