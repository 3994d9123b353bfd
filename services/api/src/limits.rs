//! How much one client may ask.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::ServiceRequest;
use churn_config::Settings;
use churn_store::{Cache, Rate, Timestamp, Verdict};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::error::{ApiError, Code};

/// A token bucket for every client address.
pub(crate) struct ClientLimits {
    buckets: Buckets,
    behind_proxy: bool,
}

enum Buckets {
    /// There is no limit.
    None,
    /// Of this process.
    Own(DefaultKeyedRateLimiter<IpAddr>, DefaultClock),
    /// In Redis, shared with other processes; of this process while Redis does not answer.
    Shared(Cache, Rate),
}

impl ClientLimits {
    pub(crate) fn new(settings: &Settings, cache: &Cache) -> Self {
        let limits = &settings.limits;
        let burst = NonZeroU32::new(limits.burst).unwrap_or(NonZeroU32::MIN);
        let buckets = match NonZeroU32::new(limits.requests_per_second) {
            None => Buckets::None,
            Some(rate) if settings.cache.redis_url.is_some() => {
                let rate = Rate {
                    burst: burst.get(),
                    per_second: f64::from(rate.get()),
                };
                Buckets::Shared(cache.clone(), rate)
            }
            Some(rate) => {
                let quota = Quota::per_second(rate).allow_burst(burst);
                Buckets::Own(RateLimiter::keyed(quota), DefaultClock::default())
            }
        };
        Self {
            buckets,
            behind_proxy: settings.server.behind_proxy,
        }
    }

    /// Takes a token of the client.
    ///
    /// # Errors
    /// [`Code::RateLimited`] with the time to wait when there is none.
    pub(crate) async fn admit(
        &self,
        request: &ServiceRequest,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        // Orchestrators ask often and must never be told to wait.
        if matches!(request.path(), "/healthz" | "/readyz" | "/metrics") {
            return Ok(());
        }
        let address = || self.address(request.request());
        let wait = match &self.buckets {
            Buckets::None => None,
            Buckets::Own(buckets, clock) => {
                let refused = buckets.check_key(&address()).err();
                refused.map(|refused| refused.wait_time_from(clock.now()))
            }
            Buckets::Shared(cache, rate) => {
                match cache.take(&address().to_string(), *rate, now).await {
                    Verdict::Allowed { .. } => None,
                    Verdict::Limited { retry_after } => Some(retry_after),
                }
            }
        };
        wait.map_or(Ok(()), |wait| Err(too_much(wait)))
    }

    /// Forgets clients whose buckets are full again, so that memory does not grow with addresses.
    pub(crate) fn forget_idle(&self) {
        if let Buckets::Own(buckets, _) = &self.buckets {
            buckets.retain_recent();
            buckets.shrink_to_fit();
        }
    }

    /// Address of the client: of the connection, or what our own proxy says of it.
    pub(crate) fn address(&self, request: &HttpRequest) -> IpAddr {
        let peer = request.peer_addr().map(|address| address.ip());
        let forwarded = if self.behind_proxy {
            forwarded_for(request)
        } else {
            None
        };
        forwarded
            .or(peer)
            .unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }
}

fn too_much(wait: Duration) -> ApiError {
    let seconds = wait.as_secs() + 1;
    ApiError::new(
        Code::RateLimited,
        "this client asks too much",
        format!("come back in {seconds} s; the limit is limits.requests_per_second"),
    )
    .retry_after(seconds)
}

/// The last address of `X-Forwarded-For`: the one our proxy added; those before it are the
/// client's own words.
fn forwarded_for(request: &HttpRequest) -> Option<IpAddr> {
    let header = request.headers().get_all("x-forwarded-for").last()?;
    header
        .to_str()
        .ok()?
        .rsplit(',')
        .next()?
        .trim()
        .parse()
        .ok()
}
