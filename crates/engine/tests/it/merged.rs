//! Columns that say the same thing are one reason, and the sums stay exact.

use crate::model::{scorer, telco};

#[test]
fn a_customer_without_internet_is_told_so_once() {
    let (table, scorer) = (telco(), scorer(21, false));
    let scored = scorer.score(&table).unwrap();
    let mut n_merged = 0;
    for (row, scored) in scored.rows.iter().enumerate() {
        let texts: Vec<&str> = scored.reasons.iter().map(|r| r.text.as_str()).collect();
        let told = |start: &str| texts.iter().filter(|text| text.starts_with(start)).count();
        let without = table.value_text("InternetService", row).as_deref() == Some("No");
        assert_eq!(
            told("no internet service"),
            usize::from(without),
            "{texts:?}"
        );
        assert!(!without || told("add-on services: 0") == 0, "{texts:?}");
        if let Some(reason) = scored.reasons.iter().find(|r| r.features.len() > 2) {
            n_merged += 1;
            assert_eq!(reason.features.len(), 8, "{:?}", reason.features);
        }
    }
    assert!(n_merged > 1000, "a fifth of the customers: {n_merged}");
}

#[test]
fn statements_hold_the_whole_sum() {
    let (table, scorer) = (telco(), scorer(1, false));
    for row in (0..table.n_rows()).step_by(13) {
        let explained = scorer.explain(&table, row).unwrap();
        let (mut shap, mut points) = (explained.base_value, 0.0);
        for statement in &explained.statements {
            shap += statement.shap_value;
            points += statement.impact;
            // What it stands for adds up to it.
            let parts = explained
                .contributions
                .iter()
                .filter(|part| statement.features.contains(&part.feature));
            let sum: f64 = parts.map(|part| part.impact).sum();
            assert!(
                (sum - statement.impact).abs() < 1e-9,
                "row {row}: {statement:?}"
            );
        }
        let distance = (explained.churn_probability - explained.base_probability) * 100.0;
        assert!((shap - explained.margin).abs() < 1e-6, "row {row}");
        assert!((points - distance).abs() < 1e-9, "row {row}");
        let n_features: usize = explained.statements.iter().map(|s| s.features.len()).sum();
        assert_eq!(n_features, explained.contributions.len(), "row {row}");
        let protected = explained.statements.iter().filter(|s| s.protected);
        assert_eq!(protected.count(), 2, "gender and age");
    }
}

#[test]
fn values_are_worded_for_a_reader() {
    let (table, scorer) = (telco(), scorer(21, false));
    let scored = scorer.score(&table).unwrap();
    for reason in scored.rows.iter().flat_map(|row| &row.reasons) {
        let text = reason.text.as_str();
        assert!(!text.starts_with("1 months"), "{text}");
        assert!(
            !text.contains(": No:") && !text.contains(": Yes:"),
            "{text}"
        );
    }
}
