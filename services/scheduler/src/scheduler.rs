//! The loop: lead, look at the clock, enqueue.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use churn_engine::jobs::Jobs;
use churn_engine::{Error, Stop};
use churn_store::tables::leases::{self, Lease};
use churn_store::{Clock, Database, Timestamp, new_id};

use crate::Schedule;

/// The task only one scheduler does at a time.
const LEASE: &str = "scheduler";

/// Who the jobs say asked for them.
const WHO: &str = "scheduler";

/// Settings of a scheduler.
#[derive(Debug, Clone)]
pub struct SchedulerParams {
    /// What to enqueue when.
    pub schedules: Vec<Schedule>,
    /// A leader that is silent for so long is replaced.
    pub lease: Duration,
    /// How often it looks at the clock. Default 5 s, a quarter of the lease at most.
    pub poll: Duration,
    /// What was missed is made up for when it was due no longer ago. Default 1 hour.
    pub catch_up: Duration,
}

impl SchedulerParams {
    /// Settings with these schedules and this lease.
    #[must_use]
    pub fn new(schedules: Vec<Schedule>, lease: Duration) -> Self {
        Self {
            schedules,
            lease,
            poll: Duration::from_secs(5).min(lease / 4),
            catch_up: Duration::from_secs(3600),
        }
    }
}

/// Enqueues what is due. It does no work itself.
pub struct Scheduler {
    database: Database,
    jobs: Jobs,
    clock: Arc<dyn Clock>,
    params: SchedulerParams,
    name: String,
    /// The leader as last seen, and since when it has looked so.
    seen: Mutex<Option<(Lease, Timestamp)>>,
}

impl std::fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scheduler")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What one look at the clock did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ticked {
    /// Another scheduler leads.
    Follows,
    /// This one leads, and made these jobs.
    Leads {
        /// Ids of the jobs that are new.
        enqueued: Vec<String>,
        /// Schedules whose job could not be made, each with the fault.
        faults: Vec<String>,
    },
}

impl Scheduler {
    /// A scheduler on the jobs of `database`.
    #[must_use]
    pub fn new(database: Database, clock: Arc<dyn Clock>, params: SchedulerParams) -> Self {
        Self {
            jobs: Jobs::new(database.clone(), Arc::clone(&clock)),
            database,
            clock,
            params,
            name: format!("scheduler-{}-{}", std::process::id(), new_id()),
            seen: Mutex::new(None),
        }
    }

    /// Works until told to stop, then lets others lead. A store that does not answer is asked
    /// again at the next look.
    pub fn run(&self, stop: &Stop) {
        while !stop.is_requested() {
            drop(self.tick());
            stop.wait(self.params.poll);
        }
        drop(
            self.database
                .transaction(|connection| leases::release(connection, LEASE, &self.name)),
        );
    }

    /// Looks at the clock once: leads if it may, and enqueues what is due.
    ///
    /// The key of a job is its schedule and the minute it was due in, so that leaders at the same
    /// time, or one after the other, never make it twice.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn tick(&self) -> Result<Ticked, Error> {
        let now = self.clock.now();
        if !self.leads(now)? {
            return Ok(Ticked::Follows);
        }
        let within = TimeDelta::from_std(self.params.catch_up).unwrap_or(TimeDelta::MAX);
        let (mut enqueued, mut faults) = (Vec::new(), Vec::new());
        for schedule in &self.params.schedules {
            let Some(due) = schedule.cron.last_due(now.to_utc(), within) else {
                continue;
            };
            let key = format!(
                "schedule:{}:{}",
                schedule.name,
                due.format("%Y-%m-%dT%H:%MZ")
            );
            let made = self
                .jobs
                .enqueue_named(&schedule.kind, &schedule.payload, WHO, Some(&key));
            match made {
                Ok(made) if made.is_new => enqueued.push(made.job.id),
                Ok(_) => {}
                Err(fault) => faults.push(format!("{}: {fault}", schedule.name)),
            }
        }
        Ok(Ticked::Leads { enqueued, faults })
    }

    /// Keeps the lead, takes it when nobody has it, or when who has it stood still for a whole
    /// lease by this clock.
    fn leads(&self, now: Timestamp) -> Result<bool, Error> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let lease = TimeDelta::from_std(self.params.lease).unwrap_or(TimeDelta::MAX);
        let answer = self.database.transaction(|connection| {
            let Some(found) = leases::find(connection, LEASE)? else {
                leases::insert(connection, LEASE, &self.name)?;
                return Ok(true);
            };
            let since = match &*seen {
                Some((before, since)) if *before == found => *since,
                _ => now,
            };
            let may = found.holder == self.name || now.to_utc() - since.to_utc() >= lease;
            *seen = Some((found.clone(), since));
            if may {
                return leases::take(connection, &found, &self.name);
            }
            Ok(false)
        });
        match answer {
            // Another one was faster.
            Err(fault) if churn_store::Error::is_retryable(&fault) => Ok(false),
            answer => Ok(answer?),
        }
    }
}
