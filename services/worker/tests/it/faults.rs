//! Jobs that fail, workers that are killed, claims that are lost.

use churn_engine::Stop;
use churn_engine::jobs::Jobs;
use churn_store::queue;
use churn_store::tables::jobs::JobStatus;
use churn_worker::{Point, Worked};

use crate::world::{World, each, params, turn};

fn ended(id: &str, status: JobStatus) -> Worked {
    Worked::Job {
        id: id.to_owned(),
        status,
    }
}

#[test]
fn a_job_runs_and_its_effect_lands_with_its_result() {
    each(|world| {
        let worker = world.worker(params());
        assert_eq!(turn(&worker), Worked::Idle);
        let id = world.enqueue("succeed");
        assert_eq!(turn(&worker), ended(&id, JobStatus::Succeeded));
        assert_eq!(turn(&worker), Worked::Idle);
        let job = world.job(&id);
        assert_eq!(job.result.as_deref(), Some(r#"{"done":true}"#));
        assert_eq!((job.attempt, world.n_effects(&id)), (1, 1));
        let log = Jobs::new(world.database().clone(), world.clock.clone());
        let lines: Vec<String> = log.log(&id).unwrap().into_iter().map(|l| l.line).collect();
        assert_eq!(lines, ["attempt 1 of 3", "done"]);
    });
}

#[test]
fn killed_anywhere_a_job_is_done_again_and_its_effect_lands_once() {
    each(|world| {
        for point in [Point::Claimed, Point::Ran, Point::Written] {
            let id = world.enqueue("succeed");
            assert_eq!(turn(&world.doomed(point)), Worked::Died);
            assert_eq!(world.job(&id).status, JobStatus::Running, "{point:?}");
            assert_eq!(world.n_effects(&id), 0, "{point:?}");
            let dead_hand = world.claim(&id);

            let heir = world.worker(params());
            assert_eq!(turn(&heir), Worked::Idle, "it has not watched long enough");
            world.later(29);
            assert_eq!(turn(&heir), Worked::Idle);
            world.later(1);
            assert_eq!(turn(&heir), ended(&id, JobStatus::Succeeded), "{point:?}");
            assert_eq!((world.job(&id).attempt, world.n_effects(&id)), (2, 1));
            let late = world
                .database()
                .transaction(|c| queue::succeed(c, &dead_hand, "{}", world.home_now()));
            assert!(!late.unwrap(), "the dead worker's claim is worth nothing");
        }
    });
}

#[test]
fn a_worker_that_lost_its_job_writes_nothing() {
    each(|world| {
        let worker = world.worker(params());
        let id = world.enqueue("lose");
        assert_eq!(turn(&worker), Worked::Lost { id: id.clone() });
        assert_eq!(world.n_effects(&id), 0);
        assert_eq!(turn(&worker), ended(&id, JobStatus::Succeeded));
        assert_eq!((world.job(&id).attempt, world.n_effects(&id)), (2, 1));
    });
}

#[test]
fn poison_is_tried_with_growing_waits_and_then_kept_aside_with_its_error() {
    for (order, part) in [("panic", "poison"), ("fail", "no luck")] {
        each(|world| {
            let worker = world.worker(params());
            let id = world.enqueue(order);
            assert_eq!(turn(&worker), ended(&id, JobStatus::Queued));
            assert_eq!(turn(&worker), Worked::Idle);
            world.later(10);
            assert_eq!(turn(&worker), ended(&id, JobStatus::Queued));
            world.later(39);
            assert_eq!(turn(&worker), Worked::Idle);
            world.later(1);
            assert_eq!(turn(&worker), ended(&id, JobStatus::Failed));
            let job = world.job(&id);
            assert!(job.error.unwrap().contains(part));
            world.later(9999);
            assert_eq!(turn(&worker), Worked::Idle, "others are not held up");
            let jobs = Jobs::new(world.database().clone(), world.clock.clone());
            assert!(
                jobs.retry(&id, "test").is_err(),
                "puppet is no kind of ours"
            );
        });
    }
}

#[test]
fn what_cannot_succeed_is_not_tried_again() {
    each(|world| {
        let worker = world.worker(params());
        for (order, part) in [("refuse", "data is wrong"), ("bad effect", "no job 'x'")] {
            let id = world.enqueue(order);
            assert_eq!(turn(&worker), ended(&id, JobStatus::Failed), "{order}");
            let error = world.job(&id).error.unwrap();
            assert!(error.contains(part), "{error}");
        }
        assert_eq!(
            world.n_effects("half done"),
            0,
            "a failed effect leaves nothing"
        );
    });
}

#[test]
fn a_running_job_ends_when_it_is_asked_to() {
    each(|world| {
        let worker = world.worker(params());
        let id = world.enqueue("cancel");
        assert_eq!(turn(&worker), ended(&id, JobStatus::Cancelled));
        assert_eq!(turn(&worker), Worked::Idle);
    });
}

#[test]
fn a_worker_told_to_stop_gives_its_job_back_untried() {
    each(|world| {
        let worker = world.worker(params());
        let id = world.enqueue("wait");
        let stop = Stop::default();
        let jobs = Jobs::new(world.database().clone(), world.clock.clone());
        std::thread::scope(|scope| {
            let run = scope.spawn(|| worker.run(&stop));
            while !jobs.log(&id).unwrap().iter().any(|l| l.line == "waiting") {
                std::thread::yield_now();
            }
            stop.request();
            run.join().unwrap();
        });
        let job = world.job(&id);
        assert_eq!(
            (job.status, job.max_attempts - job.attempt),
            (JobStatus::Queued, 3)
        );
    });
}

#[test]
fn many_workers_do_every_job_once() {
    each(|world| {
        let ids: Vec<String> = (0..30).map(|_| world.enqueue("succeed")).collect();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let worker = world.worker(params());
                    while turn(&worker) != Worked::Idle {}
                });
            }
        });
        for id in &ids {
            let job = world.job(id);
            let found = (job.status, job.attempt, world.n_effects(id));
            assert_eq!(found, (JobStatus::Succeeded, 1, 1));
        }
    });
}

impl World {
    fn home_now(&self) -> churn_store::Timestamp {
        churn_store::Clock::now(&*self.clock)
    }
}
