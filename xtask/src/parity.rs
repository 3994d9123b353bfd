//! `parity`: quality of our models beside the Python packages, on the same folds.

use std::process::Command;

use anyhow::{Context, bail};

use crate::{Outcome, data, paths, peers, shell, xgboost};

/// Builds the program and runs `tests/parity/parity.py`; `arguments` name data sets, none means
/// all three. Minutes of one processor, not seconds.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let data = data::find_folder().context(
        "no public data; set CHURN_DATA_DIR to the folder with telco-customer-churn.csv, bank-churn.csv and cell2cell.csv.gz",
    )?;
    let library = xgboost::ensure()?;
    let python = peers::ensure()?;
    shell::run(
        shell::cargo()
            .args(["build", "--release", "--package", "churn-cli"])
            .current_dir(paths::workspace()),
    )?;
    let work = paths::scratch("parity")?;
    let mut command = Command::new(python);
    command
        .arg(paths::workspace().join("tests/parity/parity.py"))
        .arg(paths::target()?.join("release/churn"))
        .args([&data, &work])
        .args(arguments)
        .env("PYTHONPATH", xgboost::python_package(&library))
        .env("CHURN_XGBOOST_LIBRARY", &library)
        .env("OMP_WAIT_POLICY", "PASSIVE");
    let status = command.status();
    // What the runs left is of no use; the outcome counts.
    std::fs::remove_dir_all(&work).ok();
    match status.context("could not start Python")?.code() {
        Some(0) => Ok(()),
        Some(1) => bail!("a line of the table above failed"),
        _ => bail!("the comparison could not be run; see above"),
    }
}
