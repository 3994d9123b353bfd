//! Version numbers of models, and which number comes next.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `v1.2.3`. Ordered by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version {
    /// Another specification or other features: callers may have to change.
    pub major: u32,
    /// Another learner, other hyper-parameters or encodings.
    pub minor: u32,
    /// The same recipe on other data.
    pub patch: u32,
}

impl Version {
    /// The version of the first model.
    pub const FIRST: Self = Self {
        major: 1,
        minor: 0,
        patch: 0,
    };

    /// Reads `v1.2.3` or `1.2.3`; none for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text
            .strip_prefix('v')
            .unwrap_or(text)
            .split('.')
            .map(|part| {
                // `parse` alone would take `+1` and leading zeros, so one version had many names.
                let plain = part.bytes().all(|b| b.is_ascii_digit())
                    && (part == "0" || !part.starts_with('0'));
                if plain {
                    part.parse::<u32>().ok().filter(|n| *n <= i32::MAX as u32)
                } else {
                    None
                }
            });
        let version = Self {
            major: numbers.next()??,
            minor: numbers.next()??,
            patch: numbers.next()??,
        };
        numbers.next().is_none().then_some(version)
    }

    /// The number after `parent` for a model that differs from it by `change`.
    pub fn next(parent: Option<Self>, change: Change) -> Self {
        match (parent, change) {
            (None, _) => Self::FIRST,
            (Some(p), Change::Features) => Self {
                major: p.major + 1,
                minor: 0,
                patch: 0,
            },
            (Some(p), Change::Recipe) => Self {
                minor: p.minor + 1,
                patch: 0,
                ..p
            },
            (Some(p), Change::Data) => Self {
                patch: p.patch + 1,
                ..p
            },
        }
    }
}

/// What differs between a model and the latest one, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The specification or the set of features.
    Features,
    /// The learner, its hyper-parameters or the encodings.
    Recipe,
    /// Only the data.
    Data,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for Version {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| format!("{text:?} is not a version like v1.2.3"))
    }
}

impl TryFrom<String> for Version {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(u32, u32, u32)>) {
        let expected = expected.map(|(major, minor, patch)| Version {
            major,
            minor,
            patch,
        });
        assert_eq!(Version::parse(text), expected, "{text}");
    }

    #[test]
    fn reading() {
        check("v1.2.3", Some((1, 2, 3)));
        check("1.2.3", Some((1, 2, 3)));
        check("v1.10.0", Some((1, 10, 0)));
        for wrong in [
            "v1.2",
            "v1.2.3.4",
            "v01.2.3",
            "v1.+2.3",
            "v1..3",
            "latest",
            "",
            "v1.2.99999999999",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn numbers_sort_as_numbers_and_never_go_back() {
        let parent = Version::parse("v1.9.4");
        let next = |change| Version::next(parent, change).to_string();
        assert_eq!(next(Change::Data), "v1.9.5");
        assert_eq!(next(Change::Recipe), "v1.10.0");
        assert_eq!(next(Change::Features), "v2.0.0");
        assert_eq!(Version::next(None, Change::Data), Version::FIRST);
        for change in [Change::Data, Change::Recipe, Change::Features] {
            assert!(Some(Version::next(parent, change)) > parent);
        }
    }
}
