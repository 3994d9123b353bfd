//! What can be worked out again: in memory, or in Redis where several processes share it.

mod memory;
mod redis;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use self::memory::Memory;
use self::redis::Redis;
use crate::error::Error;
use crate::time::Timestamp;

/// Where a cache is and how large it may grow.
#[derive(Clone)]
pub struct CacheParams {
    /// `redis://user:password@host:port/number`; none = memory of this process.
    pub redis_url: Option<String>,
    /// Put before every key in Redis, so that installations can share a server. Default `churn`.
    pub prefix: String,
    /// Most bytes of values in memory; the least recently used go first. Default 64 MiB.
    pub max_bytes: usize,
    /// Longest wait for Redis before a call is given up. Default 100 ms.
    pub timeout: Duration,
    /// How long Redis is left alone after it failed. Default 1 s.
    pub pause: Duration,
}

impl Default for CacheParams {
    fn default() -> Self {
        Self {
            redis_url: None,
            prefix: "churn".to_owned(),
            max_bytes: 64 << 20,
            timeout: Duration::from_millis(100),
            pause: Duration::from_secs(1),
        }
    }
}

impl std::fmt::Debug for CacheParams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address may hold a password.
        f.debug_struct("CacheParams")
            .field("has_redis", &self.redis_url.is_some())
            .field("prefix", &self.prefix)
            .field("max_bytes", &self.max_bytes)
            .finish_non_exhaustive()
    }
}

/// How often somebody may do something.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// How many at once after a rest, 1 or more.
    pub burst: u32,
    /// How many per second in the long run, above 0.
    pub per_second: f64,
}

/// Whether somebody may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Yes; so many more at once.
    Allowed {
        /// What is left of the burst.
        remaining: u32,
    },
    /// Not before this time has gone by.
    Limited {
        /// How long to wait.
        retry_after: Duration,
    },
}

/// How a cache does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheHealth {
    /// `memory` or `redis`.
    pub backend: &'static str,
    /// Whether it answers.
    pub is_up: bool,
    /// Values found.
    pub n_hits: u64,
    /// Values not found.
    pub n_misses: u64,
    /// Calls Redis did not answer; each was done without it.
    pub n_faults: u64,
}

/// A cache. Cloning shares it.
///
/// A Redis that fails slows nothing: a call waits a short time, then Redis is left alone for a
/// while and the cache behaves as if empty; limits and counters go on in memory, per process.
#[derive(Clone)]
pub struct Cache {
    inner: Arc<Inner>,
}

struct Inner {
    memory: Memory,
    redis: Option<Redis>,
    n_hits: AtomicU64,
    n_misses: AtomicU64,
    n_faults: AtomicU64,
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache")
            .field("backend", &self.backend())
            .finish_non_exhaustive()
    }
}

impl Cache {
    /// Opens the cache. Nothing is sent to Redis yet: it may be down when the program starts.
    ///
    /// # Errors
    ///
    /// [`Error::CacheAddress`] when the address is not one of Redis.
    pub fn open(params: &CacheParams) -> Result<Self, Error> {
        let redis = params
            .redis_url
            .as_deref()
            .map(|url| Redis::new(url, params))
            .transpose()?;
        Ok(Self {
            inner: Arc::new(Inner {
                memory: Memory::new(params.max_bytes),
                redis,
                n_hits: AtomicU64::new(0),
                n_misses: AtomicU64::new(0),
                n_faults: AtomicU64::new(0),
            }),
        })
    }

    /// `memory` or `redis`.
    pub fn backend(&self) -> &'static str {
        if self.inner.redis.is_some() {
            "redis"
        } else {
            "memory"
        }
    }

    /// The value of `key` in `space`, unless it has ended, was pushed out or [cleared](Self::clear).
    pub async fn get(&self, space: &str, key: &str, now: Timestamp) -> Option<Vec<u8>> {
        let inner = &self.inner;
        let found = match &inner.redis {
            None => inner.memory.get(space, key, now),
            Some(redis) => self.counted(redis.get(space, key).await).flatten(),
        };
        let counter = match found {
            Some(_) => &inner.n_hits,
            None => &inner.n_misses,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// Keeps `value` under `key` in `space` for `keep` at most.
    pub async fn put(&self, space: &str, key: &str, value: &[u8], keep: Duration, now: Timestamp) {
        match &self.inner.redis {
            None => self.inner.memory.put(space, key, value, keep, now),
            Some(redis) => drop(self.counted(redis.put(space, key, value, keep).await)),
        }
    }

    /// Forgets everything in `space`: for answers of a model that no longer serves. With Redis,
    /// all processes that share it forget.
    pub async fn clear(&self, space: &str) {
        match &self.inner.redis {
            None => self.inner.memory.clear(space),
            Some(redis) => drop(self.counted(redis.clear(space).await)),
        }
    }

    /// Asks whether `who` may do one more thing at this rate, and counts it if so. With Redis the
    /// count is shared and its clock decides; without, this process counts by `now`.
    pub async fn take(&self, who: &str, rate: Rate, now: Timestamp) -> Verdict {
        if let Some(redis) = &self.inner.redis
            && let Some(verdict) = self.counted(redis.take(who, rate).await)
        {
            return verdict;
        }
        self.inner.memory.take(who, rate, now)
    }

    /// Counts one more of `what` and returns how many there were since the first, which is
    /// forgotten after `window`.
    pub async fn count(&self, what: &str, window: Duration, now: Timestamp) -> u64 {
        if let Some(redis) = &self.inner.redis
            && let Some(n) = self.counted(redis.count(what, window).await)
        {
            return n;
        }
        self.inner.memory.count(what, window, now)
    }

    /// How the cache does; asks Redis now.
    pub async fn health(&self) -> CacheHealth {
        let is_up = match &self.inner.redis {
            None => true,
            Some(redis) => redis.ping().await,
        };
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CacheHealth {
            backend: self.backend(),
            is_up,
            n_hits: read(&self.inner.n_hits),
            n_misses: read(&self.inner.n_misses),
            n_faults: read(&self.inner.n_faults),
        }
    }

    /// [`health`](Self::health) for callers that are not async. None when the system gives no
    /// runtime.
    pub fn blocking_health(&self) -> Option<CacheHealth> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .ok()?;
        Some(runtime.block_on(self.health()))
    }

    fn counted<T>(&self, answer: Option<T>) -> Option<T> {
        if answer.is_none() {
            self.inner.n_faults.fetch_add(1, Ordering::Relaxed);
        }
        answer
    }
}
