//! `churn-worker`: claims and runs jobs until it is told to stop.
#![expect(
    clippy::print_stderr,
    reason = "a program: faults at the start go to the one who starts it"
)]

use std::process::ExitCode;
use std::sync::Arc;

use churn_engine::{Home, Stop};
use churn_store::SystemClock;
use churn_worker::{Worker, WorkerParams};

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
    let home = Arc::new(Home::open(&churn_config::home_dir())?);
    let stop = Stop::default();
    stop.request_on_signals()?;
    let params = WorkerParams::from_settings(home.settings());
    anyhow::ensure!(
        params.n_threads > 0,
        "jobs.workers is 0: this process would run no job"
    );
    Worker::new(home, Arc::new(SystemClock), params)?.run(&stop);
    Ok(())
}
