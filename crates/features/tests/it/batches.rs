//! A row's features depend on that row alone.

use churn_features::{GroupTexts, PlanParams};
use churn_schema::Table;
use proptest::prelude::*;
use serde_json::Value;

use crate::shop::{Row, fitted, row, table};

/// A value or none, and levels no training row had among them.
fn customer() -> impl Strategy<Value = Row> {
    let maybe = |values: Vec<Value>| prop::option::weighted(0.8, prop::sample::select(values));
    let texts = |values: &[&str]| {
        values
            .iter()
            .map(|&text| Value::from(text))
            .collect::<Vec<_>>()
    };
    let number = prop::option::weighted(0.8, prop_oneof![Just(0.0), -50.0..3000.0_f64]);
    (
        maybe(texts(&["basic", "pro", "team", "gold"])),
        maybe(texts(&["Rome", "Oslo", "Lima", "Kyiv"])),
        maybe(texts(&["no", "yes", "perhaps"])),
        maybe(texts(&["no", "yes"])),
        prop::option::weighted(0.8, 0..72_i64),
        number.clone(),
        number,
        maybe(texts(&["2024-05-01", "1999-12-31", "2024-05-01T12:30:00Z"])),
    )
        .prop_map(|(plan, city, support, backup, months, fee, paid, since)| {
            let cells = [
                ("plan", plan),
                ("city", city),
                ("support", support),
                ("backup", backup),
                ("months", months.map(Value::from)),
                ("fee", fee.map(Value::from)),
                ("paid", paid.map(Value::from)),
                ("since", since),
            ];
            let present = cells
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)));
            row(&present.collect::<Vec<_>>())
        })
}

fn texts_of(table: &Table, plan: &churn_features::FittedPlan, row: usize) -> Vec<Option<String>> {
    let texts = GroupTexts::new(plan, table).unwrap();
    (0..plan.groups.len())
        .map(|group| texts.text(group, row))
        .collect()
}

proptest! {
    #[test]
    fn one_row_gets_the_bits_it_gets_in_any_batch(
        rows in prop::collection::vec(customer(), 1..12),
        order in prop::collection::vec(any::<prop::sample::Index>(), 1..12),
    ) {
        for params in [PlanParams::trees(), PlanParams::linear()] {
            let plan = fitted(params);
            let batch = table(&rows);
            let together = plan.transform(&batch).unwrap();
            let bits = |row: &[f32]| row.iter().map(|cell| cell.to_bits()).collect::<Vec<_>>();
            for (number, one) in rows.iter().enumerate() {
                // Parsed alone, unknown levels get other codes than in the batch.
                let alone = table(std::slice::from_ref(one));
                prop_assert_eq!(bits(plan.transform(&alone).unwrap().row(0)), bits(together.row(number)), "{:?}", one);
                prop_assert_eq!(texts_of(&alone, &plan, 0), texts_of(&batch, &plan, number));
            }
            // Any other batch of the same rows: other order, repeats, other dictionaries.
            let picked: Vec<usize> = order.iter().map(|index| index.index(rows.len())).collect();
            let other = table(&picked.iter().map(|&number| rows[number].clone()).collect::<Vec<_>>());
            let other = plan.transform(&other).unwrap();
            for (place, &number) in picked.iter().enumerate() {
                prop_assert_eq!(bits(other.row(place)), bits(together.row(number)));
            }
            let selected = plan.transform(&batch.select(&picked)).unwrap();
            prop_assert_eq!(bits(selected.values()), bits(other.values()));
        }
    }
}
