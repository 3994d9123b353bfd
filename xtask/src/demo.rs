//! `demo`: one command from nothing to a trained and scored sample.

use crate::{Outcome, data, paths, shell, web, xgboost};

/// Builds the program and runs `churn demo` on the Telco file.
///
/// Without the file `churn demo` makes synthetic customers, which is said loudly; `--data` or
/// `--rows` among the arguments choose for themselves.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let is_debug = arguments
        .iter()
        .take_while(|word| *word != "--")
        .any(|word| word == "--debug");
    let passed: Vec<&String> = arguments
        .iter()
        .filter(|word| !matches!(word.as_str(), "--" | "--debug" | "--release"))
        .collect();
    let library = xgboost::ensure()?;
    web::ensure_built()?;
    let mut command = shell::cargo();
    command
        .arg("run")
        .args(["--package", "churn-cli"])
        .current_dir(paths::workspace());
    if !is_debug {
        command.arg("--release");
    }
    command.args(["--", "demo"]);
    let chooses_data = passed.iter().any(|word| {
        ["--data", "--rows"]
            .iter()
            .any(|option| word.starts_with(option))
    });
    if !chooses_data {
        match data::find_telco() {
            Some(file) => {
                command.arg("--data").arg(file);
                if !passed.iter().any(|word| word.starts_with("--spec")) {
                    command.args(["--spec", "data/telco.yaml"]);
                }
            }
            None => warn_synthetic(),
        }
    }
    command.args(passed);
    command
        .env("CHURN_XGBOOST_LIBRARY", library)
        .env("OMP_WAIT_POLICY", "PASSIVE");
    shell::run(&mut command)
}

fn warn_synthetic() {
    let line = "=".repeat(78);
    eprintln!("{line}");
    eprintln!("THE REAL TELCO FILE IS NOT HERE AND COULD NOT BE FETCHED.");
    eprintln!("The demo runs on SYNTHETIC customers: every figure it shows is made up.");
    eprintln!("For real ones set CHURN_DATA_DIR to a folder with telco-customer-churn.csv.");
    eprintln!("{line}");
}
