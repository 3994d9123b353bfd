//! The life of jobs, on both databases.

use chrono::TimeDelta;
use churn_store::queue::{self, Answer, Claim, JobProgress, Watch};
use churn_store::tables::job_log::{self, LogLine};
use churn_store::tables::jobs::{self, Job, JobFilter, JobStatus, NewJob};
use churn_store::tables::leases::{self, Lease};
use churn_store::{Database, Error, Timestamp};
use churn_testkit::TestDatabase;

fn at(second: i64) -> Timestamp {
    Timestamp::new(chrono::DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap())
}

const NEW: NewJob<'static> = NewJob {
    id: "job-1",
    kind: "count",
    payload: "{}",
    priority: 0,
    dedup_key: None,
    enqueued_by: "ada",
    enqueued_at: Timestamp::EPOCH,
    max_attempts: 2,
};

fn each(check: impl Fn(&Database)) {
    for test in TestDatabase::each() {
        check(&Database::open(test.url(), 8).unwrap());
    }
}

fn add(database: &Database, new: &NewJob<'_>) {
    database.transaction(|c| jobs::insert(c, new)).unwrap();
}

fn find(database: &Database, id: &str) -> Job {
    database.read(|c| jobs::find(c, id)).unwrap().unwrap()
}

fn claim(database: &Database, worker: &str, now: Timestamp) -> Option<Claim> {
    let kinds = ["count", "other"];
    let job = database.transaction(|c| queue::claim(c, &kinds, worker, now));
    job.unwrap().map(|job| {
        assert_eq!(
            job,
            find(database, &job.id),
            "what is returned is what is stored"
        );
        Claim {
            job_id: job.id,
            attempt: job.attempt,
        }
    })
}

#[test]
fn the_highest_priority_and_then_the_oldest_of_what_one_can_do_goes_first() {
    each(|database| {
        for (id, kind, priority, second) in [
            ("late", "count", 0, 9),
            ("urgent", "other", 5, 8),
            ("early", "count", 0, 1),
            ("foreign", "unknown", 9, 0),
        ] {
            let new = NewJob {
                id,
                kind,
                priority,
                enqueued_at: at(second),
                ..NEW
            };
            add(database, &new);
        }
        let order: Vec<String> = std::iter::from_fn(|| claim(database, "w", at(10)))
            .map(|claim| claim.job_id)
            .collect();
        assert_eq!(order, ["urgent", "early", "late"]);
        assert_eq!(find(database, "foreign").status, JobStatus::Queued);
        let counts = database.read(jobs::count).unwrap();
        let expected = [
            ("count".to_owned(), JobStatus::Running, 2),
            ("other".to_owned(), JobStatus::Running, 1),
            ("unknown".to_owned(), JobStatus::Queued, 1),
        ];
        assert_eq!(counts, expected);
    });
}

#[test]
fn a_job_waits_for_its_time_and_one_key_is_one_job() {
    each(|database| {
        let keyed = NewJob {
            dedup_key: Some("nightly:2026-01-31"),
            enqueued_at: at(5),
            ..NEW
        };
        add(database, &keyed);
        let again = NewJob {
            id: "job-2",
            ..keyed
        };
        let fault = database
            .transaction(|c| jobs::insert(c, &again))
            .unwrap_err();
        assert!(fault.is_retryable(), "{fault}");
        let known = database.read(|c| jobs::find_by_key(c, "nightly:2026-01-31"));
        assert_eq!(known.unwrap().unwrap().id, "job-1");
        assert_eq!(claim(database, "w", at(4)), None);
        assert!(claim(database, "w", at(5)).is_some());
    });
}

#[test]
fn claimers_at_once_never_get_the_same_job() {
    each(|database| {
        for i in 0..40 {
            let id = format!("job-{i:02}");
            add(database, &NewJob { id: &id, ..NEW });
        }
        let mut claimed: Vec<String> = std::thread::scope(|scope| {
            let claimers: Vec<_> = (0..4)
                .map(|i| {
                    scope.spawn(move || -> Vec<String> {
                        std::iter::from_fn(|| claim(database, &format!("w{i}"), at(1)))
                            .map(|claim| claim.job_id)
                            .collect()
                    })
                })
                .collect();
            claimers
                .into_iter()
                .flat_map(|claimer| claimer.join().unwrap())
                .collect()
        });
        claimed.sort();
        let expected: Vec<String> = (0..40).map(|i| format!("job-{i:02}")).collect();
        assert_eq!(claimed, expected);
    });
}

#[test]
fn a_job_is_put_back_fails_is_retried_and_succeeds() {
    each(|database| {
        add(database, &NEW);
        let first = claim(database, "w", at(1)).unwrap();
        let put_back = |claim: &Claim, second| {
            database.transaction(|c| queue::put_back(c, claim, "no luck", at(second)))
        };
        assert!(put_back(&first, 60).unwrap());
        assert!(!put_back(&first, 60).unwrap(), "it is not held any more");
        assert_eq!(claim(database, "w", at(59)), None, "it waits");
        let second = claim(database, "v", at(60)).unwrap();
        assert_eq!(second.attempt, 2);
        let failed = |claim: &Claim| {
            database.transaction(|c| queue::fail(c, claim, "no luck at all", at(61)))
        };
        assert!(!failed(&first).unwrap(), "an old claim writes nothing");
        assert!(failed(&second).unwrap());
        let job = find(database, "job-1");
        assert_eq!(job.status, JobStatus::Failed);
        assert_eq!(job.error.as_deref(), Some("no luck at all"));
        assert_eq!(
            (job.started_at, job.finished_at),
            (Some(at(1)), Some(at(61)))
        );

        let retried = || database.transaction(|c| queue::retry(c, "job-1", 1, at(70)));
        assert!(retried().unwrap());
        assert!(!retried().unwrap(), "only once");
        let third = claim(database, "w", at(70)).unwrap();
        let succeeded =
            || database.transaction(|c| queue::succeed(c, &third, r#"{"n":1}"#, at(71)));
        assert!(succeeded().unwrap());
        assert!(!succeeded().unwrap(), "only once");
        let job = find(database, "job-1");
        assert_eq!(job.status, JobStatus::Succeeded);
        assert_eq!(
            (job.result.as_deref(), job.error),
            (Some(r#"{"n":1}"#), None)
        );
    });
}

#[test]
fn a_job_given_back_keeps_its_attempts() {
    each(|database| {
        add(database, &NEW);
        for attempt in 1..=5 {
            let held = claim(database, "w", at(1)).unwrap();
            assert_eq!(held.attempt, attempt, "the fence grows all the same");
            let given = database.transaction(|c| queue::hand_back(c, &held));
            assert!(given.unwrap());
        }
        let job = find(database, "job-1");
        assert_eq!(
            (job.status, job.max_attempts - job.attempt),
            (JobStatus::Queued, 2)
        );
    });
}

#[test]
fn a_silent_worker_loses_its_job_and_its_right_to_write() {
    each(|database| {
        add(database, &NEW);
        let lost = claim(database, "silent", at(1)).unwrap();
        let lease = TimeDelta::seconds(30);
        let mut watch = Watch::default();
        let look = |watch: &mut Watch, second| {
            let running = database.read(queue::running).unwrap();
            watch.look(&running, at(second), lease)
        };
        let progress = JobProgress {
            step: "counting".to_owned(),
            n_done: 3,
            n_parts: 9,
        };
        let beat = |claim: &Claim| database.transaction(|c| queue::beat(c, claim, &progress));
        // The onlooker's clock may be years ahead: only its own passing counts.
        assert_eq!(look(&mut watch, 99_000), []);
        assert_eq!(beat(&lost).unwrap(), Answer::GoOn);
        assert_eq!(find(database, "job-1").n_done, 3);
        assert_eq!(look(&mut watch, 99_030), []);
        let still = look(&mut watch, 99_060);
        assert_eq!(still.len(), 1);
        let take = |now| database.transaction(|c| queue::take_over(c, &still[0], at(now)));
        assert_eq!(beat(&lost).unwrap(), Answer::GoOn, "it lives after all");
        assert_eq!(take(99_060).unwrap(), None);
        let still = database.read(queue::running).unwrap();
        let take = |now| database.transaction(|c| queue::take_over(c, &still[0], at(now)));
        assert_eq!(take(99_100).unwrap(), Some(JobStatus::Queued));
        assert_eq!(take(99_100).unwrap(), None, "once");

        assert_eq!(beat(&lost).unwrap(), Answer::Lost);
        let next = claim(database, "next", at(99_100)).unwrap();
        assert_eq!(beat(&lost).unwrap(), Answer::Lost);
        let late = database.transaction(|c| queue::succeed(c, &lost, "{}", at(99_101)));
        assert!(
            !late.unwrap(),
            "the effect of the lost attempt must be undone"
        );
        assert_eq!(next.attempt, 2);
        let still = database.read(queue::running).unwrap();
        let dead = database.transaction(|c| queue::take_over(c, &still[0], at(99_200)));
        assert_eq!(
            dead.unwrap(),
            Some(JobStatus::Failed),
            "no attempts are left"
        );
        let error = find(database, "job-1").error.unwrap();
        assert!(error.contains("next gave no sign of life"), "{error}");
    });
}

#[test]
fn a_waiting_job_is_cancelled_at_once_and_a_running_one_is_asked() {
    each(|database| {
        add(database, &NEW);
        let cancel = || database.transaction(|c| queue::request_cancel(c, "job-1", at(2)));
        assert!(cancel().unwrap());
        assert!(!cancel().unwrap(), "it has ended");
        assert_eq!(find(database, "job-1").status, JobStatus::Cancelled);
        assert_eq!(claim(database, "w", at(3)), None);
        database
            .transaction(|c| queue::retry(c, "job-1", 2, at(4)))
            .unwrap();
        let held = claim(database, "w", at(5)).unwrap();
        assert!(cancel().unwrap());
        let progress = JobProgress::default();
        let answer = database.transaction(|c| queue::beat(c, &held, &progress));
        assert_eq!(answer.unwrap(), Answer::Cancel);
        let done = database.transaction(|c| queue::confirm_cancel(c, &held, at(6)));
        assert!(done.unwrap());
        assert_eq!(find(database, "job-1").finished_at, Some(at(6)));
        // One whose worker died after being asked is not tried again.
        database
            .transaction(|c| queue::retry(c, "job-1", 2, at(7)))
            .unwrap();
        claim(database, "w", at(8)).unwrap();
        cancel().unwrap();
        let still = database.read(queue::running).unwrap();
        let end = database.transaction(|c| queue::take_over(c, &still[0], at(9)));
        assert_eq!(end.unwrap(), Some(JobStatus::Cancelled));
    });
}

#[test]
fn jobs_are_listed_with_their_logs_and_old_ones_go() {
    each(|database| {
        for id in ["job-1", "job-2", "job-3"] {
            add(database, &NewJob { id, ..NEW });
        }
        for (id, line) in [("l2", "second"), ("l1", "first")] {
            let new = LogLine {
                id: id.to_owned(),
                job_id: "job-1".to_owned(),
                attempt: 1,
                at: at(1),
                line: line.to_owned(),
            };
            database.transaction(|c| job_log::insert(c, &new)).unwrap();
        }
        let lines = database.read(|c| job_log::of_job(c, "job-1")).unwrap();
        let lines: Vec<&str> = lines.iter().map(|line| line.line.as_str()).collect();
        assert_eq!(lines, ["first", "second"]);
        database
            .transaction(|c| queue::request_cancel(c, "job-1", at(2)))
            .unwrap();
        let ids = |filter: &JobFilter<'_>, limit| -> Vec<String> {
            let jobs = database.read(|c| jobs::list(c, filter, limit)).unwrap();
            jobs.into_iter().map(|job| job.id).collect()
        };
        assert_eq!(ids(&JobFilter::default(), 2), ["job-3", "job-2"]);
        let next = JobFilter {
            before: Some("job-2"),
            ..JobFilter::default()
        };
        assert_eq!(ids(&next, 2), ["job-1"]);
        let queued = JobFilter {
            status: Some(JobStatus::Queued),
            kind: Some("count"),
            ..JobFilter::default()
        };
        assert_eq!(ids(&queued, 9), ["job-3", "job-2"]);
        let purge = |second| database.transaction(|c| jobs::delete_finished_before(c, at(second)));
        assert_eq!((purge(2).unwrap(), purge(3).unwrap()), (0, 1));
        assert_eq!(ids(&JobFilter::default(), 9), ["job-3", "job-2"]);
    });
}

#[test]
fn a_lease_has_one_holder_and_is_taken_over_only_as_it_was_seen() {
    each(|database| {
        let seen = || database.read(|c| leases::find(c, "scheduler")).unwrap();
        assert_eq!(seen(), None);
        database
            .transaction(|c| leases::insert(c, "scheduler", "a"))
            .unwrap();
        let fault = database.transaction(|c| leases::insert(c, "scheduler", "b"));
        assert!(matches!(fault, Err(Error::AlreadyExists { .. })));
        let first = seen().unwrap();
        let take = |lease: &Lease, who: &str| database.transaction(|c| leases::take(c, lease, who));
        assert!(take(&first, "a").unwrap(), "renewed");
        assert!(!take(&first, "b").unwrap(), "it has beaten since");
        let second = seen().unwrap();
        assert!(take(&second, "b").unwrap(), "taken over");
        assert!(!take(&second, "a").unwrap());
        let release = |who: &str| database.transaction(|c| leases::release(c, "scheduler", who));
        assert_eq!(
            (release("a").unwrap(), release("b").unwrap()),
            (false, true)
        );
        assert_eq!(seen(), None);
    });
}
