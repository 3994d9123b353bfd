//! A model of Telco customers made without training: pseudo-random trees over the real plan.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use churn_engine::{Scorer, ScorerParams};
use churn_ensemble::{
    Calibrator, IntervalCovers, IntervalTable, Node, Predictor, Test, TreeEnsemble,
};
use churn_features::{FeaturePlan, FittedPlan, PlanParams};
use churn_registry::{Background, Card, Model, TrainedOn};
use churn_retention::Playbook;
use churn_schema::{DatasetSpec, ReadOptions, Table, read_all};
use churn_synth::{SnapshotParams, write_snapshot};

pub(crate) const VERSION: &str = "v1.0.0";
const N_TREES: usize = 40;

/// A file of the workspace.
fn shared(path: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).unwrap()
}

pub(crate) fn spec() -> Arc<DatasetSpec> {
    Arc::new(DatasetSpec::from_yaml(&shared("data/telco.yaml"), "telco.yaml").unwrap())
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

/// A table of a CSV text, read as it is for scoring.
pub(crate) fn table_of(csv: &str) -> Table {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("customers.csv");
    std::fs::write(&path, csv).unwrap();
    read_all(&path, &spec(), &ReadOptions::score()).unwrap().0
}

/// The public file where it is at hand, else as many synthetic customers.
pub(crate) fn telco() -> Table {
    let file = churn_testkit::data_dir().map(|dir| dir.join("telco-customer-churn.csv"));
    match file.filter(|file| file.is_file()) {
        Some(file) => read_all(&file, &spec(), &ReadOptions::score()).unwrap().0,
        None => table_of(&customers(7043)),
    }
}

/// A scorer with `n_reasons` and, if asked, the shipped playbook's offers.
pub(crate) fn scorer(n_reasons: usize, with_offers: bool) -> Scorer {
    let spec = spec();
    let plan = FeaturePlan::new(Arc::clone(&spec), PlanParams::trees());
    let plan = plan.fit(&table_of(&customers(2000))).unwrap();
    let model = Model {
        predictor: Predictor::Trees(random_trees(&plan)),
        background: Some(background(&plan)),
        plan,
        calibrator: Calibrator::Platt {
            slope: 0.9,
            intercept: -0.4,
        },
        intervals: Some(IntervalTable {
            level: 0.95,
            covers: IntervalCovers::CalibrationAndSample,
            margins: vec![-3.0, 0.0, 2.0],
            half_widths: vec![0.4, 0.1, 0.3],
        }),
        threshold: 0.5,
        card: card(&spec),
        native: None,
        spec: DatasetSpec::clone(&spec),
    };
    model.check().unwrap();
    let playbook = shared("config/playbook.yaml");
    let params = ScorerParams {
        n_reasons,
        playbook: Some(Playbook::from_yaml(&playbook, "playbook.yaml", &spec).unwrap()),
        with_offers,
    };
    Scorer::new(VERSION.to_owned(), model, params).unwrap()
}

/// Twenty customers that the model keeps.
fn background(plan: &FittedPlan) -> Background {
    let matrix = plan.transform(&table_of(&customers(20))).unwrap();
    Background {
        n_rows: 20,
        values: matrix.values().to_vec(),
    }
}

/// Full trees of depth 3; together they ask every column, protected ones too.
fn random_trees(plan: &FittedPlan) -> TreeEnsemble {
    let mut state = 11_u64;
    let mut draw = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut next_column = 0;
    let trees: Vec<Vec<Node>> = (0..N_TREES)
        .map(|_| {
            let mut nodes = Vec::new();
            for place in 0..15_u32 {
                let cover = f32::from(u8::try_from(draw(90) + 10).unwrap());
                if place >= 7 {
                    let value = (draw(200) as f32 - 100.0) / 400.0;
                    nodes.push(Node::Leaf { value, cover });
                    continue;
                }
                next_column = (next_column + 1) % plan.n_columns();
                let is_level = plan.columns[next_column].name.contains('=');
                let threshold = if is_level { 0.5 } else { draw(90) as f32 };
                nodes.push(Node::Split {
                    feature: u32::try_from(next_column).unwrap(),
                    test: Test::Less(threshold),
                    default_left: draw(2) == 0,
                    left: 2 * place + 1,
                    right: 2 * place + 2,
                    cover,
                });
            }
            nodes
        })
        .collect();
    TreeEnsemble::new(plan.n_columns(), -0.5, &trees, Vec::new()).unwrap()
}

fn card(spec: &DatasetSpec) -> Card {
    Card {
        algorithm: "pseudo-random trees".to_owned(),
        parameters: BTreeMap::new(),
        seed: 11,
        trained_on: TrainedOn {
            dataset: spec.name.clone(),
            sha256: String::new(),
            n_rows: 2000,
            base_rate: 0.27,
        },
        cv_metrics: BTreeMap::new(),
        test_metrics: BTreeMap::new(),
        decision: String::new(),
        intended_use: "tests".to_owned(),
        limits: Vec::new(),
        figures: churn_registry::CardFigures::default(),
        imported: None,
    }
}
