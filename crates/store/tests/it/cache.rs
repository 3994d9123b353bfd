//! The cache in memory and in Redis, and without the Redis it had.

use std::time::Duration;

use churn_store::{Cache, CacheParams, Rate, Timestamp, Verdict};
use churn_testkit::RedisServer;

const HOUR: Duration = Duration::from_secs(3600);

fn now() -> Timestamp {
    Timestamp::new("2026-01-31T08:15:00Z".parse().unwrap())
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

fn shared(server: &RedisServer) -> Cache {
    let params = CacheParams {
        redis_url: Some(server.url()),
        // A busy machine must not look like a dead server.
        timeout: Duration::from_secs(10),
        ..CacheParams::default()
    };
    Cache::open(&params).unwrap()
}

/// Two views of one cache.
async fn check(one: &Cache, other: &Cache) {
    let value = b"\x00\xff bytes".as_slice();
    one.put("score", "a", value, HOUR, now()).await;
    assert_eq!(other.get("score", "a", now()).await.unwrap(), value);
    assert_eq!(other.get("score", "b", now()).await, None);
    assert_eq!(other.get("bundle", "a", now()).await, None);
    one.put("bundle", "a", b"model", HOUR, now()).await;
    other.clear("score").await;
    assert_eq!(one.get("score", "a", now()).await, None, "cleared for all");
    assert_eq!(one.get("bundle", "a", now()).await.unwrap(), b"model");
    one.put("score", "a", b"new", HOUR, now()).await;
    assert_eq!(other.get("score", "a", now()).await.unwrap(), b"new");

    let rate = Rate {
        burst: 3,
        per_second: 0.001,
    };
    for remaining in [2, 1, 0] {
        let verdict = one.take("me", rate, now()).await;
        assert_eq!(verdict, Verdict::Allowed { remaining });
    }
    let wait = match other.take("me", rate, now()).await {
        Verdict::Limited { retry_after } => retry_after.as_secs(),
        Verdict::Allowed { .. } => 0,
    };
    assert!((900..=1000).contains(&wait), "the burst is used up: {wait}");
    let verdict = other.take("you", rate, now()).await;
    assert_eq!(verdict, Verdict::Allowed { remaining: 2 });

    assert_eq!(one.count("login", HOUR, now()).await, 1);
    assert_eq!(other.count("login", HOUR, now()).await, 2);
}

#[test]
fn memory() {
    let cache = Cache::open(&CacheParams::default()).unwrap();
    run(check(&cache, &cache.clone()));
    let health = run(cache.health());
    assert_eq!((health.backend, health.is_up), ("memory", true));
    assert_eq!((health.n_hits, health.n_misses, health.n_faults), (3, 3, 0));
}

#[test]
fn redis_is_shared() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let (one, other) = (shared(&server), shared(&server));
    run(async {
        check(&one, &other).await;
        let health = one.health().await;
        assert_eq!((health.backend, health.is_up), ("redis", true));
        assert_eq!(health.n_faults, 0);
    });
}

#[test]
fn a_redis_that_dies_leaves_an_empty_cache_and_limits_that_hold_and_comes_back() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let port = server.port();
    let params = CacheParams {
        redis_url: Some(server.url()),
        timeout: Duration::from_secs(10),
        pause: HOUR,
        ..CacheParams::default()
    };
    let cache = Cache::open(&params).unwrap();
    run(async {
        cache.put("score", "a", b"value", HOUR, now()).await;
        assert!(cache.get("score", "a", now()).await.is_some());
        drop(server);
        assert_eq!(cache.get("score", "a", now()).await, None);
        let rate = Rate {
            burst: 1,
            per_second: 0.001,
        };
        let verdict = cache.take("me", rate, now()).await;
        assert_eq!(verdict, Verdict::Allowed { remaining: 0 });
        let verdict = cache.take("me", rate, now()).await;
        assert!(matches!(verdict, Verdict::Limited { .. }), "{verdict:?}");
        assert_eq!(cache.count("login", HOUR, now()).await, 1);
        assert_eq!(cache.count("login", HOUR, now()).await, 2);
        cache.clear("score").await;
        let health = cache.health().await;
        assert_eq!((health.is_up, health.n_faults), (false, 6));

        let again = RedisServer::start_at(port).unwrap();
        assert!(cache.health().await.is_up, "it is asked anew");
        assert_eq!(shared(&again).get("score", "a", now()).await, None);
    });
}

/// A server that accepts and never answers is worse than one that is gone.
#[test]
fn a_redis_that_hangs_costs_one_timeout_and_then_nothing() {
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = silent.local_addr().unwrap().port();
    let params = CacheParams {
        redis_url: Some(format!("redis://127.0.0.1:{port}")),
        timeout: Duration::from_millis(50),
        pause: HOUR,
        ..CacheParams::default()
    };
    let cache = Cache::open(&params).unwrap();
    run(async {
        for _ in 0..1000 {
            assert_eq!(cache.get("score", "a", now()).await, None);
        }
        assert_eq!(cache.health().await.n_faults, 1000);
    });
    silent.set_nonblocking(true).unwrap();
    let n_calls = silent.incoming().take_while(Result::is_ok).count();
    assert!(
        n_calls <= 2,
        "one for the values, one for the health: {n_calls}"
    );
}

#[test]
fn an_address_that_is_not_of_redis_is_refused_without_showing_it() {
    let params = CacheParams {
        redis_url: Some("http://me:s3cret@host".to_owned()),
        ..CacheParams::default()
    };
    let text = Cache::open(&params).unwrap_err().to_string();
    assert!(
        text.contains("redis://") && !text.contains("s3cret"),
        "{text}"
    );
    assert!(!format!("{params:?}").contains("s3cret"));
}
