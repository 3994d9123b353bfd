//! A YAML document as a tree in which every node knows its line, so that all faults can be told at once.
//!
//! A derived reader stops at the first unknown key or wrong type; a person who edits
//! a playbook wants the whole list.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use crate::error::Error;

/// A value with its place in the file.
pub(crate) type Node = Spanned<Tree>;

/// What a node can be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Spanned<String>, Node)>),
}

impl Tree {
    /// What a person would call it, for messages.
    pub(crate) fn kind(&self) -> String {
        match self {
            Tree::Null => "nothing".to_owned(),
            Tree::Bool(flag) => flag.to_string(),
            Tree::Number(number) => number.to_string(),
            Tree::Text(text) => format!("{text:?}"),
            Tree::List(_) => "a list".to_owned(),
            Tree::Map(_) => "a map".to_owned(),
        }
    }
}

/// Reads a document.
///
/// # Errors
/// [`Error::Syntax`] when the text is not YAML (or repeats a key).
pub(crate) fn parse_document(text: &str, source_name: &str) -> Result<Node, Error> {
    serde_saphyr::from_str::<Node>(text).map_err(|error| {
        let error = error.without_snippet();
        Error::Syntax {
            source_name: source_name.to_owned(),
            line: error.location().map_or(0, |place| place.line()),
            message: error.to_string(),
        }
    })
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        Tree::deserialize(deserializer)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(flag))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "whole numbers of a playbook are small"
    )]
    fn visit_i64<E>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Number(number as f64))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "whole numbers of a playbook are small"
    )]
    fn visit_u64<E>(self, number: u64) -> Result<Tree, E> {
        Ok(Tree::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Tree, E> {
        Ok(Tree::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Tree::Map(map))
    }
}
