//! `churn train`: from labelled customers to a champion.

use std::process::ExitCode;

use churn_engine::Home;
use churn_pipeline::{
    CandidateOutcome, Error as PipelineError, NamedPolicy, StudySummary, TrainConfig, TrainOutcome,
    TrainRequest, read_spec, train,
};
use churn_registry::Interval;
use churn_zoo::{
    Standing,
    tune::{Assignment, ParamValue},
};

use super::{WHO, about_file, figures, grouped, percent, validate};
use crate::{args::TrainArgs, progress::Bars, table::TextTable, ui::Ui};

pub(crate) fn run(home: &Home, args: &TrainArgs, ui: &Ui) -> anyhow::Result<ExitCode> {
    let mut config = match &args.config {
        Some(path) => TrainConfig::read(path)?,
        None => TrainConfig::default(),
    };
    if let Some(algorithms) = &args.algorithms {
        config.algorithms.clone_from(algorithms);
    }
    if let Some(trials) = args.trials {
        config.tuning.trials = trials as usize;
    }
    if let Some(limit) = args.time_limit {
        config.tuning.time_limit_s = Some(limit);
    }
    let faults = config.faults();
    anyhow::ensure!(faults.is_empty(), "{}", faults.join("; "));
    let request = TrainRequest {
        data: args.file.clone(),
        spec: read_spec(&args.spec)?,
        config,
        policy: NamedPolicy::read(args.selection.as_deref(), args.preset.as_deref())?,
        seed: args.seed,
        folds: args.folds.clone(),
        holdout: args.holdout.clone(),
        playbook: args.playbook.clone(),
        activate: !args.no_activate,
        who: WHO.to_owned(),
    };
    let outcome = train(home, &request, &Bars::new(ui)).map_err(|fault| match fault {
        // The data are not at fault.
        PipelineError::BadSettings { .. } => fault.into(),
        fault => about_file("training on", &args.file)(fault),
    })?;
    validate::warn(&outcome.validation, ui);
    for failed in &outcome.failed {
        ui.warn(format!(
            "{} was left out: {}",
            failed.algorithm, failed.fault
        ));
    }
    for assumption in &outcome.assumptions {
        ui.warn(format!("ASSUMPTION: {assumption}"));
    }
    ui.say(report(&outcome));
    ui.emit(&outcome)?;
    if outcome.champion.is_none() {
        ui.note(format!(
            "error: {}; the models are registered: look at the gates above, take another policy with --preset or --selection, or put one into service anyway with: churn models activate VERSION",
            outcome.decision.text
        ));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// The outcome for people.
pub(crate) fn report(outcome: &TrainOutcome) -> String {
    let data = &outcome.data;
    let split = if data.n_test > 0 {
        format!("{} rows kept for the test", grouped(data.n_test as u64))
    } else {
        "no test part (your folds cover every row)".to_owned()
    };
    let mut parts = vec![format!(
        "{}: {} rows cross-validated in {} folds, {split}, base rate {}",
        data.dataset,
        grouped(data.n_development as u64),
        data.n_folds,
        percent(data.base_rate)
    )];
    parts.push(format!(
        "cross-validation: mean [95 % interval]\n{}",
        leaderboard(outcome)
    ));
    parts.extend(made_of(outcome));
    parts.extend(searched(outcome));
    if data.n_test > 0 {
        parts.push(format!(
            "test part, looked at once: figure [95 % interval]\n{}",
            test(outcome)
        ));
    }
    parts.push(figures::calibration(outcome));
    parts.extend(figures::comparisons(outcome));
    parts.push(gates(outcome));
    parts.push(decision(outcome));
    parts.join("\n\n")
}

fn figure(interval: Option<&Interval>, digits: usize) -> String {
    interval.map_or_else(String::new, |i| {
        format!(
            "{:.digits$} [{:.digits$}, {:.digits$}]",
            i.mean, i.low, i.high
        )
    })
}

fn leaderboard(outcome: &TrainOutcome) -> String {
    let mut table = TextTable::new(&[
        "",
        "model",
        "version",
        "ROC-AUC",
        "log loss",
        "lift@20 %",
        "profit/customer",
    ]);
    for candidate in &outcome.candidates {
        let chosen = outcome.champion.as_ref() == Some(&candidate.version);
        table.row(vec![
            if chosen {
                "*".to_owned()
            } else {
                String::new()
            },
            candidate.algorithm.clone(),
            candidate.version.clone(),
            figure(candidate.cv.get("roc_auc"), 4),
            figure(candidate.cv.get("log_loss"), 4),
            figure(candidate.cv.get("lift_at_20"), 2),
            figure(candidate.cv.get("profit"), 2),
        ]);
    }
    table.render()
}

/// What the searches for parameters came to; `None` without any.
fn searched(outcome: &TrainOutcome) -> Option<String> {
    let mut table = TextTable::new(&[
        "model",
        "trials",
        "from before",
        "given up",
        "failed",
        "log loss",
        "found",
    ]);
    let mut is_any = false;
    for candidate in &outcome.candidates {
        let Some(first) = candidate.tuning.first() else {
            continue;
        };
        is_any = true;
        let sum = |count: fn(&StudySummary) -> usize| {
            let total: usize = candidate.tuning.iter().map(count).sum();
            grouped(total as u64)
        };
        table.row(vec![
            candidate.algorithm.clone(),
            sum(|study| study.n_trials),
            sum(|study| study.n_resumed),
            sum(|study| study.n_pruned),
            sum(|study| study.n_failed),
            first
                .best_loss
                .map_or_else(String::new, |loss| format!("{loss:.4}")),
            first.best.as_ref().map_or_else(String::new, found),
        ]);
    }
    is_any.then(|| {
        format!(
            "parameters searched on inner folds; every trial is kept, the same command goes on where it was cut short\n{}",
            table.render()
        )
    })
}

/// `depth 3, learning_rate 0.034`.
fn found(best: &Assignment) -> String {
    let value = |value: &ParamValue| match value {
        ParamValue::Float(number) => {
            let digits = (2 - number.abs().max(1e-9).log10().floor() as i32).clamp(0, 8);
            format!("{number:.*}", digits as usize)
        }
        other => other.to_string(),
    };
    let parts = best
        .0
        .iter()
        .map(|(name, of)| format!("{name} {}", value(of)));
    parts.collect::<Vec<_>>().join(", ")
}

/// What blends and stacks are made of; `None` without any.
fn made_of(outcome: &TrainOutcome) -> Option<String> {
    let line = |candidate: &CandidateOutcome| {
        let members = candidate.params["weights"]["members"].as_object()?;
        let share = |weight: &serde_json::Value| weight["share"].as_f64().unwrap_or_default();
        let mut members: Vec<(&String, f64)> = members
            .iter()
            .map(|(name, weight)| (name, share(weight)))
            .collect();
        members.sort_by(|a, b| b.1.total_cmp(&a.1));
        let parts = members.iter().map(|(name, share)| match share {
            0.0 => format!("{name} left out"),
            share => format!("{name} {}", percent(*share)),
        });
        let parts: Vec<String> = parts.collect();
        Some(format!("{}: {}", candidate.algorithm, parts.join(", ")))
    };
    let lines: Vec<String> = outcome.candidates.iter().filter_map(line).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn test(outcome: &TrainOutcome) -> String {
    let mut table = TextTable::new(&[
        "model",
        "ROC-AUC",
        "PR-AUC",
        "precision",
        "recall",
        "lift@10 %",
    ]);
    let models = outcome
        .candidates
        .iter()
        .filter_map(|candidate| Some((&candidate.algorithm, candidate.test.as_ref()?)));
    let baselines = outcome
        .baselines
        .iter()
        .map(|baseline| (&baseline.name, &baseline.test));
    for (name, figures) in models.chain(baselines) {
        let mut row = vec![name.clone()];
        for (metric, digits) in [
            ("roc_auc", 3),
            ("pr_auc", 3),
            ("precision", 2),
            ("recall", 2),
            ("lift_at_10", 2),
        ] {
            row.push(figure(figures.get(metric), digits));
        }
        table.row(row);
    }
    table.render()
}

fn gates(outcome: &TrainOutcome) -> String {
    let mut table = TextTable::new(&[
        "model",
        ">threshold",
        ">p50 us",
        ">p99 us",
        ">size",
        "calibration",
        "gates",
    ]);
    for candidate in &outcome.candidates {
        let open: Vec<String> = candidate
            .gates
            .iter()
            .filter(|gate| gate.standing != Standing::Passed)
            .map(|gate| format!("{} {}", gate.gate, word(gate.standing)))
            .collect();
        let gates = if open.is_empty() {
            format!("all {} passed", candidate.gates.len())
        } else {
            open.join(", ")
        };
        let calibration = serde_json::to_value(candidate.calibration.kind).unwrap_or_default();
        table.row(vec![
            candidate.algorithm.clone(),
            format!("{:.3}", candidate.threshold),
            format!("{:.0}", candidate.latency_us.p50_us),
            format!("{:.0}", candidate.latency_us.p99_us),
            format!("{:.1} kB", candidate.size_bytes as f64 / 1e3),
            calibration.as_str().unwrap_or_default().to_owned(),
            gates,
        ]);
    }
    table.render()
}

fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Passed => "passed",
        Standing::Undecided => "undecided",
        Standing::Failed => "failed",
    }
}

fn decision(outcome: &TrainOutcome) -> String {
    let reasons: Vec<String> = outcome
        .decision
        .reasons
        .iter()
        .map(|reason| format!("  - {reason}"))
        .collect();
    let version = outcome
        .champion
        .as_ref()
        .map(|v| format!(" ({v})"))
        .unwrap_or_default();
    format!(
        "decision by policy '{}': {}{version}\n{}",
        outcome.policy,
        outcome.decision.text,
        reasons.join("\n")
    )
}
