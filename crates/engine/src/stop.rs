//! Asking everything that runs in a process to end.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::Error;

/// A request to end, shared by all that should hear it. Once made it stays.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<(Mutex<bool>, Condvar)>);

impl Stop {
    /// Asks.
    pub fn request(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }

    /// Asks when the process is told to end: SIGTERM, or SIGINT as from Ctrl-C.
    ///
    /// # Errors
    /// [`Error::Signals`] when the system does not let us wait for them.
    pub fn request_on_signals(&self) -> Result<(), Error> {
        let fault = |fault: std::io::Error| Error::Signals {
            reason: fault.to_string(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .map_err(fault)?;
        let entered = runtime.enter();
        let mut terminate = signal(SignalKind::terminate()).map_err(fault)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(fault)?;
        drop(entered);
        let stop = self.clone();
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    // Whichever comes first.
                    let mut either = std::pin::pin!(interrupt.recv());
                    std::future::poll_fn(|context| {
                        let terminated = terminate.poll_recv(context).is_ready();
                        if terminated || either.as_mut().poll(context).is_ready() {
                            return std::task::Poll::Ready(());
                        }
                        std::task::Poll::Pending
                    })
                    .await;
                });
                stop.request();
            })
            .map(drop)
            .map_err(fault)
    }

    /// Whether it was asked.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it is asked, but no longer than `most`. Returns whether it was.
    pub fn wait(&self, most: Duration) -> bool {
        let asked = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (asked, _) = self
            .0
            .1
            .wait_timeout_while(asked, most, |asked| !*asked)
            .unwrap_or_else(PoisonError::into_inner);
        *asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_wakes_whoever_waits_and_stays() {
        let stop = Stop::default();
        assert!(!stop.is_requested() && !stop.wait(Duration::ZERO));
        let other = stop.clone();
        let waiter = std::thread::spawn(move || other.wait(Duration::MAX));
        stop.request();
        assert!(waiter.join().unwrap());
        assert!(stop.is_requested() && stop.wait(Duration::MAX));
    }
}
