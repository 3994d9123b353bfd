//! A home of its own with a small model in it, and `churn serve` over it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use crate::http::Client;
use crate::{Outcome, paths, shell};

/// Customers in the file to score.
pub(crate) const N_ROWS: u64 = 40;

/// How long a service may take to answer for the first time, or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// Name and password of the account requests are made with.
pub(crate) const ADMIN: &str = "operator";
pub(crate) const PASSWORD: &str = "for this one run only";

/// One home. It is removed when this goes.
pub(crate) struct Installation {
    program: PathBuf,
    /// For messages.
    pub title: &'static str,
    home: PathBuf,
    database: Option<String>,
    /// The port its service listens on.
    pub port: u16,
}

impl Drop for Installation {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.home).ok();
    }
}

/// Builds `churn` without optimising it further than tests do, and says where it is.
pub(crate) fn build() -> anyhow::Result<PathBuf> {
    shell::run(
        shell::cargo()
            .args(["build", "--package", "churn-cli"])
            .current_dir(paths::workspace()),
    )?;
    Ok(paths::target()?.join("debug/churn"))
}

impl Installation {
    /// A home with `train.csv`, `score.csv`, a logistic model of synthetic customers in service,
    /// and files to ask for jobs with.
    pub(crate) fn new(
        program: &Path,
        title: &'static str,
        database: Option<String>,
    ) -> anyhow::Result<Self> {
        // Free now; the service takes it later, again and again.
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let installation = Self {
            program: program.to_owned(),
            title,
            home: paths::scratch(&format!("home-{title}"))?,
            database,
            port,
        };
        for (rows, name) in [(1500, "train.csv"), (N_ROWS, "score.csv")] {
            let (rows, path) = (rows.to_string(), installation.path(name));
            installation.must(&["synth", "snapshot", "--rows", &rows, "-o", &path])?;
        }
        installation.write_jobs()?;
        installation.train("42")?;
        installation.must(&["models", "activate", "latest"])?;
        Ok(installation)
    }

    fn write_jobs(&self) -> Outcome {
        let config = json!({ "algorithms": ["logistic"], "folds": 3, "repeats": 1, "bootstrap_replicates": 100 });
        std::fs::write(self.path("train.yaml"), config.to_string())?;
        let score = json!({ "input": { "file": self.path("score.csv") }, "reasons": 1 });
        std::fs::write(self.path("score.json"), score.to_string())?;
        let train = json!({
            "data": { "file": self.path("train.csv") },
            "spec": std::fs::read_to_string(spec())?,
            "config": config,
            "seed": 7,
        });
        std::fs::write(self.path("train.json"), train.to_string())?;
        Ok(())
    }

    /// Trains one more version, which is not put into service; the same seed is the same version.
    pub(crate) fn train(&self, seed: &str) -> Outcome {
        let (data, config) = (self.path("train.csv"), self.path("train.yaml"));
        let mut command = self.churn(&["train", &data, "--config", &config, "--no-activate"]);
        // Whether a policy would choose it is not the question here.
        command.args(["--seed", seed]).arg("--spec").arg(spec());
        command.stdout(Stdio::null()).status()?;
        Ok(())
    }

    /// The path of a file of the home.
    pub(crate) fn path(&self, name: &str) -> String {
        self.home.join(name).display().to_string()
    }

    /// The program over this home.
    pub(crate) fn churn(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg("--home")
            .arg(&self.home)
            .arg("--json")
            .args(arguments)
            .current_dir(paths::workspace())
            .env("CHURN_JOBS_LEASE_SECONDS", "1")
            .env("CHURN_DATABASE_POOL", "4")
            .env("CHURN_PASSWORD", PASSWORD)
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        if let Some(url) = &self.database {
            command.env("CHURN_DATABASE_URL", url);
        }
        command
    }

    /// What a command that must succeed says.
    pub(crate) fn must(&self, arguments: &[&str]) -> anyhow::Result<Value> {
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

    /// Makes an administrator and a key that may do everything.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        self.must(&["user", "add", ADMIN, "--role", "admin"])?;
        let scopes = "read,score,train,models,users";
        let made = self.must(&[
            "user", "key", "add", ADMIN, "--label", "run", "--scopes", scopes,
        ])?;
        let key = made["secret"].as_str().context("a key without a secret")?;
        Ok(Client::new(self.port, key))
    }

    /// Starts the service; it may not answer yet.
    pub(crate) fn serve(&self) -> anyhow::Result<Child> {
        let port = self.port.to_string();
        let mut command = self.churn(&["serve", "--port", &port]);
        command.stdout(Stdio::null());
        command.spawn().context("could not start churn serve")
    }

    /// Waits until the service has a model to answer with.
    pub(crate) fn wait_until_ready(&self, client: &Client) -> Outcome {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if client
                .get("/readyz")
                .is_ok_and(|answer| answer.status == 200)
            {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("{}: the service does not answer", self.title)
    }

    /// A polite stop must be clean.
    pub(crate) fn stop(&self, server: &mut Child) -> Outcome {
        shell::read(Command::new("kill").args(["-TERM", &server.id().to_string()]));
        let deadline = Instant::now() + PATIENCE;
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
}

fn spec() -> PathBuf {
    paths::workspace().join("data/telco.yaml")
}
