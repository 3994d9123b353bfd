//! Saying that a run is alive while it works.

use std::{
    sync::mpsc::{RecvTimeoutError, Sender, channel},
    thread::JoinHandle,
    time::Duration,
};

use churn_registry::{Registry, SILENCE_SECONDS};

/// Says it several times in the time after which a silent run counts as interrupted.
const PERIOD: Duration = Duration::from_secs(SILENCE_SECONDS.unsigned_abs() / 5);

/// A thread that says a run is alive until this is dropped.
pub(crate) struct Heartbeat {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Heartbeat {
    /// Begins for the run `id`.
    pub(crate) fn start(registry: &Registry, id: &str) -> Self {
        let (stop, stopped) = channel::<()>();
        let (registry, id) = (registry.clone(), id.to_owned());
        let thread = std::thread::spawn(move || {
            while stopped.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                // A database that is away for a moment must not end a run of hours.
                drop(registry.beat_run(&id));
            }
        });
        Self {
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It cannot panic, and if it did the run is none the worse.
            drop(thread.join());
        }
    }
}
