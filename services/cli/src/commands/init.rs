//! `churn init`: look at a file and write its specification.

use std::{io::Write, path::Path, process::ExitCode};

use anyhow::{bail, ensure};
use churn_schema::{DatasetSpec, InferOptions, Role, infer};
use churn_store::is_same_file;

use super::{grouped, write_file};
use crate::{args::InitArgs, table::TextTable, ui::Ui};

pub(crate) fn run(args: &InitArgs, ui: &Ui) -> anyhow::Result<ExitCode> {
    let inferred = infer(&args.file, &InferOptions::default())?;
    let yaml = inferred.spec.to_yaml();
    if let Some(path) = &args.output {
        ensure!(
            !is_same_file(&args.file, path),
            "output {} is the input file; give another path with -o",
            path.display()
        );
        write_new(path, &yaml, args.force)?;
    }
    for warning in &inferred.warnings {
        ui.warn(warning);
    }
    match &args.output {
        None => ui.say(yaml.trim_end()),
        Some(path) => {
            ui.say(overview(&inferred.spec));
            ui.say(format!(
                "\nwrote {}; read it through, then: churn validate {} --spec {}",
                path.display(),
                args.file.display(),
                path.display()
            ));
        }
    }
    ui.emit(&serde_json::json!({
        "spec": inferred.spec,
        "warnings": inferred.warnings,
        "output": args.output,
    }))?;
    Ok(ExitCode::SUCCESS)
}

fn write_new(path: &Path, text: &str, force: bool) -> anyhow::Result<()> {
    if path.exists() && !force {
        bail!(
            "{} exists; give --force to replace it or another path with -o",
            path.display()
        );
    }
    write_file(path, |file| Ok(file.write_all(text.as_bytes())?))
}

fn overview(spec: &DatasetSpec) -> String {
    let mut table = TextTable::new(&["column", "kind", "roles", ">levels", "note"]);
    for column in &spec.columns {
        let roles: Vec<&str> = column.roles.iter().map(|role| role.as_str()).collect();
        let note = match &column.positive {
            Some(positive) => format!("leaving is '{positive}'"),
            None if column.has_role(Role::Ignore) => column.reason.clone().unwrap_or_default(),
            None => String::new(),
        };
        let levels = if column.levels.is_empty() {
            String::new()
        } else {
            grouped(column.levels.len() as u64)
        };
        let kind = column.kind.as_str().to_owned();
        table.row(vec![
            column.name.clone(),
            kind,
            roles.join(", "),
            levels,
            note,
        ]);
    }
    table.render()
}
