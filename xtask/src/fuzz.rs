//! `fuzz`: other people's clients against a running service.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::http::Client;
use crate::installation::{self, Installation};
use crate::peers::Environment;
use crate::{Outcome, paths, shell};

const USAGE: &str = "expected `cargo xtask fuzz api [--seconds N]`";

/// Seconds of made-up requests unless `--seconds` says otherwise.
const SECONDS: u32 = 150;

/// Seconds of requests for things that are not there.
const ELSEWHERE_SECONDS: u32 = 30;

/// What every answer is checked for. Whether a value is *good* is not all said in the document,
/// so a refusal of a well-formed request is no finding, and who may do what has tests of its own.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
response_headers_conformance,response_schema_conformance,unsupported_method,\
negative_data_rejection,missing_required_header";

const ENVIRONMENT: Environment = Environment {
    variable: "CHURN_FUZZ_PYTHON",
    requirements: "tests/fuzz/requirements.txt",
    name: "fuzz",
};

/// Asks by the client of the inference protocol, then with made-up requests of every route.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let seconds = match arguments {
        [what] if what == "api" => SECONDS,
        [what, option, number] if what == "api" && option == "--seconds" => {
            number.parse().with_context(|| USAGE)?
        }
        _ => bail!(USAGE),
    };
    let python = ENVIRONMENT.ensure()?;
    let installation = Installation::new(&installation::build()?, "fuzz", None)?;
    let client = installation.client()?;
    let mut server = installation.serve()?;
    let asked = installation.wait_until_ready(&client).and_then(|()| {
        ask_by_protocol(&installation, &python, &client.key)?;
        make_up(&installation, &python, &client, seconds)
    });
    let stopped = installation.stop(&mut server);
    asked.and(stopped)
}

/// The same probabilities as `churn score` gives.
fn ask_by_protocol(installation: &Installation, python: &Path, key: &str) -> Outcome {
    let (customers, scored) = (
        installation.path("score.csv"),
        installation.path("scored.jsonl"),
    );
    let mut score = installation.churn(&["score", &customers, "-o", &scored]);
    shell::run(score.stdout(Stdio::null()))?;
    shell::run(
        Command::new(python)
            .arg(paths::workspace().join("tests/fuzz/protocol.py"))
            .arg(format!("127.0.0.1:{}", installation.port))
            .args([&customers, &scored])
            .env("CHURN_KEY", key),
    )
}

/// Made-up requests, good and bad: first of things that are there, then of things that are not.
///
/// What could end the account or the key of the run is asked in the second part only, which knows
/// the id of neither.
fn make_up(installation: &Installation, python: &Path, client: &Client, seconds: u32) -> Outcome {
    let config = paths::workspace().join("tests/fuzz/schemathesis.toml");
    let mut there = Command::new(python.with_file_name("schemathesis"));
    there
        .arg("--config-file")
        .arg(config)
        .env("CHURN_FUZZ_JOB", make_job(installation, client)?)
        .args(["run", "--max-time", &seconds.to_string()])
        .args(["--exclude-operation-id", "revoke_key"])
        .args(["--exclude-operation-id", "change_user"]);
    let mut elsewhere = Command::new(python.with_file_name("schemathesis"));
    elsewhere
        .args(["run", "--max-time", &ELSEWHERE_SECONDS.to_string()])
        .args([
            "--include-path-regex",
            "[{]",
            "--phases",
            "coverage,fuzzing",
        ]);
    for mut command in [there, elsewhere] {
        command
            .args(["--header", &format!("X-Api-Key: {}", client.key)])
            .args(["--checks", CHECKS, "--continue-on-failure", "--no-color"])
            .args(["--generation-database", "none"])
            .arg(format!(
                "http://127.0.0.1:{}/openapi.json",
                installation.port
            ))
            .current_dir(installation.path(""));
        shell::run(&mut command).context("the service does not keep to its document; see above")?;
    }
    Ok(())
}

/// A job that has scored a file, so that there are results and customers to ask for: its id.
fn make_job(installation: &Installation, client: &Client) -> anyhow::Result<String> {
    let file = std::fs::read(installation.path("score.csv"))?;
    let path = "/api/v1/batch_predict?as_job=true";
    let asked = client.send("POST", path, "content-type: text/csv\r\n", &file)?;
    let id = asked.json()["job"]["id"].as_str().map(str::to_owned);
    let id = id.context("the service did not make a job of a file")?;
    let path = format!("/api/v1/jobs/{id}");
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        if client.get(&path)?.json()["status"] == "succeeded" {
            return Ok(id);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    bail!("job {id} has not succeeded within a minute")
}
