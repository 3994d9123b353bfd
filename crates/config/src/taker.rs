//! Taking given values one by one, typed, with every fault collected.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use crate::secret::Secret;

/// One value as text, and where it was set.
pub(crate) struct Given {
    pub(crate) text: String,
    pub(crate) origin: String,
}

/// Takes values one by one and collects what is wrong with them.
pub(crate) struct Taker {
    pub(crate) values: BTreeMap<String, Given>,
    pub(crate) faults: Vec<String>,
}

impl Taker {
    pub(crate) fn text(&mut self, key: &str) -> Option<String> {
        self.values.remove(key).map(|given| given.text)
    }

    pub(crate) fn parsed<T: FromStr + PartialOrd + Display>(
        &mut self,
        key: &str,
        expected: &str,
        accepted: impl Fn(&T) -> bool,
    ) -> Option<T> {
        let given = self.values.remove(key)?;
        match given.text.trim().parse::<T>().ok().filter(accepted) {
            Some(value) => Some(value),
            None => {
                self.faults.push(format!(
                    "{key} (set in {}): expected {expected}, found {:?}",
                    given.origin, given.text
                ));
                None
            }
        }
    }

    /// Fills `place` with a whole number from `low` to `high`.
    pub(crate) fn number<T>(&mut self, key: &str, place: &mut T, low: T, high: T)
    where
        T: FromStr + PartialOrd + Display + Copy,
    {
        let expected = format!("a whole number from {low} to {high}");
        if let Some(value) = self.parsed(key, &expected, |n| (low..=high).contains(n)) {
            *place = value;
        }
    }

    /// Fills `place` with yes or no.
    pub(crate) fn flag(&mut self, key: &str, place: &mut bool) {
        if let Some(value) = self.parsed(key, "true or false", |_| true) {
            *place = value;
        }
    }

    /// Fills `place` with one of the words of `known`.
    pub(crate) fn word<T: Copy>(&mut self, key: &str, place: &mut T, known: &[(&str, T)]) {
        let Some(given) = self.values.remove(key) else {
            return;
        };
        match known.iter().find(|(word, _)| *word == given.text.trim()) {
            Some((_, value)) => *place = *value,
            None => {
                let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
                self.faults.push(format!(
                    "{key} (set in {}): expected one of {}, found {:?}",
                    given.origin,
                    words.join(", "),
                    given.text
                ));
            }
        }
    }

    /// Fills `place` with the parts of a list separated by commas.
    pub(crate) fn list(&mut self, key: &str, place: &mut Vec<String>) {
        if let Some(text) = self.text(key) {
            let parts = text.split(',').map(str::trim);
            *place = parts
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect();
        }
    }

    /// A secret, when it is given.
    pub(crate) fn secret(&mut self, key: &str) -> Option<Secret> {
        self.text(key).map(Secret::new)
    }
}
