//! Every prediction is kept.

use churn_store::tables::predictions;
use serde_json::json;

use crate::app::{App, customer};
use crate::model;

#[test]
fn a_clean_stop_loses_no_prediction() {
    let mut app = App::start();
    for _ in 0..20 {
        app.post("/api/v1/predict", &customer()).is_ok();
    }
    let nameless = app.post("/api/v1/predict", &json!({"tenure": 5})).is_ok();
    let file = app
        .ask("POST", "/api/v1/batch_predict")
        .body("text/csv", model::customers(300))
        .send();
    assert_eq!(file.is_ok()["n_scored"], 300);
    app.stop();
    let database = app.registry.database();
    let kept = database
        .read(|connection| predictions::list(connection, &Default::default(), 1000))
        .unwrap();
    assert_eq!(kept.len(), 321);
    let one = kept.iter().find(|it| it.customer_key == "C-1").unwrap();
    assert_eq!(
        (one.source.as_str(), one.model_version.as_str()),
        ("api", "v1.0.0")
    );
    let record: serde_json::Value = serde_json::from_str(&one.record).unwrap();
    assert_eq!(record, customer(), "the values are kept as they were sent");
    let answer: serde_json::Value = serde_json::from_str(&one.answer).unwrap();
    assert_eq!(answer["reasons"].as_array().unwrap().len(), 5);
    let is_nameless =
        |it: &predictions::Prediction| nameless["customer_id"] == it.customer_key.as_str();
    assert!(kept.iter().any(is_nameless));
}
