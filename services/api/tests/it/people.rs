//! A production with one account of each role.

use std::sync::Arc;

use churn_config::Settings;
use churn_engine::users::{NewUser, Role, UserParams, Users};
use churn_store::SystemClock;
use serde_json::{Value, json};

use crate::app::App;
use crate::client::Ask;
use crate::stores::Stores;

pub(crate) const PASSWORD: &str = "four random words here";

/// A service of the production profile on small stores.
pub(crate) fn production() -> App {
    production_on(Stores::small(), |_| {})
}

/// A service of the production profile with the accounts vera, anna and adam, and one champion.
pub(crate) fn production_on(stores: Stores, change: impl FnOnce(&mut Settings)) -> App {
    let app = App::on(stores, &[("CHURN_PROFILE", "production")], |settings| {
        settings.limits.requests_per_second = 0;
        change(settings);
    });
    let users = Users::new(
        app.registry.database().clone(),
        Arc::new(SystemClock),
        UserParams::default(),
    );
    for (name, role) in [
        ("vera", Role::Viewer),
        ("anna", Role::Analyst),
        ("adam", Role::Admin),
    ] {
        let new = NewUser {
            name,
            role,
            password: Some(PASSWORD),
        };
        users.add(&new, "test").unwrap();
    }
    app
}

pub(crate) fn sign_in(app: &App, name: &str) -> Value {
    app.post(
        "/api/v1/auth/login",
        &json!({"name": name, "password": PASSWORD}),
    )
    .is_ok()
}

pub(crate) fn token(app: &App, name: &str) -> String {
    sign_in(app, name)["access_token"]
        .as_str()
        .unwrap()
        .to_owned()
}

pub(crate) fn with_token<'a>(app: &App, method: &'a str, path: &'a str, token: &str) -> Ask<'a> {
    app.ask(method, path)
        .header("authorization", &format!("Bearer {token}"))
}

/// A key of an administrator of its own, in any profile.
pub(crate) fn key(app: &App) -> String {
    let users = Users::new(
        app.registry.database().clone(),
        Arc::new(SystemClock),
        UserParams::default(),
    );
    let new = NewUser {
        name: "keeper",
        role: Role::Admin,
        password: Some(PASSWORD),
    };
    users.add(&new, "test").unwrap();
    let made = with_token(app, "POST", "/api/v1/keys", &token(app, "keeper"))
        .json(&json!({"label": "test", "scopes": ["read", "score"]}))
        .send()
        .is_ok();
    made["secret"].as_str().unwrap().to_owned()
}
