//! Against the SHAP values that LightGBM itself gives for models of its own.

use churn_ensemble::lightgbm;
use churn_explain::Explainer;

use crate::fixture;

#[track_caller]
fn check(name: &str, factor: f64) {
    let bytes = fixture::load(&format!("{name}.model.txt"));
    let imported = lightgbm::read_text(&bytes).unwrap();
    let answers = fixture::answers(name, &imported);
    let n_features = imported.features.len();
    let groups: Vec<u32> = (0..n_features as u32).collect();
    let explainer = Explainer::new(&imported.predictor, &groups, n_features).unwrap();
    let explanation = explainer
        .explain(&answers.values, answers.shap.len())
        .unwrap();
    for (row_idx, theirs) in answers.shap.iter().enumerate() {
        let ours = explanation.row(row_idx).iter().chain([&explanation.base]);
        for (ours, theirs) in ours.zip(theirs) {
            assert!(
                (ours - factor * theirs).abs() < 1e-9,
                "{name}, row {row_idx}: {ours} != {theirs}"
            );
        }
        assert!(explanation.gap(row_idx) < 1e-12);
    }
}

#[test]
fn every_treatment_of_missing_values() {
    check("lightgbm_missing", 1.0);
    check("lightgbm_zero_is_missing", 1.0);
    check("lightgbm_no_missing", 1.0);
}

#[test]
fn categories_and_a_sigmoid() {
    check("lightgbm_categories", 0.7);
}
