//! Customers as scored, the history of answers, and customers of whom only the key is sent.

use serde_json::{Value, json};

use crate::app::{App, customer, register};
use crate::model::customers;
use crate::people::{production_on, token, with_token};
use crate::stores::Stores;

/// A service that has scored a file of 30 customers.
fn scored(stores: Stores) -> (App, String) {
    let app = production_on(stores, |_| {});
    let anna = token(&app, "anna");
    let asked = with_token(&app, "POST", "/api/v1/batch_predict?as_job=true", &anna)
        .body("text/csv", customers(30))
        .send();
    assert_eq!(asked.status, 202, "{}", asked.text());
    app.work();
    (app, anna)
}

fn items(page: &Value) -> Vec<Value> {
    page["items"].as_array().unwrap().clone()
}

#[test]
fn customers_are_searched_filtered_and_listed_in_parts() {
    for stores in Stores::each() {
        let (app, anna) = scored(stores);
        let get = |path: &str| with_token(&app, "GET", path, &anna).send();
        let list = |query: &str| get(&format!("/api/v1/customers?{query}"));
        let all = items(&list("").is_ok());
        assert_eq!(all.len(), 30);
        let probability = |it: &Value| it["churn_probability"].as_f64().unwrap();
        assert!(
            all.windows(2)
                .all(|two| probability(&two[0]) >= probability(&two[1]))
        );
        // In parts, in each order, nobody is left out or comes twice.
        for sort in ["most_likely", "least_likely", "key"] {
            let mut seen = Vec::new();
            let mut cursor = String::new();
            loop {
                let page = list(&format!("sort={sort}&limit=7{cursor}")).is_ok();
                seen.extend(items(&page));
                match page["next"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            let whole = items(&list(&format!("sort={sort}")).is_ok());
            assert_eq!(seen, whole, "{sort}");
        }
        let id = all[4]["customer_id"].as_str().unwrap();
        let found = items(&list(&format!("search={id}")).is_ok());
        assert_eq!(found, [all[4].clone()]);
        let middle = probability(&all[10]);
        let below = items(&list(&format!("max_probability={middle}&risk_level=LOW")).is_ok());
        assert!(
            below
                .iter()
                .all(|it| probability(it) <= middle && it["risk_level"] == "LOW")
        );
        let one = get(&format!("/api/v1/customers/{id}")).is_ok();
        assert_eq!(one, all[4]);
        assert!(one["values"]["tenure"].is_number(), "{one}");
        let csv = get("/api/v1/customers.csv?sort=key").text();
        let keys: Vec<&str> = csv
            .lines()
            .filter_map(|line| line.split(',').next())
            .collect();
        let mut sorted: Vec<&str> = all
            .iter()
            .filter_map(|it| it["customer_id"].as_str())
            .collect();
        sorted.sort_unstable();
        assert_eq!((keys[0], &keys[1..]), ("customer_id", &sorted[..]), "{csv}");
        get("/api/v1/customers/nobody").is_fault(404, "not_found");
        get("/api/v1/customers/..%2f..%2fetc%2fpasswd").is_fault(404, "not_found");
        get("/api/v1/customers/a%00b").is_fault(400, "bad_parameter");
        list("sort=name").is_fault(400, "bad_parameter");
        list("cursor=ff").is_fault(400, "bad_parameter");
        assert_eq!(
            items(&list("search=%27%3B%20DROP%20TABLE%20customers").is_ok()).len(),
            0
        );
    }
}

#[test]
fn a_customer_the_store_knows_is_scored_and_explained_by_key_alone() {
    for stores in Stores::each() {
        let (app, anna) = scored(stores);
        let ask = |method, path| with_token(&app, method, path, &anna);
        let all = ask("GET", "/api/v1/customers?limit=1").send().is_ok();
        let known = &all["items"][0];
        let id = known["customer_id"].as_str().unwrap();
        for name in ["customer_id", "customerID"] {
            let done = ask("POST", "/api/v1/predict")
                .json(&json!({ name: id }))
                .send();
            let done = done.is_ok();
            assert_eq!(done["customer_id"], id);
            assert_eq!(done["churn_probability"], known["churn_probability"]);
            assert_eq!(done["imputed_fields"], json!([]), "{done}");
        }
        let path = format!("/api/v1/explain?customer_id={id}");
        let first = ask("GET", &path).send();
        assert_eq!(first.header("x-cache"), Some("miss"));
        let explained = first.is_ok();
        assert_eq!(explained["churn_probability"], known["churn_probability"]);
        assert!(explained["caution"].is_string() && explained["counterfactuals"].is_array());
        let second = ask("GET", &path).send();
        assert_eq!(second.header("x-cache"), Some("hit"));
        assert_eq!(second.is_ok(), explained);
        // Nobody is explained by a model that no longer serves.
        let adam = token(&app, "adam");
        let next = register(&app.registry, 2);
        let activate = format!("/api/v1/models/{next}/activate");
        with_token(&app, "POST", &activate, &adam).send().is_ok();
        let third = ask("GET", &path).send();
        assert_eq!(third.header("x-cache"), Some("miss"));
        assert_eq!(third.is_ok()["model_version"], next);

        let unknown = json!({"customer_id": "nobody"});
        let answer = ask("POST", "/api/v1/predict").json(&unknown).send();
        answer.is_fault(404, "not_found");
        let answer = ask("POST", "/api/v1/explain").json(&unknown).send();
        answer.is_fault(404, "not_found");
        ask("GET", "/api/v1/explain?customer_id=nobody")
            .send()
            .is_fault(404, "not_found");
        ask("GET", "/api/v1/explain")
            .send()
            .is_fault(400, "bad_parameter");
    }
}

#[test]
fn answers_are_looked_back_at_by_customer() {
    for stores in Stores::each() {
        let app = production_on(stores, |_| {});
        let (vera, anna) = (token(&app, "vera"), token(&app, "anna"));
        let list = |query: &str| {
            let path = format!("/api/v1/predictions?{query}");
            with_token(&app, "GET", &path, &vera).send()
        };
        let mut other = customer();
        other["customerID"] = json!("C-2");
        for values in [customer(), other, customer(), customer()] {
            with_token(&app, "POST", "/api/v1/predict", &anna)
                .json(&values)
                .send()
                .is_ok();
        }
        let mut history = Vec::new();
        crate::service::wait_until("the answers are written", || {
            history = items(&list("customer_id=C-1").is_ok());
            history.len() == 3
        });
        assert!(
            history
                .iter()
                .all(|it| it["asked_by"] == "anna" && it["source"] == "api")
        );
        assert_eq!(history[0]["values"]["tenure"], 3, "{}", history[0]);
        let first = list("customer_id=C-1&limit=2").is_ok();
        let next = first["next"].as_str().unwrap();
        let second = list(&format!("customer_id=C-1&limit=2&cursor={next}")).is_ok();
        assert_eq!([items(&first), items(&second)].concat(), history);
        assert_eq!(items(&list("since=2999-01-01T00:00:00Z").is_ok()).len(), 0);
        assert_eq!(items(&list("model_version=v1.0.0").is_ok()).len(), 4);
        list("since=yesterday").is_fault(400, "bad_parameter");
        // The values a request named are known as well.
        let path = "/api/v1/explain?customer_id=C-2";
        let explained = with_token(&app, "GET", path, &anna).send().is_ok();
        assert_eq!(explained["customer_id"], "C-2");
    }
}

#[test]
fn an_explanation_says_what_would_lower_the_risk() {
    let app = App::start();
    let nobody = || app.post("/api/v1/explain", &json!({"tenure": 3})).is_ok();
    assert_ne!(nobody()["customer_id"], nobody()["customer_id"]);
    let body = app.post("/api/v1/explain", &customer()).is_ok();
    let now = body["churn_probability"].as_f64().unwrap();
    for found in body["counterfactuals"].as_array().unwrap() {
        let then = found["churn_probability"].as_f64().unwrap();
        assert!(then < now, "{found}");
        assert!(!found["changes"].as_array().unwrap().is_empty(), "{found}");
        assert!(!found["offers"].as_array().unwrap().is_empty(), "{found}");
    }
}
