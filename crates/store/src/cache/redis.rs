//! The cache in Redis. Every call answers `None` when Redis does not, soon enough.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool_redis::redis::{self, FromRedisValue};
use deadpool_redis::{Config, Pool, PoolConfig, Runtime, Timeouts};

use super::{CacheParams, Rate, Verdict};
use crate::error::Error;

/// Connections of one process; each carries many calls at once.
const MAX_CONNECTIONS: usize = 4;

// The keys of a space hold its generation; clearing the space begins the next one, and what is
// left of the old one ends by itself.
const GET: &str = "
local generation = redis.call('GET', KEYS[1]) or '0'
return redis.call('GET', KEYS[1] .. ':' .. generation .. ':' .. ARGV[1])";

const PUT: &str = "
local generation = redis.call('GET', KEYS[1]) or '0'
redis.call('SET', KEYS[1] .. ':' .. generation .. ':' .. ARGV[1], ARGV[2], 'PX', ARGV[3])
return 1";

/// A token bucket by the clock of Redis, so that the clocks of its clients do not matter.
const TAKE: &str = "
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local burst = tonumber(ARGV[1])
local rate = tonumber(ARGV[2])
local state = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(state[1]) or burst
local at = tonumber(state[2]) or now
tokens = math.min(burst, tokens + math.max(0, now - at) * rate)
local wait = 0
if tokens >= 1 then tokens = tokens - 1 else wait = (1 - tokens) / rate end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.9f', tokens), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((burst - tokens) / rate * 1000) + 1000)
return {math.floor(tokens), math.ceil(wait * 1000)}";

const COUNT: &str = "
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return n";

pub(super) struct Redis {
    pool: Pool,
    prefix: String,
    timeout: Duration,
    pause: Duration,
    rest: Mutex<Rest>,
}

/// How Redis did last.
#[derive(Default)]
struct Rest {
    /// It is left alone until then.
    until: Option<Instant>,
    /// Times it failed in a row.
    n_faults: u32,
}

/// The pause doubles with every failure in a row, so many times at most.
const MAX_DOUBLINGS: u32 = 5;

impl Redis {
    pub(super) fn new(url: &str, params: &CacheParams) -> Result<Self, Error> {
        let wrong = |reason: String| Error::CacheAddress { reason };
        let mut config = Config::from_url(url);
        config.pool = Some(PoolConfig {
            max_size: MAX_CONNECTIONS,
            timeouts: Timeouts {
                wait: Some(params.timeout),
                create: Some(params.timeout),
                recycle: Some(params.timeout),
            },
            ..PoolConfig::default()
        });
        let pool = config
            .create_pool(Some(Runtime::Tokio1))
            .map_err(|fault| wrong(fault.to_string()))?;
        Ok(Self {
            pool,
            prefix: params.prefix.clone(),
            timeout: params.timeout,
            pause: params.pause,
            rest: Mutex::default(),
        })
    }

    pub(super) async fn get(&self, space: &str, key: &str) -> Option<Option<Vec<u8>>> {
        self.call(self.script(GET, "space", space).arg(key)).await
    }

    pub(super) async fn put(
        &self,
        space: &str,
        key: &str,
        value: &[u8],
        keep: Duration,
    ) -> Option<i64> {
        let mut script = self.script(PUT, "space", space);
        script.arg(key).arg(value).arg(milliseconds(keep));
        self.call(&script).await
    }

    pub(super) async fn clear(&self, space: &str) -> Option<i64> {
        let mut next = redis::cmd("INCR");
        next.arg(format!("{}:space:{space}", self.prefix));
        self.call(&next).await
    }

    pub(super) async fn take(&self, who: &str, rate: Rate) -> Option<Verdict> {
        let mut script = self.script(TAKE, "rate", who);
        script.arg(rate.burst).arg(rate.per_second);
        let (remaining, wait_ms): (u32, u64) = self.call(&script).await?;
        Some(match wait_ms {
            0 => Verdict::Allowed { remaining },
            _ => Verdict::Limited {
                retry_after: Duration::from_millis(wait_ms),
            },
        })
    }

    pub(super) async fn count(&self, what: &str, window: Duration) -> Option<u64> {
        let mut script = self.script(COUNT, "count", what);
        script.arg(milliseconds(window));
        self.call(&script).await
    }

    /// Whether Redis answers now, asked even while it is left alone.
    pub(super) async fn ping(&self) -> bool {
        self.ask::<String>(&redis::cmd("PING")).await.is_some()
    }

    /// A script with one key, which is named by what it is for.
    fn script(&self, text: &str, role: &str, key: &str) -> redis::Cmd {
        let mut script = redis::cmd("EVAL");
        script
            .arg(text)
            .arg(1)
            .arg(format!("{}:{role}:{key}", self.prefix));
        script
    }

    async fn call<T: FromRedisValue>(&self, command: &redis::Cmd) -> Option<T> {
        if !self.rest(|rest| rest.admits(self.pause)) {
            return None;
        }
        let answer = self.ask(command).await;
        self.rest(|rest| rest.note(answer.is_some(), self.pause));
        answer
    }

    async fn ask<T: FromRedisValue>(&self, command: &redis::Cmd) -> Option<T> {
        let asking = async {
            let mut connection = self.pool.get().await.ok()?;
            command.query_async::<T>(&mut connection).await.ok()
        };
        tokio::time::timeout(self.timeout, asking)
            .await
            .ok()
            .flatten()
    }

    fn rest<T>(&self, look: impl FnOnce(&mut Rest) -> T) -> T {
        look(&mut self.rest.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Rest {
    /// Whether Redis may be asked now. After a failure only one caller tries, and the others go
    /// on without: a Redis that hangs holds up one request a pause, not all of them.
    fn admits(&mut self, pause: Duration) -> bool {
        let Some(until) = self.until else { return true };
        let now = Instant::now();
        if now < until {
            return false;
        }
        self.until = Some(now + self.longer(pause));
        true
    }

    fn note(&mut self, is_up: bool, pause: Duration) {
        if is_up {
            *self = Self::default();
        } else {
            self.until = Some(Instant::now() + self.longer(pause));
            self.n_faults = self.n_faults.saturating_add(1);
        }
    }

    fn longer(&self, pause: Duration) -> Duration {
        pause.saturating_mul(1 << self.n_faults.min(MAX_DOUBLINGS))
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}
