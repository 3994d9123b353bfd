//! `chaos`: kills `churn serve` at random moments under load, and counts what is left.

mod count;
mod over_http;
mod shell_load;

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::http::Client;
use crate::installation::{self, Installation};
use crate::{Outcome, postgres, shell};
use over_http::Changes;

/// Kills on each database unless `--kills` says otherwise.
const KILLS: u32 = 10;

/// How long the rest of the work may take when the killing is over.
const CALM: Duration = Duration::from_secs(300);

/// Runs the test on SQLite and on Postgres, and fails when anything was lost or doubled.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let n_kills = match arguments {
        [] => KILLS,
        [option, number] if option == "--kills" => number
            .parse()
            .with_context(|| format!("--kills: expected a number, found {number:?}"))?,
        _ => bail!(
            "expected nothing or --kills N, found {}",
            arguments.join(" ")
        ),
    };
    let program = installation::build()?;
    let round =
        |title, database| Round::new(Installation::new(&program, title, database)?)?.run(n_kills);
    round("SQLite", None)?;
    let Some(server) = postgres::find_or_start()? else {
        return Ok(());
    };
    let name = format!("churn_chaos_{}", std::process::id());
    let psql = |sql: String| {
        shell::run(Command::new("psql").args(["--quiet", "--command", &sql, server.url()]))
    };
    psql(format!("CREATE DATABASE {name}"))?;
    let url = match server.url().rsplit_once('/') {
        Some((host, _)) => format!("{host}/{name}"),
        None => bail!("{} names no database", server.url()),
    };
    let outcome = round("Postgres", Some(url));
    psql(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
    outcome
}

/// One home, and what was asked of it.
struct Round {
    home: Installation,
    client: Client,
    /// Ids of jobs that were acknowledged, by key.
    acknowledged: Mutex<BTreeMap<String, String>>,
    /// Customers whose scores were answered, and when.
    answered: Mutex<Vec<(String, Instant)>>,
    /// Models that were put into service, names that were given.
    changes: Mutex<Changes>,
    kills: Mutex<Vec<Instant>>,
    calm: AtomicBool,
}

impl Round {
    /// Two versions, so that one can take the other's place.
    fn new(home: Installation) -> anyhow::Result<Self> {
        home.train("43")?;
        Ok(Self {
            client: home.client()?,
            home,
            acknowledged: Mutex::default(),
            answered: Mutex::default(),
            changes: Mutex::default(),
            kills: Mutex::default(),
            calm: AtomicBool::new(false),
        })
    }

    fn run(&self, n_kills: u32) -> Outcome {
        let started = Instant::now();
        self.ask_shell("train_model", "train.json", "train")?;
        std::thread::scope(|scope| {
            let mut loaders = Vec::new();
            for number in 0..shell_load::N_LOADERS {
                loaders.push(scope.spawn(move || self.load_by_shell(number)));
            }
            loaders.push(scope.spawn(|| self.predict()));
            loaders.push(scope.spawn(|| self.upload()));
            loaders.push(scope.spawn(|| self.change()));
            let killed = self.kill(n_kills);
            // The last requests need somebody who answers.
            let server = self.home.serve();
            self.calm.store(true, Ordering::Relaxed);
            let loaded = loaders.into_iter().map(|loader| match loader.join() {
                Ok(loaded) => loaded,
                Err(_) => bail!("a loader broke off"),
            });
            // All of them end before the first fault is told.
            let loaded: Vec<Outcome> = loaded.collect();
            let loaded: Outcome = loaded.into_iter().collect();
            let mut server = server?;
            let settled = killed.and(loaded).and_then(|()| self.settle());
            let stopped = self.home.stop(&mut server);
            settled.and(stopped)
        })?;
        let mut counts = self.count_jobs()?;
        let mut server = self.home.serve()?;
        let counted = self.home.wait_until_ready(&self.client);
        let counted = counted.and_then(|()| self.count_over_http());
        let stopped = self.home.stop(&mut server);
        counts.extend(counted?);
        stopped?;
        println!(
            "{}: {n_kills} kills in {} s; {}",
            self.home.title,
            started.elapsed().as_secs(),
            counts.join("; ")
        );
        Ok(())
    }

    fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    /// Starts the service and kills it at a random moment, again and again.
    fn kill(&self, n_kills: u32) -> Outcome {
        let mut random = Random::new(1);
        for number in 1..=n_kills {
            let mut server = self.home.serve()?;
            std::thread::sleep(Duration::from_millis(100 + random.below(1900)));
            if let Some(status) = server.try_wait()? {
                bail!(
                    "{}: start {number} was not clean: the service ended ({status})",
                    self.home.title
                );
            }
            // SIGKILL.
            server.kill()?;
            server.wait()?;
            locked(&self.kills)?.push(Instant::now());
        }
        Ok(())
    }

    fn acknowledge(&self, key: &str, id: &str) -> Outcome {
        let before = locked(&self.acknowledged)?.insert(key.to_owned(), id.to_owned());
        ensure!(
            before.as_deref().is_none_or(|before| before == id),
            "{}: {key} was acknowledged as {before:?} and as {id}",
            self.home.title
        );
        Ok(())
    }

    fn jobs(&self) -> anyhow::Result<Vec<Value>> {
        let mut answer = self.home.must(&["jobs", "list", "--limit", "10000"])?;
        match answer["jobs"].take() {
            Value::Array(jobs) => Ok(jobs),
            _ => bail!("a list of jobs that is none"),
        }
    }

    /// Waits until every job has ended. One whose workers were killed too often is kept aside by
    /// design; it is retried as its operator would.
    fn settle(&self) -> Outcome {
        let title = self.home.title;
        let deadline = Instant::now() + CALM;
        loop {
            let mut n_open = 0;
            for job in self.jobs()? {
                let id = job["id"].as_str().unwrap_or_default();
                let error = job["error"].as_str().unwrap_or_default();
                match job["status"].as_str() {
                    Some("succeeded") => continue,
                    Some("failed") if error.contains("gave no sign of life") => {
                        self.home.must(&["jobs", "retry", id])?;
                    }
                    Some("failed" | "cancelled") => bail!("{title}: job {id}: {error}"),
                    _ => {}
                }
                n_open += 1;
            }
            if n_open == 0 {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "{title}: {n_open} jobs had not ended after {} s of calm",
                CALM.as_secs()
            );
            std::thread::sleep(Duration::from_millis(500));
        }
    }
}

/// What is behind a lock; a thread that broke off while it held it is an error.
fn locked<T>(mutex: &Mutex<T>) -> anyhow::Result<std::sync::MutexGuard<'_, T>> {
    mutex
        .lock()
        .map_err(|_| anyhow::anyhow!("a loader broke off"))
}

/// A small generator (xorshift); what matters is only that moments differ.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}
