//! The text LightGBM writes: lines of `name=value` in a header and in a section per tree,
//! parameters and the categories of a data frame after them.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::Error;

/// A model file in sections.
pub(super) struct Document<'a> {
    pub(super) header: Fields<'a>,
    pub(super) trees: Vec<Fields<'a>>,
    /// What follows the trees.
    rest: &'a str,
}

/// The lines of one section, by name; a line without a value is empty.
#[derive(Default)]
pub(super) struct Fields<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Document<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let text = str::from_utf8(bytes).map_err(|fault| syntax(fault.valid_up_to(), "UTF-8"))?;
        let mut sections = vec![Fields::default()];
        let (mut offset, mut is_first) = (0, true);
        for line in text.split_inclusive('\n') {
            let start = offset;
            offset += line.len();
            let line = line.trim_end_matches(['\n', '\r']);
            if is_first {
                if line != "tree" {
                    return Err(syntax(0, "the line \"tree\""));
                }
                is_first = false;
            } else if line == "end of trees" {
                let header = sections.remove(0);
                return Ok(Self {
                    header,
                    trees: sections,
                    rest: &text[offset..],
                });
            } else if line.starts_with("Tree=") {
                sections.push(Fields::default());
            } else if !line.is_empty() {
                let (name, value) = line.split_once('=').unwrap_or((line, ""));
                let Some(section) = sections.last_mut() else {
                    return Err(syntax(start, "a section"));
                };
                if section.0.insert(name, value).is_some() {
                    return Err(syntax(start, "each name once in its section"));
                }
            }
        }
        Err(syntax(text.len(), "the line \"end of trees\""))
    }

    /// The features that were declared categorical, where the file says so.
    pub(super) fn categorical_features(&self, n_features: usize) -> Option<Vec<usize>> {
        let line = self
            .rest
            .lines()
            .find_map(|line| line.strip_prefix("[categorical_feature: "))?;
        let places = line.strip_suffix(']')?.split(',');
        let places: Vec<usize> = places
            .map(|place| place.parse().ok())
            .collect::<Option<_>>()?;
        places
            .iter()
            .all(|&place| place < n_features)
            .then_some(places)
    }

    /// The categories of each categorical column of the data frame; none without one.
    pub(super) fn pandas_levels(&self) -> Result<Vec<Vec<String>>, Error> {
        let mut lines = self.rest.lines();
        let Some(json) = lines.find_map(|line| line.strip_prefix("pandas_categorical:")) else {
            return Ok(Vec::new());
        };
        let lists: Option<Vec<Vec<serde_json::Value>>> =
            serde_json::from_str(json).map_err(|_| fault("pandas_categorical", "lists"))?;
        let level = |value| match value {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        let lists = lists.unwrap_or_default().into_iter();
        Ok(lists
            .map(|list| list.into_iter().map(level).collect())
            .collect())
    }
}

impl<'a> Fields<'a> {
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn text(&self, name: &str) -> Result<&'a str, Error> {
        let text = self.0.get(name).copied();
        text.ok_or_else(|| fault(name, "present"))
    }

    /// A list of numbers, blanks between them.
    pub(super) fn numbers<T: FromStr>(&self, name: &str) -> Result<Vec<T>, Error> {
        let words = self.text(name)?.split_ascii_whitespace();
        words
            .map(|word| word.parse().map_err(|_| fault(name, "a list of numbers")))
            .collect()
    }

    /// A list of `length` numbers.
    pub(super) fn exactly<T: FromStr>(&self, name: &str, length: usize) -> Result<Vec<T>, Error> {
        let numbers = self.numbers(name)?;
        if numbers.len() == length {
            Ok(numbers)
        } else {
            Err(fault(name, "as long as its tree asks for"))
        }
    }
}

fn syntax(offset: usize, expected: &'static str) -> Error {
    Error::Syntax {
        format: "LightGBM",
        offset,
        expected,
    }
}

pub(super) fn fault(field: &str, expected: &'static str) -> Error {
    Error::Field {
        field: field.to_owned(),
        expected,
    }
}
