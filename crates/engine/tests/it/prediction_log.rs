//! Predictions written off the path of requests.

use std::time::Duration;

use churn_engine::{PredictionLog, PredictionLogParams};
use churn_store::tables::predictions::{self, Prediction, PredictionFilter};
use churn_store::{Database, Timestamp, new_id};
use churn_testkit::TestDatabase;

fn prediction() -> Prediction {
    Prediction {
        id: new_id(),
        at: Timestamp::EPOCH,
        dataset: "telco".to_owned(),
        customer_key: "1".to_owned(),
        model_version: "v1.0.0".to_owned(),
        probability: 0.5,
        risk_level: "MEDIUM".to_owned(),
        source: "api".to_owned(),
        asked_by: None,
        record: "{}".to_owned(),
        answer: "{}".to_owned(),
    }
}

fn n_stored(database: &Database) -> i64 {
    let all = PredictionFilter::default();
    database.read(|c| predictions::count(c, &all)).unwrap()
}

#[test]
fn a_clean_stop_loses_nothing() {
    for test in TestDatabase::each() {
        let database = Database::open(test.url(), 4).unwrap();
        let params = PredictionLogParams {
            batch: 100,
            ..PredictionLogParams::default()
        };
        let log = PredictionLog::start(database.clone(), params).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..250).for_each(|_| assert!(log.accept(prediction()))));
            }
        });
        let counts = log.close();
        assert_eq!((counts.n_written, counts.n_waiting), (1000, 0));
        assert_eq!((counts.n_refused, counts.n_faults), (0, 0));
        assert_eq!(n_stored(&database), 1000);
    }
}

#[test]
fn no_more_wait_than_was_said_and_those_beyond_are_refused_and_counted() {
    let test = TestDatabase::sqlite();
    let database = Database::open(test.url(), 4).unwrap();
    let params = PredictionLogParams {
        capacity: 10,
        linger: Duration::from_secs(3600),
        ..PredictionLogParams::default()
    };
    let log = PredictionLog::start(database.clone(), params).unwrap();
    let n_accepted = (0..25).filter(|_| log.accept(prediction())).count();
    assert_eq!(n_accepted, 10);
    let counts = log.counts();
    assert_eq!((counts.n_waiting, counts.n_refused), (10, 15));
    assert_eq!(log.close().n_written, 10);
    assert_eq!(n_stored(&database), 10);
}

#[test]
fn what_a_database_does_not_take_is_given_again_and_counted() {
    let test = TestDatabase::sqlite();
    let database = Database::open(test.url(), 4).unwrap();
    let params = PredictionLogParams {
        pause: Duration::from_millis(1),
        linger: Duration::ZERO,
        ..PredictionLogParams::default()
    };
    let log = PredictionLog::start(database.clone(), params).unwrap();
    let impossible = Prediction {
        probability: 2.0,
        ..prediction()
    };
    assert!(log.accept(impossible));
    while log.counts().n_faults < 3 {
        std::thread::yield_now();
    }
    let counts = log.close();
    assert_eq!(
        (counts.n_written, counts.n_waiting),
        (0, 1),
        "told, not hidden"
    );
}
