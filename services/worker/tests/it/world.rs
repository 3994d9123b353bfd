//! A home on each database, jobs that misbehave on demand, and a count of effects.

use std::sync::Arc;
use std::time::Duration;

use churn_config::Settings;
use churn_engine::jobs::KindInfo;
use churn_engine::users::Scope;
use churn_engine::{Home, Stop};
use churn_pipeline::Progress as _;
use churn_store::queue::{self, Claim};
use churn_store::tables::audit::{self, AuditEntry, AuditFilter};
use churn_store::tables::jobs::{self, Job, NewJob};
use churn_store::{Database, ManualClock, Timestamp, new_id};
use churn_testkit::TestDatabase;
use churn_worker::{Done, JobContext, JobFault, Point, Runner, Worked, Worker, WorkerParams};

/// A job that does what its payload says.
pub(crate) const PUPPET: [Runner; 1] = [Runner {
    kind: KindInfo {
        name: "puppet",
        priority: 0,
        max_attempts: 3,
        scope: Scope::Train,
        check: |_| Ok(()),
    },
    run: puppet,
}];

fn puppet<'c>(payload: &str, context: &'c JobContext) -> Result<Done<'c>, JobFault> {
    match payload {
        "succeed" => {}
        "fail" => return Err(JobFault::Failed(anyhow::anyhow!("no luck"))),
        "refuse" => return Err(JobFault::Refused(anyhow::anyhow!("the data is wrong"))),
        "panic" => panic!("poison"),
        // Somebody thinks that this worker is dead, and takes the job.
        "lose" => {
            let database = context.home().registry().database();
            // Until it happens between two signs of life.
            let is_taken = || -> bool {
                let running = database.read(queue::running).unwrap();
                let seen = running.iter().find(|seen| seen.job_id == context.job_id());
                let Some(seen) = seen.filter(|seen| seen.attempt == 1) else {
                    return true;
                };
                let taken = database.transaction(|c| queue::take_over(c, seen, context.now()));
                taken.unwrap().is_some()
            };
            while !is_taken() {}
        }
        "cancel" => {
            let database = context.home().registry().database();
            database
                .transaction(|c| queue::request_cancel(c, context.job_id(), context.now()))
                .unwrap();
            return wait_for_the_end(context);
        }
        "wait" => {
            context.log("waiting");
            return wait_for_the_end(context);
        }
        "bad effect" => {
            return Ok(Done {
                result: serde_json::json!({}),
                effect: Some(Box::new(|connection| {
                    count(connection, "half done")?;
                    Err(churn_engine::Error::UnknownJob { id: "x".to_owned() })
                })),
            });
        }
        other => panic!("unknown order {other}"),
    }
    let id = context.job_id().to_owned();
    Ok(Done {
        result: serde_json::json!({ "done": true }),
        effect: Some(Box::new(move |connection| count(connection, &id))),
    })
}

fn wait_for_the_end<'c>(context: &JobContext) -> Result<Done<'c>, JobFault> {
    while !context.is_cancelled() {
        std::thread::yield_now();
    }
    Err(JobFault::Ended)
}

/// The effect of a puppet: an entry that can be counted.
fn count(connection: &mut churn_store::Connection, id: &str) -> Result<(), churn_engine::Error> {
    let entry = AuditEntry {
        id: new_id(),
        at: Timestamp::EPOCH,
        who: "puppet".to_owned(),
        action: "effect".to_owned(),
        subject: id.to_owned(),
        before: None,
        after: None,
    };
    Ok(audit::insert(connection, &entry)?)
}

pub(crate) struct World {
    pub(crate) home: Arc<Home>,
    pub(crate) clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
    _database: TestDatabase,
}

pub(crate) fn each(check: impl Fn(&World)) {
    for test in TestDatabase::each() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::load_with(folder.path(), None, |name| match name {
            "CHURN_DATABASE_URL" => Some(test.url().to_owned()),
            _ => None,
        });
        let clock = Arc::new(ManualClock::new("2026-01-31T08:00:00Z".parse().unwrap()));
        let home = Home::open_with(folder.path(), settings.unwrap(), clock.clone()).unwrap();
        check(&World {
            home: Arc::new(home),
            clock,
            _folder: folder,
            _database: test,
        });
    }
}

pub(crate) fn params() -> WorkerParams {
    WorkerParams {
        heartbeat: Duration::from_millis(1),
        runners: &PUPPET,
        ..WorkerParams::default()
    }
}

impl World {
    pub(crate) fn database(&self) -> &Database {
        self.home.registry().database()
    }

    pub(crate) fn worker(&self, params: WorkerParams) -> Worker {
        Worker::new(self.home.clone(), self.clock.clone(), params).unwrap()
    }

    /// A worker that is killed when it first reaches this point.
    pub(crate) fn doomed(&self, point: Point) -> Worker {
        self.worker(WorkerParams {
            dies_at: Some(Arc::new(move |reached| reached == point)),
            ..params()
        })
    }

    pub(crate) fn enqueue(&self, order: &str) -> String {
        let id = new_id();
        let new = NewJob {
            id: &id,
            kind: "puppet",
            payload: order,
            priority: 0,
            dedup_key: None,
            enqueued_by: "test",
            enqueued_at: Timestamp::EPOCH,
            max_attempts: 3,
        };
        self.database()
            .transaction(|c| jobs::insert(c, &new))
            .unwrap();
        id
    }

    pub(crate) fn job(&self, id: &str) -> Job {
        self.database()
            .read(|c| jobs::find(c, id))
            .unwrap()
            .unwrap()
    }

    pub(crate) fn later(&self, seconds: i64) {
        self.clock.advance(chrono::TimeDelta::seconds(seconds));
    }

    /// How often the effect of a job landed.
    pub(crate) fn n_effects(&self, id: &str) -> usize {
        let filter = AuditFilter {
            action: Some("effect"),
            subject: Some(id),
            ..AuditFilter::default()
        };
        let found = self.database().read(|c| audit::list(c, &filter, 99));
        found.unwrap().len()
    }

    /// The claim a dead worker held.
    pub(crate) fn claim(&self, id: &str) -> Claim {
        Claim {
            job_id: id.to_owned(),
            attempt: self.job(id).attempt,
        }
    }
}

/// One turn of the loop.
pub(crate) fn turn(worker: &Worker) -> Worked {
    worker.work_once(&Stop::default()).unwrap()
}
