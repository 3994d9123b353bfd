//! `churn-scheduler`: enqueues jobs by the clock until it is told to stop.
#![expect(
    clippy::print_stderr,
    reason = "a program: faults at the start go to the one who starts it"
)]

use std::process::ExitCode;
use std::sync::Arc;

use churn_engine::{Home, Stop};
use churn_scheduler::{Schedule, Scheduler, SchedulerParams};
use churn_store::SystemClock;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("error: {fault:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let home = Home::open(&churn_config::home_dir())?;
    let schedules = Schedule::load(home.path())?;
    let stop = Stop::default();
    stop.request_on_signals()?;
    let database = home.registry().database().clone();
    let lease = std::time::Duration::from_secs(home.settings().jobs.lease_seconds);
    let params = SchedulerParams::new(schedules, lease);
    Scheduler::new(database, Arc::new(SystemClock), params).run(&stop);
    Ok(())
}
