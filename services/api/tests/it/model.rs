//! Models of Telco customers made without training: pseudo-random trees over the real plan.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use churn_ensemble::{
    Calibrator, IntervalCovers, IntervalTable, Node, Predictor, Test, TreeEnsemble,
};
use churn_features::{FeaturePlan, FittedPlan, PlanParams};
use churn_registry::{Card, CardFigures, Interval, Model, TrainedOn, UsualRange};
use churn_schema::{DatasetSpec, ReadOptions, read_all};
use churn_synth::{SnapshotParams, write_snapshot};

/// A file of the workspace.
fn shared(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

pub(crate) fn spec() -> Arc<DatasetSpec> {
    let text = std::fs::read_to_string(shared("data/telco.yaml")).unwrap();
    Arc::new(DatasetSpec::from_yaml(&text, "telco.yaml").unwrap())
}

/// Synthetic customers as CSV, header first.
pub(crate) fn customers(rows: u64) -> String {
    let params = SnapshotParams {
        rows,
        seed: 7,
        ..Default::default()
    };
    let mut csv = Vec::new();
    write_snapshot(&params, &mut csv).unwrap();
    String::from_utf8(csv).unwrap()
}

/// Synthetic customers with a bad row in the middle.
pub(crate) fn spoiled(rows: u64) -> String {
    let csv = customers(rows);
    let mut lines: Vec<String> = csv.lines().map(str::to_owned).collect();
    let middle = lines.len() / 2;
    lines[middle] = lines[middle].replacen(',', ",no such gender,", 1);
    lines.join("\n") + "\n"
}

/// A sound model; another seed is another recipe.
pub(crate) fn model(seed: u64) -> Model {
    let spec = spec();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("customers.csv");
    std::fs::write(&path, customers(300)).unwrap();
    let table = read_all(&path, &spec, &ReadOptions::score()).unwrap().0;
    let plan = FeaturePlan::new(Arc::clone(&spec), PlanParams::trees());
    let plan = plan.fit(&table).unwrap();
    let model = Model {
        predictor: Predictor::Trees(random_trees(&plan, seed)),
        plan,
        calibrator: Calibrator::Platt {
            slope: 0.9,
            intercept: -0.4,
        },
        background: None,
        intervals: Some(IntervalTable {
            level: 0.95,
            covers: IntervalCovers::CalibrationAndSample,
            margins: vec![-3.0, 0.0, 2.0],
            half_widths: vec![0.4, 0.1, 0.3],
        }),
        threshold: 0.5,
        card: card(&spec, seed),
        native: None,
        spec: DatasetSpec::clone(&spec),
    };
    model.check().unwrap();
    model
}

/// Full trees of depth 3; together they ask every column.
fn random_trees(plan: &FittedPlan, seed: u64) -> TreeEnsemble {
    let mut state = seed;
    let mut draw = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut next_column = 0;
    let mut tree = || {
        let place = |place: u32| {
            let cover = f32::from(u8::try_from(draw(90) + 10).unwrap());
            if place >= 7 {
                let value = (draw(200) as f32 - 100.0) / 400.0;
                return Node::Leaf { value, cover };
            }
            next_column = (next_column + 1) % plan.n_columns();
            let is_level = plan.columns[next_column].name.contains('=');
            let threshold = if is_level { 0.5 } else { draw(90) as f32 };
            Node::Split {
                feature: u32::try_from(next_column).unwrap(),
                test: Test::Less(threshold),
                default_left: draw(2) == 0,
                left: 2 * place + 1,
                right: 2 * place + 2,
                cover,
            }
        };
        (0..15).map(place).collect::<Vec<Node>>()
    };
    let trees: Vec<Vec<Node>> = (0..40).map(|_| tree()).collect();
    TreeEnsemble::new(plan.n_columns(), -0.5, &trees, Vec::new()).unwrap()
}

fn card(spec: &DatasetSpec, seed: u64) -> Card {
    let auc = Interval {
        mean: 0.84,
        low: 0.82,
        high: 0.86,
    };
    Card {
        algorithm: "pseudo-random trees".to_owned(),
        parameters: BTreeMap::from([("seed".to_owned(), seed.into())]),
        seed,
        trained_on: TrainedOn {
            dataset: spec.name.clone(),
            sha256: String::new(),
            n_rows: 300,
            base_rate: 0.27,
        },
        cv_metrics: BTreeMap::from([("roc_auc".to_owned(), auc)]),
        test_metrics: BTreeMap::new(),
        decision: String::new(),
        intended_use: "tests".to_owned(),
        limits: Vec::new(),
        figures: CardFigures {
            usual: BTreeMap::from([(
                "MonthlyCharges".to_owned(),
                UsualRange {
                    low: 15.0,
                    high: 125.0,
                },
            )]),
            ..CardFigures::default()
        },
        imported: None,
    }
}
