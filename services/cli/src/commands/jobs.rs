//! `churn jobs`: what is queued, runs, was done or failed.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use churn_engine::Home;
use churn_engine::jobs::{JobView, Jobs};
use churn_store::SystemClock;
use churn_store::tables::jobs::JobFilter;

use super::WHO;
use crate::{service_args::JobsCommand, table::TextTable, ui::Ui};

pub(crate) fn run(home: &Home, command: &JobsCommand, ui: &Ui) -> anyhow::Result<ExitCode> {
    let jobs = Jobs::new(home.registry().database().clone(), Arc::new(SystemClock));
    match command {
        JobsCommand::List {
            status,
            kind,
            limit,
        } => {
            let filter = JobFilter {
                status: *status,
                kind: kind.as_deref(),
                ..JobFilter::default()
            };
            list(&jobs.list(&filter, *limit)?, ui)?;
        }
        JobsCommand::Add { kind, payload, key } => {
            let payload = read_payload(payload)?;
            let made = jobs.enqueue_named(kind, &payload, WHO, key.as_deref())?;
            let job = made.job;
            ui.say(if made.is_new {
                format!("{} is queued", job.id)
            } else {
                format!("{} was asked for before and is {}", job.id, job.status)
            });
            ui.emit(&serde_json::json!({ "job": job, "is_new": made.is_new }))?;
        }
        JobsCommand::Show { id, output } => {
            show(home, &jobs, id, output.as_deref(), ui)?;
        }
        JobsCommand::Cancel { id } => {
            let job = jobs.cancel(id, WHO)?;
            ui.say(if job.is_ending {
                format!("{id} runs and was asked to end")
            } else {
                format!("{id} is {}", job.status)
            });
            ui.emit(&job)?;
        }
        JobsCommand::Retry { id } => {
            let job = jobs.retry(id, WHO)?;
            ui.say(format!("{id} is {}", job.status));
            ui.emit(&job)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read_payload(path: &Path) -> anyhow::Result<serde_json::Value> {
    let text = if path == Path::new("-") {
        std::io::read_to_string(std::io::stdin()).context("can't read the job from stdin")?
    } else {
        std::fs::read_to_string(path)
            .with_context(|| format!("can't read the job from {}", path.display()))?
    };
    serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))
}

fn list(jobs: &[JobView], ui: &Ui) -> anyhow::Result<()> {
    if jobs.is_empty() {
        ui.say("no such jobs");
    } else {
        let mut table =
            TextTable::new(&["id", "kind", "status", "progress", ">tries", "asked for"]);
        for job in jobs {
            table.row(vec![
                job.id.clone(),
                job.kind.clone(),
                job.status.to_owned(),
                progress(job),
                format!("{}/{}", job.attempt, job.max_attempts),
                format!("{} by {}", job.enqueued_at, job.enqueued_by),
            ]);
        }
        ui.say(table.render());
    }
    ui.emit(&serde_json::json!({ "jobs": jobs }))
}

fn progress(job: &JobView) -> String {
    match (job.step.as_str(), job.n_done, job.n_parts) {
        ("", _, _) => String::new(),
        (step, 0, 0) => step.to_owned(),
        (step, done, 0) => format!("{step} {done}"),
        (step, done, parts) => format!("{step} {done}/{parts}"),
    }
}

fn show(home: &Home, jobs: &Jobs, id: &str, output: Option<&Path>, ui: &Ui) -> anyhow::Result<()> {
    let job = jobs.show(id)?;
    let log = jobs.log(id)?;
    let mut lines = vec![
        format!("{} {} {}", job.id, job.kind, job.status),
        format!("asked for  {} by {}", job.enqueued_at, job.enqueued_by),
        format!("tries      {} of {}", job.attempt, job.max_attempts),
        format!("payload    {}", job.payload),
    ];
    let mut add = |name: &str, value: Option<String>| {
        lines.extend(value.map(|value| format!("{name:<10} {value}")));
    };
    add(
        "progress",
        Some(progress(&job)).filter(|text| !text.is_empty()),
    );
    add("worker", job.worker.clone());
    add("result", job.result.as_ref().map(ToString::to_string));
    add("error", job.error.clone());
    lines.extend(
        log.iter()
            .map(|line| format!("  {} {}", line.at, line.line)),
    );
    ui.say(lines.join("\n"));
    if let Some(path) = output {
        let blob = job
            .result
            .as_ref()
            .and_then(|result| result["output_blob"].as_str());
        let blob = blob.with_context(|| format!("job {id} has made no file"))?;
        home.registry().blobs().get_file(blob, path)?;
        ui.note(format!("wrote {}", path.display()));
    }
    ui.emit(&serde_json::json!({ "job": job, "log": log }))
}
