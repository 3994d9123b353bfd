//! From the document to a checked ensemble.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Bias, Ctr, Document, Element, Features, HashItem, Split, Table, Tree};
use crate::{
    Error, FeatureKind, Imported, ImportedFeature, KeyPart, Predictor, Statistic, StatisticTable,
    SymmetricColumn, SymmetricEnsemble, SymmetricParts, SymmetricSplit, SymmetricTree,
};

/// Most columns the matrix may have: the largest index of a hostile file must not allocate.
const MAX_COLUMNS: usize = 1 << 20;

/// The hash of an unused slot of a table.
const EMPTY_SLOT: u64 = u64::MAX;

pub(super) fn read(document: &Document) -> Result<Imported, Error> {
    let loss = document.model_info.params.loss_function.name.as_str();
    if !matches!(loss, "Logloss" | "CrossEntropy") {
        return Err(unsupported(
            "loss function",
            loss,
            "Logloss or CrossEntropy",
        ));
    }
    let features = &document.features_info;
    if !(features.text_features.is_empty() && features.embedding_features.is_empty()) {
        let expected = "numeric and categorical features";
        return Err(unsupported("feature kind", "text or embedding", expected));
    }
    let Some(trees) = &document.oblivious_trees else {
        return Err(unsupported("grow policy", "not symmetric", "SymmetricTree"));
    };
    let places = Places::new(features)?;
    let (tables, statistics) = read_statistics(document, &places)?;
    let mut parts = SymmetricParts {
        columns: Vec::new(),
        tables,
        statistics,
        trees: trees
            .iter()
            .enumerate()
            .map(|(tree_idx, tree)| read_tree(tree_idx, tree, &places))
            .collect::<Result<_, _>>()?,
        scale: document.scale_and_bias.as_ref().map_or(1.0, |pair| pair.0),
        bias: read_bias(document)?,
    };
    let (columns, features) = read_columns(features, &places, &parts)?;
    parts.columns = columns;
    let classes = document.model_info.class_params.as_ref();
    let positive = classes.and_then(|classes| classes.class_names.get(1));
    Ok(Imported {
        predictor: Predictor::Symmetric(SymmetricEnsemble::new(parts)?),
        features,
        positive_class: positive.map(|name| match name {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        }),
        n_rounds_left_out: 0,
    })
}

fn read_bias(document: &Document) -> Result<f64, Error> {
    match document.scale_and_bias.as_ref().map(|pair| &pair.1) {
        None => Ok(0.0),
        Some(Bias::One(bias)) => Ok(*bias),
        Some(Bias::List(list)) => match list[..] {
            [] => Ok(0.0),
            [bias] => Ok(bias),
            _ => Err(fault("scale_and_bias", "one bias: a binary classifier")),
        },
    }
}

/// Where features stand in the matrix, and which statistic and border a split index means.
struct Places {
    floats: BTreeMap<u32, u32>,
    categories: BTreeMap<u32, u32>,
    n_columns: usize,
    /// Split index of the first border of each statistic, and the end.
    ctr_starts: Vec<usize>,
}

impl Places {
    fn new(features: &Features) -> Result<Self, Error> {
        let float_pairs = features.float_features.iter();
        let floats: BTreeMap<u32, u32> = float_pairs
            .map(|feature| (feature.feature_index, feature.flat_feature_index))
            .collect();
        let category_pairs = features.categorical_features.iter();
        let categories: BTreeMap<u32, u32> = category_pairs
            .map(|feature| (feature.feature_index, feature.flat_feature_index))
            .collect();
        let columns = floats.values().chain(categories.values());
        let distinct: BTreeSet<u32> = columns.copied().collect();
        let n_features = features.float_features.len() + features.categorical_features.len();
        if distinct.len() != n_features {
            return Err(fault(
                "features_info",
                "a place of its own for each feature",
            ));
        }
        let n_columns = distinct.last().map_or(0, |&last| last as usize + 1);
        if n_columns > MAX_COLUMNS {
            return Err(fault("flat_feature_index", "below 2^20"));
        }
        // Split indices count borders of numbers, then single categories, then statistics.
        let floats_before = features.float_features.iter();
        let values_before = features.categorical_features.iter();
        let mut start = floats_before.map(|each| each.borders.len()).sum::<usize>()
            + values_before.map(|each| each.values.len()).sum::<usize>();
        let mut ctr_starts = vec![start];
        for ctr in &features.ctrs {
            start += ctr.borders.len();
            ctr_starts.push(start);
        }
        Ok(Self {
            floats,
            categories,
            n_columns,
            ctr_starts,
        })
    }

    fn float(&self, feature: u32) -> Result<u32, Error> {
        let column = self.floats.get(&feature).copied();
        column.ok_or_else(|| fault("float_feature_index", "the index of a float feature"))
    }

    fn category(&self, feature: u32) -> Result<u32, Error> {
        let column = self.categories.get(&feature).copied();
        column.ok_or_else(|| fault("cat_feature_index", "the index of a categorical feature"))
    }

    fn statistic(&self, split_index: usize) -> Option<u32> {
        let after = self
            .ctr_starts
            .partition_point(|&start| start <= split_index);
        (1..self.ctr_starts.len())
            .contains(&after)
            .then(|| after as u32 - 1)
    }
}

/// The category's identity: a hash of 32 bits, written with a sign in some places.
#[expect(clippy::cast_sign_loss, reason = "the low 32 bits are meant")]
fn identity(value: i64) -> u32 {
    value as u32
}

fn read_tree(tree_idx: usize, tree: &Tree, places: &Places) -> Result<SymmetricTree, Error> {
    let mut splits = Vec::new();
    for (node, split) in tree.splits.iter().enumerate() {
        splits.push(match *split {
            Split::FloatFeature {
                float_feature_index,
                border,
            } => SymmetricSplit::Above {
                column: places.float(float_feature_index)?,
                border: border as f32,
            },
            Split::OneHotFeature {
                cat_feature_index,
                value,
            } => SymmetricSplit::Is {
                column: places.category(cat_feature_index)?,
                hash: identity(value),
            },
            Split::OnlineCtr {
                split_index,
                border,
            } => SymmetricSplit::Statistic {
                statistic: places.statistic(split_index).ok_or(Error::Tree {
                    tree: tree_idx,
                    node,
                    fault: "the split index is that of no statistic",
                })?,
                border: border as f32,
            },
            Split::Unknown => {
                let expected = "FloatFeature, OneHotFeature or OnlineCtr";
                return Err(unsupported("split type", "another", expected));
            }
        });
    }
    let Some(leaf_weights) = tree.leaf_weights.clone() else {
        return Err(fault(
            "leaf_weights",
            "a list: without it nothing can be explained",
        ));
    };
    Ok(SymmetricTree {
        splits,
        leaf_values: tree.leaf_values.clone(),
        leaf_weights,
    })
}

/// All statistics, and one table for each way of counting they ask for.
fn read_statistics(
    document: &Document,
    places: &Places,
) -> Result<(Vec<StatisticTable>, Vec<Statistic>), Error> {
    let mut tables = Vec::new();
    let mut table_of = BTreeMap::new();
    let mut statistics = Vec::new();
    for ctr in &document.features_info.ctrs {
        let counting = (ctr.identifier.as_str(), ctr.target_border_idx);
        let table = match table_of.get(&counting) {
            Some(&table) => table,
            None => {
                let stored = document.ctr_data.get(&ctr.identifier);
                let stored =
                    stored.ok_or_else(|| fault("ctr_data", "a table of each statistic"))?;
                tables.push(read_table(ctr, stored, places)?);
                let table = tables.len() as u32 - 1;
                table_of.insert(counting, table);
                table
            }
        };
        statistics.push(Statistic {
            table,
            prior: ctr.prior_numerator as f32,
            prior_weight: ctr.prior_denominator as f32,
            shift: ctr.shift as f32,
            scale: ctr.scale as f32,
        });
    }
    Ok((tables, statistics))
}

fn read_table(ctr: &Ctr, stored: &Table, places: &Places) -> Result<StatisticTable, Error> {
    let part = |element: &Element| {
        Ok(match *element {
            Element::CatFeatureValue { cat_feature_index } => KeyPart::Category {
                column: places.category(cat_feature_index)?,
            },
            Element::FloatFeature {
                float_feature_index,
                border,
            } => KeyPart::Above {
                column: places.float(float_feature_index)?,
                border: border as f32,
            },
            Element::CatFeatureExactValue {
                cat_feature_index,
                value,
            } => KeyPart::Is {
                column: places.category(cat_feature_index)?,
                hash: identity(value),
            },
        })
    };
    let counter = matches!(ctr.ctr_type.as_str(), "Counter" | "FeatureFreq");
    let denominator = stored.counter_denominator as f32;
    let mut table = StatisticTable {
        key: ctr
            .elements
            .iter()
            .map(part)
            .collect::<Result<_, Error>>()?,
        hashes: Vec::new(),
        good: Vec::new(),
        total: Vec::new(),
        empty_total: if counter { denominator } else { 0.0 },
    };
    let stride = stored.hash_stride.max(1);
    for bucket in stored.hash_map.chunks(stride) {
        let (hash, counts) = read_bucket(bucket)?;
        if hash == EMPTY_SLOT {
            continue;
        }
        let (good, total) = match (ctr.ctr_type.as_str(), &counts[..]) {
            ("Counter" | "FeatureFreq", [count]) => (*count, f64::from(denominator)),
            ("BinarizedTargetMeanValue" | "FloatTargetMeanValue", [sum, count]) => (*sum, *count),
            ("Buckets", [_, _, ..]) if ctr.target_border_idx < counts.len() => {
                (counts[ctr.target_border_idx], counts.iter().sum())
            }
            ("Borders", [_, _, ..]) if ctr.target_border_idx + 1 < counts.len() => {
                let above = &counts[ctr.target_border_idx + 1..];
                (above.iter().sum(), counts.iter().sum())
            }
            _ => return Err(fault("hash_stride", "the counts its kind of statistic has")),
        };
        table.hashes.push(hash);
        table.good.push(good as f32);
        table.total.push(total as f32);
    }
    Ok(table)
}

fn read_bucket(bucket: &[HashItem]) -> Result<(u64, Vec<f64>), Error> {
    let malformed = || fault("hash_map", "hashes as text, each before its counts");
    let Some((HashItem::Hash(hash), counts)) = bucket.split_first() else {
        return Err(malformed());
    };
    let count = |item: &HashItem| match item {
        HashItem::Count(count) => Ok(*count),
        HashItem::Hash(_) => Err(malformed()),
    };
    let counts = counts.iter().map(count).collect::<Result<_, _>>()?;
    Ok((hash.parse().map_err(|_| malformed())?, counts))
}

/// The columns of the matrix, for the model and for whoever builds it. A column no feature
/// stands at was left out of training.
fn read_columns(
    features: &Features,
    places: &Places,
    parts: &SymmetricParts,
) -> Result<(Vec<SymmetricColumn>, Vec<ImportedFeature>), Error> {
    let mut columns = vec![
        SymmetricColumn::Numeric {
            missing_passes: false
        };
        places.n_columns
    ];
    let unnamed = ImportedFeature {
        name: String::new(),
        kind: FeatureKind::Numeric,
    };
    let mut described = vec![unnamed; places.n_columns];
    for feature in &features.float_features {
        let column = feature.flat_feature_index as usize;
        let missing_passes = match feature.nan_value_treatment.as_str() {
            "AsTrue" => true,
            "AsFalse" | "AsIs" => false,
            other => {
                let expected = "AsIs, AsFalse or AsTrue";
                return Err(unsupported("nan_value_treatment", other, expected));
            }
        };
        columns[column] = SymmetricColumn::Numeric { missing_passes };
        described[column].name.clone_from(&feature.feature_name);
    }
    let mut texts: BTreeMap<&str, u32> = BTreeMap::new();
    for entry in &features.cat_features_hash {
        texts.insert(&entry.value, entry.hash);
    }
    for feature in &features.categorical_features {
        let column = feature.flat_feature_index;
        let known = Known::new(parts, column);
        let (mut levels, mut hashes) = (Vec::new(), Vec::new());
        for (&text, &hash) in &texts {
            if known.contains(hash) {
                levels.push(text.to_owned());
                hashes.push(hash);
            }
        }
        columns[column as usize] = SymmetricColumn::Categorical { hashes };
        described[column as usize] = ImportedFeature {
            name: feature.feature_name.clone(),
            kind: FeatureKind::Categorical { levels },
        };
    }
    Ok((columns, described))
}

/// The categories of one column that the model tells from one it has never seen. The file
/// lists the texts of all columns together; this is how they are told apart.
struct Known {
    /// Categories that conditions name.
    named: BTreeSet<u32>,
    /// Buckets of the column's own statistics. Every category of the training rows has one,
    /// so a combination that counts the column knows no more.
    counted: BTreeSet<u64>,
    /// Whether combinations alone count the column, which leaves open what they know.
    open: bool,
}

impl Known {
    fn new(parts: &SymmetricParts, column: u32) -> Self {
        let whole = KeyPart::Category { column };
        let mut is_counted = false;
        let mut known = Self {
            named: BTreeSet::new(),
            counted: BTreeSet::new(),
            open: parts.tables.iter().any(|table| table.key.contains(&whole)),
        };
        for table in &parts.tables {
            if table.key == [whole] {
                known.counted.extend(&table.hashes);
                is_counted = true;
            }
            known
                .named
                .extend(table.key.iter().filter_map(|part| match part {
                    KeyPart::Is {
                        column: asked,
                        hash,
                    } if *asked == column => Some(*hash),
                    _ => None,
                }));
        }
        let splits = parts.trees.iter().flat_map(|tree| &tree.splits);
        known.named.extend(splits.filter_map(|split| match split {
            SymmetricSplit::Is {
                column: asked,
                hash,
            } if *asked == column => Some(*hash),
            _ => None,
        }));
        known.open &= !is_counted;
        known
    }

    fn contains(&self, hash: u32) -> bool {
        self.open
            || self.named.contains(&hash)
            || self.counted.contains(&KeyPart::mixed_into(0, hash))
    }
}

fn unsupported(what: &'static str, found: &str, expected: &'static str) -> Error {
    Error::Unsupported {
        what,
        found: found.to_owned(),
        expected,
    }
}

fn fault(field: &str, expected: &'static str) -> Error {
    Error::Field {
        field: field.to_owned(),
        expected,
    }
}
