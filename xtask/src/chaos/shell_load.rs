//! Load by processes: `churn jobs add`, some of which are killed too.

use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;

use super::{Random, Round};
use crate::Outcome;

/// Processes that ask for jobs at the same time.
pub(super) const N_LOADERS: u64 = 2;

impl Round {
    /// Asks for jobs until it is calm. Every fourth process that asks is killed too; what was not
    /// acknowledged is asked for again with the same key.
    pub(super) fn load_by_shell(&self, number: u64) -> Outcome {
        let mut random = Random::new(100 + number);
        for count in 0_u64.. {
            let key = format!("load-{number}-{count}");
            let file = self.home.path("score.json");
            while random.below(4) == 0 {
                let arguments = ["jobs", "add", "score_file", &file, "--key", &key];
                let mut doomed = self.home.churn(&arguments).stdout(Stdio::null()).spawn()?;
                std::thread::sleep(Duration::from_millis(random.below(120)));
                doomed.kill().ok();
                doomed.wait()?;
            }
            self.ask_shell("score_file", "score.json", &key)?;
            if self.is_calm() {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    pub(super) fn ask_shell(&self, kind: &str, file: &str, key: &str) -> Outcome {
        let file = self.home.path(file);
        let answer = self
            .home
            .must(&["jobs", "add", kind, &file, "--key", key])?;
        let id = answer["job"]["id"]
            .as_str()
            .context("a job without an id")?;
        self.acknowledge(key, id)
    }
}
