//! All customers at once, and the pages people look at.

use serde_json::Value;

use crate::app::App;
use crate::model::customers;
use crate::people::{production_on, token, with_token};
use crate::stores::Stores;

fn score(app: &App, who: &str, n_rows: u32) {
    let asked = with_token(app, "POST", "/api/v1/batch_predict?as_job=true", who)
        .body("text/csv", customers(u64::from(n_rows)))
        .send();
    assert_eq!(asked.status, 202, "{}", asked.text());
    app.work();
}

fn sum(items: &Value, field: &str) -> f64 {
    let items = items.as_array().unwrap();
    items.iter().map(|it| it[field].as_f64().unwrap()).sum()
}

#[test]
fn the_overview_is_the_sum_of_the_customers_and_follows_each_job() {
    for stores in Stores::each() {
        let app = production_on(stores, |_| {});
        let anna = token(&app, "anna");
        let get = |path: &str| with_token(&app, "GET", path, &anna).send().is_ok();
        let before = get("/api/v1/overview");
        assert_eq!(before["n_customers"], 0, "{before}");
        assert!(before["scored_to"].is_null());
        for n_rows in [20_u32, 60] {
            score(&app, &anna, n_rows);
            let all = get("/api/v1/customers?limit=1000");
            let overview = get("/api/v1/overview");
            assert_eq!(overview["n_customers"], n_rows, "{overview}");
            let expected = sum(&all["items"], "churn_probability");
            let close = |a: f64, b: f64| (a - b).abs() < 1e-9 * b.abs().max(1.0);
            let leavers = overview["expected_leavers"].as_f64().unwrap();
            assert!(close(leavers, expected), "{overview}");
            let by_risk = &overview["by_risk"];
            assert!(close(sum(by_risk, "expected_leavers"), expected));
            assert!(close(sum(by_risk, "n"), f64::from(n_rows)));
            assert!(close(sum(&overview["histogram"], "n"), f64::from(n_rows)));
            for segment in overview["segments"].as_array().unwrap() {
                assert!(
                    close(sum(&segment["levels"], "n"), f64::from(n_rows)),
                    "{segment}"
                );
            }
        }
    }
}

#[test]
fn what_drives_all_scores_is_told_of_everybody_and_of_a_segment() {
    let app = production_on(Stores::small(), |_| {});
    let anna = token(&app, "anna");
    let get = |path: &str| with_token(&app, "GET", path, &anna).send();
    let path = "/api/v1/explain/global";
    get(path).is_fault(404, "not_found");
    score(&app, &anna, 80);
    let everybody = get(&format!("{path}?interactions=true")).is_ok();
    assert_eq!(everybody["n_rows"], 80);
    let mean = everybody["mean_probability"].as_f64().unwrap();
    let overview = get("/api/v1/overview").is_ok();
    assert!((mean - overview["mean_probability"].as_f64().unwrap()).abs() < 1e-9);
    let shares = sum(&everybody["features"], "share");
    assert!((shares - 1.0).abs() < 1e-9, "{shares}");
    let matrix = everybody["interactions"]["mean_abs"].as_array().unwrap();
    assert_eq!(
        matrix.len(),
        everybody["features"].as_array().unwrap().len()
    );
    let some = get(&format!("{path}?segment=tenure%20%3C%2012")).is_ok();
    let (inside, outside) = (some["n_rows"].as_u64(), some["n_outside"].as_u64());
    assert_eq!(inside.zip(outside).map(|(a, b)| a + b), Some(80), "{some}");
    let fault = get(&format!("{path}?segment=nothing%20%3D%3D%201")).is_fault(400, "bad_parameter");
    assert!(
        fault["message"].as_str().unwrap().contains("nothing"),
        "{fault}"
    );
    // Nobody reads without a sign-in.
    app.get(path).is_fault(401, "unauthenticated");
    app.get("/api/v1/overview").is_fault(401, "unauthenticated");
}

#[test]
fn pages_lead_to_the_sign_in_and_only_to_places_of_ours() {
    let app = production_on(Stores::small(), |_| {});
    let home = app.get("/");
    assert_eq!(
        (home.status, home.header("location")),
        (303, Some("/dashboard"))
    );
    for page in [
        "dashboard",
        "customers",
        "predictions",
        "explanations",
        "models",
        "monitoring",
        "settings",
    ] {
        let answer = app.get(&format!("/{page}?a=1&b=%22"));
        let to = format!("/login?next=%2F{page}%3Fa%3D1%26b%3D%2522");
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, Some(to.as_str()))
        );
    }
    app.get("/assets/../../../etc/passwd")
        .is_fault(404, "no_such_route");
    app.get("/assets/manifest.json")
        .is_fault(404, "no_such_route");
}
