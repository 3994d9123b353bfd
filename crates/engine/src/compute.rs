//! The one place where async code meets computing: closures go to a pool of threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::Error;

/// A pool of threads for one kind of work, with a limit on how much may wait.
///
/// Single customers and whole files have a pool each, so that a file never keeps a single customer
/// waiting. Work is admitted by [`ComputePool::admit`]; whoever gets no permit tells the caller to
/// come back later, instead of letting a queue grow.
pub struct ComputePool {
    name: &'static str,
    pool: rayon::ThreadPool,
    permits: Arc<Semaphore>,
    n_permits: usize,
}

/// The right to have work done; it ends when this is dropped.
#[derive(Debug)]
pub struct Permit {
    _permit: OwnedSemaphorePermit,
}

impl ComputePool {
    /// A pool of `threads` threads (at least 1) that takes `n_permits` pieces of work at once.
    ///
    /// # Errors
    /// [`Error::NoThreads`] when the system gives no threads.
    pub fn new(name: &'static str, threads: usize, n_permits: usize) -> Result<Self, Error> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.max(1))
            .thread_name(move |number| format!("{name}-{number}"))
            .build()
            .map_err(|fault| Error::NoThreads {
                name,
                reason: fault.to_string(),
            })?;
        Ok(Self {
            name,
            pool,
            permits: Arc::new(Semaphore::new(n_permits)),
            n_permits,
        })
    }

    /// The right to have one piece of work done, if the pool is not full.
    ///
    /// # Errors
    /// [`Error::Busy`] when as much as is allowed waits or runs already.
    pub fn admit(&self) -> Result<Permit, Error> {
        match Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit) => Ok(Permit { _permit: permit }),
            Err(_) => Err(Error::Busy { name: self.name }),
        }
    }

    /// Pieces of work that are admitted now.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.n_permits - self.permits.available_permits()
    }

    /// Runs `work` on the threads of the pool while this thread waits; what `work` does in parallel
    /// stays on them.
    pub fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.pool.install(work)
    }

    /// Runs `work` on a thread of the pool. Work nobody waits for any more is not begun.
    ///
    /// # Errors
    /// [`Error::Panicked`] when the work panics; the pool goes on.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (sender, receiver) = oneshot::channel();
        let span = tracing::Span::current();
        self.pool.spawn(move || {
            if sender.is_closed() {
                return;
            }
            let _entered = span.enter();
            // A failed send means that the caller has gone meanwhile.
            let _ = sender.send(catch_unwind(AssertUnwindSafe(work)));
        });
        match receiver.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(cause)) => Err(Error::Panicked {
                name: self.name,
                what: panic_text(cause.as_ref()),
            }),
            Err(_) => Err(Error::Panicked {
                name: self.name,
                what: "the work was dropped".to_owned(),
            }),
        }
    }
}

/// What a panic said.
fn panic_text(cause: &(dyn std::any::Any + Send)) -> String {
    let text = cause.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| cause.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(future)
    }

    #[test]
    fn work_runs_on_the_pool_and_a_panic_is_an_error() {
        let pool = ComputePool::new("test", 1, 1).unwrap();
        let name = block_on(pool.run(|| std::thread::current().name().map(str::to_owned)));
        assert_eq!(name.unwrap().as_deref(), Some("test-0"));
        let fault = block_on(pool.run(|| -> u8 { panic!("broken row") })).unwrap_err();
        assert!(fault.to_string().contains("broken row"), "{fault}");
        assert_eq!(block_on(pool.run(|| 7)).unwrap(), 7, "the pool goes on");
    }

    #[test]
    fn a_full_pool_admits_nobody() {
        let pool = ComputePool::new("test", 1, 2).unwrap();
        let first = pool.admit().unwrap();
        let _second = pool.admit().unwrap();
        assert!(matches!(pool.admit(), Err(Error::Busy { name: "test" })));
        assert_eq!(pool.in_use(), 2);
        drop(first);
        assert!(pool.admit().is_ok());
    }
}
