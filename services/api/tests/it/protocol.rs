//! The Open Inference Protocol, version 2.

use serde_json::{Value, json};

use crate::app::{App, customer};

/// The customer as tensors of one element.
fn tensors(customer: &Value) -> Value {
    let inputs: Vec<Value> = customer
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| {
            let datatype = if value.is_string() { "BYTES" } else { "FP64" };
            json!({"name": name, "shape": [1], "datatype": datatype, "data": [value]})
        })
        .collect();
    json!({"id": "42", "inputs": inputs})
}

#[test]
fn standard_clients_find_the_model_and_get_the_same_probability() {
    let app = App::start();
    assert_eq!(app.get("/v2/health/live").is_ok(), json!({"live": true}));
    assert_eq!(app.get("/v2/health/ready").is_ok(), json!({"ready": true}));
    assert_eq!(app.get("/v2").is_ok()["name"], "churn");
    let metadata = app.get("/v2/models/telco").is_ok();
    assert_eq!(metadata["versions"], json!(["v1.0.0"]), "{metadata}");
    assert!(
        metadata["inputs"]
            .as_array()
            .unwrap()
            .contains(&json!({"name": "Contract", "datatype": "BYTES", "shape": [-1]}))
    );
    let body = app
        .post("/v2/models/telco/infer", &tensors(&customer()))
        .is_ok();
    assert_eq!(
        (&body["id"], &body["model_version"]),
        (&json!("42"), &json!("v1.0.0"))
    );
    let plain = app.post("/api/v1/predict", &customer()).is_ok();
    assert_eq!(
        body["outputs"][0],
        json!({
            "name": "churn_probability", "shape": [1], "datatype": "FP64", "data": [plain["churn_probability"]],
        })
    );
    app.get("/v2/models/other").is_fault(404, "not_found");
    app.get("/v2/models/telco/ready").is_ok();
}

#[test]
fn explanations_come_in_the_same_form() {
    let app = App::start();
    let body = app
        .post("/v2/models/telco/explain", &tensors(&customer()))
        .is_ok();
    let output = |name: &str| {
        let outputs = body["outputs"].as_array().unwrap();
        outputs
            .iter()
            .find(|it| it["name"] == name)
            .unwrap_or_else(|| panic!("{name} in {body}"))
            .clone()
    };
    let shap = output("shap_values");
    let names = body["parameters"]["feature_names"].as_array().unwrap();
    assert_eq!(shap["shape"], json!([1, names.len()]));
    let sum: f64 = shap["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_f64().unwrap())
        .sum();
    let base = output("base_value")["data"][0].as_f64().unwrap();
    assert!((base + sum - output("margin")["data"][0].as_f64().unwrap()).abs() < 1e-6);
}

#[test]
fn tensors_that_do_not_fit_are_refused() {
    let app = App::start();
    let ask = |body: Value| app.post("/v2/models/telco/infer", &body);
    ask(json!({"inputs": []})).is_fault(400, "bad_body");
    ask(json!({"inputs": [{"name": "tenure", "shape": [2], "datatype": "FP64", "data": [1]}]}))
        .is_fault(400, "bad_body");
    ask(json!({"inputs": [{"name": "tenure", "shape": [9_000_000_000_u64], "datatype": "FP64", "data": [1]}]})).is_fault(400, "bad_body");
    ask(json!({"inputs": [{"name": "tenure", "shape": [1], "datatype": "FP64", "data": [-1]}]}))
        .is_fault(422, "data_refused");
}
