//! What a running job can ask and tell.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use churn_engine::jobs::Source;
use churn_engine::{Home, Stop};
use churn_pipeline::Progress;
use churn_store::queue::{self, Answer, Claim, JobProgress};
use churn_store::tables::job_log::{self, LogLine};
use churn_store::{Clock, Timestamp, new_id};

use crate::JobFault;
use crate::folder::hide_folder;

/// One attempt at one job.
pub struct JobContext {
    pub(crate) home: Arc<Home>,
    clock: Arc<dyn Clock>,
    claim: Claim,
    heartbeat: Duration,
    stop: Stop,
    /// Who asked for the job, for the audit.
    asked_by: String,
    folder: tempfile::TempDir,
    state: Mutex<State>,
    ended: AtomicBool,
    lost: AtomicBool,
}

struct State {
    progress: JobProgress,
    told_at: Timestamp,
}

impl JobContext {
    pub(crate) fn new(
        home: Arc<Home>,
        clock: Arc<dyn Clock>,
        claim: Claim,
        asked_by: String,
        heartbeat: Duration,
        stop: Stop,
        root: &Path,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("job-")
            .tempdir_in(root)
            .with_context(|| format!("can't make a folder in {}", root.display()))?;
        let told_at = clock.now();
        Ok(Self {
            home,
            clock,
            claim,
            heartbeat,
            stop,
            asked_by,
            folder,
            state: Mutex::new(State {
                progress: JobProgress::default(),
                told_at,
            }),
            ended: AtomicBool::new(false),
            lost: AtomicBool::new(false),
        })
    }

    /// The home it runs in.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The present.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Id of the job.
    #[must_use]
    pub fn job_id(&self) -> &str {
        &self.claim.job_id
    }

    /// Who asked for the job.
    #[must_use]
    pub fn asked_by(&self) -> &str {
        &self.asked_by
    }

    /// A folder of its own, gone when the attempt is over.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A text without the way to the job's own files.
    #[must_use]
    pub fn hide_folder(&self, text: &str) -> String {
        let root = self.folder().parent().unwrap_or(self.folder());
        hide_folder(root, text)
    }

    pub(crate) fn claim(&self) -> &Claim {
        &self.claim
    }

    /// Whether the claim was lost to somebody else.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// Whether the worker was told to stop while the job ran.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.is_requested()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings the data of a job to this machine and says where it lies.
    ///
    /// # Errors
    /// The blob is missing or damaged, or there is no room for it.
    pub fn fetch(&self, source: &Source) -> Result<PathBuf, JobFault> {
        match source {
            Source::File { file } => Ok(file.clone()),
            Source::Blob { blob, name } => {
                // Only the ending of the name is taken: it comes from outside.
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '.';
                let ending: String = name.chars().rev().take_while(|c| plain(*c)).collect();
                let ending: String = ending.chars().rev().take(40).collect();
                let path = self.folder().join(format!("data-{ending}"));
                self.home.registry().blobs().get_file(blob, &path)?;
                Ok(path)
            }
        }
    }

    /// Says that the job lives and how far it is, and hears whether it should end. A store that
    /// does not answer now is asked again at the next beat.
    pub(crate) fn beat(&self) {
        let progress = self.state().progress.clone();
        let answer = self
            .home
            .registry()
            .database()
            .transaction(|connection| queue::beat(connection, &self.claim, &progress));
        self.state().told_at = self.clock.now();
        match answer {
            Ok(Answer::Cancel) => self.ended.store(true, Ordering::Relaxed),
            Ok(Answer::Lost) => self.lost.store(true, Ordering::Relaxed),
            Ok(Answer::GoOn) | Err(_) => {}
        }
    }

    /// A beat, when the last is long enough ago.
    fn beat_when_due(&self) {
        let gone_by = self.clock.now().to_utc() - self.state().told_at.to_utc();
        if gone_by
            .to_std()
            .is_ok_and(|gone_by| gone_by >= self.heartbeat)
        {
            self.beat();
        }
    }

    /// Writes a line into the log of the job. One that can't be written is not worth a job.
    pub fn log(&self, line: &str) {
        let line = LogLine {
            id: new_id(),
            job_id: self.claim.job_id.clone(),
            attempt: self.claim.attempt,
            at: self.clock.now(),
            line: self.hide_folder(line),
        };
        let database = self.home.registry().database();
        drop(database.transaction(|connection| job_log::insert(connection, &line)));
    }

    /// How far the job is: parts of the step that are done, of so many (0: not known).
    pub fn set_progress(&self, step: &str, n_done: u64, n_parts: u64) {
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        self.state().progress = JobProgress {
            step: step.to_owned(),
            n_done: number(n_done),
            n_parts: number(n_parts),
        };
        self.beat_when_due();
    }
}

impl Progress for JobContext {
    fn begin(&self, step: &str, n_parts: u64) {
        self.log(step);
        self.set_progress(step, 0, n_parts);
    }

    fn advance(&self) {
        self.state().progress.n_done += 1;
        self.beat_when_due();
    }

    fn tell(&self, note: &str) {
        self.log(note);
    }

    fn end(&self) {}

    fn is_cancelled(&self) -> bool {
        self.ended.load(Ordering::Relaxed) || self.is_lost() || self.is_stopped()
    }
}
