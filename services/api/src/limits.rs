//! How much one client may ask.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;

use actix_web::HttpRequest;
use actix_web::dev::ServiceRequest;
use churn_config::Settings;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::error::{ApiError, Code};

/// A token bucket for every client address.
pub(crate) struct ClientLimits {
    buckets: Option<DefaultKeyedRateLimiter<IpAddr>>,
    clock: DefaultClock,
    behind_proxy: bool,
}

impl ClientLimits {
    pub(crate) fn new(settings: &Settings) -> Self {
        let limits = &settings.limits;
        let rate = NonZeroU32::new(limits.requests_per_second);
        let buckets = rate.map(|rate| {
            let burst = NonZeroU32::new(limits.burst).unwrap_or(NonZeroU32::MIN);
            RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst))
        });
        Self {
            buckets,
            clock: DefaultClock::default(),
            behind_proxy: settings.server.behind_proxy,
        }
    }

    /// Takes a token of the client.
    ///
    /// # Errors
    /// [`Code::RateLimited`] with the time to wait when there is none.
    pub(crate) fn admit(&self, request: &ServiceRequest) -> Result<(), ApiError> {
        let Some(buckets) = &self.buckets else {
            return Ok(());
        };
        // Orchestrators ask often and must never be told to wait.
        if matches!(request.path(), "/healthz" | "/readyz" | "/metrics") {
            return Ok(());
        }
        buckets
            .check_key(&self.address(request.request()))
            .map_err(|refused| {
                let wait = refused.wait_time_from(self.clock.now());
                let seconds = wait.as_secs() + 1;
                ApiError::new(
                    Code::RateLimited,
                    "this client asks too much",
                    format!("come back in {seconds} s; the limit is limits.requests_per_second"),
                )
                .retry_after(seconds)
            })
    }

    /// Forgets clients whose buckets are full again, so that memory does not grow with addresses.
    pub(crate) fn forget_idle(&self) {
        if let Some(buckets) = &self.buckets {
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
