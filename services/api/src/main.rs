//! `churn-api`: the service over HTTP on its own. Settings come from the folder in `CHURN_HOME`
//! (default `var`), its `config/`, and the environment.

use std::process::ExitCode;

fn main() -> ExitCode {
    match churn_api::run(&churn_config::home_dir(), None) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            churn_api::report(&fault);
            ExitCode::FAILURE
        }
    }
}
