//! Work that takes longer than a request, from asking to the file that comes of it.

use serde_json::{Value, json};

use crate::app::{App, customer};
use crate::client::Answer;
use crate::model::{customers, spoiled};
use crate::people::{production_on, token, with_token};
use crate::stores::Stores;

/// A policy that any model passes, and settings that are quick.
const EASY: &str = "default: easy
presets:
  easy:
    threshold: max_profit
    economics: {contact_cost: 15, save_rate: 0.2}
    gates: [{metric: roc_auc, min: 0.5}]
    rank_by: [log_loss]
";

fn send_file(app: &App, who: &str, query: &str, csv: &str) -> Answer {
    let path = format!("/api/v1/batch_predict{query}");
    with_token(app, "POST", &path, who)
        .body("text/csv", csv)
        .send()
}

#[test]
fn a_large_file_becomes_a_job_whose_files_are_downloaded() {
    for stores in Stores::each() {
        let app = production_on(stores, |settings| settings.scoring.job_rows = 300);
        let anna = token(&app, "anna");
        let get = |path: &str| with_token(&app, "GET", path, &anna).send();
        send_file(&app, &anna, "", &customers(50)).is_ok();
        let asked = send_file(&app, &anna, "", &spoiled(400));
        assert_eq!(asked.status, 202, "{}", asked.text());
        let place = asked.header("location").unwrap().to_owned();
        let job = &asked.json()["job"];
        assert_eq!(
            (&job["status"], &job["kind"], &job["links"]["self"]),
            (&json!("queued"), &json!("score_file"), &json!(place))
        );
        get(&format!("{place}/result")).is_fault(409, "conflict");
        app.work();
        let job = get(&place).is_ok();
        assert_eq!(job["status"], "succeeded", "{job}");
        assert_eq!(job["progress"]["n_done"], 400, "{job}");
        assert!(!job["log"].as_array().unwrap().is_empty(), "{job}");
        assert_eq!(job["result"]["report"]["n_rejected"], 1, "{job}");
        assert_eq!(job["result"]["output_blob"], Value::Null, "{job}");
        let file = get(job["links"]["result"].as_str().unwrap());
        assert_eq!(
            file.header("content-disposition"),
            Some("attachment; filename=\"scored-v1.0.0.csv\"")
        );
        let text = file.text();
        assert_eq!(text.lines().count(), 400, "a header and 399 customers");
        assert!(text.starts_with("customerID,churn_probability,"), "{text}");
        let rejected = get(job["links"]["rejected"].as_str().unwrap()).text();
        assert_eq!(rejected.lines().count(), 2, "{rejected}");
        let metrics = app.get("/metrics").text();
        assert!(
            metrics.contains("churn_jobs{kind=\"score_file\",status=\"succeeded\"} 1")
                && metrics.contains("churn_job_last_seconds{kind=\"score_file\"} "),
            "{metrics}"
        );
        let left = std::fs::read_dir(app.home().join("uploads")).unwrap();
        assert_eq!(left.count(), 0, "nothing is left behind");
    }
}

#[test]
fn jobs_are_listed_in_parts_and_by_filter_and_asked_for_once_per_key() {
    for stores in Stores::each() {
        let app = production_on(stores, |_| {});
        let (vera, anna) = (token(&app, "vera"), token(&app, "anna"));
        let list = |query: &str| {
            let path = format!("/api/v1/jobs?{query}");
            with_token(&app, "GET", &path, &vera).send()
        };
        for _ in 0..3 {
            assert_eq!(
                send_file(&app, &anna, "?as_job=true", &customers(9)).status,
                202
            );
        }
        let with_key = || {
            let asked = with_token(&app, "POST", "/api/v1/batch_predict?as_job=true", &anna)
                .header("idempotency-key", "july")
                .body("text/csv", customers(9))
                .send();
            assert_eq!(asked.status, 202);
            asked.json()["job"]["id"].clone()
        };
        assert_eq!(with_key(), with_key());
        let first = list("limit=3&status=queued&kind=score_file").is_ok();
        let next = first["next"].as_str().unwrap();
        let second = list(&format!("limit=3&cursor={next}")).is_ok();
        let n = |page: &Value| page["items"].as_array().unwrap().len();
        assert_eq!(
            (n(&first), n(&second), &second["next"]),
            (3, 1, &Value::Null)
        );
        assert_eq!(n(&list("status=failed").is_ok()), 0);
        list("status=asleep").is_fault(400, "bad_parameter");
        list("limit=many").is_fault(400, "bad_parameter");
    }
}

#[test]
fn jobs_are_ended_and_repeated_by_who_may_ask_for_them() {
    let app = production_on(Stores::small(), |_| {});
    let [vera, anna, adam] = ["vera", "anna", "adam"].map(|name| token(&app, name));
    let post = |path: &str, who: &str| with_token(&app, "POST", path, who).send();
    let asked = send_file(&app, &anna, "?as_job=true", &customers(9));
    let place = asked.header("location").unwrap().to_owned();
    post(&format!("{place}/cancel"), &vera).is_fault(403, "forbidden");
    post(&format!("{place}/retry"), &anna).is_fault(409, "conflict");
    let ended = post(&format!("{place}/cancel"), &anna).is_ok();
    assert_eq!(ended["status"], "cancelled", "{ended}");
    let again = post(&format!("{place}/retry"), &adam).is_ok();
    assert_eq!(again["status"], "queued", "{again}");
    // Training is for those who may ask for it.
    let training = with_token(&app, "POST", "/api/v1/retrain", &adam)
        .body("text/csv", customers(9))
        .send();
    let place = training.header("location").unwrap().to_owned();
    post(&format!("{place}/cancel"), &anna).is_fault(403, "forbidden");
    post(&format!("{place}/cancel"), &adam).is_ok();
    let trail = with_token(&app, "GET", "/api/v1/audit?action=jobs.cancel", &adam)
        .send()
        .is_ok();
    let who: Vec<&Value> = trail["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["who"])
        .collect();
    assert_eq!(who, ["adam", "anna"]);
}

#[test]
fn a_key_that_may_only_score_sees_its_own_jobs() {
    let app = production_on(Stores::small(), |_| {});
    let (anna, adam) = (token(&app, "anna"), token(&app, "adam"));
    let made = with_token(&app, "POST", "/api/v1/keys", &anna)
        .json(&json!({"label": "nightly", "scopes": ["score"]}))
        .send()
        .is_ok();
    let key = made["secret"].as_str().unwrap();
    let with_key = |method, path| app.ask(method, path).header("x-api-key", key);
    let path = "/api/v1/batch_predict?as_job=true";
    let own = with_key("POST", path).body("text/csv", customers(9)).send();
    let own = own.header("location").unwrap().to_owned();
    let other = send_file(&app, &adam, "?as_job=true", &customers(9));
    let other = other.header("location").unwrap().to_owned();
    with_key("GET", &own).send().is_ok();
    with_key("GET", &other).send().is_fault(404, "not_found");
    let listed = with_key("GET", "/api/v1/jobs").send().is_ok();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
}

#[test]
fn what_can_not_be_a_job_is_refused() {
    let app = App::with(&[], |settings| settings.scoring.job_rows = 5);
    let post = |query: &str, kind: &str, body: String| {
        let path = format!("/api/v1/batch_predict{query}");
        app.ask("POST", &path).body(kind, body).send()
    };
    // Nobody could ask for the job of nobody, so a large file is answered at once.
    post("", "text/csv", customers(20)).is_ok();
    post("?as_job=true", "text/csv", customers(20)).is_fault(401, "unauthenticated");
    let app = production_on(Stores::small(), |_| {});
    let anna = token(&app, "anna");
    let post = |path: &str, kind: &str, body: String| {
        with_token(&app, "POST", path, &anna)
            .body(kind, body)
            .send()
    };
    let path = "/api/v1/batch_predict?as_job=true";
    post(path, "application/x-ndjson", customer().to_string())
        .is_fault(415, "unsupported_media_type");
    post(path, "image/png", String::new()).is_fault(415, "unsupported_media_type");
}

#[test]
fn a_job_reads_no_more_rows_than_are_allowed() {
    let app = production_on(Stores::small(), |settings| settings.server.max_rows = 20);
    let anna = token(&app, "anna");
    let done = |rows: u64| {
        let asked = send_file(&app, &anna, "?as_job=true", &customers(rows));
        app.work();
        let place = asked.header("location").unwrap();
        with_token(&app, "GET", place, &anna).send().is_ok()
    };
    assert_eq!(done(20)["status"], "succeeded");
    let job = done(21);
    assert_eq!(job["status"], "failed", "{job}");
    let error = job["error"].as_str().unwrap();
    assert!(error.contains("more than 20 rows"), "{error}");
}

#[test]
fn training_is_a_job_that_puts_its_model_into_service() {
    for stores in Stores::each() {
        let app = production_on(stores, |_| {});
        let [vera, adam] = ["vera", "adam"].map(|name| token(&app, name));
        std::fs::create_dir_all(app.home().join("data/2026")).unwrap();
        std::fs::write(app.home().join("data/2026/july.csv"), customers(900)).unwrap();
        let retrain = |file: &str| {
            with_token(&app, "POST", "/api/v1/retrain", &adam)
                .json(&json!({
                    "file": file,
                    "config": {
                        "algorithms": ["logistic"], "folds": 3, "repeats": 1,
                        "bootstrap_replicates": 100
                    },
                    "selection": EASY,
                    "seed": 7
                }))
                .send()
        };
        let asked = retrain("2026/july.csv");
        assert_eq!(asked.status, 202, "{}", asked.text());
        assert_eq!(asked.json()["is_new"], true);
        let place = asked.header("location").unwrap();
        let again = retrain("2026/july.csv");
        assert_eq!(
            (again.header("location"), &again.json()["is_new"]),
            (Some(place), &json!(false)),
            "the same is asked for once"
        );
        app.work();
        let job = with_token(&app, "GET", place, &vera).send().is_ok();
        assert_eq!(job["status"], "succeeded", "{job}");
        assert_eq!(job["result"]["activated"], true, "{job}");
        let version = &job["result"]["champion"];
        crate::service::wait_until("the trained model answers", || {
            let health = app.get("/api/v1/health").is_ok();
            health["model"]["version"] == *version
        });
        let after = retrain("2026/july.csv");
        assert_eq!(
            after.json()["is_new"],
            true,
            "it has ended, so it may be asked for anew"
        );
    }
}

#[test]
fn training_reads_only_files_of_the_data_folder() {
    let app = production_on(Stores::small(), |_| {});
    let adam = token(&app, "adam");
    let data = app.home().join("data");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(app.home().join("secret.csv"), customers(9)).unwrap();
    std::os::unix::fs::symlink(app.home().join("secret.csv"), data.join("link.csv")).unwrap();
    let post = |body: Value| {
        with_token(&app, "POST", "/api/v1/retrain", &adam)
            .json(&body)
            .send()
    };
    let absolute = app.home().join("secret.csv").display().to_string();
    for file in [
        "none.csv",
        "../secret.csv",
        "link.csv",
        "..",
        "",
        "/etc/passwd",
        "%2e%2e/secret.csv",
        "..\\secret.csv",
        &absolute,
    ] {
        post(json!({"file": file})).is_fault(404, "not_found");
    }
    post(json!({})).is_fault(400, "bad_body");
    post(json!({"file": "a.csv", "command": "rm"})).is_fault(400, "bad_body");
    std::fs::write(data.join("good.csv"), customers(9)).unwrap();
    post(json!({"file": "good.csv", "spec": "nonsense: ["})).is_fault(400, "bad_body");
    with_token(&app, "POST", "/api/v1/retrain", &adam)
        .send()
        .is_fault(415, "unsupported_media_type");
    with_token(&app, "POST", "/api/v1/retrain", &adam)
        .body("text/csv", "")
        .send()
        .is_fault(400, "bad_body");
}
