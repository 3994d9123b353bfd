//! Who may do what: every role, every kind of proof, good and bad.

use serde_json::{Value, json};

use crate::app::{App, customer, register};
use crate::client::Answer;
use crate::people::{PASSWORD, production, production_on, sign_in, token, with_token};
use crate::stores::Stores;

#[test]
fn every_role_reaches_its_routes_and_no_further() {
    for stores in Stores::each() {
        roles_on(production_on(stores, |_| {}));
    }
}

/// What a route answers to nobody, viewer, analyst and admin.
type Expected<'a> = (&'a str, &'a str, Option<Value>, [u16; 4]);

#[track_caller]
fn roles_on(app: App) {
    let next = register(&app.registry, 2);
    let activate = format!("/api/v1/models/{next}/activate");
    let why = || Some(json!({"why": "test"}));
    let routes: &[Expected<'_>] = &[
        ("GET", "/api/v1/health", None, [200; 4]),
        ("GET", "/api/v1/metrics", None, [401, 200, 200, 200]),
        ("GET", "/api/v1/models", None, [401, 200, 200, 200]),
        ("GET", "/api/v1/models/latest", None, [401, 200, 200, 200]),
        (
            "GET",
            "/api/v1/models/latest/card",
            None,
            [401, 200, 200, 200],
        ),
        ("GET", "/api/v1/customers", None, [401, 200, 200, 200]),
        ("GET", "/api/v1/customers/C-1", None, [401, 404, 404, 404]),
        ("GET", "/api/v1/customers.csv", None, [401, 200, 200, 200]),
        ("GET", "/api/v1/predictions", None, [401, 200, 200, 200]),
        ("GET", "/api/v1/jobs", None, [401, 200, 200, 200]),
        ("GET", "/api/v1/jobs/x", None, [401, 404, 404, 404]),
        ("GET", "/api/v1/jobs/x/result", None, [401, 404, 404, 404]),
        ("GET", "/api/v1/jobs/x/rejected", None, [401, 404, 404, 404]),
        ("POST", "/api/v1/jobs/x/cancel", None, [401, 403, 404, 404]),
        ("POST", "/api/v1/jobs/x/retry", None, [401, 403, 404, 404]),
        (
            "POST",
            "/api/v1/retrain",
            Some(json!({"file": "x"})),
            [401, 403, 403, 404],
        ),
        (
            "POST",
            "/api/v1/predict",
            Some(customer()),
            [401, 403, 200, 200],
        ),
        (
            "POST",
            "/api/v1/explain",
            Some(customer()),
            [401, 403, 200, 200],
        ),
        (
            "GET",
            "/api/v1/explain?customer_id=none",
            None,
            [401, 403, 404, 404],
        ),
        ("GET", "/api/v1/users", None, [401, 403, 403, 200]),
        ("GET", "/api/v1/audit", None, [401, 403, 403, 200]),
        ("POST", &activate, why(), [401, 403, 403, 200]),
        (
            "PUT",
            "/api/v1/aliases/rival",
            Some(json!({"version": "latest"})),
            [401, 403, 403, 200],
        ),
        (
            "POST",
            "/api/v1/models/champion/rollback",
            why(),
            [401, 403, 403, 200],
        ),
    ];
    let tokens = ["vera", "anna", "adam"].map(|name| token(&app, name));
    for (method, path, body, expected) in routes {
        for (who, status) in expected.iter().enumerate() {
            let mut ask = app.ask(method, path);
            if let Some(token) = who.checked_sub(1).map(|place| &tokens[place]) {
                ask = ask.header("authorization", &format!("Bearer {token}"));
            }
            if let Some(body) = body {
                ask = ask.json(body);
            }
            let answer = ask.send();
            assert_eq!(
                answer.status,
                *status,
                "{method} {path} as {who}: {}",
                answer.text()
            );
        }
    }
    let trail = |query: &str| {
        let path = format!("/api/v1/audit?{query}");
        with_token(&app, "GET", &path, &tokens[2]).send().is_ok()
    };
    let moved = trail("subject=champion&who=adam&limit=1");
    let rolled_back = &moved["items"][0];
    assert!(
        rolled_back["before"].is_string() && rolled_back["after"].is_string(),
        "{rolled_back}"
    );
    let next = moved["next"].as_str().unwrap();
    let activated = trail(&format!("subject=champion&who=adam&limit=1&cursor={next}"));
    assert_ne!(rolled_back["action"], activated["items"][0]["action"]);
    assert_eq!(activated["next"], Value::Null, "{activated}");
}

#[test]
fn forged_altered_and_stale_proofs_are_refused() {
    let app = production();
    let good = token(&app, "anna");
    let parts: Vec<&str> = good.split('.').collect();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    for bad in [
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.{}x", parts[0], parts[1], parts[2]),
        format!("{}.eyJzdWIiOiJhZGFtIn0.{}", parts[0], parts[2]),
        "x".repeat(5000),
        String::new(),
    ] {
        with_token(&app, "GET", "/api/v1/models", &bad)
            .send()
            .is_fault(401, "unauthenticated");
    }
    let key = |key: &str| {
        app.ask("GET", "/api/v1/models")
            .header("x-api-key", key)
            .send()
    };
    key("churn_nothing").is_fault(401, "unauthenticated");
    // A bad proof is no better than none, also where scoring is open.
    let open = App::start();
    let answer = open
        .ask("POST", "/api/v1/predict")
        .header("x-api-key", "x")
        .json(&customer())
        .send();
    answer.is_fault(401, "unauthenticated");
}

#[test]
fn a_token_that_is_over_is_refused() {
    let app = production_on(Stores::small(), |settings| settings.auth.access_minutes = 0);
    let over = token(&app, "adam");
    with_token(&app, "GET", "/api/v1/models", &over)
        .send()
        .is_fault(401, "unauthenticated");
}

#[test]
fn nobody_gives_himself_more_than_he_has() {
    let app = production();
    let anna = token(&app, "anna");
    let ask = |method, path, body: Value| with_token(&app, method, path, &anna).json(&body).send();
    ask("PATCH", "/api/v1/users/anna", json!({"role": "admin"})).is_fault(403, "forbidden");
    ask(
        "POST",
        "/api/v1/users",
        json!({"name": "eva", "role": "admin"}),
    )
    .is_fault(403, "forbidden");
    for scope in ["train", "models", "users"] {
        let body = json!({"label": "more", "scopes": ["score", scope]});
        ask("POST", "/api/v1/keys", body).is_fault(403, "forbidden");
    }
    // Fields nobody asked for change nothing.
    let body = json!({"label": "x", "scopes": ["score"], "user": "adam"});
    ask("POST", "/api/v1/keys", body).is_fault(400, "bad_body");
}

#[test]
fn an_account_that_is_shut_or_lowered_counts_at_once() {
    let app = production();
    let (anna, adam) = (token(&app, "anna"), token(&app, "adam"));
    let change = |name: &str, body: Value| {
        let path = format!("/api/v1/users/{name}");
        with_token(&app, "PATCH", &path, &adam).json(&body).send()
    };
    change("anna", json!({"role": "viewer"})).is_ok();
    let predict = || {
        with_token(&app, "POST", "/api/v1/predict", &anna)
            .json(&customer())
            .send()
    };
    predict().is_fault(403, "forbidden");
    change("anna", json!({"disabled": true})).is_ok();
    predict().is_fault(401, "unauthenticated");
    change("adam", json!({"role": "viewer"})).is_fault(409, "conflict");
    change("nobody", json!({"role": "viewer"})).is_fault(404, "not_found");
    change("anna", json!({"role": "god"})).is_fault(400, "bad_body");
}

#[test]
fn a_refresh_token_is_good_once_and_used_twice_ends_the_sign_in() {
    let app = production();
    let first = sign_in(&app, "anna")["refresh_token"].clone();
    let refresh =
        |token: &Value| app.post("/api/v1/auth/refresh", &json!({"refresh_token": token}));
    let second = refresh(&first).is_ok()["refresh_token"].clone();
    assert_ne!(first, second);
    refresh(&first).is_fault(401, "unauthenticated");
    refresh(&second).is_fault(401, "unauthenticated");
}

#[test]
fn a_key_does_what_it_was_made_for_until_it_is_revoked() {
    let app = production();
    let anna = token(&app, "anna");
    let make = |body: Value| {
        with_token(&app, "POST", "/api/v1/keys", &anna)
            .json(&body)
            .send()
    };
    let made = make(json!({"label": "crm", "scopes": ["score"]})).is_ok();
    let secret = made["secret"].as_str().unwrap().to_owned();
    let id = made["key"]["id"].as_str().unwrap().to_owned();
    make(json!({"label": "too much", "scopes": ["users"]})).is_fault(403, "forbidden");
    let with_key = |method, path, body: Option<Value>| -> Answer {
        let ask = app.ask(method, path).header("x-api-key", &secret);
        match body {
            Some(body) => ask.json(&body).send(),
            None => ask.send(),
        }
    };
    with_key("POST", "/api/v1/predict", Some(customer())).is_ok();
    with_key("GET", "/api/v1/models", None).is_fault(403, "forbidden");
    let path = format!("/api/v1/keys/{id}");
    let vera = token(&app, "vera");
    with_token(&app, "DELETE", &path, &vera)
        .send()
        .is_fault(404, "not_found");
    with_token(&app, "DELETE", &path, &anna).send().is_ok();
    with_key("POST", "/api/v1/predict", Some(customer())).is_fault(401, "unauthenticated");
}

#[test]
fn a_session_changes_things_only_with_its_own_token() {
    let app = production();
    let answer = app.post(
        "/api/v1/auth/session",
        &json!({"name": "anna", "password": PASSWORD}),
    );
    let body = answer.is_ok();
    let cookie = answer.header("set-cookie").unwrap();
    for part in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    let cookie = cookie.split(';').next().unwrap();
    let ask = |method, path| app.ask(method, path).header("cookie", cookie);
    assert_eq!(ask("GET", "/api/v1/auth/me").send().is_ok()["name"], "anna");
    ask("POST", "/api/v1/predict")
        .json(&customer())
        .send()
        .is_fault(403, "bad_csrf_token");
    let csrf = body["csrf_token"].as_str().unwrap();
    let predict = ask("POST", "/api/v1/predict")
        .header("x-csrf-token", csrf)
        .json(&customer())
        .send();
    predict.is_ok();
    ask("POST", "/api/v1/auth/logout")
        .header("x-csrf-token", csrf)
        .json(&json!({}))
        .send()
        .is_ok();
    ask("GET", "/api/v1/auth/me")
        .send()
        .is_fault(401, "unauthenticated");
}

#[test]
fn guessing_passwords_is_slowed_down() {
    let app = production();
    let guess = |password: &str| {
        app.post(
            "/api/v1/auth/login",
            &json!({"name": "anna", "password": password}),
        )
    };
    let answers: Vec<Answer> = (0..8)
        .map(|n| guess(&format!("wrong password {n}")))
        .collect();
    answers[0].is_fault(401, "unauthenticated");
    let last = answers.last().unwrap();
    last.is_fault(429, "rate_limited");
    assert!(last.header("retry-after").is_some());
    guess(PASSWORD).is_fault(429, "rate_limited");
    // Nobody learns which names there are.
    let unknown = app.post(
        "/api/v1/auth/login",
        &json!({"name": "nobody", "password": PASSWORD}),
    );
    let known = &answers[0];
    assert_eq!(unknown.json()["message"], known.json()["message"]);
}

#[test]
fn a_password_that_was_given_must_be_changed_first() {
    let app = production();
    let adam = token(&app, "adam");
    let made = with_token(&app, "POST", "/api/v1/users", &adam)
        .json(&json!({"name": "eva", "role": "analyst"}))
        .send()
        .is_ok();
    let given = made["password"].as_str().unwrap();
    let signed = app
        .post(
            "/api/v1/auth/login",
            &json!({"name": "eva", "password": given}),
        )
        .is_ok();
    assert_eq!(signed["user"]["must_change_password"], true);
    let eva = signed["access_token"].as_str().unwrap();
    let predict = with_token(&app, "POST", "/api/v1/predict", eva)
        .json(&customer())
        .send();
    predict.is_fault(403, "password_change_required");
    let change = |new: &str| {
        with_token(&app, "POST", "/api/v1/auth/password", eva)
            .json(&json!({"old": given, "new": new}))
            .send()
    };
    change("short").is_fault(400, "bad_body");
    change("another four random words").is_ok();
    let again = app
        .post(
            "/api/v1/auth/login",
            &json!({"name": "eva", "password": "another four random words"}),
        )
        .is_ok();
    assert_eq!(again["user"]["must_change_password"], false);
}

#[test]
fn versions_are_listed_for_who_has_signed_in() {
    let app = production();
    let vera = token(&app, "vera");
    let ask = |path: &str| with_token(&app, "GET", path, &vera).send();
    let body = ask("/api/v1/models").is_ok();
    let first = &body["items"][0];
    assert_eq!(first["version"], "v1.0.0", "{body}");
    assert_eq!(
        (&first["serving"], &first["aliases"]),
        (&json!(true), &json!(["champion"]))
    );
    assert_eq!(ask("/api/v1/models/champion").is_ok()["version"], "v1.0.0");
    ask("/api/v1/models/v9.9.9").is_fault(404, "not_found");
    ask("/api/v1/models/..%2f..%2fetc%2fpasswd").is_fault(404, "not_found");
}
