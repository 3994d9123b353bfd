//! The file of schedules.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use churn_engine::jobs::KindInfo;
use serde::Deserialize;

use crate::Cron;

/// Something to be enqueued again and again.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Its name in the file.
    pub name: String,
    /// When it is due.
    pub cron: Cron,
    /// Kind of the job.
    pub kind: String,
    /// What the job needs.
    pub payload: serde_json::Value,
}

/// What is done where there is no file: tidying up every night.
const DEFAULT: &str = "
schedules:
  housekeeping:
    cron: 17 3 * * *
    kind: housekeep
";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SchedulesFile {
    schedules: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    cron: String,
    kind: String,
    #[serde(default = "nothing")]
    payload: serde_json::Value,
}

fn nothing() -> serde_json::Value {
    serde_json::json!({})
}

impl Schedule {
    /// The schedules of an installation: `<home>/schedules.yaml`, else `config/schedules.yaml`,
    /// else tidying up every night.
    ///
    /// # Errors
    /// The file can't be read; otherwise every fault in it, all at once.
    pub fn load(home: &Path) -> anyhow::Result<Vec<Self>> {
        let places = [
            home.join("schedules.yaml"),
            PathBuf::from("config/schedules.yaml"),
        ];
        match places.iter().find(|path| path.is_file()) {
            None => Self::parse(DEFAULT),
            Some(path) => {
                let shown = path.display();
                let text =
                    std::fs::read_to_string(path).with_context(|| format!("can't read {shown}"))?;
                Self::parse(&text).with_context(|| format!("{shown} is refused"))
            }
        }
    }

    /// Reads the text of such a file.
    ///
    /// # Errors
    /// Every fault, all at once.
    pub fn parse(text: &str) -> anyhow::Result<Vec<Self>> {
        let file: SchedulesFile = serde_saphyr::from_str(text)?;
        let mut faults = Vec::new();
        let mut schedules = Vec::new();
        for (name, entry) in file.schedules {
            let cron = Cron::parse(&entry.cron);
            let job = KindInfo::find(&entry.kind)
                .map_err(|fault| fault.to_string())
                .and_then(|kind| (kind.check)(&entry.payload));
            match (cron, job) {
                (Ok(cron), Ok(())) => schedules.push(Self {
                    name,
                    cron,
                    kind: entry.kind,
                    payload: entry.payload,
                }),
                (cron, job) => {
                    let of = |field, fault| format!("schedules.{name}.{field}: {fault}");
                    faults.extend(cron.err().map(|fault| of("cron", fault)));
                    faults.extend(job.err().map(|fault| of("payload", fault)));
                }
            }
        }
        if !faults.is_empty() {
            bail!("{}", faults.join("; "));
        }
        Ok(schedules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_schedule_is_sound_and_faults_are_told_all_at_once() {
        let usual = Schedule::parse(DEFAULT).unwrap();
        assert_eq!(usual.len(), 1);
        assert_eq!(usual[0].kind, "housekeep");
        let text = "
schedules:
  a: { cron: 61 * * * *, kind: housekeep, payload: { keep_jobs_days: x } }
  b: { cron: '* * * * *', kind: fly }
";
        let fault = format!("{:#}", Schedule::parse(text).unwrap_err());
        for part in [
            "schedules.a.cron",
            "schedules.a.payload",
            "schedules.b",
            "'fly'",
        ] {
            assert!(fault.contains(part), "{fault}");
        }
        assert!(Schedule::parse("schedule: {}").is_err());
    }
}
