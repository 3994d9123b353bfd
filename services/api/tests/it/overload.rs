//! Ten times as much as the service can take, and what comes after it.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::app::{App, customer};

/// One thread and two places to wait: three customers at once.
const CAPACITY: usize = 3;

/// Clients that ask at the same time, and how often each asks.
const N_CLIENTS: usize = 10 * CAPACITY;
const N_REQUESTS: usize = 40;

/// Bytes of memory this process holds.
fn resident_bytes() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// Asks by all clients at once: how many were served and how many sent away.
fn storm(app: &App) -> (usize, usize) {
    let (served, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let n_asked = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..N_CLIENTS {
            scope.spawn(|| {
                for _ in 0..N_REQUESTS {
                    // None like another, so that no answer is one that was kept.
                    let mut body = customer();
                    let charges = 20.0 + n_asked.fetch_add(1, Ordering::Relaxed) as f64 / 100.0;
                    body["MonthlyCharges"] = charges.into();
                    let answer = app.post("/api/v1/explain", &body);
                    if answer.status == 200 {
                        served.fetch_add(1, Ordering::Relaxed);
                        continue;
                    }
                    answer.is_fault(503, "overloaded");
                    assert_eq!(answer.header("retry-after"), Some("1"));
                    refused.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    (served.into_inner(), refused.into_inner())
}

#[test]
fn ten_times_the_capacity_is_turned_away_without_growth_and_forgotten_at_once() {
    let app = App::with(&[], |settings| {
        settings.scoring.threads = 1;
        settings.scoring.queue = CAPACITY - 1;
    });
    // Threads, buffers and pools of a first time stay.
    storm(&app);
    let before = resident_bytes();
    let (served, refused) = storm(&app);
    let grown = resident_bytes().saturating_sub(before);
    assert_eq!(served + refused, N_CLIENTS * N_REQUESTS);
    assert!(
        served > 0 && refused > 0,
        "{served} served, {refused} refused"
    );
    assert!(grown < 32 << 20, "{grown} bytes more after the storm");
    app.post("/api/v1/explain", &customer()).is_ok();
}
