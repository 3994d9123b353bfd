//! Writing predictions down without making anybody wait.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use churn_store::Database;
use churn_store::tables::predictions::{self, Prediction};

/// How predictions are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PredictionLogParams {
    /// Most predictions that wait; more are not accepted. It is also the most a crash can lose.
    /// Default 10,000.
    pub capacity: usize,
    /// Most predictions in one transaction. Default 1,000.
    pub batch: usize,
    /// How long a prediction waits for others to be written with. Default 200 ms.
    pub linger: Duration,
    /// Wait before a database that did not take them is asked again. Default 1 s.
    pub pause: Duration,
}

impl Default for PredictionLogParams {
    fn default() -> Self {
        Self {
            capacity: 10_000,
            batch: 1_000,
            linger: Duration::from_millis(200),
            pause: Duration::from_secs(1),
        }
    }
}

/// What the log has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PredictionLogCounts {
    /// Predictions in the database.
    pub n_written: u64,
    /// Predictions that wait: what a crash would lose now.
    pub n_waiting: u64,
    /// Predictions that were not accepted, because too many waited.
    pub n_refused: u64,
    /// Times the database did not take a batch; it is given the same again.
    pub n_faults: u64,
}

/// Writes predictions in batches, on a thread of its own.
///
/// Dropping it, or [`close`](Self::close), writes what waits. `kill -9` loses what waits, at most
/// [`capacity`](PredictionLogParams::capacity).
#[derive(Debug)]
pub struct PredictionLog {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    params: PredictionLogParams,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Prediction>,
    /// Taken by the writer and not written yet.
    n_in_hand: usize,
    is_closed: bool,
    counts: PredictionLogCounts,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PredictionLog {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(database: Database, params: PredictionLogParams) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            params,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let of_writer = Arc::clone(&shared);
        let writer = std::thread::Builder::new()
            .name("prediction-log".to_owned())
            .spawn(move || write_all(&of_writer, &database))?;
        Ok(Self {
            shared,
            writer: Some(writer),
        })
    }

    /// Accepts a prediction to be written soon; never waits. False when too many wait already: then
    /// whoever asked should be told to come back, because an answer that is not written down must
    /// not be given.
    #[must_use]
    pub fn accept(&self, prediction: Prediction) -> bool {
        let mut state = self.shared.state();
        if state.waiting.len() + state.n_in_hand >= self.shared.params.capacity || state.is_closed {
            state.counts.n_refused += 1;
            return false;
        }
        state.waiting.push(prediction);
        drop(state);
        self.shared.changed.notify_one();
        true
    }

    /// What it has done so far.
    #[must_use]
    pub fn counts(&self) -> PredictionLogCounts {
        let state = self.shared.state();
        PredictionLogCounts {
            n_waiting: (state.waiting.len() + state.n_in_hand) as u64,
            ..state.counts
        }
    }

    /// Writes what waits and ends. Returns what was done; what still waits then could not be
    /// written, because the database did not take it even now.
    #[must_use]
    pub fn close(mut self) -> PredictionLogCounts {
        self.end();
        self.counts()
    }

    fn end(&mut self) {
        self.shared.state().is_closed = true;
        self.shared.changed.notify_one();
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has left its counts as they were.
            let _ = writer.join();
        }
    }
}

impl Drop for PredictionLog {
    fn drop(&mut self) {
        self.end();
    }
}

fn write_all(shared: &Shared, database: &Database) {
    loop {
        let Some(batch) = next_batch(shared) else {
            return;
        };
        while database
            .transaction(|connection| predictions::insert(connection, &batch))
            .is_err()
        {
            let mut state = shared.state();
            state.counts.n_faults += 1;
            if state.is_closed {
                return;
            }
            let paused = shared.changed.wait_timeout(state, shared.params.pause);
            drop(paused.unwrap_or_else(PoisonError::into_inner));
        }
        let mut state = shared.state();
        state.counts.n_written += batch.len() as u64;
        state.n_in_hand = 0;
    }
}

/// Waits for the next batch; none when the log was closed and nothing waits.
fn next_batch(shared: &Shared) -> Option<Vec<Prediction>> {
    let mut state = shared
        .changed
        .wait_while(shared.state(), |state| {
            state.waiting.is_empty() && !state.is_closed
        })
        .unwrap_or_else(PoisonError::into_inner);
    if state.waiting.len() < shared.params.batch && !state.is_closed {
        let is_short =
            |state: &mut State| state.waiting.len() < shared.params.batch && !state.is_closed;
        let lingered = shared
            .changed
            .wait_timeout_while(state, shared.params.linger, is_short);
        state = lingered.unwrap_or_else(PoisonError::into_inner).0;
    }
    let n_taken = state.waiting.len().min(shared.params.batch);
    let batch: Vec<Prediction> = state.waiting.drain(..n_taken).collect();
    state.n_in_hand = batch.len();
    (!batch.is_empty()).then_some(batch)
}
