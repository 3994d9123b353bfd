//! Models into and out of service over HTTP, while requests go on.

use std::io::Read;

use serde_json::{Value, json};

use crate::app::{App, customer, register};
use crate::client::{Answer, read};
use crate::model::customers;
use crate::people::{production_on, token, with_token};
use crate::stores::Stores;

#[test]
fn a_version_is_activated_rolled_back_and_named() {
    for stores in Stores::each() {
        let app = production_on(stores, |_| {});
        let adam = token(&app, "adam");
        let next = register(&app.registry, 2);
        let get = |path: &str| with_token(&app, "GET", path, &adam).send();
        let send = |method: &str, path: &str, body: Value| -> Answer {
            with_token(&app, method, path, &adam).json(&body).send()
        };
        let answering = || {
            let done = send("POST", "/api/v1/predict", customer()).is_ok();
            done["model_version"].clone()
        };
        let activate = format!("/api/v1/models/{next}/activate");
        let moved = send("POST", &activate, json!({"why": "better"})).is_ok();
        assert_eq!(
            moved,
            json!({"alias": "champion", "from": "v1.0.0", "to": next, "serving": next})
        );
        assert_eq!(answering(), next);
        let path = "/api/v1/models/champion/rollback";
        let moved = send("POST", path, json!({})).is_ok();
        assert_eq!(
            (&moved["to"], &moved["serving"]),
            (&json!("v1.0.0"), &json!("v1.0.0"))
        );
        assert_eq!(answering(), "v1.0.0");
        send("POST", path, json!({})).is_fault(409, "conflict");
        send("POST", "/api/v1/models/v9.9.9/activate", json!({})).is_fault(404, "not_found");
        send("POST", path, json!({"when": "now"})).is_fault(400, "bad_body");

        let named = send("PUT", "/api/v1/aliases/rival", json!({"version": next})).is_ok();
        assert_eq!(
            (&named["to"], &named["serving"]),
            (&json!(next), &json!("v1.0.0"))
        );
        assert_eq!(
            get("/api/v1/models/rival").is_ok()["aliases"],
            json!(["rival"])
        );
        for bad in ["latest", "v1.0.0", "Rival", "a_b"] {
            let path = format!("/api/v1/aliases/{bad}");
            send("PUT", &path, json!({"version": next})).is_fault(400, "bad_parameter");
        }
        let card = get("/api/v1/models/rival/card").is_ok();
        assert_eq!(
            (&card["version"], &card["threshold"]),
            (&json!(next), &json!(0.5))
        );
        assert_eq!(
            card["card"]["cv_metrics"]["roc_auc"]["mean"], 0.84,
            "{card}"
        );
        let columns = card["columns"].as_array().unwrap();
        assert_eq!(columns.len(), 19);
        assert!(columns.iter().any(|it| {
            it["levels"]
                .as_array()
                .unwrap()
                .contains(&json!("One year"))
        }));
    }
}

#[test]
fn a_bundle_that_fails_is_refused_and_the_alias_stays() {
    let app = production_on(Stores::small(), |_| {});
    let adam = token(&app, "adam");
    let post = |path: &str| with_token(&app, "POST", path, &adam).send();
    let damage = |version: &str| {
        let sha256 = app.registry.resolve(version).unwrap().bundle_sha256;
        let path = app
            .home()
            .join("objects")
            .join(&sha256[..2])
            .join(&sha256[2..]);
        std::fs::write(path, b"damaged").unwrap();
    };
    let next = register(&app.registry, 2);
    damage(&next);
    post(&format!("/api/v1/models/{next}/activate")).is_fault(409, "model_unfit");
    let third = register(&app.registry, 3);
    post(&format!("/api/v1/models/{third}/activate")).is_ok();
    // The one before has become unsound meanwhile: there is no way back to it.
    damage("v1.0.0");
    post("/api/v1/models/champion/rollback").is_fault(409, "model_unfit");
    let champion = app
        .registry
        .resolve("champion")
        .unwrap()
        .version
        .to_string();
    assert_eq!(champion, third);
    let health = app.get("/api/v1/health").is_ok();
    assert_eq!(health["model"]["version"], third, "{health}");
    let anna = token(&app, "anna");
    let done = with_token(&app, "POST", "/api/v1/predict", &anna)
        .json(&customer())
        .send();
    assert_eq!(done.is_ok()["model_version"], third);
}

/// A file whose answer is larger than all buffers on its way.
fn ask_for_much(app: &App) -> std::net::TcpStream {
    app.ask("POST", "/api/v1/batch_predict")
        .header("accept", "application/x-ndjson")
        .body("text/csv", customers(12_000))
        .open()
}

#[test]
fn an_answer_under_way_is_finished_by_the_model_that_began_it() {
    let app = App::start();
    let mut stream = ask_for_much(&app);
    let mut begun = [0];
    stream.read_exact(&mut begun).unwrap();
    let next = register(&app.registry, 2);
    app.registry.activate(&next, "shell", "better").unwrap();
    crate::service::wait_until("the new model takes over", || {
        app.post("/api/v1/predict", &customer()).is_ok()["model_version"] == next
    });
    let chained = [begun.to_vec(), read(stream)].concat();
    let answer = crate::client::parse(&chained);
    let text = answer.text();
    assert_eq!(text.lines().count(), 12_000);
    assert!(
        text.lines()
            .all(|line| line.contains("\"model_version\":\"v1.0.0\""))
    );
}

#[test]
fn who_takes_nothing_of_an_answer_loses_it() {
    let app = App::with(&[], |settings| {
        settings.scoring.batches = 1;
        settings.server.request_seconds = 1;
    });
    let mut stream = ask_for_much(&app);
    // From its first byte on the answer holds the only place; then nothing more is taken.
    stream.read_exact(&mut [0]).unwrap();
    let other = || {
        app.ask("POST", "/api/v1/batch_predict")
            .body("text/csv", customers(5))
            .send()
    };
    assert_eq!(other().status, 503, "the place is taken");
    crate::service::wait_until("the place is given to others", || other().status == 200);
    let answer = read(stream);
    assert!(
        !answer.ends_with(b"0\r\n\r\n"),
        "a part is not taken for the whole"
    );
}
