//! What holds for every explained customer.

use std::collections::BTreeSet;

use crate::model::{scorer, telco};

#[test]
fn contributions_sum_to_margin_and_points_to_the_distance_from_the_base() {
    let (table, scorer) = (telco(), scorer(3, true));
    assert_eq!(table.n_rows(), 7043);
    let mut explained_features = BTreeSet::new();
    for row in 0..table.n_rows() {
        let explained = scorer.explain(&table, row).unwrap();
        let sum: f64 = explained.contributions.iter().map(|c| c.shap_value).sum();
        let gap = (explained.base_value + sum - explained.margin).abs();
        assert!(gap < 1e-6, "row {row}: {gap:e} off the margin");
        let points: f64 = explained.contributions.iter().map(|c| c.impact).sum();
        let distance = (explained.churn_probability - explained.base_probability) * 100.0;
        assert!(
            (points - distance).abs() < 1e-9,
            "row {row}: {points} for {distance}"
        );
        let moved = explained
            .contributions
            .into_iter()
            .filter(|c| c.impact != 0.0);
        explained_features.extend(moved.map(|c| c.feature));
    }
    assert!(
        explained_features.contains("gender"),
        "the full explanation hides nothing"
    );
}

#[test]
fn protected_attributes_are_no_reasons() {
    let (table, scorer) = (telco(), scorer(21, false));
    let scored = scorer.score(&table).unwrap();
    let shown: BTreeSet<&str> = scored
        .rows
        .iter()
        .flat_map(|row| row.reasons.iter().map(|reason| reason.feature.as_str()))
        .collect();
    assert!(
        shown.contains("Contract") && shown.contains("AddOnServices"),
        "{shown:?}"
    );
    assert!(
        !shown.contains("gender") && !shown.contains("SeniorCitizen"),
        "{shown:?}"
    );
}

#[test]
fn a_row_alone_scores_as_in_its_table() {
    let (table, scorer) = (telco(), scorer(3, true));
    let together = scorer.score(&table).unwrap();
    for row in (0..table.n_rows()).step_by(3) {
        let alone = scorer.score(&table.select(&[row])).unwrap();
        // Equality of the numbers is equality of bits: none of them is NaN or zero of two signs.
        assert_eq!(alone.rows, together.rows[row..=row], "row {row}");
    }
    let explained = scorer.explain(&table, 5).unwrap();
    assert_eq!(explained.offers, together.rows[5].offers);
    assert_eq!(
        explained.churn_probability.to_bits(),
        together.rows[5].churn_probability.to_bits()
    );
}
