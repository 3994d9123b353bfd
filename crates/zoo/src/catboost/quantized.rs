//! The matrix as small whole numbers: one byte per number and per bundle of narrow categories,
//! a dense code per wide category.

use std::{collections::BTreeMap, sync::Arc};

use churn_features::MatrixColumn;
use rayon::prelude::*;

use super::{CatboostParams, borders::greedy_log_sum};
use crate::{Error, Samples};

/// No category: missing, or never seen in training.
pub(super) const NO_CATEGORY: u32 = u32::MAX;

/// Rows as the trainer sees them: training rows first, then the rows early stopping judges on.
/// Borders and levels are learned from the training rows alone.
pub(super) struct Quantized {
    pub(super) n_train: usize,
    pub(super) n_all: usize,
    pub(super) numbers: Vec<Number>,
    pub(super) narrow: Vec<Narrow>,
    pub(super) packs: Vec<Pack>,
    pub(super) wide: Vec<Wide>,
}

/// A numeric column.
pub(super) struct Number {
    pub(super) column: u32,
    pub(super) borders: Vec<f32>,
    /// Number of borders the value is above; 0 when missing.
    pub(super) codes: Arc<[u8]>,
}

/// A category that is split level against rest.
pub(super) struct Narrow {
    pub(super) column: u32,
    /// Matrix code of each level.
    pub(super) levels: Vec<u32>,
    pub(super) pack: usize,
    /// The pack's byte divided by this, modulo `levels + 1`, is the level plus 1; 0 is none.
    pub(super) stride: usize,
}

impl Narrow {
    /// The level plus 1 that a pack's byte holds.
    pub(super) fn place(&self, byte: usize) -> usize {
        byte / self.stride % (self.levels.len() + 1)
    }
}

/// Narrow categories that share one byte.
pub(super) struct Pack {
    pub(super) codes: Arc<[u8]>,
    pub(super) n_codes: usize,
}

/// A category that is split by target statistics.
pub(super) struct Wide {
    pub(super) column: u32,
    /// Matrix code of each dense code.
    pub(super) levels: Vec<u32>,
    /// Dense code or [`NO_CATEGORY`].
    pub(super) codes: Arc<[u32]>,
}

impl Quantized {
    /// # Errors
    /// [`Error::NotFinite`] for an infinite number.
    pub(super) fn new(
        train: Samples<'_>,
        judge: Option<Samples<'_>>,
        params: &CatboostParams,
    ) -> Result<Self, Error> {
        let n_train = train.matrix.n_rows();
        let n_all = n_train + judge.map_or(0, |judge| judge.matrix.n_rows());
        let parts: Vec<Column> = train
            .columns
            .par_iter()
            .enumerate()
            .map(|(column, about)| {
                let values = read(train, judge, column);
                if about.categorical {
                    Ok(category(&values, n_train, column))
                } else {
                    number(&values, n_train, column, about, params.border_count)
                }
            })
            .collect::<Result<_, _>>()?;
        let mut quantized = Self {
            n_train,
            n_all,
            numbers: Vec::new(),
            narrow: Vec::new(),
            packs: Vec::new(),
            wide: Vec::new(),
        };
        let mut narrow = Vec::new();
        for part in parts {
            match part {
                Column::Number(number) if number.borders.is_empty() => {}
                Column::Number(number) => quantized.numbers.push(number),
                Column::Category(wide) if wide.levels.len() <= params.one_hot_max_size => {
                    narrow.push(wide);
                }
                // One level, never missing: nothing to learn from.
                Column::Category(wide) if wide.levels.len() < 2 => {}
                Column::Category(wide) => quantized.wide.push(wide),
            }
        }
        quantized.pack(&narrow);
        Ok(quantized)
    }

    /// Bundles narrow categories, in order, while their combinations fit a byte.
    fn pack(&mut self, columns: &[Wide]) {
        let mut rest = columns;
        while !rest.is_empty() {
            let (mut n_codes, mut taken) = (1, 0);
            while taken < rest.len() && n_codes * (rest[taken].levels.len() + 1) <= 256 {
                n_codes *= rest[taken].levels.len() + 1;
                taken += 1;
            }
            let (members, others) = rest.split_at(taken);
            rest = others;
            let mut codes = vec![0_u8; self.n_all];
            let mut stride = 1;
            for member in members {
                for (byte, &code) in codes.iter_mut().zip(member.codes.iter()) {
                    *byte += (code.wrapping_add(1) as usize * stride) as u8;
                }
                self.narrow.push(Narrow {
                    column: member.column,
                    levels: member.levels.clone(),
                    pack: self.packs.len(),
                    stride,
                });
                stride *= member.levels.len() + 1;
            }
            self.packs.push(Pack {
                codes: codes.into(),
                n_codes,
            });
        }
    }
}

enum Column {
    Number(Number),
    Category(Wide),
}

fn read(train: Samples<'_>, judge: Option<Samples<'_>>, column: usize) -> Vec<f32> {
    let of = |samples: Samples<'_>| {
        let width = samples.matrix.n_columns();
        let values = samples.matrix.values();
        let values: Vec<f32> = values.iter().skip(column).step_by(width).copied().collect();
        values
    };
    let mut values = of(train);
    if let Some(judge) = judge {
        values.extend(of(judge));
    }
    values
}

fn number(
    values: &[f32],
    n_train: usize,
    column: usize,
    about: &MatrixColumn,
    border_count: usize,
) -> Result<Column, Error> {
    if let Some(row) = values.iter().position(|x| x.is_infinite()) {
        return Err(Error::NotFinite {
            row,
            feature: about.name.clone(),
            value: values[row],
        });
    }
    let present: Vec<f32> = values[..n_train]
        .iter()
        .copied()
        .filter(|x| !x.is_nan())
        .collect();
    let n_present = present.len();
    let has_gaps = n_present < n_train;
    let mut borders = greedy_log_sum(present, border_count - usize::from(has_gaps));
    if has_gaps && n_present > 0 {
        // Missing counts as less than anything; this border tells it from the rest.
        borders.insert(0, f32::MIN);
    }
    let codes = values
        .iter()
        // NaN is above no border.
        .map(|&x| borders.partition_point(|&border| x > border) as u8)
        .collect();
    Ok(Column::Number(Number {
        column: column as u32,
        borders,
        codes,
    }))
}

fn category(values: &[f32], n_train: usize, column: usize) -> Column {
    let code = |value: f32| {
        if value >= 0.0 {
            #[expect(clippy::cast_sign_loss, reason = "checked: not negative, not NaN")]
            let code = value as u32;
            code
        } else {
            NO_CATEGORY
        }
    };
    let mut dense: BTreeMap<u32, u32> = BTreeMap::new();
    for &value in &values[..n_train] {
        if value >= 0.0 {
            dense.entry(code(value)).or_default();
        }
    }
    for (place, slot) in dense.values_mut().enumerate() {
        *slot = place as u32;
    }
    let codes = values
        .iter()
        .map(|&value| dense.get(&code(value)).copied().unwrap_or(NO_CATEGORY))
        .collect();
    Column::Category(Wide {
        column: column as u32,
        levels: dense.into_keys().collect(),
        codes,
    })
}
