//! The trained model as data that predicts.

use std::collections::BTreeMap;

use churn_ensemble::{
    KeyPart, Statistic, StatisticTable, SymmetricColumn, SymmetricEnsemble, SymmetricParts,
    SymmetricSplit, SymmetricTree,
};
use churn_features::MatrixColumn;

use super::{
    boost::Boosted,
    fold::Split,
    projection::{BucketStore, Condition, Projection},
    quantized::Quantized,
    statistic::{Kind, N_BORDERS},
    tables::{Table, Tables, served_border},
};
use crate::Error;

/// Turns a model into its served form: statistics over all training rows, categories by their
/// matrix codes.
///
/// # Errors
/// [`Error::Ensemble`] when the parts do not hold together.
pub(super) fn export(
    data: &Quantized,
    columns: &[MatrixColumn],
    boosted: Boosted,
    store: &mut BucketStore,
    tables: &mut Tables<'_>,
) -> Result<SymmetricEnsemble, Error> {
    let mut export = Export {
        data,
        tables: Vec::new(),
        statistics: Vec::new(),
        table_of: BTreeMap::new(),
        statistic_of: BTreeMap::new(),
    };
    let mut trees = Vec::with_capacity(boosted.trees.len());
    for tree in boosted.trees {
        let splits = tree
            .splits
            .iter()
            .map(|split| export.split(split, store, tables))
            .collect();
        trees.push(SymmetricTree {
            splits,
            leaf_values: tree.values,
            leaf_weights: tree.weights,
        });
    }
    let parts = SymmetricParts {
        columns: columns_of(data, columns),
        tables: export.tables,
        statistics: export.statistics,
        trees,
        scale: 1.0,
        bias: boosted.bias,
    };
    Ok(SymmetricEnsemble::new(parts)?)
}

fn columns_of(data: &Quantized, columns: &[MatrixColumn]) -> Vec<SymmetricColumn> {
    let mut levels: BTreeMap<u32, u32> = BTreeMap::new();
    for (column, codes) in data
        .wide
        .iter()
        .map(|wide| (wide.column, &wide.levels))
        .chain(
            data.narrow
                .iter()
                .map(|narrow| (narrow.column, &narrow.levels)),
        )
    {
        levels.insert(column, codes.iter().max().map_or(0, |most| most + 1));
    }
    columns
        .iter()
        .enumerate()
        .map(|(column, about)| {
            if about.categorical {
                let n_codes = levels.get(&(column as u32)).copied().unwrap_or(0);
                // A category's identity is its code in the matrix.
                SymmetricColumn::Categorical {
                    hashes: (0..n_codes).collect(),
                }
            } else {
                SymmetricColumn::Numeric {
                    missing_passes: false,
                }
            }
        })
        .collect()
}

struct Export<'a> {
    data: &'a Quantized,
    tables: Vec<StatisticTable>,
    statistics: Vec<Statistic>,
    /// By combination, and whether it counts rows.
    table_of: BTreeMap<(Projection, bool), u32>,
    statistic_of: BTreeMap<(u32, Kind), u32>,
}

impl Export<'_> {
    fn split(
        &mut self,
        split: &Split,
        store: &mut BucketStore,
        tables: &mut Tables<'_>,
    ) -> SymmetricSplit {
        match split {
            Split::Condition(Condition::Above { number, border }) => {
                let number = &self.data.numbers[*number as usize];
                SymmetricSplit::Above {
                    column: number.column,
                    border: number.borders[*border as usize],
                }
            }
            Split::Condition(Condition::Is { narrow, level }) => {
                let narrow = &self.data.narrow[*narrow as usize];
                SymmetricSplit::Is {
                    column: narrow.column,
                    hash: narrow.levels[*level as usize],
                }
            }
            Split::Statistic {
                projection,
                kind,
                border,
            } => {
                let is_counter = *kind == Kind::Counter;
                let key = (projection.clone(), is_counter);
                let table = match self.table_of.get(&key) {
                    Some(&table) => table,
                    None => {
                        let counts = tables.get(self.data, projection, store);
                        let number = self.tables.len() as u32;
                        self.tables
                            .push(self.table(projection, &counts, is_counter));
                        self.table_of.insert(key, number);
                        number
                    }
                };
                SymmetricSplit::Statistic {
                    statistic: self.statistic(table, *kind),
                    border: served_border(*border),
                }
            }
        }
    }

    fn statistic(&mut self, table: u32, kind: Kind) -> u32 {
        let next = self.statistics.len() as u32;
        let number = *self.statistic_of.entry((table, kind)).or_insert(next);
        if number == next {
            self.statistics.push(Statistic {
                table,
                prior: kind.prior(),
                prior_weight: 1.0,
                shift: 0.0,
                scale: N_BORDERS as f32,
            });
        }
        number
    }

    fn table(&self, projection: &Projection, counts: &Table, is_counter: bool) -> StatisticTable {
        let fullest = counts.fullest() as f32;
        let mut table = StatisticTable {
            key: self.key(projection),
            hashes: Vec::new(),
            good: Vec::new(),
            total: Vec::new(),
            empty_total: if is_counter { fullest } else { 0.0 },
        };
        for (bucket, &total) in counts.total.iter().enumerate() {
            if total == 0 {
                continue;
            }
            table
                .hashes
                .push(self.hash(projection, counts.example[bucket] as usize));
            if is_counter {
                table.good.push(total as f32);
                table.total.push(fullest);
            } else {
                table.good.push(counts.good[bucket] as f32);
                table.total.push(total as f32);
            }
        }
        table
    }

    fn key(&self, projection: &Projection) -> Vec<KeyPart> {
        let data = self.data;
        let categories = projection.wide.iter().map(|&wide| KeyPart::Category {
            column: data.wide[wide as usize].column,
        });
        let conditions = projection
            .conditions
            .iter()
            .map(|condition| match *condition {
                Condition::Above { number, border } => {
                    let number = &data.numbers[number as usize];
                    KeyPart::Above {
                        column: number.column,
                        border: number.borders[border as usize],
                    }
                }
                Condition::Is { narrow, level } => {
                    let narrow = &data.narrow[narrow as usize];
                    KeyPart::Is {
                        column: narrow.column,
                        hash: narrow.levels[level as usize],
                    }
                }
            });
        categories.chain(conditions).collect()
    }

    /// The hash of the bucket a training row is in, its parts in the order of the key.
    fn hash(&self, projection: &Projection, row: usize) -> u64 {
        let data = self.data;
        let categories = projection.wide.iter().map(|&wide| {
            let wide = &data.wide[wide as usize];
            wide.levels[wide.codes[row] as usize]
        });
        let conditions = projection.conditions.iter().map(|condition| {
            let (bytes, answers) = condition.answers(data);
            u32::from(answers[usize::from(bytes[row])])
        });
        categories.chain(conditions).fold(0, KeyPart::mixed_into)
    }
}
