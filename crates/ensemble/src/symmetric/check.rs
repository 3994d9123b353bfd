//! What parts must satisfy before they may predict.

use std::collections::BTreeSet;

use super::{
    KeyPart, StatisticTable, SymmetricColumn, SymmetricParts, SymmetricSplit, SymmetricTree,
};
use crate::Error;

/// Most splits of one tree, as in CatBoost: `2^16` leaves.
pub const MAX_SYMMETRIC_DEPTH: usize = 16;
/// Most distinct matrix columns the splits of one tree may look at.
pub const MAX_TREE_COLUMNS: usize = 128;

/// Most leaves of all trees together, and most splits: indices are u32.
const MAX_LEAVES: usize = u32::MAX as usize;

/// The first fault of `parts`.
pub(super) fn check(parts: &SymmetricParts) -> Result<(), Error> {
    if !(parts.scale.is_finite() && parts.bias.is_finite()) {
        return Err(unsound("the scale", "scale or bias is not finite"));
    }
    if u32::try_from(parts.columns.len()).is_err() {
        return Err(unsound("the columns", "there are too many"));
    }
    for table in &parts.tables {
        check_table(parts, table).map_err(|fault| unsound("a statistics table", fault))?;
    }
    for statistic in &parts.statistics {
        let Some(table) = parts.tables.get(statistic.table as usize) else {
            return Err(unsound("a statistic", "its table does not exist"));
        };
        let numbers = [
            statistic.prior,
            statistic.prior_weight,
            statistic.shift,
            statistic.scale,
        ];
        if numbers.iter().any(|number| !number.is_finite()) {
            return Err(unsound("a statistic", "a number is not finite"));
        }
        let totals = table.total.iter().chain([&table.empty_total]);
        if totals
            .into_iter()
            .any(|total| total + statistic.prior_weight <= 0.0)
        {
            return Err(unsound(
                "a statistic",
                "total and prior weight are not above 0",
            ));
        }
    }
    let mut n_leaves = 0_usize;
    for (tree_idx, tree) in parts.trees.iter().enumerate() {
        check_tree(parts, tree).map_err(|(node, fault)| Error::Tree {
            tree: tree_idx,
            node,
            fault,
        })?;
        n_leaves += tree.leaf_values.len();
    }
    if n_leaves >= MAX_LEAVES {
        return Err(unsound("the trees", "they have too many leaves"));
    }
    Ok(())
}

/// Most columns of a statistic's key.
const MAX_KEY_COLUMNS: usize = 16;

fn check_table(parts: &SymmetricParts, table: &StatisticTable) -> Result<(), &'static str> {
    if table.key.is_empty() {
        return Err("its key has no parts");
    }
    // CatBoost combines four columns unless told otherwise; what explains a split tries every
    // subset of them.
    let column_of = |part: &KeyPart| match *part {
        KeyPart::Category { column }
        | KeyPart::Is { column, .. }
        | KeyPart::Above { column, .. } => column,
    };
    let columns: std::collections::BTreeSet<u32> = table.key.iter().map(column_of).collect();
    if columns.len() > MAX_KEY_COLUMNS {
        return Err("its key combines too many columns");
    }
    for part in &table.key {
        match *part {
            KeyPart::Category { column } | KeyPart::Is { column, .. } => {
                expect_categorical(parts, column)?;
            }
            KeyPart::Above { column, border } => expect_border(parts, column, border)?,
        }
    }
    let n_buckets = table.hashes.len();
    if u32::try_from(n_buckets).is_err() {
        return Err("it has too many buckets");
    }
    if table.good.len() != n_buckets || table.total.len() != n_buckets {
        return Err("its lists differ in length");
    }
    let mut numbers = table
        .good
        .iter()
        .chain(&table.total)
        .chain([&table.empty_total]);
    if numbers.any(|number| !(number.is_finite() && *number >= 0.0)) {
        return Err("a count is negative or not finite");
    }
    let distinct: BTreeSet<u64> = table.hashes.iter().copied().collect();
    if distinct.len() != n_buckets {
        return Err("a bucket stands there twice");
    }
    Ok(())
}

fn check_tree(parts: &SymmetricParts, tree: &SymmetricTree) -> Result<(), (usize, &'static str)> {
    let depth = tree.splits.len();
    if depth > MAX_SYMMETRIC_DEPTH {
        return Err((depth, "the tree has more than 16 splits"));
    }
    let mut columns = BTreeSet::new();
    for (split_idx, split) in tree.splits.iter().enumerate() {
        check_split(parts, split, &mut columns).map_err(|fault| (split_idx, fault))?;
    }
    if columns.len() > MAX_TREE_COLUMNS {
        return Err((depth, "the tree looks at more than 128 columns"));
    }
    if tree.leaf_values.len() != 1 << depth || tree.leaf_weights.len() != 1 << depth {
        return Err((
            depth,
            "there is not one leaf value and weight per pattern of answers",
        ));
    }
    if tree.leaf_values.iter().any(|value| !value.is_finite()) {
        return Err((depth, "a leaf value is not finite"));
    }
    let mut weights = tree.leaf_weights.iter();
    if weights.any(|weight| !(weight.is_finite() && *weight >= 0.0)) {
        return Err((depth, "a leaf weight is negative or not finite"));
    }
    Ok(())
}

fn check_split(
    parts: &SymmetricParts,
    split: &SymmetricSplit,
    columns: &mut BTreeSet<u32>,
) -> Result<(), &'static str> {
    match *split {
        SymmetricSplit::Above { column, border } => {
            expect_border(parts, column, border)?;
            columns.insert(column);
        }
        SymmetricSplit::Is { column, .. } => {
            expect_categorical(parts, column)?;
            columns.insert(column);
        }
        SymmetricSplit::Statistic { statistic, border } => {
            if !border.is_finite() {
                return Err("the border is not finite");
            }
            let statistic = parts.statistics.get(statistic as usize);
            let statistic = statistic.ok_or("the statistic does not exist")?;
            // Statistics were checked before the trees, so the table is there.
            let table = parts.tables.get(statistic.table as usize);
            columns.extend(
                table
                    .iter()
                    .flat_map(|table| table.key.iter().map(KeyPart::column)),
            );
        }
    }
    Ok(())
}

fn expect_border(parts: &SymmetricParts, column: u32, border: f32) -> Result<(), &'static str> {
    if !border.is_finite() {
        return Err("the border is not finite");
    }
    match parts.columns.get(column as usize) {
        Some(SymmetricColumn::Numeric { .. }) => Ok(()),
        Some(SymmetricColumn::Categorical { .. }) => Err("a border is put to a categorical column"),
        None => Err("the split asks for a column the matrix does not have"),
    }
}

fn expect_categorical(parts: &SymmetricParts, column: u32) -> Result<(), &'static str> {
    match parts.columns.get(column as usize) {
        Some(SymmetricColumn::Categorical { .. }) => Ok(()),
        Some(SymmetricColumn::Numeric { .. }) => Err("a category is put to a numeric column"),
        None => Err("the split asks for a column the matrix does not have"),
    }
}

fn unsound(part: &'static str, fault: &'static str) -> Error {
    Error::Unsound { part, fault }
}
