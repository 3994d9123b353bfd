//! Load by requests: customers to score, files that become jobs, changes of what serves.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::{Round, locked};
use crate::Outcome;
use crate::http::Answer;

/// First word of the names of customers that are scored one by one.
pub(super) const CUSTOMER: &str = "chaos-";

/// Pause between requests of one loader.
const PAUSE: Duration = Duration::from_millis(5);

/// Pause after a request that nobody answered.
const NOBODY: Duration = Duration::from_millis(20);

/// What was changed over HTTP, and acknowledged.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// How often another version was put into service.
    pub n_activated: usize,
    /// Such requests whose answer never came: done or not.
    pub n_unanswered: usize,
    /// Aliases: name, version, times it was asked for.
    pub aliases: Vec<(String, String, usize)>,
}

impl Round {
    /// Scores one customer after the other, each with a name of its own.
    pub(super) fn predict(&self) -> Outcome {
        for number in 0_u64.. {
            let name = format!("{CUSTOMER}{number}");
            let body =
                json!({ "customer_id": name, "tenure": number % 72, "MonthlyCharges": 70.5 });
            match self.client.post("/api/v1/predict?explain=false", &body) {
                Ok(answer) if answer.status == 200 => {
                    locked(&self.answered)?.push((name, Instant::now()));
                }
                Ok(answer) => refuse(&answer, "a customer")?,
                Err(_) => std::thread::sleep(NOBODY),
            }
            if self.is_calm() {
                break;
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Sends the file to be scored by a job, with a name for each request, until it is
    /// acknowledged; every third is sent once more after that.
    pub(super) fn upload(&self) -> Outcome {
        let file = std::fs::read(self.home.path("score.csv"))?;
        for number in 0_u64.. {
            let key = format!("http-{number}");
            let headers = format!("content-type: text/csv\r\nidempotency-key: {key}\r\n");
            for _ in 0..(1 + u64::from(number % 3 == 0)) {
                let (answer, _) = self.insist(|| {
                    let path = "/api/v1/batch_predict?as_job=true";
                    self.client.send("POST", path, &headers, &file)
                })?;
                let id = answer["job"]["id"]
                    .as_str()
                    .context("a job without an id")?;
                self.acknowledge(&key, id)?;
            }
            if self.is_calm() {
                break;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    /// Puts one version after the other into service, and gives names to them.
    pub(super) fn change(&self) -> Outcome {
        for number in 0_usize.. {
            let version = ["v1.0.0", "latest"][number % 2];
            let body = json!({ "why": "chaos" });
            let path = format!("/api/v1/models/{version}/activate");
            let (moved, n_asked) = self.insist(|| self.client.post(&path, &body))?;
            {
                let mut changes = locked(&self.changes)?;
                // Asked for once more, or put into service by the training: nothing was left to do.
                changes.n_activated += usize::from(moved["from"] != moved["to"]);
                changes.n_unanswered += n_asked - 1;
            }
            let alias = format!("chaos-{number}");
            let path = format!("/api/v1/aliases/{alias}");
            let body = json!({ "version": "v1.0.0" }).to_string();
            let headers = "content-type: application/json\r\n";
            let (moved, n_asked) =
                self.insist(|| self.client.send("PUT", &path, headers, body.as_bytes()))?;
            let to = moved["to"].as_str().context("a move to nowhere")?;
            let change = (alias, to.to_owned(), n_asked);
            locked(&self.changes)?.aliases.push(change);
            if self.is_calm() {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Asks until there is an answer: its body, and how often it was asked for.
    fn insist(&self, ask: impl Fn() -> anyhow::Result<Answer>) -> anyhow::Result<(Value, usize)> {
        let deadline = Instant::now() + super::CALM;
        for n_asked in 1.. {
            match ask() {
                Ok(answer) if (200..300).contains(&answer.status) => {
                    return Ok((answer.json(), n_asked));
                }
                Ok(answer) => refuse(&answer, "a request")?,
                Err(_) => {}
            }
            if Instant::now() > deadline {
                break;
            }
            std::thread::sleep(NOBODY);
        }
        bail!("{}: nobody answered", self.home.title)
    }
}

/// A service that has just started, or is full, may say so; nothing else is a good answer.
fn refuse(answer: &Answer, what: &str) -> Outcome {
    if answer.status == 503 {
        std::thread::sleep(NOBODY);
        return Ok(());
    }
    bail!(
        "{what} was answered with {}: {}",
        answer.status,
        answer.json()
    )
}
