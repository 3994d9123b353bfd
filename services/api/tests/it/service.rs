//! Health, probes, metrics, models, headers, stopping.

use serde_json::json;

use crate::app::{App, customer, register};

#[test]
fn health_names_model_and_dependencies() {
    let app = App::start();
    let body = app.get("/api/v1/health").is_ok();
    assert_eq!(body["status"], "ok", "{body}");
    assert_eq!(
        body["model"],
        json!({"available": true, "reference": "champion", "version": "v1.0.0"})
    );
    let names: Vec<&str> = body["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["database", "objects", "cache"]);
    assert_eq!(app.get("/healthz").text(), "ok\n");
    assert_eq!(app.get("/readyz").status, 200);
}

#[test]
fn without_a_model_the_service_lives_but_is_not_ready_until_one_is_activated_elsewhere() {
    let app = App::without_model(&[], |_| {}, |_| {});
    assert_eq!(app.get("/healthz").status, 200);
    app.get("/readyz").is_fault(503, "no_model");
    app.post("/api/v1/predict", &customer())
        .is_fault(503, "no_model");
    assert_eq!(app.get("/api/v1/health").is_ok()["status"], "unavailable");
    // As the shell does it: another process, the same store.
    register(&app.registry, 1);
    app.registry.activate("latest", "shell", "first").unwrap();
    wait_until("the model is noticed", || app.get("/readyz").status == 200);
    assert_eq!(
        app.post("/api/v1/predict", &customer()).is_ok()["model_version"],
        "v1.0.0"
    );
}

#[test]
fn a_damaged_bundle_leaves_the_old_model_serving() {
    let app = App::start();
    let next = register(&app.registry, 2);
    let bundle = app.registry.resolve(&next).unwrap().bundle_sha256;
    app.registry.activate(&next, "shell", "better").unwrap();
    wait_until("the new model takes over", || {
        app.post("/api/v1/predict", &customer()).is_ok()["model_version"] == next
    });
    let _ = bundle;
    let third = register(&app.registry, 3);
    app.registry.activate(&third, "shell", "best").unwrap();
    let sha256 = app.registry.resolve(&third).unwrap().bundle_sha256;
    let path = app
        .home()
        .join("objects")
        .join(&sha256[..2])
        .join(&sha256[2..]);
    std::fs::write(path, b"damaged").unwrap();
    wait_until("the failure or the exchange is counted", || {
        let metrics = app.get("/metrics").text();
        metrics.contains("churn_model_failures_total 1")
            || metrics.contains(&format!("churn_model_info{{model=\"{third}\"}} 1"))
    });
    assert_eq!(app.post("/api/v1/predict", &customer()).status, 200);
}

#[test]
fn the_figures_of_the_model_are_told() {
    let app = App::start();
    let body = app.get("/api/v1/metrics").is_ok();
    assert_eq!(body["cross_validation"]["roc_auc"]["mean"], 0.84, "{body}");
}

#[test]
fn a_request_id_is_taken_over_made_and_returned() {
    let app = App::start();
    let answer = app
        .ask("GET", "/healthz")
        .header("x-request-id", "abc-123")
        .send();
    assert_eq!(answer.header("x-request-id"), Some("abc-123"));
    let answer = app
        .ask("GET", "/healthz")
        .header("x-request-id", "bad id\u{7f}")
        .send();
    assert_ne!(answer.header("x-request-id"), Some("bad id\u{7f}"));
    assert_eq!(
        app.get("/nowhere").header("x-request-id").unwrap().len(),
        36
    );
}

#[test]
fn routes_and_methods_that_do_not_exist_have_our_shape() {
    let app = App::start();
    app.get("/api/v1/nowhere").is_fault(404, "no_such_route");
    app.get("/api/v1/predict")
        .is_fault(405, "method_not_allowed");
}

#[test]
fn headers_make_answers_safe_and_other_sites_ask_only_when_allowed() {
    let app = App::with(&[], |settings| {
        settings.server.cors_origins = vec!["https://crm.example".to_owned()];
    });
    let answer = app.get("/api/v1/health");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.header(name), Some(value));
    }
    let from = |origin: &str| {
        app.ask("GET", "/api/v1/health")
            .header("origin", origin)
            .send()
    };
    assert_eq!(
        from("https://crm.example").header("access-control-allow-origin"),
        Some("https://crm.example")
    );
    assert_eq!(
        from("https://evil.example").header("access-control-allow-origin"),
        None
    );
    let preflight = app
        .ask("OPTIONS", "/api/v1/predict")
        .header("origin", "https://crm.example")
        .header("access-control-request-method", "POST")
        .send();
    assert_eq!(preflight.status, 204);
    assert_eq!(
        preflight.header("access-control-allow-origin"),
        Some("https://crm.example")
    );
}

#[test]
fn metrics_count_requests_by_route_and_predictions_by_model_and_risk() {
    let app = App::start();
    let risk = app.post("/api/v1/predict", &customer()).is_ok()["risk_level"]
        .as_str()
        .unwrap()
        .to_owned();
    let text = app.get("/metrics").text();
    for line in [
        "churn_http_requests_total{method=\"POST\",route=\"/api/v1/predict\",status=\"200\"} 1"
            .to_owned(),
        format!("churn_predictions_total{{model=\"v1.0.0\",risk=\"{risk}\",source=\"api\"}} 1"),
        "churn_model_info{model=\"v1.0.0\"} 1".to_owned(),
    ] {
        assert!(text.contains(&line), "{line} in {text}");
    }
}

#[test]
fn a_service_that_is_stopped_gives_its_port_back() {
    let mut app = App::start();
    app.stop();
    assert!(std::net::TcpStream::connect(("127.0.0.1", app.port)).is_err());
}

/// Asks again and again, up to 30 seconds.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !is_so() {
        assert!(start.elapsed().as_secs() < 30, "{what}");
        std::thread::yield_now();
    }
}
