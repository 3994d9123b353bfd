//! `churn models`: versions, aliases, bundles.

use std::process::ExitCode;

use churn_engine::Home;
use churn_pipeline::{ImportRequest, NamedPolicy, import, read_spec};
use churn_registry::{CHAMPION, Interval, ModelVersion, Moved};

use super::{WHO, figures};
use crate::{
    args::{ImportArgs, ModelsCommand},
    table::TextTable,
    ui::Ui,
};

pub(crate) fn run(home: &Home, command: &ModelsCommand, ui: &Ui) -> anyhow::Result<ExitCode> {
    let registry = home.registry();
    match command {
        ModelsCommand::List => list(home, ui)?,
        ModelsCommand::Show { reference } => show(home, reference, ui)?,
        ModelsCommand::Activate { reference, why } => {
            moved(&registry.activate(reference, WHO, why)?, ui)?;
        }
        ModelsCommand::Rollback { why } => moved(&registry.rollback(WHO, why)?, ui)?,
        ModelsCommand::Export { reference, output } => {
            let version = registry.export(reference, output)?;
            ui.say(format!("wrote {} to {}", version.version, output.display()));
            ui.emit(&serde_json::json!({ "version": version, "output": output }))?;
        }
        ModelsCommand::Import(args) => import_model(home, args, ui)?,
        ModelsCommand::Verify { reference } => return verify(home, reference.as_deref(), ui),
    }
    Ok(ExitCode::SUCCESS)
}

fn import_model(home: &Home, args: &ImportArgs, ui: &Ui) -> anyhow::Result<()> {
    let request = ImportRequest {
        file: args.file.clone(),
        spec: args.spec.as_deref().map(read_spec).transpose()?,
        columns: args.columns.clone(),
        data: args.data.clone(),
        policy: NamedPolicy::read(None, None)?,
        seed: 42,
        activate: args.activate,
        who: WHO.to_owned(),
    };
    let outcome = import(home, &request)?;
    for note in &outcome.notes {
        ui.warn(note);
    }
    let version = &outcome.version.version;
    let mut lines = vec![format!("registered {} as {version}", args.file.display())];
    if !outcome.decision.is_empty() {
        lines.push(outcome.decision.clone());
    }
    for name in ["roc_auc", "log_loss"] {
        if let Some(i) = outcome.metrics.get(name) {
            lines.push(format!(
                "{name} {:.4} [{:.4}, {:.4}]",
                i.mean, i.low, i.high
            ));
        }
    }
    lines.push(if outcome.activated {
        format!("champion is now {version}")
    } else {
        format!("put it into service with: churn models activate {version}")
    });
    ui.say(lines.join("\n"));
    ui.emit(&outcome)
}

fn list(home: &Home, ui: &Ui) -> anyhow::Result<()> {
    let versions = home.registry().list()?;
    let aliases = home.registry().aliases()?;
    if versions.is_empty() {
        ui.say("no models yet; train one with: churn train FILE --spec SPEC");
    } else {
        let mut table = TextTable::new(&[
            "version",
            "aliases",
            "algorithm",
            "ROC-AUC",
            "log loss",
            ">size",
            "created",
        ]);
        for version in &versions {
            let name = version.version.to_string();
            let names: Vec<&str> = aliases
                .iter()
                .filter(|alias| alias.version == name)
                .map(|alias| alias.name.as_str())
                .collect();
            table.row(vec![
                name,
                names.join(", "),
                version.algorithm.clone(),
                cv_figure(version, "roc_auc"),
                cv_figure(version, "log_loss"),
                format!("{:.1} kB", version.size_bytes as f64 / 1e3),
                version.created_at.to_string(),
            ]);
        }
        ui.say(table.render());
    }
    ui.emit(&serde_json::json!({
        "models": versions,
        "champion": aliases.iter().find(|a| a.name == CHAMPION).map(|a| &a.version),
    }))
}

fn cv_figure(version: &ModelVersion, metric: &str) -> String {
    let interval = version.metrics.get("cv").and_then(|cv| cv.get(metric));
    match interval.and_then(|value| serde_json::from_value::<Interval>(value.clone()).ok()) {
        Some(i) => format!("{:.4} [{:.4}, {:.4}]", i.mean, i.low, i.high),
        None => String::new(),
    }
}

fn show(home: &Home, reference: &str, ui: &Ui) -> anyhow::Result<()> {
    let lineage = home.registry().show(reference)?;
    let (_, model) = home.registry().load(reference)?;
    let version = &lineage.version;
    let card = &model.card;
    let mut lines = vec![
        format!("{} {}", version.version, version.algorithm),
        format!("aliases      {}", lineage.aliases.join(", ")),
        format!("decision     {}", card.decision),
        format!("use          {}", card.intended_use),
    ];
    lines.extend(
        card.limits
            .iter()
            .map(|limit| format!("limit        {limit}")),
    );
    lines.push(format!("threshold    {:.4}", model.threshold));
    let parameters: Vec<String> = card
        .parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    lines.push(format!("parameters   {}", parameters.join(" ")));
    lines.push("lineage".to_owned());
    if let Some(origin) = &card.imported {
        lines.push(format!("  imported   {} {}", origin.file, origin.sha256));
        let notes = origin.notes.iter();
        lines.extend(notes.map(|note| format!("  note       {note}")));
        if let Some(rows) = &origin.judged_on {
            lines.push(format!("  judged on  {} rows {}", rows.n_rows, rows.sha256));
        }
        lines.push("  file       not known, it was trained elsewhere".to_owned());
    } else if let Some(data) = &lineage.dataset {
        lines.push(format!(
            "  file       {} ({} rows) {}",
            data.origin, data.n_rows, data.sha256
        ));
    } else {
        lines.push(format!("  file       {}", version.dataset_sha256));
    }
    lines.push(format!("  spec       {}", version.spec_fingerprint));
    lines.push(format!("  features   {}", version.plan_fingerprint));
    lines.push(format!("  bundle     {}", version.bundle_sha256));
    if let Some(run) = &version.run_id {
        lines.push(format!("  run        {run}"));
    }
    let mut table = TextTable::new(&["metric", ">cv", ">low", ">high", ">test", ">low", ">high"]);
    for (name, cv) in &card.cv_metrics {
        let test = card.test_metrics.get(name);
        let shown = |x: Option<f64>| x.map_or_else(String::new, |x| format!("{x:.4}"));
        table.row(vec![
            name.clone(),
            shown(Some(cv.mean)),
            shown(Some(cv.low)),
            shown(Some(cv.high)),
            shown(test.map(|i| i.mean)),
            shown(test.map(|i| i.low)),
            shown(test.map(|i| i.high)),
        ]);
    }
    lines.push(table.render());
    for part in figures::figures(&card.figures) {
        lines.push(format!("\n{part}"));
    }
    ui.say(lines.join("\n"));
    ui.emit(&serde_json::json!({
        "version": version,
        "aliases": lineage.aliases,
        "card": card,
        "threshold": model.threshold,
        "dataset_origin": lineage.dataset.as_ref().map(|data| &data.origin),
    }))
}

fn moved(moved: &Moved, ui: &Ui) -> anyhow::Result<()> {
    let to = moved.to.version.to_string();
    match &moved.from {
        Some(from) if *from == to => ui.say(format!("{to} already was the champion")),
        Some(from) => ui.say(format!("champion is now {to}, before it was {from}")),
        None => ui.say(format!("champion is now {to}")),
    }
    ui.emit(&serde_json::json!({ "champion": to, "before": moved.from }))
}

fn verify(home: &Home, reference: Option<&str>, ui: &Ui) -> anyhow::Result<ExitCode> {
    let problems = home.registry().verify(reference)?;
    if home.registry().list()?.is_empty() {
        ui.say("no models yet, so there is nothing to verify");
    } else if problems.is_empty() {
        ui.say("all bundles are whole and unaltered");
    }
    let lines: Vec<String> = problems
        .iter()
        .map(|problem| format!("{}: {}", problem.version, problem.what))
        .collect();
    for line in &lines {
        ui.note(format!("error: {line}"));
    }
    ui.emit(&serde_json::json!({ "problems": lines }))?;
    Ok(if problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
