//! `chaos`: kills `churn serve` at random moments under load, and counts what is left.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use crate::{Outcome, paths, postgres, shell};

/// Kills on each database unless `--kills` says otherwise.
const KILLS: u32 = 10;

/// Customers in the file that every job scores.
const N_ROWS: u64 = 40;

/// Processes that ask for jobs at the same time.
const N_LOADERS: u64 = 2;

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
    shell::run(
        shell::cargo()
            .args(["build", "--package", "churn-cli"])
            .current_dir(paths::workspace()),
    )?;
    let program = paths::target()?.join("debug/churn");
    Round::new(&program, "SQLite", None)?.run(n_kills)?;
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
    let outcome = Round::new(&program, "Postgres", Some(url)).and_then(|round| round.run(n_kills));
    psql(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
    outcome
}

/// One home, and what was asked of it.
struct Round {
    program: PathBuf,
    title: &'static str,
    home: PathBuf,
    database: Option<String>,
    /// Ids that were acknowledged, by key.
    acknowledged: Mutex<BTreeMap<String, String>>,
    calm: AtomicBool,
}

impl Drop for Round {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.home).ok();
    }
}

impl Round {
    /// A home with a model and something to score.
    fn new(program: &Path, title: &'static str, database: Option<String>) -> anyhow::Result<Self> {
        let home = paths::scratch(&format!("chaos-{title}"))?;
        let round = Self {
            program: program.to_owned(),
            title,
            home,
            database,
            acknowledged: Mutex::default(),
            calm: AtomicBool::new(false),
        };
        let file = |name: &str| round.home.join(name).display().to_string();
        for (rows, name) in [(1500, "train.csv"), (N_ROWS, "score.csv")] {
            let rows = rows.to_string();
            round.must(&["synth", "snapshot", "--rows", &rows, "-o", &file(name)])?;
        }
        let config = json!({ "algorithms": ["logistic"], "folds": 3, "repeats": 1, "bootstrap_replicates": 100 });
        std::fs::write(file("train.yaml"), config.to_string())?;
        let spec = paths::workspace().join("data/telco.yaml");
        let training = [
            "train",
            &file("train.csv"),
            "--config",
            &file("train.yaml"),
            "--no-activate",
        ];
        let mut command = round.churn(&training);
        // Whether a policy would choose it is not the question here.
        command
            .arg("--spec")
            .arg(&spec)
            .stdout(Stdio::null())
            .status()?;
        round.must(&["models", "activate", "latest"])?;
        let score = json!({ "input": { "file": file("score.csv") }, "reasons": 1 });
        std::fs::write(file("score.json"), score.to_string())?;
        let train = json!({
            "data": { "file": file("train.csv") },
            "spec": std::fs::read_to_string(&spec)?,
            "config": config,
            "seed": 7,
        });
        std::fs::write(file("train.json"), train.to_string())?;
        Ok(round)
    }

    fn churn(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg("--home")
            .arg(&self.home)
            .arg("--json")
            .args(arguments)
            .current_dir(paths::workspace())
            .env("CHURN_JOBS_LEASE_SECONDS", "1")
            .env("CHURN_DATABASE_POOL", "4")
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        if let Some(url) = &self.database {
            command.env("CHURN_DATABASE_URL", url);
        }
        command
    }

    /// What a command that must succeed says.
    fn must(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let output = self.churn(arguments).stderr(Stdio::piped()).output()?;
        ensure!(
            output.status.success(),
            "{}: churn {} failed: {}",
            self.title,
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    fn run(&self, n_kills: u32) -> Outcome {
        let started = Instant::now();
        self.ask("train_model", "train.json", "train")?;
        let killed = std::thread::scope(|scope| {
            let loaders: Vec<_> = (0..N_LOADERS)
                .map(|number| scope.spawn(move || self.load(number)))
                .collect();
            let killed = self.kill(n_kills);
            self.calm.store(true, Ordering::Relaxed);
            for loader in loaders {
                match loader.join() {
                    Ok(loaded) => loaded?,
                    Err(_) => bail!("a loader broke off"),
                }
            }
            killed
        });
        killed?;
        let mut server = self.serve()?;
        let settled = self.settle();
        let stopped = self.stop(&mut server);
        settled.and(stopped)?;
        let counts = self.count()?;
        println!(
            "{}: {n_kills} kills in {} s; {counts}",
            self.title,
            started.elapsed().as_secs()
        );
        Ok(())
    }

    fn serve(&self) -> anyhow::Result<Child> {
        let mut command = self.churn(&["serve", "--port", "0"]);
        command.stdout(Stdio::null());
        command.spawn().context("could not start churn serve")
    }

    /// Starts the service and kills it at a random moment, again and again.
    fn kill(&self, n_kills: u32) -> Outcome {
        let mut random = Random::new(1);
        for number in 1..=n_kills {
            let mut server = self.serve()?;
            std::thread::sleep(Duration::from_millis(100 + random.below(1900)));
            if let Some(status) = server.try_wait()? {
                bail!(
                    "{}: start {number} was not clean: the service ended ({status})",
                    self.title
                );
            }
            // SIGKILL.
            server.kill()?;
            server.wait()?;
        }
        Ok(())
    }

    /// Asks for jobs until it is calm. Every fourth process that asks is killed too; what was not
    /// acknowledged is asked for again with the same key.
    fn load(&self, number: u64) -> Outcome {
        let mut random = Random::new(100 + number);
        for count in 0_u64.. {
            let key = format!("load-{number}-{count}");
            while random.below(4) == 0 {
                let arguments = [
                    "jobs",
                    "add",
                    "score_file",
                    &self.path("score.json"),
                    "--key",
                    &key,
                ];
                let mut doomed = self.churn(&arguments).stdout(Stdio::null()).spawn()?;
                std::thread::sleep(Duration::from_millis(random.below(120)));
                doomed.kill().ok();
                doomed.wait()?;
            }
            self.ask("score_file", "score.json", &key)?;
            if self.calm.load(Ordering::Relaxed) {
                break;
            }
        }
        Ok(())
    }

    fn path(&self, name: &str) -> String {
        self.home.join(name).display().to_string()
    }

    fn ask(&self, kind: &str, file: &str, key: &str) -> Outcome {
        let answer = self.must(&["jobs", "add", kind, &self.path(file), "--key", key])?;
        let id = answer["job"]["id"]
            .as_str()
            .context("a job without an id")?;
        if let Ok(mut acknowledged) = self.acknowledged.lock() {
            acknowledged.insert(key.to_owned(), id.to_owned());
        }
        Ok(())
    }

    fn jobs(&self) -> anyhow::Result<Vec<Value>> {
        let mut answer = self.must(&["jobs", "list", "--limit", "10000"])?;
        match answer["jobs"].take() {
            Value::Array(jobs) => Ok(jobs),
            _ => bail!("a list of jobs that is none"),
        }
    }

    /// Waits until every job has ended. One whose workers were killed too often is kept aside by
    /// design; it is retried as its operator would.
    fn settle(&self) -> Outcome {
        let deadline = Instant::now() + CALM;
        loop {
            let mut n_open = 0;
            for job in self.jobs()? {
                let id = job["id"].as_str().unwrap_or_default();
                let error = job["error"].as_str().unwrap_or_default();
                match job["status"].as_str() {
                    Some("succeeded") => continue,
                    Some("failed") if error.contains("gave no sign of life") => {
                        self.must(&["jobs", "retry", id])?;
                    }
                    Some("failed" | "cancelled") => bail!("{}: job {id}: {error}", self.title),
                    _ => {}
                }
                n_open += 1;
            }
            if n_open == 0 {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "{}: {n_open} jobs had not ended after {} s of calm",
                self.title,
                CALM.as_secs()
            );
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    /// A polite stop must be clean.
    fn stop(&self, server: &mut Child) -> Outcome {
        shell::read(Command::new("kill").args(["-TERM", &server.id().to_string()]));
        let deadline = Instant::now() + Duration::from_secs(60);
        while Instant::now() < deadline {
            if let Some(status) = server.try_wait()? {
                ensure!(
                    status.success(),
                    "{}: the service ended with {status}",
                    self.title
                );
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        server.kill()?;
        bail!("{}: the service did not stop within a minute", self.title)
    }

    /// Compares what is there with what was acknowledged.
    fn count(&self) -> anyhow::Result<String> {
        let title = self.title;
        let jobs = self.jobs()?;
        let by_id: BTreeMap<&str, &Value> = jobs
            .iter()
            .filter_map(|job| Some((job["id"].as_str()?, job)))
            .collect();
        let acknowledged = match self.acknowledged.lock() {
            Ok(acknowledged) => acknowledged.clone(),
            Err(_) => bail!("a loader broke off"),
        };
        let mut outputs = BTreeSet::new();
        let mut n_again = 0;
        for (key, id) in &acknowledged {
            let Some(job) = by_id.get(id.as_str()) else {
                bail!("{title}: job {id} ({key}) was acknowledged and is lost");
            };
            if job["attempt"].as_u64() > Some(1) {
                n_again += 1;
            }
            if job["kind"] == "score_file" {
                let n_scored = &job["result"]["report"]["n_scored"];
                ensure!(
                    *n_scored == N_ROWS,
                    "{title}: job {id} scored {n_scored} rows"
                );
                outputs.insert(job["result"]["output_blob"].to_string());
            }
        }
        let asked = |job: &&Value| job["kind"] != "housekeep";
        let n_asked = jobs.iter().filter(asked).count();
        ensure!(
            n_asked == acknowledged.len(),
            "{title}: {} jobs were asked for, {n_asked} are there: some are doubled",
            acknowledged.len()
        );
        // One model, or the one before and the one after the training.
        ensure!(
            outputs.len() <= 2,
            "{title}: {} different files came out",
            outputs.len()
        );
        let trained = &by_id[acknowledged["train"].as_str()]["result"];
        let champion = self.must(&["models", "list"])?["champion"].take();
        if trained["activated"] == true {
            ensure!(
                champion == trained["champion"],
                "{title}: {} was put into service, {champion} serves",
                trained["champion"]
            );
        }
        let problems = self.must(&["models", "verify"])?["problems"].take();
        ensure!(problems == json!([]), "{title}: {problems}");
        Ok(format!(
            "{} jobs acknowledged, none lost, none doubled, {n_again} of them tried again",
            acknowledged.len()
        ))
    }
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
