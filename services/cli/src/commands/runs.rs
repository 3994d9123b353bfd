//! `churn runs`: what was tried.

use std::process::ExitCode;

use anyhow::bail;
use churn_engine::Home;
use churn_pipeline::RunConfig;
use churn_registry::{Interval, Run};
use serde_json::Value;

use crate::{args::RunsCommand, table::TextTable, ui::Ui};

pub(crate) fn run(home: &Home, command: &RunsCommand, ui: &Ui) -> anyhow::Result<ExitCode> {
    let runs = home.registry().runs()?;
    match command {
        RunsCommand::List => list(&runs, ui)?,
        RunsCommand::Show { id } => show(home, find(&runs, id)?, ui)?,
        RunsCommand::Compare { ids } => {
            let chosen = ids
                .iter()
                .map(|id| find(&runs, id))
                .collect::<anyhow::Result<Vec<_>>>()?;
            compare(&chosen, ui)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The one run whose id starts with `id`.
fn find<'a>(runs: &'a [Run], id: &str) -> anyhow::Result<&'a Run> {
    let mut found = runs.iter().filter(|run| run.id.starts_with(id));
    match (found.next(), found.next()) {
        (Some(run), None) => Ok(run),
        (Some(_), Some(_)) => bail!("several runs start with '{id}'; give more of the id"),
        (None, _) => bail!("no run starts with '{id}'; see 'churn runs list'"),
    }
}

/// A run's candidates as stored.
fn candidates(run: &Run) -> Vec<Value> {
    let stored = run
        .leaderboard
        .as_deref()
        .and_then(|json| serde_json::from_str(json).ok());
    stored.unwrap_or_default()
}

fn figure(candidate: &Value, metric: &str, digits: usize) -> String {
    let interval = candidate.get("cv").and_then(|cv| cv.get(metric)).cloned();
    match interval.and_then(|value| serde_json::from_value::<Interval>(value).ok()) {
        Some(i) => format!(
            "{:.digits$} [{:.digits$}, {:.digits$}]",
            i.mean, i.low, i.high
        ),
        None => String::new(),
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn decision(run: &Run) -> Value {
    let stored = run
        .decision
        .as_deref()
        .and_then(|json| serde_json::from_str(json).ok());
    stored.unwrap_or_default()
}

fn config(run: &Run) -> Option<RunConfig> {
    serde_json::from_str(&run.config).ok()
}

fn list(runs: &[Run], ui: &Ui) -> anyhow::Result<()> {
    if runs.is_empty() {
        ui.say("no runs yet; start one with: churn train FILE --spec SPEC");
    } else {
        let mut table = TextTable::new(&["run", "started", "status", ">seed", "data", "outcome"]);
        for run in runs {
            let outcome = match &run.error {
                Some(error) => error.clone(),
                None => text(&decision(run), "text").to_owned(),
            };
            table.row(vec![
                run.id.clone(),
                run.started_at.to_string().chars().take(19).collect(),
                run.status.as_str().to_owned(),
                run.seed.to_string(),
                run.dataset_sha256.chars().take(10).collect(),
                outcome.chars().take(60).collect(),
            ]);
        }
        ui.say(table.render());
    }
    ui.emit(&serde_json::json!({ "runs": runs.iter().map(as_json).collect::<Vec<_>>() }))
}

fn as_json(run: &Run) -> Value {
    let parsed = |json: &str| serde_json::from_str::<Value>(json).unwrap_or_default();
    serde_json::json!({
        "id": run.id,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "status": run.status.as_str(),
        "seed": run.seed,
        "dataset_sha256": run.dataset_sha256,
        "spec_fingerprint": run.spec_fingerprint,
        "config": parsed(&run.config),
        "candidates": candidates(run),
        "decision": decision(run),
        "error": run.error,
    })
}

fn show(home: &Home, run: &Run, ui: &Ui) -> anyhow::Result<()> {
    let trials = home.registry().trials_of_run(&run.id)?;
    let mut lines = vec![
        format!("run        {}", run.id),
        format!("started    {}", run.started_at),
        format!("status     {}", run.status.as_str()),
        format!("seed       {}", run.seed),
        format!("data       {}", run.dataset_sha256),
    ];
    if let Some(config) = config(run) {
        lines.push(format!("policy     {}", config.policy));
        if let Some(hypothesis) = &config.train.hypothesis {
            lines.push(format!("hypothesis {hypothesis}"));
        }
        lines.push(format!(
            "folds      {} x {}, test share {}, trials {}",
            config.train.repeats,
            config.train.folds,
            config.train.test_share,
            config.train.tuning.trials
        ));
    }
    if let Some(error) = &run.error {
        lines.push(format!("error      {error}"));
    }
    let mut table = TextTable::new(&["candidate", "version", "ROC-AUC", "log loss", "parameters"]);
    for candidate in &candidates(run) {
        table.row(vec![
            text(candidate, "algorithm").to_owned(),
            text(candidate, "version").to_owned(),
            figure(candidate, "roc_auc", 4),
            figure(candidate, "log_loss", 4),
            candidate
                .get("params")
                .map(Value::to_string)
                .unwrap_or_default(),
        ]);
    }
    lines.push(String::new());
    lines.push(table.render());
    lines.push(format!("\ndecision   {}", text(&decision(run), "text")));
    if !trials.is_empty() {
        lines.push(format!("trials     {} recorded by this run", trials.len()));
    }
    ui.say(lines.join("\n"));
    let trials: Vec<Value> = trials
        .iter()
        .map(|trial| {
            serde_json::json!({
                "study": trial.study,
                "number": trial.number,
                "algorithm": trial.algorithm,
                "record": serde_json::from_str::<Value>(&trial.record).unwrap_or_default(),
            })
        })
        .collect();
    ui.emit(&serde_json::json!({ "run": as_json(run), "trials": trials }))
}

fn compare(runs: &[&Run], ui: &Ui) -> anyhow::Result<()> {
    let mut table = TextTable::new(&[
        "run",
        "candidate",
        "version",
        "ROC-AUC",
        "log loss",
        "lift@20 %",
        "profit/customer",
    ]);
    for run in runs {
        for candidate in &candidates(run) {
            table.row(vec![
                run.id.clone(),
                text(candidate, "algorithm").to_owned(),
                text(candidate, "version").to_owned(),
                figure(candidate, "roc_auc", 4),
                figure(candidate, "log_loss", 4),
                figure(candidate, "lift_at_20", 2),
                figure(candidate, "profit", 2),
            ]);
        }
    }
    let mut lines = vec![table.render(), String::new()];
    let first = as_json(runs[0]);
    for run in &runs[1..] {
        let other = as_json(run);
        let mut differences = Vec::new();
        for field in ["seed", "dataset_sha256", "spec_fingerprint", "config"] {
            differ(field, &first[field], &other[field], &mut differences);
        }
        let told = if differences.is_empty() {
            "same data, settings and seed".to_owned()
        } else {
            differences.join("\n  ")
        };
        lines.push(format!("{} against {}:\n  {told}", run.id, runs[0].id));
    }
    ui.say(lines.join("\n"));
    ui.emit(&serde_json::json!({ "runs": runs.iter().map(|run| as_json(run)).collect::<Vec<_>>() }))
}

/// Leaves in which two settings differ, as `path: before -> after`.
fn differ(path: &str, before: &Value, after: &Value, out: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(a), Value::Object(b)) => {
            let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                let of = |map: &serde_json::Map<String, Value>| map.get(name).cloned();
                let (x, y) = (of(a).unwrap_or_default(), of(b).unwrap_or_default());
                differ(&format!("{path}.{name}"), &x, &y, out);
            }
        }
        _ if before != after => out.push(format!("{path}: {before} -> {after}")),
        _ => {}
    }
}
