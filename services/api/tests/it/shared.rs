//! Processes that share a Redis, and a Redis that dies.

use std::time::{Duration, Instant};

use churn_config::Settings;

use crate::app::{App, customer};
use crate::stores::Stores;

fn limited(settings: &mut Settings) {
    settings.limits.requests_per_second = 1;
    settings.limits.burst = 6;
}

#[test]
fn processes_share_the_limit_of_a_client() {
    let Some(stores) = Stores::with_redis() else {
        return;
    };
    let url = stores.redis.as_ref().unwrap().url();
    let set = [("CHURN_REDIS_URL", url.as_str())];
    // Each asks /readyz first, which does not count.
    let (one, other) = (App::on(stores, &[], limited), App::with(&set, limited));
    let start = Instant::now();
    let mut n_good = 0;
    for round in 0..20 {
        let app = if round % 2 == 0 { &one } else { &other };
        let answer = app.get("/api/v1/health");
        if answer.status == 200 {
            n_good += 1;
        } else {
            answer.is_fault(429, "rate_limited");
            let wait = answer.header("retry-after").unwrap();
            assert!((1..=7).contains(&wait.parse::<u64>().unwrap()), "{wait}");
        }
    }
    let refilled = start.elapsed().as_secs() + 1;
    assert!(
        (6..=6 + refilled).contains(&n_good),
        "{n_good} of one burst for both"
    );
}

#[test]
fn a_redis_that_dies_is_told_in_health_and_slows_nothing() {
    let Some(stores) = Stores::with_redis() else {
        return;
    };
    let mut app = App::on(stores, &[], |settings| {
        settings.limits.requests_per_second = 1_000_000;
    });
    let cache = |app: &App| {
        let health = app.get("/api/v1/health").is_ok();
        let found = health["dependencies"].as_array().unwrap().clone();
        let found = found.into_iter().find(|it| it["name"] == "cache").unwrap();
        (health["status"].clone(), found)
    };
    let (status, told) = cache(&app);
    assert_eq!((status, &told["detail"]), ("ok".into(), &"redis".into()));
    app.post("/api/v1/explain", &customer()).is_ok();
    drop(app.stores.redis.take());
    let (status, told) = cache(&app);
    assert_eq!((status, &told["ok"]), ("degraded".into(), &false.into()));
    let start = Instant::now();
    for _ in 0..20 {
        app.post("/api/v1/explain", &customer()).is_ok();
        app.post("/api/v1/predict", &customer()).is_ok();
    }
    let took = start.elapsed();
    assert!(took < Duration::from_secs(10), "40 answers took {took:?}");
}
