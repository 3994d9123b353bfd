//! Tasks of the workspace: `cargo xtask help` lists them.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the developer's terminal"
)]

mod bench;
mod browser;
mod chaos;
mod ci;
mod data;
mod demo;
mod fuzz;
mod http;
mod installation;
mod layers;
mod licences;
mod links;
mod moto;
mod parity;
mod paths;
mod peers;
mod postgres;
mod setup;
mod shell;
mod sources;
mod test;
mod tidy;
mod web;
mod xgboost;

use std::process::ExitCode;

/// What a task answers: an error names the thing that failed and how to go on.
type Outcome = anyhow::Result<()>;

const HELP: &str = "\
cargo xtask TASK

  setup             fetch libxgboost and the S3 server of the tests
  demo [-- ARGS]    build the program, then train, score and serve the sample data
                    (--debug builds without optimisation; ARGS go to `churn demo`)
  test              start what the tests need and run all of them
  chaos [--kills N] kill the service at random moments under load, and count what is left
                    (10 kills on each database unless told otherwise)
  fuzz api [--seconds N]
                    ask a running service by the clients of others: tritonclient, schemathesis
                    (about three minutes; installed into the cache first)
  web               build the scripts and styles of the dashboard (needs Node)
  browser           go through the pages in Chromium, beside a running service
  tidy              check layers, licences, module docs, links and house rules
  bench NAME        CPU time beside the Python packages, installed into the cache first:
                    train, explain, score or api (under load; needs wrk)
  parity [DATA...]  model quality beside the Python packages on the same folds
  ci                everything a change must pass: fmt, clippy, tidy, test, doc, deny
  help              this text
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = match arguments.split_first() {
        Some((task, rest)) => (task.as_str(), rest),
        None => ("help", [].as_slice()),
    };
    let outcome = match (task, rest) {
        ("demo", rest) => demo::run(rest),
        ("setup", []) => setup::run(),
        ("test", []) => test::run(),
        ("chaos", rest) => chaos::run(rest),
        ("fuzz", rest) => fuzz::run(rest),
        ("web", []) => web::ensure_built(),
        ("browser", rest) => browser::task(rest),
        ("tidy", []) => tidy::run(),
        ("bench", rest) => bench::run(rest),
        ("parity", rest) => parity::run(rest),
        ("ci", []) => ci::run(),
        ("help" | "--help" | "-h", []) => {
            print!("{HELP}");
            Ok(())
        }
        _ => {
            eprintln!(
                "unknown task or arguments: {}\n\n{HELP}",
                arguments.join(" ")
            );
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask {task}: {error:#}");
            ExitCode::FAILURE
        }
    }
}
