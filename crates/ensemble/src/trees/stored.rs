//! The form in which an ensemble is written and read with serde.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Node, Test, TreeEnsemble};
use crate::{Error, Output};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stored {
    n_features: u32,
    base_margin: Number,
    /// Left out while it is log-odds.
    #[serde(default, skip_serializing_if = "Output::is_log_odds")]
    output: Output,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    weights: Vec<Number>,
    trees: Vec<StoredTree>,
}

/// A tree in columns, one entry per node in preorder.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredTree {
    /// Left child; 0 at a leaf.
    left: Vec<u32>,
    /// Right child; 0 at a leaf.
    right: Vec<u32>,
    /// Column of the matrix; 0 at a leaf.
    feature: Vec<u32>,
    /// Threshold, leaf value, or 0 where `right_categories` has the node.
    value: Vec<Number>,
    /// 1 when a missing value goes left.
    default_left: Vec<u8>,
    cover: Vec<Number>,
    /// Categories that go right, by node.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    right_categories: BTreeMap<u32, Vec<u32>>,
    /// Nodes at which a zero counts as missing.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    zero_is_missing: BTreeSet<u32>,
}

impl StoredTree {
    fn push(&mut self, node: Node, leaf_value: f64) {
        let place = self.left.len() as u32;
        self.cover.push(Number(f64::from(node.cover())));
        let (left, right, feature, value, default_left) = match node {
            Node::Leaf { .. } => (0, 0, 0, leaf_value, 0),
            Node::Split {
                feature,
                test,
                default_left,
                left,
                right,
                ..
            } => {
                let value = match test {
                    Test::Less(threshold) => f64::from(threshold),
                    Test::LessUnlessZero(threshold) => {
                        self.zero_is_missing.insert(place);
                        f64::from(threshold)
                    }
                    Test::NotIn(codes) => {
                        self.right_categories.insert(place, codes);
                        0.0
                    }
                };
                (left, right, feature, value, u8::from(default_left))
            }
        };
        self.left.push(left);
        self.right.push(right);
        self.feature.push(feature);
        self.value.push(Number(value));
        self.default_left.push(default_left);
    }

    /// The nodes, and their values in f64.
    fn into_nodes(mut self) -> Result<(Vec<Node>, Vec<f64>), Error> {
        let n_nodes = self.left.len();
        let lengths = [
            self.right.len(),
            self.feature.len(),
            self.value.len(),
            self.default_left.len(),
            self.cover.len(),
        ];
        if let Some(&found) = lengths.iter().find(|&&length| length != n_nodes) {
            return Err(Error::Shape {
                what: "a column of a tree",
                expected: n_nodes,
                found,
            });
        }
        let node = |index: usize| {
            let (value, cover) = (self.value[index].0 as f32, self.cover[index].0 as f32);
            if self.left[index] == 0 {
                return Node::Leaf { value, cover };
            }
            let test = match self.right_categories.remove(&(index as u32)) {
                Some(codes) => Test::NotIn(codes),
                None if self.zero_is_missing.contains(&(index as u32)) => {
                    Test::LessUnlessZero(value)
                }
                None => Test::Less(value),
            };
            Node::Split {
                feature: self.feature[index],
                test,
                default_left: self.default_left[index] != 0,
                left: self.left[index],
                right: self.right[index],
                cover,
            }
        };
        let nodes = (0..n_nodes).map(node).collect();
        Ok((nodes, self.value.iter().map(|value| value.0).collect()))
    }
}

impl From<TreeEnsemble> for Stored {
    fn from(ensemble: TreeEnsemble) -> Self {
        let trees = (0..ensemble.n_trees()).map(|tree| {
            let mut stored = StoredTree::default();
            let numbered = (ensemble.root(tree)..).zip(ensemble.tree(tree));
            numbered.for_each(|(place, node)| stored.push(node, ensemble.leaf_value(place)));
            stored
        });
        Self {
            trees: trees.collect(),
            n_features: ensemble.n_features,
            base_margin: Number(f64::from(ensemble.base_margin)),
            output: ensemble.output,
            weights: ensemble
                .weights
                .into_iter()
                .map(f64::from)
                .map(Number)
                .collect(),
        }
    }
}

impl TryFrom<Stored> for TreeEnsemble {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self, Error> {
        let trees: Vec<_> = stored
            .trees
            .into_iter()
            .map(StoredTree::into_nodes)
            .collect::<Result<_, _>>()?;
        let (nodes, leaf_values): (Vec<_>, Vec<_>) = trees.into_iter().unzip();
        let weights = stored
            .weights
            .into_iter()
            .map(|number| number.0 as f32)
            .collect();
        Self::with_leaf_values(
            stored.n_features as usize,
            stored.base_margin.0 as f32,
            &nodes,
            weights,
            &leaf_values,
        )?
        .with_output(stored.output)
    }
}

/// A number that keeps every bit in text formats: an f32 as the f64 of the same value, which
/// no reader rounds twice, and infinities (legal as thresholds) as text.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() {
            serializer.serialize_f64(self.0)
        } else if self.0 == f64::INFINITY {
            serializer.serialize_str("inf")
        } else {
            serializer.serialize_str("-inf")
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number, \"inf\" or \"-inf\"")
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Number, E> {
        Ok(Number(value))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "whole numbers of a model file are small"
    )]
    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Number, E> {
        Ok(Number(value as f64))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "whole numbers of a model file are small"
    )]
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Number, E> {
        Ok(Number(value as f64))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
        match text {
            "inf" => Ok(Number(f64::INFINITY)),
            "-inf" => Ok(Number(f64::NEG_INFINITY)),
            _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Node, Output, Predictor, Test, TreeEnsemble};

    #[test]
    fn every_bit_survives_json_and_faults_are_refused() {
        let split = |test, left, right| Node::Split {
            feature: 0,
            test,
            default_left: false,
            left,
            right,
            cover: 0.1,
        };
        let leaf = |value| Node::Leaf {
            value,
            cover: 1.0 / 3.0,
        };
        let nodes = vec![
            split(Test::Less(f32::NEG_INFINITY), 1, 2),
            leaf(f32::MIN_POSITIVE / 4.0),
            split(Test::NotIn(vec![0, 40]), 3, 4),
            leaf(-0.0),
            leaf(0.1),
        ];
        let ensemble = TreeEnsemble::new(1, -1.1, &[nodes], vec![0.7]).unwrap();
        let predictor = Predictor::Trees(ensemble);
        let text = serde_json::to_string(&predictor).unwrap();
        assert_eq!(serde_json::from_str::<Predictor>(&text).unwrap(), predictor);
        let looped = text.replace("\"right\":[2,", "\"right\":[0,");
        assert_ne!(looped, text);
        assert!(
            serde_json::from_str::<Predictor>(&looped)
                .unwrap_err()
                .to_string()
                .contains("cycle")
        );
        let short = text.replace("\"default_left\":[0,", "\"default_left\":[");
        assert!(serde_json::from_str::<Predictor>(&short).is_err());
    }

    #[test]
    fn the_scale_is_stored_and_shares_are_checked() {
        let forest = |share| {
            let leaf = Node::Leaf {
                value: share,
                cover: 1.0,
            };
            TreeEnsemble::new(1, 0.0, &[vec![leaf]], vec![1.0])
        };
        let sound = forest(0.25).unwrap().with_output(Output::Share).unwrap();
        let text = serde_json::to_string(&sound).unwrap();
        let read: TreeEnsemble = serde_json::from_str(&text).unwrap();
        assert_eq!((read.output(), &read), (Output::Share, &sound));
        assert!(read.check().is_ok());
        let unsound = text.replace("0.25", "1.25");
        assert!(serde_json::from_str::<TreeEnsemble>(&unsound).is_err());
        let log_odds = serde_json::to_string(&forest(1.25).unwrap()).unwrap();
        assert!(!log_odds.contains("output"), "older files stay as they are");
    }
}
