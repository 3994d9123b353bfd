//! `test`: starts what the tests need, runs all of them, and says how long it took.

use std::time::Instant;

use anyhow::bail;

use crate::{Outcome, browser, data, moto, paths, postgres, shell, web, xgboost};

/// Runs the tests and the examples in the documentation.
///
/// What can't be had is left out in one line each; with `CI=true` that is an error.
pub(crate) fn run() -> Outcome {
    let started = Instant::now();
    let mut variables = vec![("OMP_WAIT_POLICY", "PASSIVE".to_owned())];
    if let Some(library) = leave_out("libxgboost", xgboost::ensure())? {
        variables.push((
            "CHURN_XGBOOST_LIBRARY",
            library.to_string_lossy().into_owned(),
        ));
    }
    if let Some(server) = leave_out("the S3 server", moto::ensure())? {
        variables.push(("CHURN_MOTO", server.to_string_lossy().into_owned()));
    }
    match data::find_folder() {
        Some(folder) => variables.push(("CHURN_DATA_DIR", folder.to_string_lossy().into_owned())),
        None if shell::is_ci() => {
            bail!("no public data, and CI=true leaves nothing out: set CHURN_DATA_DIR")
        }
        None => eprintln!(
            "left out: the public data is not here and could not be fetched (set CHURN_DATA_DIR)"
        ),
    }
    // Before anything is built: the service keeps the dashboard in itself.
    let pages = leave_out("the dashboard", web::ensure_built())?;
    let browser = match pages {
        Some(()) => leave_out("the tests in a browser", browser::ensure())?,
        None => None,
    };
    let server = postgres::find_or_start()?;
    if let Some(server) = &server {
        variables.push(("CHURN_TEST_POSTGRES_URL", server.url().to_owned()));
    }
    let outcome = run_all(&variables);
    let pages = browser.map_or(Ok(()), |browser| browser::run(&browser));
    let outcome = outcome.and(pages);
    drop(server);
    let seconds = started.elapsed().as_secs();
    println!("tests took {} min {} s", seconds / 60, seconds % 60);
    outcome
}

fn run_all(variables: &[(&str, String)]) -> Outcome {
    let run = |arguments: &[&str]| -> Outcome {
        let variables = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        shell::run(
            shell::cargo()
                .args(arguments)
                .current_dir(paths::workspace())
                .envs(variables),
        )
    };
    let has_nextest = shell::read(shell::cargo().args(["nextest", "--version"])).is_some();
    let tests: &[&str] = if has_nextest {
        &["nextest", "run", "--workspace", "--no-fail-fast"]
    } else {
        &[
            "test",
            "--workspace",
            "--no-fail-fast",
            "--lib",
            "--bins",
            "--tests",
        ]
    };
    let tests = run(tests);
    let examples = run(&["test", "--doc", "--workspace"]);
    tests.and(examples)
}

/// On a build server an error stays one; elsewhere it is told in one line and the thing left out.
fn leave_out<T>(what: &str, found: anyhow::Result<T>) -> anyhow::Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if shell::is_ci() => {
            Err(error.context(format!("{what} is missing, and CI=true leaves nothing out")))
        }
        Err(error) => {
            eprintln!("left out: {what}: {error:#}");
            Ok(None)
        }
    }
}
