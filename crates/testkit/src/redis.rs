//! A Redis server of its own for a test, stopped when the test ends.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::locate::left_out;

/// A running, empty `redis-server` that keeps nothing on disk.
#[derive(Debug)]
pub struct RedisServer {
    child: Child,
    port: u16,
}

impl RedisServer {
    /// Starts the server: `CHURN_REDIS_SERVER`, default `redis-server` of the path. `None`, with
    /// one line on stderr, when it is absent.
    ///
    /// # Panics
    /// When it is absent and the variable `CI` is `true`, or it does not answer within 60
    /// seconds.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test helper: a fault fails the test")]
    pub fn start() -> Option<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        Self::start_at(port)
    }

    /// Starts the server at a port, for example where one was killed before.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    #[expect(clippy::panic, reason = "a test helper: a fault fails the test")]
    pub fn start_at(port: u16) -> Option<Self> {
        let program =
            std::env::var_os("CHURN_REDIS_SERVER").unwrap_or_else(|| "redis-server".into());
        let text = port.to_string();
        let started = Command::new(&program)
            .args(["--port", &text, "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(std::env::temp_dir())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let child = match started {
            Ok(child) => child,
            Err(fault) => {
                let program = program.display();
                left_out(&format!(
                    "no Redis ({program}: {fault}): install redis-server or set CHURN_REDIS_SERVER"
                ));
                return None;
            }
        };
        let server = Self { child, port };
        let deadline = Instant::now() + Duration::from_secs(60);
        while Instant::now() < deadline {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(server);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("redis-server on port {port} did not answer within 60 seconds");
    }

    /// Its address, for example `redis://127.0.0.1:40001`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // It has ended already when this fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
