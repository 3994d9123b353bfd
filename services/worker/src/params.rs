//! How a worker works.

use std::sync::Arc;
use std::time::Duration;

use churn_config::Settings;

use crate::Runner;

/// A place in the life of a job at which tests pull the plug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Point {
    /// It was claimed and has not begun.
    Claimed,
    /// It has run; nothing is written yet.
    Ran,
    /// Its outcome is written, inside the transaction that is not committed yet.
    Written,
}

/// Settings of a worker.
#[derive(Clone)]
pub struct WorkerParams {
    /// Who it is, for people; the process number is put behind it. Default `worker`.
    pub name: String,
    /// Jobs at once; 0 runs none. Default 1: one job uses all cores.
    pub n_threads: usize,
    /// A job whose worker is silent for so long is taken over. Default 30 s.
    pub lease: Duration,
    /// How often it says that a job lives; a third of the lease or less. Default 5 s.
    pub heartbeat: Duration,
    /// How long an idle worker waits before it asks again. Default 1 s.
    pub poll: Duration,
    /// Wait before the second attempt; four times as long before each further one. Default 10 s.
    pub backoff: Duration,
    /// The longest such wait. Default 10 minutes.
    pub longest_backoff: Duration,
    /// What it can run. Default: all there is.
    pub runners: &'static [Runner],
    /// Asked at each [`Point`]; true ends the work there as `kill -9` would. For tests; none by
    /// default.
    pub dies_at: Option<Arc<dyn Fn(Point) -> bool + Send + Sync>>,
}

impl Default for WorkerParams {
    fn default() -> Self {
        Self {
            name: "worker".to_owned(),
            n_threads: 1,
            lease: Duration::from_secs(30),
            heartbeat: Duration::from_secs(5),
            poll: Duration::from_secs(1),
            backoff: Duration::from_secs(10),
            longest_backoff: Duration::from_secs(600),
            runners: &crate::RUNNERS,
            dies_at: None,
        }
    }
}

impl std::fmt::Debug for WorkerParams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerParams")
            .field("name", &self.name)
            .field("n_threads", &self.n_threads)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}

impl WorkerParams {
    /// As the settings of a home say.
    #[must_use]
    pub fn from_settings(settings: &Settings) -> Self {
        let lease = Duration::from_secs(settings.jobs.lease_seconds);
        let usual = Self::default();
        Self {
            n_threads: settings.jobs.workers,
            lease,
            heartbeat: usual.heartbeat.min(lease / 4),
            poll: usual.poll.min(lease / 4),
            ..usual
        }
    }

    /// Wait after the attempt of this number, from 1.
    pub(crate) fn wait_after(&self, attempt: i32) -> Duration {
        let n_doublings = 2 * attempt.saturating_sub(1).clamp(0, 15).unsigned_abs();
        self.backoff
            .saturating_mul(1 << n_doublings)
            .min(self.longest_backoff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_fourfold_up_to_the_longest() {
        let params = WorkerParams::default();
        let waits: Vec<u64> = (1..=5).map(|n| params.wait_after(n).as_secs()).collect();
        assert_eq!(waits, [10, 40, 160, 600, 600]);
        assert_eq!(params.wait_after(i32::MAX).as_secs(), 600);
    }
}
