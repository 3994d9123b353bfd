//! The cache of one process.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;

use super::{Rate, Verdict};
use crate::time::Timestamp;

/// Most limits and counters kept; those at rest are forgotten first.
const MAX_COUNTED: usize = 100_000;

pub(super) struct Memory {
    max_bytes: usize,
    values: Mutex<Values>,
    buckets: Mutex<HashMap<String, Bucket>>,
    counters: Mutex<HashMap<String, Counter>>,
}

#[derive(Default)]
struct Values {
    by_key: HashMap<(String, String), Value>,
    /// Keys by the moment of their last use, counted in uses.
    by_use: BTreeMap<u64, (String, String)>,
    n_uses: u64,
    n_bytes: usize,
}

struct Value {
    bytes: Vec<u8>,
    ends_at: Timestamp,
    last_use: u64,
}

struct Bucket {
    tokens: f64,
    at: Timestamp,
    /// When it will be full again, and need not be remembered.
    full_at: Timestamp,
}

struct Counter {
    n: u64,
    ends_at: Timestamp,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing here panics half-way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    let by = TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
    now.to_utc()
        .checked_add_signed(by)
        .map_or(now, Timestamp::new)
}

impl Memory {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            values: Mutex::default(),
            buckets: Mutex::default(),
            counters: Mutex::default(),
        }
    }

    pub(super) fn get(&self, space: &str, key: &str, now: Timestamp) -> Option<Vec<u8>> {
        let values = &mut *lock(&self.values);
        let key = (space.to_owned(), key.to_owned());
        let value = values.by_key.get_mut(&key)?;
        if value.ends_at <= now {
            values.remove(&key);
            return None;
        }
        values.n_uses += 1;
        values.by_use.remove(&value.last_use);
        value.last_use = values.n_uses;
        values.by_use.insert(values.n_uses, key);
        Some(value.bytes.clone())
    }

    pub(super) fn put(&self, space: &str, key: &str, bytes: &[u8], keep: Duration, now: Timestamp) {
        let values = &mut *lock(&self.values);
        let key = (space.to_owned(), key.to_owned());
        values.remove(&key);
        if bytes.len() > self.max_bytes {
            return;
        }
        values.n_uses += 1;
        let value = Value {
            bytes: bytes.to_vec(),
            ends_at: later(now, keep),
            last_use: values.n_uses,
        };
        values.n_bytes += bytes.len();
        values.by_use.insert(values.n_uses, key.clone());
        values.by_key.insert(key, value);
        while values.n_bytes > self.max_bytes {
            let Some(oldest) = values.by_use.values().next().cloned() else {
                break;
            };
            values.remove(&oldest);
        }
    }

    pub(super) fn clear(&self, space: &str) {
        let values = &mut *lock(&self.values);
        let keys: Vec<_> = values
            .by_key
            .keys()
            .filter(|(of, _)| of == space)
            .cloned()
            .collect();
        keys.iter().for_each(|key| values.remove(key));
    }

    pub(super) fn take(&self, who: &str, rate: Rate, now: Timestamp) -> Verdict {
        let buckets = &mut *lock(&self.buckets);
        if buckets.len() >= MAX_COUNTED {
            buckets.retain(|_, bucket| bucket.full_at > now);
        }
        let burst = f64::from(rate.burst);
        let bucket = buckets.entry(who.to_owned()).or_insert(Bucket {
            tokens: burst,
            at: now,
            full_at: now,
        });
        let seconds = (now.to_utc() - bucket.at.to_utc()).as_seconds_f64();
        bucket.tokens = (bucket.tokens + seconds.max(0.0) * rate.per_second).min(burst);
        bucket.at = bucket.at.max(now);
        let verdict = if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            Verdict::Allowed {
                remaining: whole(bucket.tokens),
            }
        } else {
            Verdict::Limited {
                retry_after: seconds_up((1.0 - bucket.tokens) / rate.per_second),
            }
        };
        bucket.full_at = later(now, seconds_up((burst - bucket.tokens) / rate.per_second));
        verdict
    }

    pub(super) fn count(&self, what: &str, window: Duration, now: Timestamp) -> u64 {
        let counters = &mut *lock(&self.counters);
        if counters.len() >= MAX_COUNTED {
            counters.retain(|_, counter| counter.ends_at > now);
        }
        let fresh = Counter {
            n: 0,
            ends_at: later(now, window),
        };
        let counter = counters
            .entry(what.to_owned())
            .or_insert(Counter { ..fresh });
        if counter.ends_at <= now {
            *counter = Counter {
                n: 0,
                ends_at: later(now, window),
            };
        }
        counter.n += 1;
        counter.n
    }
}

impl Values {
    fn remove(&mut self, key: &(String, String)) {
        if let Some(value) = self.by_key.remove(key) {
            self.by_use.remove(&value.last_use);
            self.n_bytes -= value.bytes.len();
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "tokens lie between 0 and a burst of 32 bits"
)]
fn whole(tokens: f64) -> u32 {
    tokens as u32
}

/// Whole milliseconds, rounded up; a day at most.
fn seconds_up(seconds: f64) -> Duration {
    Duration::try_from_secs_f64((seconds * 1000.0).ceil() / 1000.0)
        .map_or(Duration::from_secs(86_400), |wait| {
            wait.min(Duration::from_secs(86_400))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::new(chrono::DateTime::from_timestamp_millis(1_700_000_000_000 + ms).unwrap())
    }

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn the_least_recently_used_go_first_and_old_values_end() {
        let memory = Memory::new(10);
        memory.put("s", "a", b"12345", HOUR, at(0));
        memory.put("s", "b", b"12345", HOUR, at(0));
        assert!(memory.get("s", "a", at(1)).is_some());
        memory.put("s", "c", b"1", HOUR, at(2));
        assert_eq!(memory.get("s", "b", at(3)), None, "pushed out");
        assert_eq!(memory.get("s", "a", at(3)).unwrap(), b"12345");
        memory.put("s", "large", &[0; 11], HOUR, at(4));
        assert_eq!(memory.get("s", "large", at(4)), None);
        memory.put("s", "c", b"22", Duration::from_millis(5), at(5));
        assert_eq!(memory.get("s", "c", at(9)).unwrap(), b"22");
        assert_eq!(memory.get("s", "c", at(10)), None, "it ended");
        memory.put("t", "c", b"3", HOUR, at(11));
        memory.clear("s");
        assert_eq!(memory.get("s", "a", at(12)), None);
        assert_eq!(memory.get("t", "c", at(12)).unwrap(), b"3");
    }

    #[test]
    fn a_bucket_gives_its_burst_and_refills() {
        let memory = Memory::new(0);
        let rate = Rate {
            burst: 2,
            per_second: 4.0,
        };
        let take = |ms| memory.take("me", rate, at(ms));
        assert_eq!(take(0), Verdict::Allowed { remaining: 1 });
        assert_eq!(take(0), Verdict::Allowed { remaining: 0 });
        let retry_after = Duration::from_millis(250);
        assert_eq!(take(0), Verdict::Limited { retry_after });
        assert_eq!(
            take(-500),
            Verdict::Limited { retry_after },
            "a clock set back gives nothing"
        );
        assert_eq!(take(250), Verdict::Allowed { remaining: 0 });
        assert_eq!(take(10_000), Verdict::Allowed { remaining: 1 });
        assert_eq!(
            memory.take("other", rate, at(0)),
            Verdict::Allowed { remaining: 1 }
        );
    }

    #[test]
    fn a_counter_forgets_after_its_window() {
        let memory = Memory::new(0);
        let count = |ms| memory.count("login", Duration::from_millis(100), at(ms));
        assert_eq!((count(0), count(50), count(99)), (1, 2, 3));
        assert_eq!(count(100), 1);
    }
}
