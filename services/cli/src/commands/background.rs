//! Worker and scheduler beside the service, in one process.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use churn_engine::{Home, Stop};
use churn_scheduler::{Schedule, Scheduler, SchedulerParams};
use churn_store::SystemClock;
use churn_worker::{Worker, WorkerParams};

/// What runs in the background until it is dropped.
pub(crate) struct Background {
    stop: Stop,
    threads: Vec<JoinHandle<()>>,
}

impl Background {
    /// Starts both in an open home.
    pub(crate) fn start(home: Arc<Home>) -> anyhow::Result<Self> {
        let jobs = &home.settings().jobs;
        let lease = Duration::from_secs(jobs.lease_seconds);
        let schedule = SchedulerParams::new(Schedule::load(home.path())?, lease);
        let database = home.registry().database().clone();
        let scheduler = Scheduler::new(database, Arc::new(SystemClock), schedule);
        let params = WorkerParams::from_settings(home.settings());
        let worker = Worker::new(home, Arc::new(SystemClock), params)?;
        let stop = Stop::default();
        let (of_worker, of_scheduler) = (stop.clone(), stop.clone());
        let mut background = Self {
            stop,
            threads: Vec::new(),
        };
        let thread = |name: &str| std::thread::Builder::new().name(name.to_owned());
        background
            .threads
            .push(thread("worker").spawn(move || worker.run(&of_worker))?);
        background
            .threads
            .push(thread("scheduler").spawn(move || scheduler.run(&of_scheduler))?);
        Ok(background)
    }
}

impl Drop for Background {
    /// Waits until jobs have been given back.
    fn drop(&mut self) {
        self.stop.request();
        for thread in self.threads.drain(..) {
            // One that panicked has said so already.
            let _ = thread.join();
        }
    }
}
