//! Small models to register, and registries to put them in.

use std::collections::BTreeMap;
use std::sync::Arc;

use churn_ensemble::{Calibrator, IntervalCovers, IntervalTable, Linear, Predictor};
use churn_features::{FeaturePlan, PlanParams};
use churn_registry::{
    Card, Interval, Model, Native, NewVersion, Registry, RegistryParams, TrainedOn,
};
use churn_schema::{DatasetSpec, Table};
use churn_store::ManualClock;

pub(crate) const SPEC: &str = "format: 1
name: toy
columns:
  - {name: id, kind: text, roles: [key]}
  - {name: plan, kind: category, levels: [basic, pro]}
  - {name: spend, kind: number}
";

/// What a model is made of, as far as versions care.
#[derive(Clone)]
pub(crate) struct Recipe {
    pub(crate) spec: String,
    pub(crate) algorithm: String,
    pub(crate) strength: f64,
    /// Stands for the data: it changes what is learned and nothing else.
    pub(crate) slope: f64,
}

pub(crate) fn recipe() -> Recipe {
    Recipe {
        spec: SPEC.to_owned(),
        algorithm: "logistic_regression".to_owned(),
        strength: 1.0,
        slope: 0.5,
    }
}

impl Recipe {
    pub(crate) fn model(&self) -> Model {
        let spec = Arc::new(DatasetSpec::from_yaml(&self.spec, "toy.yaml").unwrap());
        let rows: Vec<BTreeMap<String, serde_json::Value>> = [
            ("a", "basic", 1.0),
            ("b", "pro", self.slope),
            ("c", "pro", 3.0),
        ]
        .map(|(id, plan, spend)| {
            BTreeMap::from([
                ("id".to_owned(), id.into()),
                ("plan".to_owned(), plan.into()),
                ("spend".to_owned(), spend.into()),
            ])
        })
        .into();
        let table = Table::from_rows(&spec, &rows).table;
        let plan = FeaturePlan::new(Arc::clone(&spec), PlanParams::linear())
            .fit(&table)
            .unwrap();
        let n_columns = plan.n_columns();
        let linear = Linear::new(-1.0, vec![self.slope; n_columns], vec![0.25; n_columns]).unwrap();
        Model {
            spec: Arc::unwrap_or_clone(spec),
            plan,
            predictor: Predictor::Linear(linear),
            calibrator: Calibrator::Platt {
                slope: 0.9,
                intercept: 0.1,
            },
            intervals: Some(IntervalTable {
                level: 0.95,
                covers: IntervalCovers::CalibrationAndSample,
                margins: vec![-2.0, 1.0],
                half_widths: vec![0.3, 0.1],
            }),
            background: None,
            threshold: 0.3,
            card: self.card(),
            native: Some(Native {
                file_name: "native.bin".to_owned(),
                bytes: vec![0, 159, 255],
            }),
        }
    }

    fn card(&self) -> Card {
        Card {
            algorithm: self.algorithm.clone(),
            parameters: BTreeMap::from([("strength".to_owned(), self.strength.into())]),
            seed: 42,
            trained_on: TrainedOn {
                dataset: "toy".to_owned(),
                sha256: churn_store::sha256_hex(&self.slope.to_le_bytes()),
                n_rows: 3,
                base_rate: 0.265,
            },
            cv_metrics: BTreeMap::from([(
                "roc_auc".to_owned(),
                Interval {
                    mean: 0.84,
                    low: 0.82,
                    high: 0.86,
                },
            )]),
            test_metrics: BTreeMap::new(),
            decision: "the only candidate".to_owned(),
            intended_use: "tests".to_owned(),
            limits: vec!["three rows".to_owned()],
            figures: churn_registry::CardFigures::default(),
            imported: None,
        }
    }
}

pub(crate) const NEW: NewVersion<'static> = NewVersion {
    run_id: None,
    who: "tester",
};

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new("2026-01-31T08:15:00Z".parse().unwrap()))
}

/// A registry under a folder of its own.
pub(crate) fn local() -> (tempfile::TempDir, Registry) {
    let home = tempfile::tempdir().unwrap();
    let registry = Registry::open(&RegistryParams::under_home(home.path()), clock()).unwrap();
    (home, registry)
}

/// Replaces the bundle of `sha256` under `home` behind the registry's back.
pub(crate) fn damage(home: &std::path::Path, sha256: &str, content: &[u8]) {
    let path = home.join("objects").join(&sha256[..2]).join(&sha256[2..]);
    assert!(path.is_file());
    std::fs::write(path, content).unwrap();
}
