//! Fitting: what is learned from training rows, and only from them.

use std::collections::BTreeMap;

use churn_schema::{DatasetSpec, DerivedSpec, MissingStrategy, Table};

use crate::{
    CategoryEncoding, Encoding, Error, FeaturePlan, FittedFeature, FittedPlan, Group, MatrixColumn,
    NumberScaling, PlanParams, Source, values::Values,
};

/// Name a level is given when missing values are a level of their own.
pub(crate) const MISSING_LEVEL: &str = "(missing)";

impl FeaturePlan {
    /// Learns levels, fills and scales from `training`, which must hold training rows only.
    ///
    /// # Errors
    /// [`Error::NoRows`], [`Error::NoFeatures`], and what [`FittedPlan::transform`] gives.
    pub fn fit(&self, training: &Table) -> Result<FittedPlan, Error> {
        if training.n_rows() == 0 {
            return Err(Error::NoRows);
        }
        let declared = declared(&self.spec);
        if declared.is_empty() {
            return Err(Error::NoFeatures {
                spec: self.spec.name.clone(),
            });
        }
        let (mut features, mut groups, mut columns) = (Vec::new(), Vec::new(), Vec::new());
        for (source, group, missing, domain) in declared {
            let values = Values::read(training, &source)?;
            let encoding = match values {
                Values::Numbers(values) => fit_number(&values, &missing, self.params.numbers),
                Values::Categories { codes, levels } => {
                    fit_category(&codes, &levels, domain, &missing, &self.params)
                }
            };
            columns.extend(name_columns(&group.name, groups.len() as u32, &encoding));
            groups.push(group);
            features.push(FittedFeature { source, encoding });
        }
        Ok(FittedPlan {
            format: 1,
            spec_fingerprint: self.spec.fingerprint(),
            params: self.params.clone(),
            further_params: Vec::new(),
            features,
            groups,
            columns,
        })
    }
}

/// A declared feature: source, group, missing strategy, levels known beforehand.
pub(crate) type Declared<'a> = (Source, Group, MissingStrategy, &'a [String]);

pub(crate) fn declared(spec: &DatasetSpec) -> Vec<Declared<'_>> {
    let columns = spec.features().map(|column| {
        let group = Group {
            name: column.name.clone(),
            label: column.label().to_owned(),
            columns: vec![column.name.clone()],
        };
        let domain: &[String] = if column.open { &[] } else { &column.levels };
        (
            Source::Column(column.name.clone()),
            group,
            column.missing.clone(),
            domain,
        )
    });
    let derived = spec.derived.iter().map(|derived| {
        let group = Group {
            name: derived.name().to_owned(),
            label: derived.label().to_owned(),
            columns: inputs(derived),
        };
        let none: &[String] = &[];
        (
            Source::Derived(derived.clone()),
            group,
            MissingStrategy::Keep,
            none,
        )
    });
    columns.chain(derived).collect()
}

fn inputs(derived: &DerivedSpec) -> Vec<String> {
    derived.inputs().into_iter().map(str::to_owned).collect()
}

fn fit_number(values: &[f64], missing: &MissingStrategy, scaling: NumberScaling) -> Encoding {
    let present: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    let declared_fill = match missing {
        MissingStrategy::Constant { value } => value.number(),
        MissingStrategy::Median => median(&present),
        MissingStrategy::MostFrequent => most_frequent(&present),
        MissingStrategy::Keep | MissingStrategy::OwnLevel => None,
    };
    match scaling {
        NumberScaling::Raw => Encoding::Number {
            fill: declared_fill,
            shift: 0.0,
            scale: 1.0,
            flag_missing: false,
        },
        NumberScaling::Standardized => {
            let filled: Vec<f64> = values
                .iter()
                .filter_map(|&x| if x.is_nan() { declared_fill } else { Some(x) })
                .collect();
            let (mean, deviation) = mean_and_deviation(&filled);
            Encoding::Number {
                fill: Some(declared_fill.unwrap_or(mean)),
                shift: mean,
                scale: if deviation > 0.0 { deviation } else { 1.0 },
                flag_missing: declared_fill.is_none() && present.len() < values.len(),
            }
        }
    }
}

fn median(present: &[f64]) -> Option<f64> {
    let mut sorted = present.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

fn most_frequent(present: &[f64]) -> Option<f64> {
    let mut sorted = present.to_vec();
    sorted.sort_by(f64::total_cmp);
    // The longest run of equal values; the smaller value on a tie.
    sorted
        .chunk_by(|a, b| a.total_cmp(b).is_eq())
        .rev()
        .max_by_key(|run| run.len())
        .and_then(|run| run.first().copied())
}

fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    if values.is_empty() {
        return (0.0, 0.0);
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

fn fit_category(
    codes: &[i32],
    dictionary: &[String],
    domain: &[String],
    missing: &MissingStrategy,
    params: &PlanParams,
) -> Encoding {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut n_missing = 0;
    for &code in codes {
        match usize::try_from(code) {
            Ok(code) => *counts.entry(&dictionary[code]).or_default() += 1,
            Err(_) => n_missing += 1,
        }
    }
    // The declared domain fixes the order; a level of it that is absent from the training rows
    // still has its place, so that the matrix does not depend on which rows were drawn.
    let mut levels: Vec<String> = if domain.is_empty() {
        counts.keys().map(|&level| level.to_owned()).collect()
    } else {
        domain.to_vec()
    };
    let missing_level = match missing {
        MissingStrategy::Constant { value } => Some(value.text()),
        MissingStrategy::MostFrequent => counts
            .iter()
            .rev()
            .max_by_key(|&(_, &count)| count)
            .map(|(&level, _)| level.to_owned()),
        MissingStrategy::OwnLevel => Some(MISSING_LEVEL.to_owned()),
        // A linear model has no way to see a gap: rows without a value get a level of their own.
        MissingStrategy::Keep | MissingStrategy::Median => (n_missing > 0
            && params.numbers == NumberScaling::Standardized)
            .then(|| MISSING_LEVEL.to_owned()),
    };
    if let Some(level) = &missing_level
        && !levels.contains(level)
    {
        levels.push(level.clone());
    }
    let one_hot = match params.categories {
        CategoryEncoding::OneHot => true,
        CategoryEncoding::Native => false,
        CategoryEncoding::Auto { max_one_hot_levels } => levels.len() <= max_one_hot_levels,
    };
    let position = |levels: &[String]| {
        missing_level
            .as_ref()
            .and_then(|level| levels.iter().position(|other| other == level))
    };
    if !one_hot {
        let missing = position(&levels);
        return Encoding::Native { levels, missing };
    }
    let is_rare = |level: &String| {
        missing_level.as_ref() != Some(level)
            && counts.get(level.as_str()).copied().unwrap_or(0) < params.min_level_rows
    };
    let pool = domain.is_empty() && levels.iter().filter(|level| is_rare(level)).count() > 1;
    let (pooled, levels): (Vec<_>, Vec<_>) =
        levels.into_iter().partition(|level| pool && is_rare(level));
    let missing = position(&levels);
    Encoding::OneHot {
        levels,
        pooled,
        missing,
    }
}

pub(crate) fn name_columns(feature: &str, group: u32, encoding: &Encoding) -> Vec<MatrixColumn> {
    let column = |name: String, categorical: bool| MatrixColumn {
        name,
        group,
        categorical,
    };
    match encoding {
        Encoding::Number { flag_missing, .. } => {
            let mut columns = vec![column(feature.to_owned(), false)];
            if *flag_missing {
                columns.push(column(format!("{feature} is missing"), false));
            }
            columns
        }
        Encoding::OneHot { levels, pooled, .. } => levels
            .iter()
            .map(|level| column(format!("{feature}={level}"), false))
            .chain((!pooled.is_empty()).then(|| column(format!("{feature}=(other)"), false)))
            .collect(),
        Encoding::Native { .. } => vec![column(feature.to_owned(), true)],
        Encoding::Several { forms } => forms
            .iter()
            .flat_map(|form| name_columns(feature, group, form))
            .collect(),
        Encoding::Numbered { .. } => vec![column(feature.to_owned(), false)],
    }
}

#[cfg(test)]
mod tests {
    use churn_schema::ConstantValue;

    use super::*;

    #[test]
    fn fills_follow_the_declared_strategy() {
        let values = [1.0, 2.0, 2.0, f64::NAN, 9.0];
        let fill =
            |missing: MissingStrategy| match fit_number(&values, &missing, NumberScaling::Raw) {
                Encoding::Number { fill, .. } => fill,
                _ => panic!("a number is encoded as a number"),
            };
        assert_eq!(fill(MissingStrategy::Keep), None);
        assert_eq!(fill(MissingStrategy::Median), Some(2.0));
        assert_eq!(fill(MissingStrategy::MostFrequent), Some(2.0));
        assert_eq!(
            fill(MissingStrategy::Constant {
                value: ConstantValue::Number(0.0)
            }),
            Some(0.0)
        );
    }

    #[test]
    fn a_linear_model_is_told_about_gaps() {
        let encoding = fit_number(
            &[1.0, 3.0, f64::NAN],
            &MissingStrategy::Keep,
            NumberScaling::Standardized,
        );
        assert_eq!(
            encoding,
            Encoding::Number {
                fill: Some(2.0),
                shift: 2.0,
                scale: 1.0,
                flag_missing: true
            }
        );
    }
}
