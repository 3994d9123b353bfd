//! Asking for jobs, showing, cancelling and retrying them.

use std::sync::Arc;

use churn_engine::Error;
use churn_engine::jobs::{Housekeep, Jobs, ScoreFile};
use churn_store::tables::audit;
use churn_store::tables::jobs::JobFilter;
use churn_store::{Database, ManualClock};
use churn_testkit::TestDatabase;
use serde_json::json;

#[test]
fn jobs_are_asked_for_once_per_key_cancelled_and_retried() {
    for test in TestDatabase::each() {
        let database = Database::open(test.url(), 4).unwrap();
        let clock = Arc::new(ManualClock::new("2026-01-31T08:00:00Z".parse().unwrap()));
        let jobs = Jobs::new(database.clone(), clock);
        let housekeep = Housekeep { keep_jobs_days: 9 };
        let first = jobs.enqueue(&housekeep, "ada", Some("daily:1")).unwrap();
        let again = jobs.enqueue(&housekeep, "bob", Some("daily:1")).unwrap();
        assert!(first.is_new && !again.is_new);
        assert_eq!(again.job, first.job);
        assert_eq!(first.job.payload, json!({ "keep_jobs_days": 9 }));
        assert!(jobs.enqueue(&housekeep, "ada", None).unwrap().is_new);

        let id = &first.job.id;
        let early = jobs.retry(id, "ada").unwrap_err();
        assert!(early.to_string().contains("is queued"), "{early}");
        assert_eq!(jobs.cancel(id, "ada").unwrap().status, "cancelled");
        assert_eq!(jobs.cancel(id, "ada").unwrap().status, "cancelled");
        assert_eq!(jobs.retry(id, "ada").unwrap().status, "queued");
        assert_eq!(jobs.log(id).unwrap(), []);
        for unknown in [
            jobs.show("none").unwrap_err(),
            jobs.cancel("none", "ada").unwrap_err(),
            jobs.log("none").unwrap_err(),
        ] {
            assert!(matches!(unknown, Error::UnknownJob { .. }), "{unknown}");
        }
        assert_eq!(jobs.list(&JobFilter::default(), 9).unwrap().len(), 2);
        let actions: Vec<String> = database
            .read(|c| audit::list_newest(c, 9))
            .unwrap()
            .into_iter()
            .map(|entry| entry.action)
            .collect();
        let expected = ["jobs.retry", "jobs.cancel", "jobs.enqueue", "jobs.enqueue"];
        assert_eq!(actions, expected);
    }
}

#[test]
fn a_job_by_name_must_be_what_its_kind_needs() {
    let test = TestDatabase::sqlite();
    let database = Database::open(test.url(), 1).unwrap();
    let clock = Arc::new(ManualClock::new("2026-01-31T08:00:00Z".parse().unwrap()));
    let jobs = Jobs::new(database, clock);
    let input = json!({ "blob": "ab", "name": "c.csv" });
    let good = json!({ "input": input });
    let job = jobs
        .enqueue_named("score_file", &good, "cron", None)
        .unwrap()
        .job;
    let read: ScoreFile = serde_json::from_value(job.payload).unwrap();
    assert_eq!((read.model.as_str(), read.record.0), ("champion", true));
    for (kind, payload, part) in [
        ("fly", json!({}), "no such kind"),
        ("score_file", json!({}), "input"),
        ("score_file", json!({ "input": input, "speed": 9 }), "speed"),
    ] {
        let text = jobs
            .enqueue_named(kind, &payload, "cron", None)
            .unwrap_err()
            .to_string();
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn the_same_asked_for_at_the_same_moment_is_one_job_until_it_ends() {
    for test in TestDatabase::each() {
        let database = Database::open(test.url(), 8).unwrap();
        let clock = Arc::new(ManualClock::new("2026-01-31T08:00:00Z".parse().unwrap()));
        let jobs = Jobs::new(database, clock);
        let housekeep = Housekeep { keep_jobs_days: 9 };
        let ask = || jobs.enqueue_once(&housekeep, "ada").unwrap();
        let asked: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|it| it.join().unwrap()).collect()
        });
        let id = &asked[0].job.id;
        assert!(asked.iter().all(|it| it.job.id == *id));
        assert_eq!(asked.iter().filter(|it| it.is_new).count(), 1);
        let other = Housekeep { keep_jobs_days: 8 };
        assert_ne!(jobs.enqueue_once(&other, "ada").unwrap().job.id, *id);
        jobs.cancel(id, "ada").unwrap();
        let next = ask();
        assert!(next.is_new && next.job.id != *id);
        jobs.cancel(&next.job.id, "ada").unwrap();
        jobs.retry(id, "ada").unwrap();
        assert_eq!(ask().job.id, *id, "it waits again");
    }
}
