//! One customer: predict and explain.

use serde_json::json;

use crate::app::{App, customer};

#[test]
fn a_complete_customer_is_scored_with_reasons_and_offers() {
    let app = App::start();
    let body = app.post("/api/v1/predict", &customer()).is_ok();
    let probability = body["churn_probability"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&probability), "{body}");
    assert!(["LOW", "MEDIUM", "HIGH"].contains(&body["risk_level"].as_str().unwrap()));
    let end = |name: &str| body[name].as_f64().unwrap();
    assert!(end("probability_low") <= probability && probability <= end("probability_high"));
    assert_eq!(body["customer_id"], "C-1");
    assert_eq!(body["model_version"], "v1.0.0");
    assert_eq!(body["feature_set_version"].as_str().unwrap().len(), 64);
    assert_eq!(body["imputed_fields"], json!([]));
    assert_eq!(body["warnings"], json!([]));
    let factors = body["top_risk_factors"].as_array().unwrap();
    assert_eq!(factors.len(), 5, "{body}");
    assert!(
        factors
            .iter()
            .all(|it| it["feature"].is_string() && it["impact"].is_f64())
    );
    assert!(body["recommendations"].is_array() && body["offers"].is_array());
    let timestamp = body["timestamp"].as_str().unwrap();
    assert!(
        timestamp.ends_with('Z') && timestamp.contains('T'),
        "{timestamp}"
    );
}

#[test]
fn ten_of_nineteen_fields_are_enough_and_the_rest_is_named() {
    let app = App::start();
    let body = app.post(
        "/api/v1/predict",
        &json!({
            "tenure": 12, "MonthlyCharges": 65.5, "TotalCharges": 786.0, "Contract": "Month-to-month",
            "InternetService": "Fiber optic", "OnlineSecurity": "No", "TechSupport": "No",
            "PaymentMethod": "Electronic check", "PaperlessBilling": "Yes", "SeniorCitizen": 0
        }),
    );
    let body = body.is_ok();
    let imputed = body["imputed_fields"].as_array().unwrap();
    assert_eq!(imputed.len(), 9, "{body}");
    assert!(imputed.contains(&json!("gender")));
    let id = body["customer_id"].as_str().unwrap();
    assert_eq!(id.len(), 36, "a new id: {id}");
}

#[test]
fn unknown_categories_fields_and_outliers_are_flagged_and_do_not_stop_the_score() {
    let app = App::start();
    let mut odd = customer();
    odd["Contract"] = json!("Three years");
    odd["Tenur"] = json!(3);
    odd["MonthlyCharges"] = json!(500);
    let body = app.post("/api/v1/predict", &odd).is_ok();
    let codes: Vec<&str> = body["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["code"].as_str().unwrap())
        .collect();
    assert_eq!(
        codes,
        ["unknown_category", "extra_column", "outlier"],
        "{body}"
    );
    assert!(
        app.get("/metrics")
            .text()
            .contains("churn_anomalies_total{code=\"unknown_category\"} 1")
    );
}

#[test]
fn the_customer_may_be_named_by_customer_id_too() {
    let app = App::start();
    let mut named = customer();
    named.as_object_mut().unwrap().remove("customerID");
    named["customer_id"] = json!(4711);
    let body = app.post("/api/v1/predict", &named).is_ok();
    assert_eq!(body["customer_id"], "4711");
    assert_eq!(body["warnings"], json!([]));
}

#[test]
fn without_reasons_the_probability_is_the_same() {
    let app = App::start();
    let full = app.post("/api/v1/predict", &customer()).is_ok();
    let plain = app
        .post("/api/v1/predict?explain=false", &customer())
        .is_ok();
    assert_eq!(full["churn_probability"], plain["churn_probability"]);
    assert_eq!(plain["top_risk_factors"], json!([]));
    app.post("/api/v1/predict?explain=maybe", &customer())
        .is_fault(400, "bad_parameter");
}

#[test]
fn bad_values_are_refused_with_every_fault_and_without_the_values() {
    let app = App::start();
    let mut bad = customer();
    bad["tenure"] = json!(-3);
    bad["MonthlyCharges"] = json!("lots");
    bad["Partner"] = json!(["Yes"]);
    let answer = app.post("/api/v1/predict", &bad);
    let body = answer.is_fault(422, "data_refused");
    let mut fields: Vec<&str> = body["details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["field"].as_str().unwrap())
        .collect();
    fields.sort_unstable();
    assert_eq!(fields, ["MonthlyCharges", "Partner", "tenure"], "{body}");
    assert!(!answer.text().contains("lots"));
}

#[test]
fn contributions_sum_to_the_margin() {
    let app = App::start();
    let body = app.post("/api/v1/explain", &customer()).is_ok();
    let values: Vec<f64> = body["shap_values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_f64().unwrap())
        .collect();
    let names = body["feature_names"].as_array().unwrap();
    assert_eq!(values.len(), names.len());
    let sum = body["base_value"].as_f64().unwrap() + values.iter().sum::<f64>();
    assert!(
        (sum - body["margin"].as_f64().unwrap()).abs() < 1e-6,
        "{body}"
    );
    let predicted = app.post("/api/v1/predict", &customer()).is_ok();
    assert_eq!(body["churn_probability"], predicted["churn_probability"]);
    let points: f64 = body["contributions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["impact"].as_f64().unwrap())
        .sum();
    let difference =
        body["churn_probability"].as_f64().unwrap() - body["base_probability"].as_f64().unwrap();
    assert!((points - 100.0 * difference).abs() < 1e-6, "{body}");
}
