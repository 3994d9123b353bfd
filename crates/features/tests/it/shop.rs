//! A small data set with every kind of column and of derived feature.

use std::{collections::BTreeMap, sync::Arc};

use churn_features::{FeaturePlan, FittedPlan, Matrix, PlanParams};
use churn_schema::{DatasetSpec, Table};
use serde_json::Value;

pub(crate) const SPEC: &str = "
format: 1
name: shop
columns:
  - {name: id, kind: text, roles: [key]}
  - {name: plan, kind: category, levels: [basic, pro, team]}
  - {name: city, kind: category, open: true}
  - {name: support, kind: category, levels: ['no', 'yes'], missing: own_level}
  - {name: backup, kind: category, levels: ['no', 'yes']}
  - {name: months, kind: integer}
  - {name: fee, kind: number}
  - {name: paid, kind: number, missing: {constant: {value: 0}}}
  - {name: since, kind: date}
derived:
  - {kind: ratio, name: fee_share, numerator: fee, denominator: paid}
  - {kind: difference, name: unpaid, left: fee, right: paid}
  - {kind: log, name: log_paid, of: paid}
  - {kind: bucket, name: age, of: months, edges: [12, 24]}
  - {kind: cross, name: plan_backup, left: plan, right: backup}
  - {kind: count_of, name: extras, columns: [support, backup], equals: ['yes']}
";

/// Values of one customer by column; columns left out are missing.
pub(crate) type Row = BTreeMap<String, Value>;

pub(crate) fn row(cells: &[(&str, Value)]) -> Row {
    cells
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

/// The rows as a table; the key is put in.
pub(crate) fn table(rows: &[Row]) -> Table {
    let spec = Arc::new(DatasetSpec::from_yaml(SPEC, "shop.yaml").unwrap());
    let rows: Vec<Row> = (0..)
        .zip(rows)
        .map(|(number, row): (u32, &Row)| {
            let mut row = row.clone();
            row.insert("id".to_owned(), format!("c{number}").into());
            row
        })
        .collect();
    let parsed = Table::from_rows(&spec, &rows);
    assert!(parsed.rejected.is_empty(), "{:?}", parsed.rejected);
    parsed.table
}

/// A plan fitted on four customers.
pub(crate) fn fitted(params: PlanParams) -> FittedPlan {
    let training = table(&[
        row(&[
            ("plan", "basic".into()),
            ("city", "Rome".into()),
            ("support", "yes".into()),
            ("backup", "no".into()),
            ("months", 3.into()),
            ("fee", 20.5.into()),
            ("paid", 61.5.into()),
            ("since", "2024-01-31".into()),
        ]),
        row(&[
            ("plan", "pro".into()),
            ("city", "Oslo".into()),
            ("support", "no".into()),
            ("backup", "yes".into()),
            ("months", 12.into()),
            ("fee", 40.into()),
            ("paid", 480.into()),
            ("since", "2023-05-01".into()),
        ]),
        row(&[
            ("plan", "team".into()),
            ("city", "Rome".into()),
            ("support", "no".into()),
            ("backup", "yes".into()),
            ("months", 30.into()),
            ("fee", 90.into()),
            ("paid", 2700.into()),
            ("since", "2021-11-15".into()),
        ]),
        row(&[
            ("plan", "basic".into()),
            ("city", "Oslo".into()),
            ("backup", "no".into()),
            ("months", 1.into()),
        ]),
    ]);
    FeaturePlan::new(Arc::clone(training.spec()), params)
        .fit(&training)
        .unwrap()
}

/// One row's value in the matrix column of that name.
pub(crate) fn cell(plan: &FittedPlan, matrix: &Matrix, row: usize, column: &str) -> f32 {
    let names: Vec<&str> = plan
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    let place = names.iter().position(|name| *name == column);
    matrix.row(row)[place.unwrap_or_else(|| unreachable!("no column {column} in {names:?}"))]
}

/// The matrix of one customer under the plan for trees.
pub(crate) fn one(cells: &[(&str, Value)]) -> (FittedPlan, Matrix) {
    let plan = fitted(PlanParams::trees());
    let matrix = plan.transform(&table(&[row(cells)])).unwrap();
    (plan, matrix)
}
