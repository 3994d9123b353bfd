//! A small labelled file and a home to train in.

use std::{path::PathBuf, sync::Arc};

use churn_engine::Home;
use churn_pipeline::{NamedPolicy, TrainConfig, TrainRequest};
use churn_schema::{ColumnKind, ColumnSpec, DatasetSpec};
use churn_synth::{SnapshotParams, write_snapshot};
use churn_zoo::Algorithm;
use tempfile::TempDir;

const SPEC: &str = include_str!("../../../../data/telco.yaml");

/// A file that can be tampered with, and a home.
pub(crate) struct Sample {
    pub(crate) folder: TempDir,
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
    pub(crate) spec: DatasetSpec,
}

impl Sample {
    /// Synthetic customers; field texts hold no commas or quotes.
    pub(crate) fn new(n_rows: u64) -> Self {
        let mut bytes = Vec::new();
        let params = SnapshotParams {
            rows: n_rows,
            seed: 3,
            ..SnapshotParams::default()
        };
        write_snapshot(&params, &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let mut lines = text
            .lines()
            .map(|line| line.split(',').map(str::to_owned).collect());
        Self {
            folder: tempfile::tempdir().unwrap(),
            header: lines.next().unwrap(),
            rows: lines.collect(),
            spec: DatasetSpec::from_yaml(SPEC, "telco.yaml").unwrap(),
        }
    }

    /// Adds a feature column computed from the number of the row and whether the customer left.
    pub(crate) fn add(&mut self, name: &str, value: impl Fn(usize, bool) -> String) {
        self.header.push(name.to_owned());
        let target = self
            .header
            .iter()
            .position(|column| column == "Churn")
            .unwrap();
        for (index, row) in self.rows.iter_mut().enumerate() {
            let left = row[target] == "Yes";
            row.push(value(index, left));
        }
        self.spec
            .columns
            .push(ColumnSpec::new(name, ColumnKind::Number));
    }

    /// Writes the file.
    pub(crate) fn write(&self) -> PathBuf {
        let path = self.folder.path().join("customers.csv");
        let mut text = self.header.join(",");
        for row in &self.rows {
            text.push('\n');
            text.push_str(&row.join(","));
        }
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn home(&self) -> Home {
        Home::open(&self.folder.path().join("home")).unwrap()
    }

    /// A quick request: logistic regression alone, few folds.
    pub(crate) fn request(&self) -> TrainRequest {
        TrainRequest {
            data: self.write(),
            spec: Arc::new(self.spec.clone()),
            config: TrainConfig {
                algorithms: vec![Algorithm::Logistic],
                folds: 3,
                repeats: 1,
                bootstrap_replicates: 100,
                ..TrainConfig::default()
            },
            policy: NamedPolicy::read(None, None).unwrap(),
            seed: 42,
            folds: None,
            holdout: None,
            playbook: None,
            activate: true,
            who: "test".to_owned(),
        }
    }
}
