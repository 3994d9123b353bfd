//! What every model must do once it serves, whoever trained it.

use std::path::Path;
use std::sync::Arc;

use churn_engine::{Scorer, ScorerParams};
use churn_registry::{Model, read_bundle, write_bundle};
use churn_schema::{DatasetSpec, ReadOptions, Table, read_all};

/// A model and raw customers with holes and categories nobody trained on.
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) model: Model,
    /// The customers as CSV; no field holds a comma or a quote.
    pub(crate) customers: String,
}

impl Subject {
    pub(crate) fn check(&self) {
        self.a_bundle_keeps_every_bit();
        self.a_row_is_scored_alike_wherever_it_stands();
        self.columns_are_found_by_name();
        self.probabilities_are_in_range();
        self.numbers_that_are_not_finite_are_refused();
        self.contributions_sum_to_the_margin();
    }

    fn spec(&self) -> Arc<DatasetSpec> {
        Arc::new(self.model.spec.clone())
    }

    fn scorer(&self, model: &Model) -> Scorer {
        let params = ScorerParams {
            n_reasons: 2,
            ..ScorerParams::default()
        };
        Scorer::new("v1.0.0".to_owned(), model.clone(), params).unwrap()
    }

    fn read(&self, text: &str) -> (Table, u64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("customers.csv");
        std::fs::write(&path, text).unwrap();
        let (table, validation) = read_all(&path, &self.spec(), &ReadOptions::score()).unwrap();
        (table, validation.n_rejected)
    }

    fn table(&self) -> Table {
        self.read(&self.customers).0
    }

    fn bits(&self, model: &Model, table: &Table) -> Vec<u64> {
        let probabilities = self.scorer(model).probabilities(table).unwrap();
        probabilities.into_iter().map(f64::to_bits).collect()
    }

    fn a_bundle_keeps_every_bit(&self) {
        let bytes = write_bundle(&self.model).unwrap();
        let read = read_bundle(&bytes).unwrap();
        assert!(read == self.model, "{}", self.name);
        assert_eq!(write_bundle(&read).unwrap(), bytes, "{}", self.name);
        let table = self.table();
        let (before, after) = (self.bits(&self.model, &table), self.bits(&read, &table));
        assert_eq!(before, after, "{}", self.name);
    }

    fn a_row_is_scored_alike_wherever_it_stands(&self) {
        let table = self.table();
        let together = self.bits(&self.model, &table);
        let backwards: Vec<usize> = (0..table.n_rows()).rev().collect();
        let mut turned = self.bits(&self.model, &table.select(&backwards));
        turned.reverse();
        assert_eq!(together, turned, "{}", self.name);
        for row in [0, 7, table.n_rows() - 1] {
            let alone = self.bits(&self.model, &table.select(&[row]));
            assert_eq!(alone, [together[row]], "{} row {row}", self.name);
        }
    }

    fn columns_are_found_by_name(&self) {
        let turned: Vec<String> = self
            .customers
            .lines()
            .map(|line| line.split(',').rev().collect::<Vec<_>>().join(","))
            .collect();
        let (table, _) = self.read(&turned.join("\n"));
        let expected = self.bits(&self.model, &self.table());
        assert_eq!(self.bits(&self.model, &table), expected, "{}", self.name);
    }

    fn probabilities_are_in_range(&self) {
        // Nothing known at all, and numbers far from any seen.
        let header = self.customers.lines().next().unwrap();
        let n_columns = header.split(',').count();
        let far: Vec<&str> = header
            .split(',')
            .map(|column| {
                let spec = self.model.spec.column(column);
                if spec.is_some_and(|column| column.is_numeric() && column.max.is_none()) {
                    "9e15"
                } else {
                    ""
                }
            })
            .collect();
        let mut far = far.join(",");
        far.insert_str(0, "far");
        let blank = format!("blank{}", ",".repeat(n_columns - 1));
        for text in [
            self.customers.clone(),
            format!("{header}\n{blank}\n{far}\n"),
        ] {
            let (table, _) = self.read(&text);
            assert!(table.n_rows() > 0, "{}", self.name);
            let probabilities = self.scorer(&self.model).probabilities(&table).unwrap();
            for probability in probabilities {
                assert!((0.0..=1.0).contains(&probability), "{}", self.name);
            }
        }
    }

    fn numbers_that_are_not_finite_are_refused(&self) {
        let mut lines = self.customers.lines();
        let header: Vec<&str> = lines.next().unwrap().split(',').collect();
        let is_number = |name: &&str| {
            let column = self.model.spec.column(name);
            column.is_some_and(churn_schema::ColumnSpec::is_numeric)
        };
        let number = header.iter().position(is_number).unwrap();
        let good = lines.next().unwrap();
        for value in ["inf", "-inf", "1e999"] {
            let mut fields: Vec<&str> = good.split(',').collect();
            fields[number] = value;
            fields[0] = "spoilt";
            let text = format!("{}\n{good}\n{}\n", header.join(","), fields.join(","));
            let (table, n_rejected) = self.read(&text);
            assert_eq!(
                (table.n_rows(), n_rejected),
                (1, 1),
                "{} {value}",
                self.name
            );
        }
    }

    fn contributions_sum_to_the_margin(&self) {
        let table = self.table();
        let scorer = self.scorer(&self.model);
        for row in 0..table.n_rows().min(50) {
            let explained = scorer.explain(&table, row).unwrap();
            let sum: f64 = explained.contributions.iter().map(|c| c.shap_value).sum();
            let gap = (explained.base_value + sum - explained.margin).abs();
            assert!(
                gap < 1e-6 * explained.margin.abs().max(1.0),
                "{} {gap}",
                self.name
            );
            let points: f64 = explained.contributions.iter().map(|c| c.impact).sum();
            let moved = 100.0 * (explained.churn_probability - explained.base_probability);
            assert!((points - moved).abs() < 1e-6, "{}", self.name);
        }
    }
}

/// A file of `testdata/imports`.
pub(crate) fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata/imports")
        .join(name)
}
