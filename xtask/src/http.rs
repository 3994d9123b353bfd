//! A small HTTP client: one request a connection, answers of known length or until the end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who asks whom.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    port: u16,
    pub key: String,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Client {
    /// A client with an API key, of a service on this machine.
    pub(crate) fn new(port: u16, key: &str) -> Self {
        Self {
            port,
            key: key.to_owned(),
        }
    }

    pub(crate) fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.send("GET", path, "", b"")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        let headers = "content-type: application/json\r\n";
        self.send("POST", path, headers, body.to_string().as_bytes())
    }

    /// Sends a request; an answer that does not come whole is an error.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> anyhow::Result<Answer> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-api-key: {}\r\ncontent-length: {}\r\n{headers}\r\n",
            self.key,
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        parse(&bytes)
    }

    /// Every item of a list, part by part.
    pub(crate) fn list(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let answer = self.get(&format!("{path}?limit=1000{cursor}"))?;
            ensure!(answer.status == 200, "{path}: {}", answer.status);
            let mut body = answer.json();
            if let Value::Array(part) = body["items"].take() {
                items.extend(part);
            }
            match body["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(items),
            }
        }
    }
}

fn parse(bytes: &[u8]) -> anyhow::Result<Answer> {
    let end = bytes.windows(4).position(|part| part == b"\r\n\r\n");
    let end = end.context("an answer without an end of its head")?;
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|length| length.trim().parse::<usize>().ok());
    let body = bytes[end + 4..].to_vec();
    ensure!(
        length.is_none_or(|length| length == body.len()),
        "an answer that is cut short"
    );
    Ok(Answer {
        status: status.context("an answer without a status")?,
        body,
    })
}
