//! What would change a score is a real move, and its figure is the model's.

use std::collections::{BTreeMap, BTreeSet};

use churn_engine::Counterfactual;
use churn_schema::{Role, Table, broken_checks};

use crate::model::{scorer, spec, telco};

/// The row with the changes made, as a table of its own.
fn changed(table: &Table, row: usize, found: &Counterfactual) -> Table {
    let spec = spec();
    let columns = spec.columns.iter().filter(|c| !c.has_role(Role::Target));
    let mut values: BTreeMap<String, serde_json::Value> = columns
        .filter_map(|column| {
            let value = table.value_text(&column.name, row)?;
            Some((column.name.clone(), value.into()))
        })
        .collect();
    for change in &found.changes {
        let before = values.insert(change.feature.clone(), change.to.clone().into());
        assert_eq!(before, Some(change.from.clone().into()), "{change:?}");
    }
    let parsed = Table::from_rows(&spec, &[values]);
    assert!(parsed.rejected.is_empty(), "{:?}", parsed.rejected);
    parsed.table
}

#[test]
fn every_suggestion_is_ours_to_make_plausible_and_scored_by_the_model() {
    let (table, scorer, spec) = (telco(), scorer(1, true), spec());
    let mut changed_columns = BTreeSet::new();
    let mut n_pairs = 0;
    for row in (0..table.n_rows()).step_by(29) {
        let now = scorer.explain(&table, row).unwrap().churn_probability;
        let broken_now = &broken_checks(&table.select(&[row]))[0];
        for found in scorer.counterfactuals(&table, row).unwrap() {
            assert!((1..=2).contains(&found.changes.len()), "{found:?}");
            n_pairs += usize::from(found.changes.len() == 2);
            for change in &found.changes {
                let column = spec.column(&change.feature).unwrap();
                assert!(!column.has_role(Role::Protected), "{change:?}");
                assert!(
                    column.is_numeric() || column.actionable.allows(&change.to),
                    "{change:?}"
                );
                assert_ne!(change.from, change.to);
                changed_columns.insert(change.feature.clone());
            }
            let then = changed(&table, row, &found);
            assert_eq!(&broken_checks(&then)[0], broken_now, "row {row}: {found:?}");
            let probability = scorer.probabilities(&then).unwrap()[0];
            assert_eq!(probability.to_bits(), found.churn_probability.to_bits());
            assert!(now - probability >= 0.01, "row {row}: {found:?}");
            assert!((found.impact - (probability - now) * 100.0).abs() < 1e-9);
            assert!(!found.offers.is_empty());
        }
    }
    assert!(n_pairs > 0, "no pair of changes at all");
    assert!(changed_columns.contains("Contract"), "{changed_columns:?}");
    assert!(changed_columns.len() >= 3, "{changed_columns:?}");
}
