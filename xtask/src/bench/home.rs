//! A home with a deep XGBoost model of the real file: what scoring and serving are measured on.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{paths, shell, xgboost};

/// About three hundred trees of depth 6, whatever early stopping says.
const CONFIG: &str = "algorithms: [xgboost]
folds: 2
repeats: 1
parameters:
  xgboost: {n_estimators: 300, learning_rate: 0.01, max_depth: 6, early_stopping_rounds: 300}
";

/// The program as people get it and a folder for what it leaves, which goes with this value.
pub(super) struct Home {
    program: PathBuf,
    library: PathBuf,
    folder: PathBuf,
    threads: usize,
}

impl Drop for Home {
    fn drop(&mut self) {
        // Files of a finished run are of no use; the outcome counts.
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

impl Home {
    /// Builds the program and makes an empty folder called after `name`.
    pub(super) fn new(name: &str, threads: usize) -> anyhow::Result<Self> {
        let arguments = ["build", "--release", "--package", "churn-cli"];
        shell::run(
            shell::cargo()
                .args(arguments)
                .current_dir(paths::workspace()),
        )?;
        Ok(Self {
            program: paths::target()?.join("release/churn"),
            library: xgboost::ensure()?,
            folder: paths::scratch(name)?,
            threads,
        })
    }

    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    /// A file in the folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Trains on the file, makes the model champion and gives its bundle.
    pub(super) fn train(&self, telco: &Path) -> anyhow::Result<PathBuf> {
        let (config, bundle) = (self.file("train.yaml"), self.file("model.zip"));
        std::fs::write(&config, CONFIG)?;
        let spec = paths::workspace().join("data/telco.yaml");
        let mut train = self.command();
        train.arg("train").arg(telco).arg("--spec").arg(spec);
        train.arg("--config").arg(config);
        let mut export = self.command();
        export.args(["models", "export", "champion", "-o"]);
        export.arg(&bundle);
        [train, export]
            .iter_mut()
            .try_for_each(shell::run)
            .map(|()| bundle)
    }

    /// The program on this home.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        self.settle(&mut command);
        command
    }

    /// What every run of ours is given.
    pub(super) fn settle(&self, command: &mut Command) {
        command
            .arg("--home")
            .arg(self.file("home"))
            .args(["--threads", &self.threads.to_string()])
            .env("CHURN_XGBOOST_LIBRARY", &self.library)
            .env("OMP_WAIT_POLICY", "PASSIVE");
    }

    /// Gives Python the same libxgboost as ours: the wheel's own package lies beside it.
    pub(super) fn lend_library(&self, command: &mut Command) {
        command
            .env("PYTHONPATH", xgboost::python_package(&self.library))
            .env("CHURN_XGBOOST_LIBRARY", &self.library)
            .env("OMP_WAIT_POLICY", "PASSIVE");
    }
}
