//! Which numbers are usual: what training has seen, without what lies far out.

use std::collections::BTreeMap;

use churn_registry::UsualRange;
use churn_schema::Table;

/// Quartile distances from the middle half at which a number is far out (Tukey, Exploratory Data
/// Analysis, 1977).
const FAR_OUT: f64 = 3.0;

/// The usual numbers of each numeric feature of the training rows. A column whose middle half is
/// one value has no far out: there everything seen is usual.
pub(crate) fn usual_ranges(table: &Table) -> BTreeMap<String, UsualRange> {
    let features = table.spec().features();
    let ranges = features.filter_map(|column| {
        let numbers = table.numbers(&column.name)?;
        let values: Vec<f64> = numbers
            .iter()
            .flatten()
            .filter(|it| it.is_finite())
            .collect();
        Some((column.name.clone(), usual_range(values)?))
    });
    ranges.collect()
}

fn usual_range(mut values: Vec<f64>) -> Option<UsualRange> {
    values.sort_unstable_by(f64::total_cmp);
    let (low, high) = (*values.first()?, *values.last()?);
    let (q1, q3) = (values[values.len() / 4], values[values.len() * 3 / 4]);
    let reach = FAR_OUT * (q3 - q1);
    if reach > 0.0 {
        return Some(UsualRange {
            low: low.max(q1 - reach),
            high: high.min(q3 + reach),
        });
    }
    Some(UsualRange { low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_far_out_or_was_never_seen_is_not_usual() {
        let mut values: Vec<f64> = (0..100).map(f64::from).collect();
        let seen = UsualRange {
            low: 0.0,
            high: 99.0,
        };
        assert_eq!(usual_range(values.clone()), Some(seen));
        values.push(10_000.0);
        let far = usual_range(values).unwrap();
        assert!(
            far.low.abs() < 1e-12 && far.high > 99.0 && far.high < 300.0,
            "{far:?}"
        );
        let flags = [vec![0.0; 90], vec![1.0; 10]].concat();
        let both = UsualRange {
            low: 0.0,
            high: 1.0,
        };
        assert_eq!(usual_range(flags), Some(both), "a rare flag is no outlier");
        assert_eq!(usual_range(Vec::new()), None);
    }
}
