//! The scheduler on both databases, by a clock that is moved.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use churn_scheduler::{Schedule, Scheduler, SchedulerParams, Ticked};
use churn_store::tables::jobs::{self, JobFilter};
use churn_store::{Database, ManualClock};
use churn_testkit::TestDatabase;

const HOURLY: &str = "
schedules:
  hourly: { cron: 0 * * * *, kind: housekeep, payload: { keep_jobs_days: 7 } }
";

fn clock(at: &str) -> Arc<ManualClock> {
    Arc::new(ManualClock::new(at.parse().unwrap()))
}

fn scheduler(database: &Database, clock: &Arc<ManualClock>) -> Scheduler {
    let params = SchedulerParams::new(Schedule::parse(HOURLY).unwrap(), Duration::from_secs(30));
    Scheduler::new(database.clone(), clock.clone(), params)
}

/// How many jobs a look made; none when another one leads.
fn tick(scheduler: &Scheduler) -> Option<usize> {
    match scheduler.tick().unwrap() {
        Ticked::Follows => None,
        Ticked::Leads { enqueued, faults } => {
            assert_eq!(faults, [""; 0]);
            Some(enqueued.len())
        }
    }
}

#[test]
fn what_is_due_is_enqueued_once_and_what_was_missed_is_made_up_for() {
    for test in TestDatabase::each() {
        let database = Database::open(test.url(), 4).unwrap();
        let clock = clock("2026-01-31T07:59:58Z");
        let first = scheduler(&database, &clock);
        assert_eq!(tick(&first), Some(1), "due at seven, just before");
        clock.advance(TimeDelta::seconds(1));
        assert_eq!(tick(&first), Some(0));
        clock.advance(TimeDelta::seconds(1));
        assert_eq!(tick(&first), Some(1), "due at eight");
        assert_eq!(tick(&first), Some(0));
        clock.advance(TimeDelta::hours(5));
        assert_eq!(tick(&first), Some(1), "one of five missed: the last");
        let made = database
            .read(|c| jobs::list(c, &JobFilter::default(), 9))
            .unwrap();
        let keys: Vec<&str> = made
            .iter()
            .filter_map(|job| job.dedup_key.as_deref())
            .collect();
        let expected = [
            "schedule:hourly:2026-01-31T13:00Z",
            "schedule:hourly:2026-01-31T08:00Z",
            "schedule:hourly:2026-01-31T07:00Z",
        ];
        assert_eq!(keys, expected);
        assert_eq!(made[0].payload, r#"{"keep_jobs_days":7}"#);
    }
}

#[test]
fn one_leads_and_another_takes_over_when_it_falls_silent() {
    for test in TestDatabase::each() {
        let database = Database::open(test.url(), 4).unwrap();
        // The second one's clock is a day ahead: it must not think that the first is dead.
        let (one, other) = (clock("2026-01-31T08:30:00Z"), clock("2026-02-01T08:30:00Z"));
        let (first, second) = (scheduler(&database, &one), scheduler(&database, &other));
        assert_eq!(tick(&first), Some(1));
        for _ in 0..20 {
            assert_eq!(tick(&second), None);
            other.advance(TimeDelta::seconds(5));
            one.advance(TimeDelta::seconds(5));
            assert_eq!(tick(&first), Some(0));
        }
        assert_eq!(tick(&second), None);
        other.advance(TimeDelta::seconds(29));
        assert_eq!(tick(&second), None);
        other.advance(TimeDelta::seconds(1));
        assert_eq!(tick(&second), Some(1), "silent for thirty seconds");
        assert_eq!(tick(&first), None, "it hears that it leads no more");
    }
}

#[test]
fn leaders_at_the_same_moment_make_a_job_once() {
    for test in TestDatabase::each() {
        let database = Database::open(test.url(), 8).unwrap();
        let clock = clock("2026-01-31T08:00:00Z");
        let n_made: usize = std::thread::scope(|scope| {
            let ticks: Vec<_> = (0..6)
                .map(|_| scope.spawn(|| tick(&scheduler(&database, &clock)).unwrap_or(0)))
                .collect();
            ticks.into_iter().map(|one| one.join().unwrap()).sum()
        });
        assert_eq!(n_made, 1);
    }
}
