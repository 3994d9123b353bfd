//! The loop: take over, claim, run, finish.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use churn_engine::{Error, Home, Stop};
use churn_store::queue::{self, Claim, Watch};
use churn_store::tables::job_log::{self, LogLine};
use churn_store::tables::jobs::{Job, JobStatus};
use churn_store::{AsStoreError, Clock, Connection, Database, Timestamp, new_id};

use crate::context::JobContext;
use crate::folder::{WorkFolder, hide_folder};
use crate::outcome::{Done, JobFault};
use crate::{Point, Runner, WorkerParams};

/// What one turn of the loop did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Worked {
    /// There was nothing to do.
    Idle,
    /// A job reached this state.
    Job {
        /// Its id.
        id: String,
        /// Queued again, or ended.
        status: JobStatus,
    },
    /// The job was somebody else's when it was done; nothing was written.
    Lost {
        /// Its id.
        id: String,
    },
    /// A test pulled the plug.
    Died,
}

/// Runs jobs in one process.
pub struct Worker {
    home: Arc<Home>,
    clock: Arc<dyn Clock>,
    params: WorkerParams,
    name: String,
    kinds: Vec<&'static str>,
    watch: Mutex<Watch>,
    folder: WorkFolder,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Worker {
    /// A worker in an open home. Working files of workers that were killed are removed.
    ///
    /// # Errors
    /// No folder can be made in the home.
    pub fn new(
        home: Arc<Home>,
        clock: Arc<dyn Clock>,
        params: WorkerParams,
    ) -> anyhow::Result<Self> {
        let folder = WorkFolder::make(home.path())?;
        let name = format!("{}-{}", params.name, std::process::id());
        let kinds = params
            .runners
            .iter()
            .map(|runner| runner.kind.name)
            .collect();
        Ok(Self {
            home,
            clock,
            params,
            name,
            kinds,
            watch: Mutex::default(),
            folder,
        })
    }

    fn database(&self) -> &Database {
        self.home.registry().database()
    }

    /// Works until told to stop: then it ends what runs early, gives it back and returns. A store
    /// that does not answer is asked again after a while.
    pub fn run(&self, stop: &Stop) {
        std::thread::scope(|scope| {
            for _ in 0..self.params.n_threads {
                scope.spawn(|| {
                    while !stop.is_requested() {
                        match self.work_once(stop) {
                            Ok(Worked::Idle | Worked::Died) | Err(_) => {
                                stop.wait(self.params.poll);
                            }
                            Ok(Worked::Job { .. } | Worked::Lost { .. }) => {}
                        }
                    }
                });
            }
        });
    }

    /// Takes over the jobs of silent workers, then claims and runs one job.
    ///
    /// # Errors
    /// The database does not answer. A job that fails is no error: that is written down with it.
    pub fn work_once(&self, stop: &Stop) -> Result<Worked, Error> {
        self.take_over()?;
        let now = self.clock.now();
        let claimed = self
            .database()
            .transaction(|connection| queue::claim(connection, &self.kinds, &self.name, now))?;
        let Some(job) = claimed else {
            return Ok(Worked::Idle);
        };
        if self.dies_at(Point::Claimed) {
            return Ok(Worked::Died);
        }
        let claim = Claim {
            job_id: job.id.clone(),
            attempt: job.attempt,
        };
        let context = JobContext::new(
            Arc::clone(&self.home),
            Arc::clone(&self.clock),
            claim.clone(),
            job.enqueued_by.clone(),
            self.params.heartbeat,
            stop.clone(),
            self.folder.path(),
        );
        match context {
            Ok(context) => {
                let outcome = self.run_alive(&job, &context);
                if self.dies_at(Point::Ran) {
                    return Ok(Worked::Died);
                }
                self.finish(&job, &context, outcome)
            }
            Err(fault) => {
                let status = self.give_up(&job, &claim, &JobFault::Failed(fault))?;
                Ok(worked(&job, status))
            }
        }
    }

    fn dies_at(&self, point: Point) -> bool {
        self.params.dies_at.as_ref().is_some_and(|dies| dies(point))
    }

    /// Takes jobs from workers that stood still for a whole lease.
    fn take_over(&self) -> Result<(), Error> {
        let running = self.database().read(queue::running)?;
        let now = self.clock.now();
        let lease = TimeDelta::from_std(self.params.lease).unwrap_or(TimeDelta::MAX);
        let still = self
            .watch
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .look(&running, now, lease);
        for seen in still {
            self.database().transaction(|connection| {
                if let Some(status) = queue::take_over(connection, &seen, now)? {
                    let line = format!("its worker fell silent; now {}", status.as_str());
                    write_log(connection, &seen.job_id, seen.attempt, now, line)?;
                }
                Ok::<_, Error>(())
            })?;
        }
        Ok(())
    }

    /// Runs a job while a second thread says that it lives.
    fn run_alive<'c>(&self, job: &Job, context: &'c JobContext) -> Result<Done<'c>, JobFault> {
        let over = Stop::default();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.wait(self.params.heartbeat) {
                    context.beat();
                }
            });
            let outcome = catch_unwind(AssertUnwindSafe(|| run(self.params.runners, job, context)));
            over.request();
            outcome.unwrap_or_else(|panic| {
                let what = panic
                    .downcast_ref::<String>()
                    .map(String::as_str)
                    .or_else(|| panic.downcast_ref::<&str>().copied())
                    .unwrap_or("no words");
                Err(JobFault::Failed(anyhow::anyhow!(
                    "the program broke off: {what}; this is a fault of the program"
                )))
            })
        })
    }

    fn finish(
        &self,
        job: &Job,
        context: &JobContext,
        outcome: Result<Done<'_>, JobFault>,
    ) -> Result<Worked, Error> {
        let claim = context.claim();
        let status = match outcome {
            Ok(done) => {
                // How far it came stays to be seen.
                context.beat();
                match self.succeed(claim, done)? {
                    Landed::Yes => Some(JobStatus::Succeeded),
                    Landed::Died => return Ok(Worked::Died),
                    Landed::Lost => None,
                    Landed::Not(fault) => self.give_up(job, claim, &fault)?,
                }
            }
            Err(_) if context.is_lost() => None,
            Err(JobFault::Ended) if context.is_stopped() => {
                let given = self
                    .database()
                    .transaction(|connection| queue::hand_back(connection, claim))?;
                given.then_some(JobStatus::Queued)
            }
            Err(fault) => self.give_up(job, claim, &fault)?,
        };
        Ok(worked(job, status))
    }

    /// Writes the outcome and the effect, both or neither.
    fn succeed(&self, claim: &Claim, done: Done<'_>) -> Result<Landed, Error> {
        let result = done.result.to_string();
        let now = self.clock.now();
        // `Err(Landed)` undoes the transaction.
        let landed = self.database().transaction_with_retry(|connection| {
            if !queue::succeed(connection, claim, &result, now)? {
                return Err(Landed::Lost);
            }
            if let Some(effect) = &done.effect {
                effect(connection).map_err(|fault| Landed::Not(fault.into()))?;
            }
            write_log(
                connection,
                &claim.job_id,
                claim.attempt,
                now,
                "done".to_owned(),
            )?;
            if self.dies_at(Point::Written) {
                return Err(Landed::Died);
            }
            Ok(Landed::Yes)
        });
        match landed {
            Ok(landed) | Err(landed @ (Landed::Lost | Landed::Died | Landed::Not(_))) => Ok(landed),
            Err(Landed::Yes) => Ok(Landed::Yes),
        }
    }

    /// Writes down that an attempt failed. None when the claim is lost.
    fn give_up(
        &self,
        job: &Job,
        claim: &Claim,
        fault: &JobFault,
    ) -> Result<Option<JobStatus>, Error> {
        let now = self.clock.now();
        let (status, text) = match fault {
            JobFault::Ended => (JobStatus::Cancelled, "ended on request".to_owned()),
            JobFault::Refused(fault) => (JobStatus::Failed, format!("{fault:#}")),
            JobFault::Failed(fault) if job.attempt >= job.max_attempts => {
                (JobStatus::Failed, format!("{fault:#}"))
            }
            JobFault::Failed(fault) => (JobStatus::Queued, format!("{fault:#}")),
        };
        let text = hide_folder(self.folder.path(), &text);
        let wait = self.params.wait_after(job.attempt);
        let not_before = now.to_utc() + TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX);
        let is_held = self.database().transaction(|connection| {
            let is_held = match status {
                JobStatus::Cancelled => queue::confirm_cancel(connection, claim, now)?,
                JobStatus::Queued => {
                    queue::put_back(connection, claim, &text, Timestamp::new(not_before))?
                }
                _ => queue::fail(connection, claim, &text, now)?,
            };
            if is_held {
                write_log(connection, &job.id, claim.attempt, now, text.clone())?;
            }
            Ok::<_, Error>(is_held)
        })?;
        Ok(is_held.then_some(status))
    }
}

/// What became of an outcome.
enum Landed {
    Yes,
    Lost,
    Died,
    Not(JobFault),
}

impl From<churn_store::Error> for Landed {
    fn from(fault: churn_store::Error) -> Self {
        Self::Not(fault.into())
    }
}

impl AsStoreError for Landed {
    fn as_store_error(&self) -> Option<&churn_store::Error> {
        match self {
            Self::Not(JobFault::Failed(fault)) => fault.downcast_ref::<Error>()?.as_store_error(),
            _ => None,
        }
    }
}

fn worked(job: &Job, status: Option<JobStatus>) -> Worked {
    let id = job.id.clone();
    match status {
        Some(status) => Worked::Job { id, status },
        None => Worked::Lost { id },
    }
}

fn run<'c>(runners: &[Runner], job: &Job, context: &'c JobContext) -> Result<Done<'c>, JobFault> {
    let Some(runner) = runners.iter().find(|runner| runner.kind.name == job.kind) else {
        return Err(JobFault::Refused(anyhow::anyhow!(
            "this worker can't run jobs of kind '{}'",
            job.kind
        )));
    };
    context.log(&format!("attempt {} of {}", job.attempt, job.max_attempts));
    (runner.run)(&job.payload, context)
}

fn write_log(
    connection: &mut Connection,
    job_id: &str,
    attempt: i32,
    at: Timestamp,
    line: String,
) -> Result<(), churn_store::Error> {
    let line = LogLine {
        id: new_id(),
        job_id: job_id.to_owned(),
        attempt,
        at,
        line,
    };
    job_log::insert(connection, &line)
}
