//! Against the values that XGBoost, LightGBM, CatBoost and the `shap` package give small models,
//! as `testdata/make_fixtures.py` wrote them.

use std::path::PathBuf;

use churn_ensemble::{Predictor, TreeEnsemble, catboost, lightgbm, xgboost};
use churn_explain::Explainer;

/// For libraries that add up and answer in f64.
const EXACT: f64 = 1e-9;
/// What is asked of all others; XGBoost adds up and answers in f32.
const SINGLE: f64 = 1e-6;
const N_COLUMNS: usize = 10;

fn load(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata");
    std::fs::read(folder.join(name)).unwrap()
}

fn table(name: &str) -> Vec<f64> {
    let text = String::from_utf8(load(&format!("{name}.csv"))).unwrap();
    let cells = text.split([',', '\n']).filter(|cell| !cell.is_empty());
    cells.map(|cell| cell.parse().unwrap()).collect()
}

/// Rows of the matrix; the forest had no missing values.
fn rows(name: &str, filled: bool) -> Vec<f32> {
    let cell = |value: f64| match value as f32 {
        value if filled && value.is_nan() => 0.0,
        value => value,
    };
    table(name).into_iter().map(cell).collect()
}

/// Every number within `tolerance × max(1, |theirs|)`.
#[track_caller]
fn assert_equal(ours: &[f64], theirs: &[f64], tolerance: f64) {
    assert_eq!(ours.len(), theirs.len());
    let gaps = ours.iter().zip(theirs);
    let gaps = gaps.map(|(ours, theirs)| (ours - theirs).abs() / theirs.abs().max(1.0));
    let furthest = gaps.fold(0.0, f64::max);
    assert!(furthest < tolerance, "a value is {furthest:e} away");
}

struct Model {
    predictor: Predictor,
    filled: bool,
}

impl Model {
    fn new(predictor: Predictor) -> Self {
        Self {
            predictor,
            filled: false,
        }
    }

    fn explainer(&self, background: Option<&[f32]>) -> Explainer {
        let groups: Vec<u32> = (0..N_COLUMNS as u32).collect();
        match background {
            Some(rows) => {
                let n_rows = rows.len() / N_COLUMNS;
                Explainer::with_background(&self.predictor, &groups, N_COLUMNS, rows, n_rows)
            }
            None => Explainer::new(&self.predictor, &groups, N_COLUMNS),
        }
        .unwrap()
    }

    /// Values against `name`, whose last column is the base.
    #[track_caller]
    fn check_values(&self, explainer: &Explainer, name: &str, tolerance: f64) {
        let rows = rows("rows", self.filled);
        let n_rows = rows.len() / N_COLUMNS;
        let explanation = explainer.explain(&rows, n_rows).unwrap();
        let ours = (0..n_rows)
            .flat_map(|row| explanation.row(row).iter().chain([&explanation.base]))
            .copied();
        assert_equal(&ours.collect::<Vec<f64>>(), &table(name), tolerance);
        assert!((0..n_rows).all(|row| explanation.gap(row) < 1e-12));
    }

    #[track_caller]
    fn check_values_by_cover(&self, name: &str, tolerance: f64) {
        self.check_values(&self.explainer(None), name, tolerance);
    }

    #[track_caller]
    fn check_values_by_background(&self, name: &str, tolerance: f64) {
        let background = rows("background", self.filled);
        self.check_values(&self.explainer(Some(&background)), name, tolerance);
    }

    /// Interactions of the first rows against `name`, whose matrices are `width` wide.
    #[track_caller]
    fn check_pairs(&self, name: &str, width: usize, tolerance: f64) {
        let theirs = table(name);
        let n_rows = theirs.len() / (width * width);
        let rows = rows("rows", self.filled);
        let pairs = self
            .explainer(None)
            .interactions(&rows[..n_rows * N_COLUMNS], n_rows)
            .unwrap();
        let theirs: Vec<f64> = theirs
            .chunks(width * width)
            .flat_map(|matrix| matrix.chunks(width).take(N_COLUMNS))
            .flat_map(|row| row[..N_COLUMNS].iter().copied())
            .collect();
        assert_equal(&pairs.values, &theirs, tolerance);
    }
}

#[test]
fn xgboost_and_shap_on_its_trees() {
    let ensemble = xgboost::read_ubj(&load("xgboost.ubj")).unwrap();
    let model = Model::new(Predictor::Trees(ensemble));
    model.check_values_by_cover("xgboost_own", SINGLE);
    model.check_pairs("xgboost_own_pairs", N_COLUMNS + 1, SINGLE);
    model.check_values_by_background("xgboost_shap_background", SINGLE);
}

#[test]
fn lightgbm_and_shap_on_its_trees() {
    let imported = lightgbm::read_text(&load("lightgbm.txt")).unwrap();
    let model = Model::new(imported.predictor);
    model.check_values_by_cover("lightgbm_own", EXACT);
    model.check_values_by_background("lightgbm_shap_background", SINGLE);
}

#[test]
fn catboost_and_shap_on_its_trees() {
    let imported = catboost::read_json(&load("catboost.json")).unwrap();
    let model = Model::new(imported.predictor);
    model.check_values_by_cover("catboost_own", EXACT);
    model.check_pairs("catboost_own_pairs", N_COLUMNS + 1, EXACT);
    model.check_values_by_background("catboost_shap_background", SINGLE);
}

#[test]
fn shap_on_a_forest_of_scikit_learn() {
    let ensemble: TreeEnsemble = serde_json::from_slice(&load("forest.json")).unwrap();
    let model = Model {
        predictor: Predictor::Trees(ensemble),
        filled: true,
    };
    model.check_values_by_cover("forest_shap", EXACT);
    model.check_pairs("forest_shap_pairs", N_COLUMNS, EXACT);
    model.check_values_by_background("forest_shap_background", SINGLE);
}
