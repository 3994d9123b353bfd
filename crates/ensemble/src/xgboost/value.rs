//! A parsed document, whichever format it came in.

use crate::Error;

/// A value of a JSON or UBJSON document. Numbers keep the precision a model needs: whole
/// numbers exactly, others as the f32 the library wrote.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f32),
    Text(String),
    /// A typed array of whole numbers.
    Ints(Vec<i64>),
    /// A typed array of floats.
    Floats(Vec<f32>),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
}

impl Value {
    /// The member `name`, or `None` where it is absent or this is no object.
    pub(super) fn find(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Object(members) => members
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The member at a dotted path.
    pub(super) fn at(&self, path: &str) -> Result<&Value, Error> {
        path.split('.')
            .try_fold(self, |value, name| value.find(name))
            .ok_or_else(|| fault(path, "present"))
    }

    /// The text at a dotted path.
    pub(super) fn text(&self, path: &str) -> Result<&str, Error> {
        match self.at(path)? {
            Self::Text(text) => Ok(text),
            _ => Err(fault(path, "a text")),
        }
    }

    /// The list of whole numbers at a dotted path; booleans count as 0 and 1.
    pub(super) fn ints(&self, path: &str) -> Result<Vec<i64>, Error> {
        let expected = "a list of whole numbers";
        match self.at(path)? {
            Self::Ints(ints) => Ok(ints.clone()),
            Self::Floats(floats) if floats.is_empty() => Ok(Vec::new()),
            Self::List(items) => items
                .iter()
                .map(|item| match item {
                    Self::Int(int) => Ok(*int),
                    Self::Bool(flag) => Ok(i64::from(*flag)),
                    _ => Err(fault(path, expected)),
                })
                .collect(),
            _ => Err(fault(path, expected)),
        }
    }

    /// The list of numbers at a dotted path.
    #[expect(
        clippy::cast_precision_loss,
        reason = "one rounding to f32, as the library does"
    )]
    pub(super) fn floats(&self, path: &str) -> Result<Vec<f32>, Error> {
        let expected = "a list of numbers";
        match self.at(path)? {
            Self::Floats(floats) => Ok(floats.clone()),
            Self::Ints(ints) => Ok(ints.iter().map(|&int| int as f32).collect()),
            Self::List(items) => items
                .iter()
                .map(|item| match item {
                    Self::Int(int) => Ok(*int as f32),
                    Self::Float(float) => Ok(*float),
                    _ => Err(fault(path, expected)),
                })
                .collect(),
            _ => Err(fault(path, expected)),
        }
    }

    /// The list at a dotted path.
    pub(super) fn list(&self, path: &str) -> Result<&[Value], Error> {
        match self.at(path)? {
            Self::List(items) => Ok(items),
            Self::Ints(ints) if ints.is_empty() => Ok(&[]),
            _ => Err(fault(path, "a list")),
        }
    }
}

pub(super) fn fault(path: &str, expected: &'static str) -> Error {
    Error::Field {
        field: path.to_owned(),
        expected,
    }
}
