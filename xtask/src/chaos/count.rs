//! Compares what is there with what was acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{bail, ensure};
use serde_json::{Value, json};

use super::over_http::CUSTOMER;
use super::{Round, locked};
use crate::Outcome;
use crate::installation::N_ROWS;

/// An answer is written at most 200 ms after it was given (`docs/api.md`); the rest is for a disk
/// and a processor that others use as well.
const WRITTEN_WITHIN: Duration = Duration::from_millis(1500);

/// Most answers a crash may lose (`docs/api.md`).
const MOST_LOST: usize = 10_000;

impl Round {
    /// Jobs and models, by the shell.
    pub(super) fn count_jobs(&self) -> anyhow::Result<Vec<String>> {
        let title = self.home.title;
        let jobs = self.jobs()?;
        let by_id: BTreeMap<&str, &Value> = jobs
            .iter()
            .filter_map(|job| Some((job["id"].as_str()?, job)))
            .collect();
        let acknowledged = locked(&self.acknowledged)?.clone();
        let mut outputs = BTreeSet::new();
        let mut n_again = 0;
        for (key, id) in &acknowledged {
            let Some(job) = by_id.get(id.as_str()) else {
                bail!("{title}: job {id} ({key}) was acknowledged and is lost");
            };
            if job["attempt"].as_u64() > Some(1) {
                n_again += 1;
            }
            if job["kind"] == "score_file" {
                let n_scored = &job["result"]["report"]["n_scored"];
                ensure!(
                    *n_scored == N_ROWS,
                    "{title}: job {id} scored {n_scored} rows"
                );
                // Asked for by the shell or over HTTP, which ask for other columns.
                let way = key.split('-').next().unwrap_or_default();
                outputs.insert((way, job["result"]["output_blob"].to_string()));
            }
        }
        let asked = |job: &&Value| job["kind"] != "housekeep";
        let n_asked = jobs.iter().filter(asked).count();
        ensure!(
            n_asked == acknowledged.len(),
            "{title}: {} jobs were asked for, {n_asked} are there: some are doubled",
            acknowledged.len()
        );
        let models = self.home.must(&["models", "list"])?;
        let n_versions = models["models"].as_array().map_or(0, Vec::len);
        ensure!(
            outputs.len() <= 2 * n_versions,
            "{title}: {} different files came out of {n_versions} versions",
            outputs.len()
        );
        let problems = self.home.must(&["models", "verify"])?["problems"].take();
        ensure!(problems == json!([]), "{title}: {problems}");
        Ok(vec![format!(
            "{} jobs acknowledged, none lost, none doubled, {n_again} of them tried again",
            acknowledged.len()
        )])
    }

    /// Predictions and changes, by requests to a service that was started once more.
    pub(super) fn count_over_http(&self) -> anyhow::Result<Vec<String>> {
        Ok(vec![self.count_predictions()?, self.count_changes()?])
    }

    fn count_predictions(&self) -> anyhow::Result<String> {
        let title = self.home.title;
        let mut kept = BTreeMap::<String, usize>::new();
        let mut n_of_jobs = 0_u64;
        for prediction in self.client.list("/api/v1/predictions")? {
            let name = prediction["customer_id"].as_str().unwrap_or_default();
            if name.starts_with(CUSTOMER) {
                *kept.entry(name.to_owned()).or_default() += 1;
            } else {
                n_of_jobs += 1;
            }
        }
        if let Some((name, n)) = kept.iter().find(|(_, n)| **n > 1) {
            bail!("{title}: the score of {name} is kept {n} times");
        }
        // A job whose effect landed twice would have written its rows twice.
        let keys = locked(&self.acknowledged)?.clone();
        let n_files = keys.keys().filter(|key| *key != "train").count();
        ensure!(
            n_of_jobs == n_files as u64 * N_ROWS,
            "{title}: {n_files} jobs of {N_ROWS} rows wrote {n_of_jobs} predictions"
        );
        let answered = locked(&self.answered)?;
        let kills = locked(&self.kills)?;
        let lost = answered.iter().filter(|(name, _)| !kept.contains_key(name));
        let mut n_lost = BTreeMap::<usize, usize>::new();
        for (name, at) in lost {
            let next = kills.iter().position(|kill| kill >= at);
            let Some(next) = next.filter(|next| kills[*next] - *at <= WRITTEN_WITHIN) else {
                bail!("{title}: the score of {name} is lost, and no kill is near it");
            };
            *n_lost.entry(next).or_default() += 1;
        }
        let most = n_lost.values().copied().max().unwrap_or(0);
        ensure!(most <= MOST_LOST, "{title}: one kill lost {most} answers");
        Ok(format!(
            "{} scores answered, {} of them not kept, at most {most} by one kill",
            answered.len(),
            n_lost.values().sum::<usize>()
        ))
    }

    fn count_changes(&self) -> anyhow::Result<String> {
        let title = self.home.title;
        let changes = locked(&self.changes)?;
        let mut trail = self.client.list("/api/v1/audit")?;
        trail.reverse();
        let of = |subject: &str| -> Vec<&Value> {
            let mine = trail.iter().filter(|entry| entry["subject"] == subject);
            mine.collect()
        };
        let moves = of("champion");
        for pair in moves.windows(2) {
            ensure!(
                pair[0]["after"] == pair[1]["before"],
                "{title}: between {} and {} a change is lost",
                pair[0],
                pair[1]
            );
        }
        let by_us = moves.iter().filter(|entry| entry["who"] == "operator");
        let n_moves = by_us.count();
        let most = changes.n_activated + changes.n_unanswered;
        ensure!(
            (changes.n_activated..=most).contains(&n_moves),
            "{title}: {} activations were acknowledged, {n_moves} are written down",
            changes.n_activated
        );
        self.check_aliases(&changes.aliases, &of)?;
        let champion = self.home.must(&["models", "list"])?["champion"].take();
        let last = moves.last().and_then(|entry| entry["after"].as_str());
        ensure!(
            last == Some(champion.to_string().as_str()),
            "{title}: {last:?} was put into service last, {champion} serves"
        );
        Ok(format!(
            "{} activations and {} names acknowledged, none lost",
            changes.n_activated,
            changes.aliases.len()
        ))
    }

    fn check_aliases<'a>(
        &self,
        aliases: &[(String, String, usize)],
        of: &dyn Fn(&str) -> Vec<&'a Value>,
    ) -> Outcome {
        let title = self.home.title;
        let models = self.client.list("/api/v1/models")?;
        for (alias, version, n_asked) in aliases {
            let named = models.iter().filter(|model| {
                let names = model["aliases"].as_array();
                names.is_some_and(|names| names.iter().any(|name| name == alias))
            });
            let named: Vec<&Value> = named.map(|model| &model["version"]).collect();
            ensure!(
                named == [version],
                "{title}: the name {alias} of {version} was acknowledged and is that of {named:?}"
            );
            let n = of(alias).len();
            ensure!(
                (1..=*n_asked).contains(&n),
                "{title}: the name {alias} was given {n_asked} times and is written down {n} times"
            );
        }
        Ok(())
    }
}
