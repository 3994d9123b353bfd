//! An S3-compatible server of its own for a test, stopped when the test ends.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::locate::left_out;

/// A running `moto_server` with one empty bucket. Any keys are accepted.
#[derive(Debug)]
pub struct S3Server {
    child: Child,
    port: u16,
}

impl S3Server {
    /// Name of the bucket.
    pub const BUCKET: &'static str = "churn";

    /// Starts the server: `CHURN_MOTO`, default `~/.cache/churn/py/bin/moto_server`. `None`,
    /// with one line on stderr, when it is absent.
    ///
    /// # Panics
    /// When it is absent and the variable `CI` is `true`, or it does not answer within 60
    /// seconds.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test helper: a fault fails the test")]
    pub fn start() -> Option<Self> {
        let program = std::env::var_os("CHURN_MOTO").map_or_else(
            || {
                std::env::home_dir()
                    .unwrap_or_default()
                    .join(".cache/churn/py/bin/moto_server")
            },
            PathBuf::from,
        );
        if !program.exists() {
            left_out(&format!(
                "no S3 server at {}: set CHURN_MOTO",
                program.display()
            ));
            return None;
        }
        let port = TcpListener::bind(("127.0.0.1", 0))
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let child = Command::new(&program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto_server starts");
        let server = Self { child, port };
        server.make_bucket();
        Some(server)
    }

    /// Its address, for example `http://127.0.0.1:40001`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Replaces the content of an object behind the back of whoever wrote it.
    ///
    /// # Panics
    /// When the server refuses.
    #[expect(clippy::expect_used, reason = "a test helper: a fault fails the test")]
    pub fn overwrite(&self, key: &str, content: &str) {
        let answer = self.request(&format!("/{}/{key}", Self::BUCKET), content);
        assert!(
            answer.expect("an answer").contains(" 200 "),
            "the object is replaced"
        );
    }

    #[expect(clippy::panic, reason = "a test helper: a fault fails the test")]
    fn make_bucket(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while Instant::now() < deadline {
            match self.request(&format!("/{}", Self::BUCKET), "") {
                Ok(answer) if answer.contains(" 200 ") => return,
                _ => std::thread::sleep(Duration::from_millis(100)),
            }
        }
        panic!(
            "moto_server on port {} did not answer within 60 seconds",
            self.port
        );
    }

    /// One PUT without authorisation, which this server does not ask for.
    fn request(&self, path: &str, body: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        write!(
            stream,
            "PUT {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=test\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.port,
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        // It has ended already when this fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
